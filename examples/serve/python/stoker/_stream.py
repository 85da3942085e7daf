"""One connection: frames in, batches out."""

from __future__ import annotations

import array
import io
import os
import socket
from typing import Any, List, NamedTuple, Optional, Set

from . import _frames as frames
from ._frames import INLINE, Header, Meta
from ._memory import Pool, Slots
from .errors import LoaderError, ProtocolError, ServerError
from .schema import Array, Batch, Layout, parse_welcome

_CREDIT_INLINE = frames.pack(frames.CREDIT, INLINE)
_AHEAD = 2  # inline batches that are on their way
_SILENCE = 3  # heartbeats that may be missed


class Position(NamedTuple):
    """Where the next batch is."""

    epoch: int = 0
    step: int = 0
    state: Optional[Meta] = None


class Stream:
    """The batches of one connection, from a position on.

    ``position`` is that of the next batch. After an error the stream is of no use
    any more.
    """

    def __init__(self, sock: socket.socket, hello: Meta, timeout: float, pin: bool) -> None:
        """Say HELLO on a connected socket, which the stream then owns."""
        self._sock = sock
        self._pid = os.getpid()
        self.position = Position(hello["epoch"], hello["next"], hello["state"])
        self._left: int = hello["epochs"]
        raw = _Raw(sock)
        self._reader = io.BufferedReader(raw, 1 << 16)
        try:
            sock.settimeout(timeout)
            sock.sendall(frames.pack(frames.HELLO, meta=hello))
            header = frames.read_header(self._reader)
            if header.kind != frames.WELCOME:
                self._unexpected(header)
            self.welcome = parse_welcome(frames.read_meta(self._reader, header))
            self._open(raw, timeout, pin)
        except BaseException:
            self.close()
            raise
        finally:
            raw.close_files()

    def _open(self, raw: _Raw, timeout: float, pin: bool) -> None:
        w = self.welcome
        self._sock.settimeout(max(timeout, _SILENCE * w.heartbeat))
        self._layout = Layout(w)
        self._pool = Pool(pin)
        self._slots: Optional[Slots] = None
        self._held: Set[int] = set()  # slots that are ours
        self._asked = 0  # inline batches
        self.crowded = False  # whether all slots were held at a time
        if w.shared:
            if len(raw.files) != 1:
                raise ProtocolError("a WELCOME with shared slots carries no descriptor of them")
            self._slots = Slots(raw.files[0], w.slots, w.stride, pin)
            self._credits = [frames.pack(frames.CREDIT, k) for k in range(w.slots)]
        else:
            self._ask(_AHEAD)

    @property
    def over(self) -> bool:
        """Whether all epochs that were asked for have come."""
        return self._left == 0

    def take(self) -> Optional[Batch]:
        """Return the next batch, or None at the end of an epoch."""
        try:
            self._settle()
        except ConnectionError:
            pass  # what the server said before it closed tells more
        while True:
            header = frames.read_header(self._reader)
            if header.kind == frames.BATCH:
                return self._batch(header)
            if header.kind == frames.END:
                self._end(header)
                return None
            if header.kind != frames.PING:
                self._unexpected(header)

    def close(self) -> None:
        """Take leave, unless this is the copy of a stream in a forked process."""
        if self._pid == os.getpid():
            try:
                self._sock.settimeout(0)
                self._sock.send(frames.pack(frames.BYE))
            except (OSError, ValueError):
                pass
        self._reader.close()
        self._sock.close()

    def _settle(self) -> None:
        """Give back the slots that nobody looks at; with none left, ask for a batch inline."""
        if self._slots is None:
            return
        if 2 * self._slots.waiting() < self.welcome.window > len(self._held):
            return  # the server has slots left, and one message for two of them is cheaper
        back = self._slots.take_back()
        self._held.difference_update(back)
        out = [self._credits[slot] for slot in back]
        if len(self._held) >= self.welcome.window and not self._asked:
            self._asked = 1
            self.crowded = True
            out.append(_CREDIT_INLINE)
        if out:
            self._sock.sendall(b"".join(out))

    def _ask(self, n: int) -> None:
        self._sock.sendall(_CREDIT_INLINE * n)
        self._asked += n

    def _batch(self, header: Header) -> Batch:
        epoch, step, _ = self.position
        if header.seq != step:
            raise ProtocolError(f"batch {header.seq} came in the place of batch {step}")
        w, inline = self.welcome, header.slot == INLINE
        meta = frames.read_meta(self._reader, header)
        rows = meta.get("rows", w.batch_size)
        state = meta.get("state")
        if type(rows) is not int or not 0 < rows <= w.batch_size:
            raise ProtocolError(f"a batch of {rows!r} rows, where one has {w.batch_size}")
        if w.by_state and not isinstance(state, dict):
            raise ProtocolError("a batch without its state")
        body = self._body(header, inline)
        image = body if inline else self._slot(header.slot)
        if inline:
            if not self._asked:
                raise ProtocolError("a batch came through the socket that was not asked for")
            self._asked -= 1
            if self._slots is None:
                self._ask(1)
        batch = self._layout.batch(image, body, inline, rows)
        self.position = Position(epoch, step + 1, state)
        return batch

    def _slot(self, k: int) -> Array:
        if self._slots is None or k >= self._slots.count or k in self._held:
            raise ProtocolError(f"a batch came in slot {k}, which is not the server's to fill")
        self._held.add(k)
        return self._slots.slot(k, self.welcome.size)

    def _body(self, header: Header, inline: bool) -> Optional[Array]:
        least, most = self._layout.body_size(inline)
        if not least <= header.body <= most:
            raise ProtocolError(f"a batch has {header.body} bytes, expected were {least}")
        if not header.body:
            return None
        try:
            body = self._pool.get(header.body)
        except (OSError, MemoryError) as e:
            raise LoaderError(f"no memory for a batch of {header.body} bytes: {e}") from e
        frames.read_into(self._reader, body.data)
        return body

    def _end(self, header: Header) -> None:
        epoch, step, _ = self.position
        meta = frames.read_meta(self._reader, header)
        if header.seq != step or meta.get("epoch") != epoch:
            raise ProtocolError(f"the end of epoch {meta.get('epoch')!r} came after {header.seq} batches, not {step}")
        self.position = Position(epoch + 1, 0, meta.get("state"))
        self._left -= 1

    def _unexpected(self, header: Header) -> None:
        """Raise what an ERROR says, or that nothing else should have come."""
        if header.kind == frames.BYE:
            raise ConnectionError("the server took its leave")
        if header.kind != frames.ERROR:
            raise ProtocolError(f"a frame of type {header.kind} came out of its turn")
        meta: Any = frames.read_meta(self._reader, header)
        code = str(meta.get("code", "unknown"))
        raise ServerError(f"{code}: {meta.get('message', '')}", code, bool(meta.get("fatal", True)))


class _Raw(io.RawIOBase):
    """A socket as a raw stream, which keeps the descriptor that may come with the first byte."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._first = hasattr(socket, "AF_UNIX") and sock.family == socket.AF_UNIX
        self.files: List[int] = []

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._first:
            return self._sock.recv_into(buffer)
        self._first = False
        fds = array.array("i")
        space = socket.CMSG_SPACE(fds.itemsize)
        n, messages, _, _ = self._sock.recvmsg_into([buffer], space, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
        for level, kind, data in messages:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        self.files += fds
        return n

    def close_files(self) -> None:
        """Close the descriptors that came."""
        while self.files:
            os.close(self.files.pop())
