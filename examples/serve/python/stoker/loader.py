"""The loader: batches of a server, in order, from any position."""

from __future__ import annotations

import logging
import os
import platform
import random
import ssl
import sys
import time
import warnings
import weakref
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, NoReturn, Optional, Sequence, TypeVar

from ._address import Address, Endpoint, Spawned, parse
from ._frames import Meta
from ._rank import rank_and_world
from ._stream import Position, Stream
from .errors import ConnectionLost, LoaderError, ProtocolError
from .schema import Batch, Field, Welcome

if TYPE_CHECKING:
    import jax
    import tensorflow as tf

    from ._torch import TorchDataset

T = TypeVar("T")

_log = logging.getLogger("stoker")

FORKED = (
    "a stoker.Loader cannot go along into another process, which would take batches away from this one: "
    "the server decodes on all cores already, so use DataLoader(..., batch_size=None, num_workers=0). "
    "A process of its own, as each rank of a training is, makes a Loader of its own"
)


class Loader:
    """Iterates over the batches that a server builds for one rank.

    >>> loader = Loader("/run/user/1000/stoker.sock", dataset="train")  # doctest: +SKIP
    >>> for epoch in range(90):  # doctest: +SKIP
    ...     for batch in loader:
    ...         step(batch["image"], batch["label"])

    A batch is a dict of NumPy arrays, and of :class:`Ragged` for fields whose shape
    varies. The arrays are views of memory that the server writes to; it does so
    again when the last view of a batch is gone, and not before. They may be written
    to.

    Each ``iter()`` begins an epoch: the one behind that which was finished last, or
    that of :meth:`set_epoch`, or goes on at the position of :meth:`load_state_dict`.
    An epoch that was left early begins anew. One iterator is in use at a time, by
    one thread at a time.

    A connection that is lost is made again, with any of the addresses, and goes on
    with the batch that is due: none is lost and none comes twice.

    Parameters
    ----------
    address
        ``"/path/of.sock"``, ``"tcp://host:port"`` or ``"tls://host:port"``; several
        in a list or with commas between them, to be tried in turn. By default the
        socket that a server of the same user listens at.
    dataset
        Which data set; may be empty if the server has one.
    rank, world
        Which of how many trainers this is. By default what ``RANK`` and
        ``WORLD_SIZE`` say, or ``torch.distributed`` if it is initialised, or 0 of 1.
    batch_size
        Rows of a batch of this rank; 0 leaves it to the server, or to the state that
        is loaded.
    epochs
        How many epochs the server may stream over one connection, working ahead over
        their ends; negative: without end. Batches in no fixed order (AsReady) take 1.
    timeout
        Seconds for a connection to be made, and of silence after which a server
        counts as lost. One that works on a slow batch is not silent.
    reconnect
        Seconds to go on trying when a connection is lost.
    token
        The server's secret; by default what ``STOKER_TOKEN`` holds.
    tls
        How to check the server at ``tls://`` addresses, if not by the system's
        authorities.
    shared
        Whether to use shared memory, where the server is on this machine.
    pin
        Register the memory of batches with CUDA (through PyTorch), so that
        ``tensor.to("cuda", non_blocking=True)`` copies straight from it.
    """

    def __init__(
        self,
        address: Address = None,
        *,
        dataset: str = "",
        rank: Optional[int] = None,
        world: Optional[int] = None,
        batch_size: int = 0,
        epochs: int = -1,
        timeout: float = 30.0,
        reconnect: float = 300.0,
        token: Optional[str] = None,
        tls: Optional[ssl.SSLContext] = None,
        shared: bool = True,
        pin: bool = False,
    ) -> None:
        self._endpoints = parse(address, tls)
        self._endpoint = 0  # the one in use
        self._dataset = dataset
        self._rank, self._world = rank_and_world(rank, world)
        self._batch_size = batch_size
        self._epochs = epochs
        self._timeout = timeout
        self._reconnect = reconnect
        self._token = os.environ.get("STOKER_TOKEN", "") if token is None else token
        self._shared = shared
        self._pin = pin

        self._position = Position()
        self._loaded: Optional[Dict[str, Any]] = None  # the state of that position, if it was loaded
        self._turn = 0  # which iterator is in use; a reference would make a cycle
        self._fingerprint = ""
        self._welcome: Optional[Welcome] = None
        self._crowded = False
        self._link = _Link()
        weakref.finalize(self, self._link.close)

    @classmethod
    def spawn(cls, command: Sequence[str], **options: Any) -> Loader:
        """Start a server for this loader alone, which ends with it.

        ``command`` is the server's command line. It is given ``-fd 0`` and a socket
        as its standard input, over which it serves: when the loader is closed or this
        process dies, however that happens, the socket is closed and the server ends.
        One that dies is started again. ``options`` are those of :class:`Loader`.
        """
        return cls(Spawned([*command, "-fd", "0"]), **options)

    def __iter__(self) -> Iterator[Batch]:
        self._check_process()
        if self._loaded is None and self._position.step:
            self._seek(Position(self._position.epoch))
        self._turn += 1
        return _Epoch(self, self._turn)

    def __len__(self) -> int:
        """Return the number of batches of an epoch of this rank."""
        n = self._met().batches
        if n is None:
            raise TypeError("an epoch of this data set has no known length, as its pipeline changes the number of rows")
        return n

    @property
    def schema(self) -> Dict[str, Field]:
        """The fields of a batch, by name."""
        return {field.name: field for field in self._met().fields}

    @property
    def fingerprint(self) -> str:
        """What identifies data, order, pipeline and seed."""
        return self._met().fingerprint

    @property
    def batch_size(self) -> int:
        """Rows of a full batch of this rank."""
        return self._met().batch_size

    @property
    def epoch(self) -> int:
        """The epoch of the next batch."""
        return self._position.epoch

    def state_dict(self) -> Dict[str, Any]:
        """Return the position of the next batch to be yielded, to be stored as JSON.

        It counts samples over all ranks, so all ranks have the same state, and it
        holds for another number of ranks and another batch size too. (Where a
        pipeline changes the number of rows, each rank has a state of its own, and a
        position is no number: then ``state`` is what the server says.)
        """
        if self._loaded is not None:
            return dict(self._loaded)
        w, at = self._welcome, self._position
        batch_size = w.batch_size if w else self._batch_size
        return {
            "version": 1,
            "fingerprint": self._fingerprint,
            "epoch": at.epoch,
            "batch": at.step,
            "samples": at.step * batch_size * self._world if at.state is None else None,
            "world": self._world,
            "batch_size": batch_size,
            "state": at.state,
        }

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Make the next ``iter()`` go on where a state was saved."""
        if state.get("version") != 1:
            raise LoaderError(f"a state of version {state.get('version')!r}, this package knows version 1")
        batch_size = self._batch_size or state["batch_size"]
        step, rest = state["batch"], 0
        if state["samples"] is not None and batch_size:
            step, rest = divmod(state["samples"], batch_size * self._world)
        if rest:
            raise LoaderError(
                f"the state stands behind {state['samples']} samples, and {self._world} ranks with batches of "
                f"{batch_size} begin theirs at multiples of {batch_size * self._world}"
            )
        self._seek(Position(state["epoch"], step, state["state"]))
        self._batch_size = batch_size
        self._fingerprint = state["fingerprint"]
        self._loaded = dict(state)

    def set_epoch(self, epoch: int) -> None:
        """Make the next ``iter()`` begin an epoch.

        If that is where the loader stands, as after :meth:`load_state_dict`, it stays
        there.
        """
        if epoch != self._position.epoch:
            self._seek(Position(epoch))

    def torch(self) -> TorchDataset:
        """Return a ``torch.utils.data.IterableDataset`` of dicts of tensors.

        The tensors share the memory of the arrays. Pass it to
        ``DataLoader(dataset, batch_size=None)`` without workers, or iterate over it
        directly.
        """
        from ._torch import TorchDataset

        return TorchDataset(self)

    def tf(self) -> tf.data.Dataset:
        """Return a ``tf.data.Dataset`` of one epoch at a time; TensorFlow copies the arrays."""
        from ._tensorflow import dataset

        return dataset(self)

    def jax(self, device: Any = None) -> Iterator[Dict[str, Any]]:
        """Iterate over an epoch with arrays on a device of JAX, the default one if None."""
        from ._jax import batches

        return batches(self, device)

    def close(self) -> None:
        """End the connection, and a server that was spawned. The position stays."""
        self._turn += 1
        self._link.close()

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise LoaderError(FORKED)

    def _check_process(self) -> None:
        if self._link.pid != os.getpid():
            raise LoaderError(FORKED)

    def _seek(self, position: Position) -> None:
        """Go elsewhere, which no iterator and no stream follows."""
        self._turn += 1
        self._link.close()
        self._position, self._loaded = position, None

    def _met(self) -> Welcome:
        """Return what the server said, once it was met."""
        if self._welcome is None:
            self._attempt(lambda stream: None)
        assert self._welcome is not None
        return self._welcome

    def _take(self, turn: int) -> Optional[Batch]:
        """Return the next batch, or None at the end of an epoch."""
        if turn != self._turn:
            raise LoaderError("this iterator is out of use: another was begun, or the loader was closed or set elsewhere")
        stream = self._link.stream
        if stream is not None and stream.position != self._position:
            self._link.close()  # an interrupt came between taking a batch and noting it
        batch = self._attempt(Stream.take)
        stream = self._link.stream
        assert stream is not None
        self._position, self._loaded = stream.position, None
        if stream.over:
            self._link.close()
        elif stream.crowded and not self._crowded:
            self._crowded = True
            warnings.warn(
                f"all {stream.welcome.window} shared slots are held by batches that are still in use: "
                "others are copied through the socket until some are let go",
                RuntimeWarning,
                stacklevel=3,
            )
        return batch

    def _attempt(self, action: Callable[[Stream], T]) -> T:
        """Do something with a stream, and again with another when it is lost."""
        self._check_process()
        end = pause = 0.0
        while True:
            try:
                return action(self._link.stream or self._connect())
            except (OSError, LoaderError) as e:
                self._link.close()
                if isinstance(e, LoaderError) and e.fatal:
                    e.args = (self._locate(e),)
                    raise
                known = self._welcome is not None
                now = time.monotonic()
                end = end or now + (self._reconnect if known else self._timeout)
                if now >= end or not (known or self._link.endpoint.patient):
                    raise ConnectionLost(self._locate(e)) from e
                if not pause:
                    _log.warning("%s; trying again", self._locate(e))
            except BaseException:
                self._link.close()  # it may stand in the middle of a frame
                raise
            self._endpoint = (self._endpoint + 1) % len(self._endpoints)
            if self._endpoint == 0:
                pause = min(1.0, 2 * pause or 0.05)
                time.sleep(min(pause * random.uniform(0.5, 1.0), end - now))

    def _connect(self) -> Stream:
        endpoint = self._link.endpoint = self._endpoints[self._endpoint]
        if self._token and not endpoint.private:
            raise LoaderError("the token is a secret, and this connection is not encrypted: use tls://")
        at, loaded = self._position, self._loaded
        hello: Meta = {
            "versions": [1],
            "dataset": self._dataset,
            "rank": self._rank,
            "world": self._world,
            "batch_size": self._batch_size,
            "epoch": at.epoch,
            "epochs": self._epochs,
            "next": at.step,
            "global_batch": loaded["world"] * loaded["batch_size"] if loaded else 0,
            "state": at.state,
            "fingerprint": self._fingerprint,
            "transports": ["shm", "inline"] if self._shared and sys.platform == "linux" else ["inline"],
            "token": self._token,
            "client": f"python {platform.python_version()} on {platform.node()}, process {os.getpid()}",
        }
        stream = Stream(endpoint.connect(self._timeout), hello, self._timeout, self._pin)
        self._link.stream = stream
        w = stream.welcome
        if self._fingerprint not in ("", w.fingerprint) or self._batch_size not in (0, w.batch_size):
            raise ProtocolError(f"the server answered with fingerprint {w.fingerprint} and batches of {w.batch_size}")
        self._welcome, self._fingerprint, self._batch_size = w, w.fingerprint, w.batch_size
        return stream

    def _locate(self, cause: BaseException) -> str:
        """Return a message that says where the loader stood, and what became of the server."""
        at, endpoint = self._position, self._link.endpoint
        dataset = f", data set {self._dataset}" if self._dataset else ""
        place = f"{endpoint}{dataset}, rank {self._rank} of {self._world}, epoch {at.epoch}, batch {at.step}"
        return "\n".join(filter(None, [f"{place}: {cause or type(cause).__name__}", endpoint.report()]))


class _Epoch(Iterator[Batch]):
    """The batches of an epoch."""

    def __init__(self, loader: Loader, turn: int) -> None:
        self._loader: Optional[Loader] = loader
        self._turn = turn

    def __next__(self) -> Batch:
        if self._loader is None:
            raise StopIteration
        batch = self._loader._take(self._turn)
        if batch is None:
            self._loader = None
            raise StopIteration
        return batch


class _Link:
    """What must be closed when a loader is gone."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.stream: Optional[Stream] = None
        self.endpoint = Endpoint()

    def close(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.close()
        if self.pid == os.getpid():
            self.endpoint.close()

