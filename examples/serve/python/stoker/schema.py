"""What a server says about its batches, and how it lays them out in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple, Union

import numpy as np

from ._frames import Meta
from .errors import ProtocolError
from .ragged import Ragged

Array = np.ndarray[Any, Any]
Batch = Dict[str, Union[Array, "Ragged[Array]"]]

try:
    from ml_dtypes import bfloat16 as _bfloat16

    _BFLOAT16 = np.dtype(_bfloat16)
except ImportError:
    _BFLOAT16 = np.dtype(np.uint16)

_DTYPES = {
    name: np.dtype(name)
    for name in (
        *("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
        *("float16", "float32", "float64"),
    )
}
_DTYPES["bfloat16"] = _BFLOAT16

_ALIGN = 64  # of a field in the image of a batch
_MAX_COUNT = 1 << 40  # of anything in a WELCOME: more is damage


@dataclass(frozen=True)
class Field:
    """One column of a batch.

    ``type`` is the element type as the server names it and ``dtype`` that of the
    arrays. The two differ for ``bfloat16`` where the package ``ml_dtypes`` is not
    installed: the arrays then are ``uint16`` and hold its bits.

    ``shape`` is that of one row, with -1 where it varies. ``kind`` says what the
    numbers mean; ``canvas`` and ``follows`` name the fields that coordinates lie
    on and that labels belong to; ``names`` are those of classes, ``mirror`` the
    key points that change places in a mirror, ``rate`` the samples of sound a
    second.
    """

    name: str
    type: str
    dtype: np.dtype[Any]
    shape: Tuple[int, ...]
    kind: str
    offset: Optional[int] = None  # in the image of a batch
    canvas: str = ""
    follows: str = ""
    names: Tuple[str, ...] = ()
    mirror: Tuple[int, ...] = ()
    rate: int = 0

    @property
    def fixed(self) -> bool:
        """Whether all rows have the same shape."""
        return self.offset is not None

    @property
    def only_first_varies(self) -> bool:
        """Whether the rows can be laid end to end along their first axis."""
        return self.shape[0] < 0 and min(self.shape[1:], default=0) >= 0


@dataclass(frozen=True)
class Welcome:
    """A server's answer: what it serves, and how."""

    dataset: str
    fingerprint: str
    batch_size: int
    batches: Optional[int]
    by_state: bool  # only its state says where a batch is
    shared: bool
    fields: Tuple[Field, ...]
    size: int
    slots: int
    stride: int
    window: int
    heartbeat: float  # seconds


def parse_welcome(meta: Meta) -> Welcome:
    """Check a WELCOME."""
    try:
        batches = meta["batches"]
        welcome = Welcome(
            dataset=str(meta["dataset"]),
            fingerprint=str(meta["fingerprint"]),
            batch_size=_count(meta["batch_size"]),
            batches=None if batches is None else _count(batches),
            by_state={"next": False, "state": True}[meta["resume"]],
            shared={"inline": False, "shm": True}[meta["transport"]],
            fields=tuple(_field(f) for f in meta["fields"]),
            size=_count(meta["size"]),
            slots=_count(meta["slots"]),
            stride=_count(meta["stride"]),
            window=_count(meta["window"]),
            heartbeat=_count(meta["heartbeat_ms"]) / 1000,
        )
        if meta["version"] != 1:
            raise ValueError(f"version {meta['version']!r}")
        _check(welcome)
    except (KeyError, TypeError, ValueError, OverflowError) as e:
        raise ProtocolError(f"a WELCOME that makes no sense: {type(e).__name__}: {e}") from e
    return welcome


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        raise ValueError(f"{value!r} is no count")
    return value


def _field(meta: Meta) -> Field:
    shape = tuple(-1 if d == -1 else _count(d) for d in meta["shape"])
    offset = meta["offset"]
    if (offset is None) != (min(shape, default=0) < 0) or len(shape) > 32:
        raise ValueError(f"field {meta['name']!r} has offset {offset!r} and shape {shape}")
    return Field(
        name=str(meta["name"]),
        type=meta["dtype"],
        dtype=_DTYPES[meta["dtype"]],
        shape=shape,
        kind=str(meta["kind"]),
        offset=None if offset is None else _count(offset),
        canvas=str(meta.get("canvas", "")),
        follows=str(meta.get("follows", "")),
        names=tuple(map(str, meta.get("names", ()))),
        mirror=tuple(map(int, meta.get("mirror", ()))),
        rate=int(meta.get("rate", 0)),
    )


def _check(w: Welcome) -> None:
    for f in w.fields:
        if f.offset is None:
            continue
        end = f.offset + w.batch_size * math.prod(f.shape) * f.dtype.itemsize
        if f.offset % _ALIGN or end > w.size:
            raise ValueError(f"field {f.name!r} lies at {f.offset} to {end} of {w.size} bytes")
    if len({f.name for f in w.fields}) != len(w.fields):
        raise ValueError("two fields have one name")
    if not w.batch_size or not w.heartbeat:
        raise ValueError("no rows or no heartbeat")
    if w.shared and not (0 < w.window <= w.slots and 0 < w.size <= w.stride and w.slots * w.stride <= _MAX_COUNT):
        raise ValueError(f"{w.window} of {w.slots} slots of {w.size} bytes at distances of {w.stride}")


class Layout:
    """Makes arrays of the memory of batches."""

    def __init__(self, welcome: Welcome) -> None:
        self._rows = welcome.batch_size
        self._size = welcome.size
        self._fixed = [
            (f.name, (self._rows, *f.shape), f.dtype, f.offset) for f in welcome.fields if f.offset is not None
        ]
        self._varying = [f for f in welcome.fields if f.offset is None]
        self._order = [f.name for f in welcome.fields]

    def body_size(self, inline: bool) -> Tuple[int, int]:
        """Return the least and the most bytes of the body of a batch."""
        least = self._size if inline else 0
        return least, least if not self._varying else 1 << 62

    def image(self, memory: Optional[Array], rows: int) -> Batch:
        """Return views of the fields of fixed shape in the image of a batch."""
        if rows == self._rows:
            return {name: np.ndarray(shape, dtype, memory, at) for name, shape, dtype, at in self._fixed}
        return {name: np.ndarray((rows, *shape[1:]), dtype, memory, at) for name, shape, dtype, at in self._fixed}

    def batch(self, image: Optional[Array], body: Optional[Array], inline: bool, rows: int) -> Batch:
        """Return views of all fields: of those of fixed shape in image, of the others in body."""
        batch = self.image(image, rows)
        if not self._varying:
            return batch
        if body is None:
            raise ProtocolError("a batch lacks its fields of varying shape")
        at = self._size if inline else 0
        for field in self._varying:
            batch[field.name], at = _ragged(field, body, at, rows)
        if at != len(body):
            raise ProtocolError(f"a batch has {len(body)} bytes, its fields {at}")
        return {name: batch[name] for name in self._order}


def _ragged(field: Field, body: Array, at: int, rows: int) -> Tuple[Ragged[Array], int]:
    """Read one field of varying shape at a place of body; return also where it ends."""
    at += -at % 8
    offsets, at = _cut(field, body, at, rows + 1, np.dtype(np.int64))
    if offsets[0] != 0 or (offsets[1:] < offsets[:-1]).any():
        raise ProtocolError(f"field {field.name!r}: rows do not follow each other")
    total = int(offsets[-1])
    if field.only_first_varies:
        inner = field.shape[1:]
        values, at = _cut(field, body, at, total * math.prod(inner), field.dtype)
        return Ragged(values.reshape(total, *inner), offsets), at
    dims, at = _cut(field, body, at, rows * len(field.shape), np.dtype(np.int64))
    shapes = dims.reshape(rows, len(field.shape))
    fixed = np.array(field.shape) >= 0
    counts = shapes.prod(axis=1, dtype=np.float64)  # which cannot overflow into a count that would pass
    if shapes.min() < 0 or (counts != np.diff(offsets)).any() or (shapes != field.shape)[:, fixed].any():
        raise ProtocolError(f"field {field.name!r}: rows have other shapes than {field.shape} or other lengths")
    values, at = _cut(field, body, at, total, field.dtype)
    return Ragged(values, offsets, shapes), at


def _cut(field: Field, body: Array, at: int, count: int, dtype: np.dtype[Any]) -> Tuple[Array, int]:
    end = at + count * dtype.itemsize
    if end > len(body):
        raise ProtocolError(f"field {field.name!r} ends at {end} of {len(body)} bytes")
    return np.ndarray((count,), dtype, body, at), end
