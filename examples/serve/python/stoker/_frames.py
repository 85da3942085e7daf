"""Frames of the protocol LDR/1: a header of 32 bytes, JSON, and a body."""

from __future__ import annotations

import io
import json
import struct
from typing import Any, Dict, NamedTuple, Optional

from .errors import ProtocolError

HELLO, WELCOME, CREDIT, BATCH, END, ERROR, PING, BYE = range(1, 9)
INLINE = 0xFFFFFFFF  # the slot of a batch that comes through the socket
HEADER_SIZE = 32

Meta = Dict[str, Any]

_HEADER = struct.Struct("<4sHHIIQQ")
_MAGIC = b"LDR1"
_NAMES = ("", "HELLO", "WELCOME", "CREDIT", "BATCH", "END", "ERROR", "PING", "BYE")
_MAX_META = 1 << 20
_MAX_BODY = 1 << 38  # no batch is that large; a length above it is damage
_WITH_META = frozenset((HELLO, WELCOME, END, ERROR))
_WITHOUT_META = frozenset((CREDIT, PING, BYE))


class Header(NamedTuple):
    """The header of a frame; ``meta`` and ``body`` are bytes that follow it."""

    kind: int
    meta: int
    slot: int
    seq: int
    body: int


def pack(kind: int, slot: int = 0, seq: int = 0, meta: Optional[Meta] = None) -> bytes:
    """Return a frame without a body."""
    text = b"" if meta is None else json.dumps(meta, separators=(",", ":"), ensure_ascii=False).encode()
    if len(text) > _MAX_META:
        raise ProtocolError(f"a {_NAMES[kind]} of {len(text)} bytes, the most is {_MAX_META}")
    return _HEADER.pack(_MAGIC, kind, 0, len(text), slot, seq, 0) + text


def unpack(data: bytes) -> Header:
    """Return the header that data holds, or say what is wrong with it."""
    magic, kind, flags, meta, slot, seq, body = _HEADER.unpack(data)
    if magic != _MAGIC:
        raise ProtocolError(f"magic: this is no LDR/1 server, it sent {data[:16]!r}")
    if not HELLO <= kind <= BYE:
        raise ProtocolError(f"type: there is no frame of type {kind}")
    if flags:
        raise ProtocolError(f"flags: a {_NAMES[kind]} has flags {flags:#x}")
    if meta > _MAX_META or (meta and kind in _WITHOUT_META) or (not meta and kind in _WITH_META):
        raise ProtocolError(f"meta: a {_NAMES[kind]} has {meta} bytes of it")
    if body and (kind != BATCH or body > _MAX_BODY):
        raise ProtocolError(f"body: a {_NAMES[kind]} has {body} bytes of it")
    return Header(kind, meta, slot, seq, body)


def read_header(stream: io.BufferedIOBase) -> Header:
    """Read a header; a stream that ends raises ConnectionError."""
    return unpack(_read(stream, HEADER_SIZE))


def read_meta(stream: io.BufferedIOBase, header: Header) -> Meta:
    """Read what follows a header, before the body."""
    if not header.meta:
        return {}
    text = _read(stream, header.meta)
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise ProtocolError(f"meta: that of a {_NAMES[header.kind]} is no JSON: {e}") from e
    if not isinstance(meta, dict):
        raise ProtocolError(f"meta: that of a {_NAMES[header.kind]} is no object")
    return meta


def read_into(stream: io.BufferedIOBase, memory: memoryview) -> None:
    """Fill memory, of bytes, from the stream."""
    if stream.readinto(memory) != len(memory):
        raise ConnectionError("the connection was closed in the middle of a batch")


def _read(stream: io.BufferedIOBase, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise ConnectionError("the connection was closed")
    return data
