"""A real server, built once, and what tests do with it."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest

import stoker
from stoker._address import parse

MODULE = pathlib.Path(__file__).parents[4]  # of Go

SHAPES = {"shapes": {"Rows": 400, "Seed": 1, "Height": 32, "Width": 32, "MaxShapes": 3}}
TEXTS = {"texts": {"Rows": 400, "Seed": 1}}
DATASETS = {
    # Fixed and ragged fields; positions that are numbers.
    "shapes": {"Source": SHAPES, "BatchSize": 8, "Seed": 1, "Order": "loader.Shuffle"},
    "texts": {"Source": TEXTS, "BatchSize": 8, "Seed": 1, "Order": "loader.Shuffle"},
    # Positions that only a state knows.
    "skips": {"Source": SHAPES, "BatchSize": 8, "Seed": 1, "Order": "loader.Shuffle", "OnError": {"Skip": 3}},
    # The same name, another seed.
    "other": {"Source": SHAPES, "BatchSize": 8, "Seed": 2, "Order": "loader.Shuffle"},
}


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    """The server's binary."""
    go = shutil.which("go")
    if go is None:
        pytest.fail("the tests need Go, to build the server that they talk to")
    path = tmp_path_factory.mktemp("bin") / "serve"
    subprocess.run([go, "build", "-o", path, "./examples/serve"], cwd=MODULE, check=True)
    return path


@pytest.fixture(scope="session")
def config(tmp_path_factory):
    """A file that says what is served."""
    path = tmp_path_factory.mktemp("config") / "serve.json"
    path.write_text(json.dumps({"Datasets": DATASETS}))
    return path


@pytest.fixture(scope="session")
def command(binary, config):
    """How a server is spawned."""
    return [str(binary), "-config", str(config)]


class Server:
    """A server process at an address."""

    def __init__(self, command, address):
        self.command, self.address, self.process = command, address, None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def answers(self):
        """Whether it accepts connections."""
        try:
            parse(self.address, None)[0].connect(1).close()
        except OSError:
            return False
        return True

    def loader(self, dataset="shapes", **options):
        return stoker.Loader(self.address, dataset=dataset, **options)


@contextlib.contextmanager
def servers(command, directory):
    """Start servers: on a Unix socket, or for "tcp" on a port of their own."""
    with contextlib.ExitStack() as stack:

        def start(kind="unix", *flags):
            if kind == "unix":
                directory.chmod(0o700)
                address = str(directory / f"{len(os.listdir(directory))}.sock")
            else:
                address = f"tcp://127.0.0.1:{free_port()}"
            server = Server([*command, "-listen", address, *flags], address)
            stack.callback(server.kill)
            assert wait_for(server.answers), "the server does not come up"
            return server

        yield start


@pytest.fixture
def serve(command, tmp_path):
    """Start servers for one test."""
    with servers(command, tmp_path) as start:
        yield start


@pytest.fixture(scope="session")
def server(command, tmp_path_factory):
    """A server for all tests that leave it as it is."""
    with servers(command, tmp_path_factory.mktemp("server")) as start:
        yield start()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def digest(batch):
    """A number for the bytes of a batch."""
    h = hashlib.blake2b(digest_size=8)
    for name, value in batch.items():
        h.update(name.encode())
        for part in (value.values, value.offsets) if isinstance(value, stoker.Ragged) else (value,):
            h.update(part)
    return h.hexdigest()


def digests(batches):
    return [digest(b) for b in batches]


def wait_for(condition, seconds=5.0):
    """Wait until a condition holds, and report whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def runs(pid):
    """Whether there is a process that is no zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
