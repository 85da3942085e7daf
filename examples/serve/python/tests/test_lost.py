"""Servers and trainers that die."""

import gc
import logging
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import digest, digests, runs, wait_for

from stoker import ConnectionLost, Loader, LoaderError, ServerError

BATCHES = 50


@pytest.mark.parametrize("kind, dataset, kills", [("unix", "shapes", 13), ("tcp", "shapes", 30), ("unix", "skips", 5)])
def test_server_is_killed(serve, kind, dataset, kills, caplog):
    """2 ranks x 2 epochs under kill -9: nothing is lost, repeated or damaged, all is in order."""
    caplog.set_level(logging.ERROR, "stoker")  # it warns of each loss
    server = serve(kind)
    options = [dict(dataset=dataset, rank=r, world=2, batch_size=2) for r in range(2)]
    want = [[digests(loader), digests(loader)] for loader in (server.loader(**o) for o in options)]
    total = 2 * 2 * 100
    assert [[len(epoch) for epoch in rank] for rank in want] == [[100, 100]] * 2
    got = [[], []]
    failures = []

    def train(rank):
        try:
            with server.loader(**options[rank]) as loader:
                for _ in range(2):
                    epoch = []
                    got[rank].append(epoch)
                    for k, batch in enumerate(loader):
                        assert loader.state_dict()["batch"] == k + 1
                        epoch.append(digest(batch))
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=train, args=(r,)) for r in range(2)]
    for t in threads:
        t.start()
    for k in range(kills):
        goal = (k + 1) * total // (kills + 2)  # spread over the whole run
        assert wait_for(lambda: failures or sum(len(e) for rank in got for e in rank) >= goal, 30)
        server.kill()
        server.start()
    for t in threads:
        t.join(30)
    assert not failures
    assert got == want


def test_spawned_server_is_killed(command):
    with Loader.spawn(command, dataset="shapes") as loader:
        want = digests(loader)
        loader.set_epoch(0)
        got = []
        for k, batch in enumerate(loader):
            got.append(digest(batch))
            if k % 10 == 0:
                os.kill(server_of(loader).pid, signal.SIGKILL)
        assert got == want


def server_of(loader):
    return loader._endpoints[0]._process


def test_failover(serve):
    first, second = serve("unix"), serve("tcp")
    want = digests(first.loader())
    with Loader([first.address, second.address], dataset="shapes") as loader:
        it = iter(loader)
        got = digests(next(it) for _ in range(20))
        first.kill()
        assert got + digests(it) == want


def test_server_drains(serve):
    """SIGTERM sends clients elsewhere; here the server comes back."""
    server = serve()
    loader = server.loader(batch_size=2)
    want = digests(loader)
    loader.set_epoch(0)
    it = iter(loader)
    got = digests(next(it) for _ in range(5))
    server.process.terminate()
    assert server.process.wait(5) == 0
    server.start()
    assert got + digests(it) == want


def test_server_stays_away(serve):
    server = serve()
    loader = server.loader(reconnect=0.3, batch_size=2)
    it = iter(loader)
    first = digest(next(it))
    server.kill()
    with pytest.raises(ConnectionLost, match=r"rank 0 of 1, epoch 0, batch \d+"):
        list(it)
    at = loader.state_dict()["batch"]
    assert 1 <= at < 200
    server.start()
    assert wait_for(lambda: os.path.exists(server.address))
    rest = digests(it)  # the same iterator goes on
    assert len(rest) == 200 - at
    loader.set_epoch(0)
    whole = digests(loader)
    assert (whole[0], whole[at:]) == (first, rest)


def test_server_that_was_never_there(tmp_path):
    began = time.monotonic()
    with pytest.raises(ConnectionLost, match="none.sock"):
        next(iter(Loader(tmp_path / "none.sock", timeout=0.3)))
    assert 0.3 <= time.monotonic() - began < 3


def test_spawned_server_that_cannot_start(command):
    with pytest.raises(ConnectionLost, match="no-such-file"):
        len(Loader.spawn(["/no-such-file"]))
    with pytest.raises(ConnectionLost, match=r"status \d+ and this log:[^$]*no-such-config"):
        len(Loader.spawn([command[0], "-config", "no-such-config"]))
    with pytest.raises(ServerError, match=r"bad_hello[^$]*log"):
        len(Loader.spawn(command, dataset="nothing"))


def test_silent_server_is_left(serve):
    """One that stops answering counts as lost; one that only is slow does not, as it sends PINGs."""
    first, second = serve(), serve()
    want = digests(first.loader())
    with Loader([first.address, second.address], dataset="shapes", timeout=0.1) as loader:
        it = iter(loader)
        got = [digest(next(it))]
        first.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        got += digests(it)
        assert got == want and 2 < time.monotonic() - began < 10  # three heartbeats of a second


def test_loader_that_is_dropped_ends_its_server(command):
    loader = Loader.spawn(command, dataset="shapes")
    batch = next(iter(loader))
    process = server_of(loader)
    want = digest(batch)
    del loader
    gc.collect()
    assert wait_for(lambda: process.poll() is not None)
    assert digest(batch) == want


def test_connections_end_with_their_loader(serve):
    server = serve()
    for _ in range(20):
        next(iter(server.loader()))
    assert wait_for(lambda: server_files(server) == IDLE), server_files(server)


IDLE = (1, 0)  # it listens


def server_files(server):
    """How many sockets and shared mappings a server has."""
    proc = pathlib.Path(f"/proc/{server.process.pid}")
    sockets = [f for f in os.listdir(proc / "fd") if "socket" in link(proc / "fd" / f)]
    return len(sockets), (proc / "maps").read_text().count("memfd:")


def link(path):
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return ""


TRAINER = """
import sys, time
import stoker
loader = stoker.Loader.spawn(sys.argv[2:], dataset="shapes") if len(sys.argv) > 3 else stoker.Loader(sys.argv[2], dataset="shapes")
it = iter(loader)
batch = next(it)
process = getattr(loader._endpoints[0], "_process", None)
print(process.pid if process else 0, flush=True)
if sys.argv[1] == "wait":
    time.sleep(60)
while True:
    for batch in it:
        pass
    it = iter(loader)
"""


@pytest.fixture
def trainer():
    """Start a trainer in a process, in a session of its own as in a terminal."""
    processes = []

    def start(busy, *where):
        p = subprocess.Popen(
            [sys.executable, "-c", TRAINER, "train" if busy else "wait", *where],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        processes.append(p)
        return p, int(p.stdout.readline())

    yield start
    for p in processes:
        p.kill()
        p.communicate()


@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_trainer_dies(command, trainer, busy, how, tmp_path, monkeypatch):
    """Both sides end within a second, and leave no file."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process, server = trainer(busy, *command)
    assert runs(server)
    began = time.monotonic()
    os.killpg(process.pid, how)  # as a terminal does with Ctrl-C
    process.wait(5)
    assert wait_for(lambda: not runs(server), 2)
    assert time.monotonic() - began < 1, "both sides should end within a second"
    assert list(tmp_path.iterdir()) == []
    if how == signal.SIGINT:
        assert process.stderr.read().decode().strip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("busy", [True, False])
def test_trainer_of_a_running_server_dies(serve, trainer, busy):
    server = serve()
    process, _ = trainer(busy, server.address)
    assert server_files(server)[1] > 0
    process.kill()
    assert wait_for(lambda: server_files(server) == IDLE), server_files(server)
    assert len(digests(server.loader())) == BATCHES


def test_interrupted_iterator_goes_on(server):
    """Ctrl-C in the middle of a frame loses nothing: the stream is begun again."""
    loader = server.loader(batch_size=2)
    want = digests(loader)
    loader.set_epoch(0)
    it = iter(loader)
    got = []
    armed = False

    def interrupt(*_):
        if armed:
            raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    interrupts = 0
    try:
        while len(got) < len(want):
            try:
                armed = True
                batch = next(it)
                armed = False
                got.append(digest(batch))
            except KeyboardInterrupt:
                armed = False
                interrupts += 1
                if loader.state_dict()["batch"] > len(got):
                    got.append(want[len(got)])  # it was handed over, and lost on the test's side
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert interrupts and got == want and next(it, None) is None


def test_use_after_close(server):
    loader = server.loader()
    it = iter(loader)
    next(it)
    loader.close()
    with pytest.raises(LoaderError, match="out of use"):
        next(it)
    state = loader.state_dict()
    assert state["batch"] == 1
    assert len(digests(loader)) == BATCHES  # it connects again


def test_default_address(command, tmp_path, monkeypatch):
    """A server and a loader that are told nothing find each other."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            assert len(Loader(dataset="shapes", timeout=5)) == BATCHES
        finally:
            process.terminate()
