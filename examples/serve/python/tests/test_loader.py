"""What a training loop sees."""

import contextlib
import copy
import gc
import json
import os
import pickle
import queue
import threading
import time
import warnings

import numpy as np
import pytest
from conftest import digest, digests

from stoker import Loader, LoaderError, Ragged, ServerError

BATCHES = 50  # of 8 rows, of 400


@pytest.fixture(params=["shm", "inline"])
def shared(request):
    return request.param == "shm"


@pytest.fixture
def make(server, shared):
    """Make loaders."""
    with contextlib.ExitStack() as stack:
        yield lambda dataset="shapes", **options: stack.enter_context(server.loader(dataset, shared=shared, **options))


def test_epochs(make):
    loader = make()
    assert (len(loader), loader.batch_size, loader.epoch) == (BATCHES, 8, 0)
    first, second = digests(loader), digests(loader)
    assert len(set(first + second)) == 2 * BATCHES and loader.epoch == 2
    loader.set_epoch(1)
    assert digests(loader) == second
    loader.set_epoch(0)
    assert digests(loader) == first


def test_arrays(make):
    loader = make()
    image, boxes = loader.schema["image"], loader.schema["boxes"]
    assert (image.shape, image.dtype, image.kind, image.fixed) == ((32, 32, 3), np.uint8, "image", True)
    assert (boxes.shape, boxes.fixed, boxes.canvas) == ((-1, 4), False, "image")
    rows = 0
    for batch in loader:
        assert list(batch) == list(loader.schema)
        assert batch["image"].shape == (8, 32, 32, 3) and batch["image"].ctypes.data % 64 == 0
        assert batch["label"].dtype == np.int32 and batch["label"].shape == (8,)
        assert isinstance(batch["boxes"], Ragged) and len(batch["boxes"]) == 8
        assert [len(b) for b in batch["boxes"]] == [len(b) for b in batch["labels"]]
        batch["image"][:] = 0  # it is ours
        rows += len(batch["label"])
    assert rows == 400


def test_texts(make):
    for batch in make("texts"):
        for text, spans in zip(batch["text"].strings(), batch["spans"]):
            assert text and all(0 <= a < b <= len(text.encode()) for a, b in spans)


def test_last_batch_is_short(make):
    batches = [{k: np.array(v) for k, v in b.items() if not isinstance(v, Ragged)} for b in make(batch_size=96)]
    assert [len(b["label"]) for b in batches] == [96] * 4 + [16]
    for batch in make(batch_size=16):
        last = batch["label"]
    assert (batches[-1]["label"] == last).all()


@pytest.mark.parametrize("dataset", ["shapes", "texts", "skips"])
def test_resume_at_every_batch(make, dataset):
    loader = make(dataset)
    first, second = digests(loader), digests(loader)
    other = make(dataset)
    for cut in range(BATCHES + 1):
        loader.set_epoch(0)
        it = iter(loader)
        head = digests(next(it) for _ in range(cut))
        state = json.loads(json.dumps(loader.state_dict()))
        other.load_state_dict(state)
        assert other.state_dict() == state
        assert head + digests(other) == first, f"cut after {cut}"
        if cut % 10 == 0:
            assert digests(other) == second, f"cut after {cut}"
        loader.set_epoch(1)


def test_state_behind_an_epoch(make):
    loader = make()
    first = digests(loader)
    state = loader.state_dict()
    assert (state["epoch"], state["batch"]) == (1, 0)
    loader.load_state_dict(state)
    loader.set_epoch(1)
    second = digests(loader)
    assert len(second) == BATCHES and second != first


def test_set_epoch_keeps_a_loaded_position(make):
    loader = make()
    first = digests(loader)
    loader.load_state_dict(dict(loader.state_dict(), epoch=0, batch=7, samples=56))
    loader.set_epoch(0)
    assert digests(loader) == first[7:]


def test_an_epoch_that_was_left_begins_anew(make):
    loader = make()
    whole = digests(loader)
    loader.set_epoch(0)
    old = iter(loader)
    assert digest(next(old)) == whole[0]
    assert digests(loader) == whole
    with pytest.raises(LoaderError, match="out of use"):
        next(old)


def test_iterator_stays_at_its_end(make):
    loader = make()
    it = iter(loader)
    assert len(digests(it)) == BATCHES
    assert list(it) == []


@pytest.mark.parametrize("world", [2, 4])
def test_ranks(make, world):
    """All ranks together get what one gets with batches as large."""
    whole = [np.array(b["image"]) for b in make(batch_size=8 * world)]
    ranks = [make(rank=r, world=world) for r in range(world)]
    assert {len(r) for r in ranks} == {len(whole)}
    for want, *parts in zip(whole, *ranks):
        assert (np.concatenate([p["image"] for p in parts]) == want).all()


def test_state_of_two_ranks_goes_on_with_four(make):
    whole = [np.array(b["image"]) for b in make(batch_size=4)]
    two = [make(rank=r, world=2, batch_size=8) for r in range(2)]
    its = [iter(r) for r in two]
    for k in range(10):
        for r, it in enumerate(its):
            got = next(it)["image"]
            assert (got == np.concatenate(whole[4 * k + 2 * r :][:2])).all()
    states = [r.state_dict() for r in two]
    assert states[0] == states[1] and states[0]["samples"] == 160
    for size, step in ((4, 10), (8, 5)):  # the same global batch, and twice that
        four = [make(rank=r, world=4, batch_size=size) for r in range(4)]
        for r, loader in enumerate(four):
            loader.load_state_dict(states[0])
            got = next(iter(loader))["image"]
            assert (got == np.concatenate(whole[40 + r * size // 4 :][: size // 4])).all()
            assert loader.state_dict()["batch"] == step + 1
    loader = make(rank=0, world=3)
    with pytest.raises(LoaderError, match="160 samples"):
        loader.load_state_dict(states[0])


def test_rank_and_world_of_the_environment(make, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    by_environment = digests(make())
    assert by_environment == digests(make(rank=1, world=2)) != digests(make(rank=0, world=2))
    for rank, world in ((2, 2), (0, None), (-1, 1)):
        with pytest.raises(ValueError):
            make(rank=rank, world=world)


def test_all_batches_are_kept(make, shared):
    loader = make()
    want = digests(loader)
    loader.set_epoch(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        kept = list(loader)
    assert digests(kept) == want
    ours = [w for w in caught if w.category is RuntimeWarning]
    assert len(ours) == (1 if shared else 0)
    loader.close()
    assert digests(kept) == want  # the connection may go, its memory stays


def test_views_keep_their_batch(make):
    loader = make()
    want = [np.array(b["image"][3, :, :, 1]) for b in loader]
    loader.set_epoch(0)
    views = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for batch in loader:
            views.append(memoryview(batch["image"][3].transpose(2, 0, 1)[1]))
    assert all((np.asarray(v) == w).all() for v, w in zip(views, want))


def test_slots_come_back_from_other_threads(make):
    """Views die wherever the garbage collector runs, here in a thread that wants them all."""
    loader = make()
    want = digests(loader)
    loader.set_epoch(0)
    todo, got = queue.SimpleQueue(), []

    def consume():
        for batch in iter(todo.get, None):
            got.append(digest(batch))
            batch["cycle"] = batch  # only the collector ends it
            del batch
            gc.collect(0)

    thread = threading.Thread(target=consume)
    thread.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for batch in loader:
            todo.put(batch)
    del batch
    todo.put(None)
    thread.join()
    assert got == want


def test_memory_is_used_again(make, shared):
    """However long an epoch is, it takes the slots there are, or two or three buffers."""
    places = set()
    for batch in make():
        places.add(batch["image"].ctypes.data)
    assert len(places) <= (24 if shared else 4)


def test_fingerprint(make):
    state = make().state_dict()
    assert state["fingerprint"] == ""
    loader = make()
    assert loader.fingerprint == loader.state_dict()["fingerprint"] != make("other").fingerprint
    other = make("other")
    other.load_state_dict(loader.state_dict())
    with pytest.raises(ServerError, match="dataset_changed") as e:
        next(iter(other))
    assert e.value.code == "dataset_changed"


def test_errors_say_where(make, server):
    with pytest.raises(ServerError) as e:
        next(iter(make("nothing", rank=1, world=3)))
    for part in (server.address, "nothing", "rank 1 of 3", "epoch 0", "batch 0", "bad_hello"):
        assert part in str(e.value)
    assert e.value.fatal


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:.*fork:RuntimeWarning")
def test_loader_in_another_process(make):
    loader = make()
    it = iter(loader)
    first = digest(next(it))
    pid = os.fork()
    if pid == 0:  # whatever happens here, os._exit must end it
        try:
            for use in (lambda: next(it), lambda: iter(loader), loader.state_dict, loader.close):
                try:
                    use()
                except LoaderError as e:
                    if "num_workers=0" not in str(e):
                        os._exit(2)
        except BaseException:
            os._exit(3)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    rest = digests(it)
    loader.set_epoch(0)
    assert digests(loader) == [first, *rest]
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(LoaderError, match="num_workers=0"):
            copied(loader)


def test_slow_client_delays_no_other(server):
    slow = server.loader()
    it = iter(slow)
    next(it)
    began = time.monotonic()
    for _ in range(3):
        assert len(digests(server.loader())) == BATCHES
    assert time.monotonic() - began < 5
    assert len(digests(it)) == BATCHES - 1


def test_addresses():
    for good in ("/a/b.sock", "unix:/a/b.sock", "tcp://h:1", "tls://[::1]:7000", "h:7000", ["/a", "tcp://h:1"], "h:1, g:2"):
        Loader(good)
    for bad in ("", "sock", "tcp://h", "tcp://:1", "http://h:1", [], "h:99999"):
        with pytest.raises(ValueError):
            Loader(bad)


def test_token_is_not_sent_in_the_clear():
    with pytest.raises(LoaderError, match="tls://"):
        next(iter(Loader("tcp://192.0.2.1:7000", token="secret", timeout=1)))

