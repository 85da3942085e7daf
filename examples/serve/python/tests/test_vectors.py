"""The frames that servers and clients agree on."""

import io
import json
import pathlib
import random
import socket
import threading

import numpy as np
import pytest

from stoker import LoaderError, ProtocolError, Ragged, _frames
from stoker._stream import Stream
from stoker.schema import Layout, parse_welcome

VECTORS = json.loads((pathlib.Path(__file__).parents[2] / "testdata" / "vectors.json").read_text())
FRAMES = {f["name"]: f for f in VECTORS["frames"]}
WELCOME = FRAMES["WELCOME with shared slots"]["meta"]
INLINE = dict(WELCOME, transport="inline", slots=0, stride=0, window=0)


def by_name(frames):
    return [pytest.param(f, id=f["name"]) for f in frames]


@pytest.mark.parametrize("frame", by_name(VECTORS["frames"]))
def test_frame_is_read_and_written(frame):
    data = bytes.fromhex(frame["hex"])
    stream = io.BytesIO(data)
    header = _frames.read_header(stream)
    assert header.kind == getattr(_frames, frame["type"])
    assert (header.slot, header.seq) == (frame["slot"], frame["seq"])
    assert _frames.read_meta(stream, header) == frame.get("meta", {})
    body = bytes.fromhex(frame.get("body", ""))
    assert (header.body, stream.read()) == (len(body), body)
    if not body:
        assert _frames.pack(header.kind, header.slot, header.seq, frame.get("meta")) == data


@pytest.mark.parametrize("frame", by_name(VECTORS["refused"]))
def test_frame_is_refused(frame):
    def read():
        stream = io.BytesIO(bytes.fromhex(frame["hex"]))
        _frames.read_meta(stream, _frames.read_header(stream))

    if frame["why"] == "cut":
        with pytest.raises(ConnectionError):
            read()
    else:
        with pytest.raises(ProtocolError, match=f"^{frame['why']}: "):
            read()


def readable(value):
    """The rows of a field as the vectors write them."""
    if isinstance(value, Ragged):
        return [row.tolist() for row in value]
    return value.reshape(len(value), -1).tolist() if value.ndim > 1 else value.tolist()


@pytest.mark.parametrize("inline", [True, False])
def test_fields_of_a_batch(inline):
    whole = np.frombuffer(bytes.fromhex(FRAMES["an inline batch of two rows"]["body"]), np.uint8)
    varying = np.frombuffer(bytes.fromhex(FRAMES["the same in slot 5, with what varies in the body"]["body"]), np.uint8)
    batch = Layout(parse_welcome(WELCOME)).batch(whole, whole if inline else varying, inline, 2)
    want = VECTORS["batch"]["values"]
    assert list(batch) == [f["name"] for f in WELCOME["fields"]] == list(want)
    assert batch["text"].strings() == want["text"]
    got = {name: readable(value) for name, value in batch.items()}
    got["text"] = batch["text"].strings()
    assert got == want
    assert batch["image"].shape == (2, 2, 2, 3) and batch["boxes"][1].shape == (2, 4) and batch["crop"][1].shape == (2, 3)


def play(data, want=1):
    """Let a server say data, and take batches of it until it is through."""
    ours, theirs = socket.socketpair()
    hello = {"epoch": 0, "next": 0, "state": None, "epochs": 1}

    def server():
        with theirs:
            theirs.sendall(data)
            theirs.shutdown(socket.SHUT_WR)
            while theirs.recv(1 << 16):
                pass

    thread = threading.Thread(target=server)
    thread.start()
    try:
        stream = Stream(ours, hello, 5.0, pin=False)
        try:
            return [stream.take() for _ in range(want)]
        finally:
            stream.close()
    finally:
        ours.close()
        thread.join()


def frames_of(welcome, *frames):
    return b"".join([_frames.pack(_frames.WELCOME, meta=welcome), *(bytes.fromhex(FRAMES[f]["hex"]) for f in frames)])


def test_stream():
    end = _frames.pack(_frames.END, seq=1, meta={"epoch": 0})
    first, none = play(frames_of(INLINE, "PING", "an inline batch of two rows", "PING") + end, 2)
    assert first["label"].tolist() == [1, 0] and none is None


@pytest.mark.parametrize(
    "key, value",
    [
        *(("version", 2), ("batch_size", 0), ("batch_size", -1), ("batch_size", 1 << 41), ("batch_size", 2.0)),
        *(("size", 64), ("size", "128"), ("fields", None), ("resume", "maybe"), ("transport", "pigeon")),
        *(("heartbeat_ms", 0), ("heartbeat_ms", -1), ("batches", -3), ("batches", "3")),
        ("fields", [dict(WELCOME["fields"][0], offset=32)]),
        ("fields", [dict(WELCOME["fields"][0], offset=128)]),
        ("fields", [dict(WELCOME["fields"][0], offset=None)]),
        ("fields", [dict(WELCOME["fields"][0], dtype="object")]),
        ("fields", [dict(WELCOME["fields"][0], shape=[1 << 40, 1 << 40])]),
        ("fields", [dict(WELCOME["fields"][0], shape=[-2])]),
        ("fields", [dict(WELCOME["fields"][2], offset=0)]),
        ("fields", [WELCOME["fields"][0]] * 2),
    ],
)
def test_welcome_is_refused(key, value):
    with pytest.raises(ProtocolError, match="WELCOME"):
        play(frames_of(dict(INLINE, **{key: value})))


@pytest.mark.parametrize("key", sorted(WELCOME))
def test_welcome_lacks_something(key):
    with pytest.raises(ProtocolError, match="WELCOME"):
        parse_welcome({k: v for k, v in WELCOME.items() if k != key})


@pytest.mark.parametrize(
    "frames, message",
    [
        (["a last batch of one row in slot 0"], "batch 8 came in the place of batch 0"),
        (["the same in slot 5, with what varies in the body"], "slot 5"),
        (["the end of epoch 0"], "after 3 batches, not 0"),
        (["WELCOME with shared slots"], "out of its turn"),
        (["an inline batch of two rows"] * 2, "batch 0 came in the place of batch 1"),
    ],
)
def test_stream_is_refused(frames, message):
    with pytest.raises(ProtocolError, match=message):
        play(frames_of(INLINE, *frames), len(frames))


def test_shared_slots_without_memory():
    with pytest.raises(ProtocolError, match="no descriptor"):
        play(frames_of(WELCOME))


def test_damage():
    """Whatever the bytes, the outcome is a batch or an error, soon and in little memory."""
    good = frames_of(INLINE, "an inline batch of two rows")
    for cut in range(len(good)):
        with pytest.raises(ConnectionError):
            play(good[:cut])
    rng = random.Random(1)
    outcomes = set()
    for _ in range(1000):
        bad = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        try:
            play(bytes(bad))
            outcomes.add("batch")
        except (LoaderError, ConnectionError) as e:
            outcomes.add(type(e).__name__)
    assert {"batch", "ProtocolError", "ConnectionError"} <= outcomes
