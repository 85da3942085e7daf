"""Rows of different shapes, as one array."""

from __future__ import annotations

from typing import Any, Generic, Iterator, List, Optional, TypeVar

import numpy as np

A = TypeVar("A")  # of arrays: NumPy's, or another library's


class Ragged(Generic[A]):
    """A column whose rows differ in shape: all values, and where each row begins.

    >>> boxes = Ragged(np.array([[0, 0, 1, 1], [0, 0, 2, 2], [1, 0, 2, 1]]), np.array([0, 1, 3]))
    >>> len(boxes), boxes[1].shape
    (2, (2, 4))

    ``values`` holds the rows end to end along its first axis and row ``i`` is
    ``values[offsets[i]:offsets[i + 1]]``, as in Arrow's lists and TensorFlow's
    row splits. Where more than the first dimension varies, ``values`` is flat and
    ``shapes[i]`` is the shape of row ``i``.
    """

    __slots__ = ("values", "offsets", "shapes")

    def __init__(self, values: A, offsets: A, shapes: Optional[A] = None) -> None:
        self.values = values
        self.offsets = offsets
        self.shapes = shapes

    def __len__(self) -> int:
        offsets: Any = self.offsets
        return len(offsets) - 1

    def __getitem__(self, i: int) -> A:
        """Return row i as a view."""
        n = len(self)
        if not -n <= i < n:
            raise IndexError(f"row {i} of {n}")
        i %= n
        values: Any = self.values
        offsets: Any = self.offsets
        shapes: Any = self.shapes
        row: Any = values[int(offsets[i]) : int(offsets[i + 1])]
        if shapes is not None:
            row = row.reshape(tuple(int(d) for d in shapes[i]))
        return row  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[A]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Ragged({len(self)} rows, values={self.values!r})"

    def strings(self) -> List[str]:
        """Return the rows of a text field, decoded."""
        data = np.asarray(self.values).tobytes()
        at = np.asarray(self.offsets).tolist()
        return [data[a:b].decode("utf-8", "replace") for a, b in zip(at, at[1:])]
