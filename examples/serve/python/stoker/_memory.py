"""Memory that is lent to arrays, and taken back when nobody looks at it any more."""

from __future__ import annotations

import mmap
import os
import sys
import warnings
import weakref
from collections import deque
from typing import Any, Callable, Deque, Dict, List

import numpy as np

from .errors import LoaderError, ProtocolError
from .schema import Array

try:
    import fcntl
except ImportError:  # not a Unix, so there are no shared slots
    fcntl = None  # type: ignore[assignment]


class Lease:
    """Lends pieces of memory, and notes which of them came back.

    A piece comes back when the last view of its array dies, in whatever thread
    that happens, perhaps in the middle of something else. So all that is done then
    is to append its key to ``returned``; whoever goes on with the stream looks
    there.
    """

    def __init__(self) -> None:
        self.returned: Deque[int] = deque()
        self._alive: Dict[int, weakref.ref[Array]] = {}
        self._callbacks: Dict[int, Callable[[Any], None]] = {}

    def lend(self, key: int, memory: Any, size: int, offset: int = 0) -> Array:
        """Return an array over memory; all views of it keep it alive."""
        base: Array = np.frombuffer(memory, np.uint8, size, offset)
        callback = self._callbacks.get(key)
        if callback is None:
            put = self.returned.append
            callback = self._callbacks[key] = lambda _: put(key)
        self._alive[key] = weakref.ref(base, callback)
        return base


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
        while self.returned:
            self._unused.append(self.returned.popleft())
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
        del self._memory[key], self._alive[key], self._callbacks[key]


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
