"""Memory that is lent to arrays, and taken back when nobody looks at it any more."""

from __future__ import annotations

import mmap
import os
import sys
import warnings
import weakref
from collections import deque
from typing import Any, Deque, Dict, List

import numpy as np

from .errors import LoaderError, ProtocolError
from .schema import Array

try:
    import fcntl
except ImportError:  # not a Unix, so there are no shared slots
    fcntl = None  # type: ignore[assignment]


class _Ref(weakref.ref):  # type: ignore[type-arg]
    """A weak reference to the array over a piece of memory."""

    __slots__ = ("key",)
    key: int


class Lease:
    """Lends pieces of memory, and notes which of them came back.

    A piece comes back when the last view of its array dies, in whatever thread
    that happens, perhaps in the middle of something else. So all that is done then
    is to append to a queue, in C, where no signal can come in between; whoever goes
    on with the stream looks there.
    """

    def __init__(self) -> None:
        self._dead: Deque[_Ref] = deque()
        self._lent: Dict[int, _Ref] = {}

    def lend(self, key: int, memory: Any, size: int, offset: int = 0) -> Array:
        """Return an array over memory; all views of it keep it alive."""
        base: Array = np.frombuffer(memory, np.uint8, size, offset)
        ref = self._lent[key] = _Ref(base, self._dead.append)
        ref.key = key
        return base

    def waiting(self) -> int:
        """Return how many pieces came back and were not taken."""
        return len(self._dead)

    def take_back(self) -> List[int]:
        """Return the keys of the pieces that came back."""
        return [self._dead.popleft().key for _ in range(len(self._dead))]


class Slots(Lease):
    """The memory of a server's slots."""

    def __init__(self, fd: int, slots: int, stride: int, pin: bool) -> None:
        super().__init__()
        self.count = slots
        self._stride = stride
        size = slots * stride
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
        if not seals & fcntl.F_SEAL_SHRINK or os.fstat(fd).st_size < size:
            # A file that became shorter would kill this process.
            raise ProtocolError(f"the shared memory is not sealed or has less than {size} bytes")
        self._map = mmap.mmap(fd, size)
        if pin:
            _pin(self._map)

    def slot(self, k: int, size: int) -> Array:
        """Lend slot k."""
        return self.lend(k, self._map, size, k * self._stride)


class Pool(Lease):
    """Memory for bodies of batches, used again, as fresh pages cost more than a copy."""

    _MOST = 4  # unused pieces that are kept

    def __init__(self, pin: bool) -> None:
        super().__init__()
        self._pin = pin
        self._memory: Dict[int, mmap.mmap] = {}
        self._unused: List[int] = []
        self._next = 0

    def get(self, size: int) -> Array:
        """Lend memory of a size."""
        self._unused += self.take_back()
        fit = [key for key in self._unused if len(self._memory[key]) >= size]
        if fit:
            key = fit[-1]
            self._unused.remove(key)
        else:
            key = self._add(size)
        while len(self._unused) > self._MOST:
            self._drop(self._unused.pop(0))
        return self.lend(key, self._memory[key], size)

    def _add(self, size: int) -> int:
        for key in self._unused:  # all of them too small
            self._drop(key)
        self._unused.clear()
        self._next += 1
        # An eighth more, as the next ragged batch is of another size.
        self._memory[self._next] = mmap.mmap(-1, max(size + size // 8, mmap.PAGESIZE), access=mmap.ACCESS_COPY)
        if self._pin:
            _pin(self._memory[self._next])
        return self._next

    def _drop(self, key: int) -> None:
        del self._memory[key], self._lent[key]


def _pin(memory: mmap.mmap) -> None:
    """Lock memory in place for copies to a GPU, until it is unmapped."""
    try:
        import torch
    except ImportError as e:
        raise LoaderError("pin=True needs PyTorch with CUDA, which is not installed") from e
    if not torch.cuda.is_available():
        raise LoaderError("pin=True needs PyTorch with CUDA, and there is no GPU that it can use")
    torch.cuda.init()
    view: Array = np.frombuffer(memory, np.uint8)
    address, size = view.ctypes.data, view.nbytes
    code = int(torch.cuda.cudart().cudaHostRegister(address, size, 0))
    if code:
        warnings.warn(f"{size} bytes could not be pinned (CUDA error {code}): copies to the GPU will be slower")
        return
    weakref.finalize(memory, _unpin, address).atexit = False  # CUDA is gone by then


def _unpin(address: int) -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.cuda.cudart().cudaHostUnregister(address)
