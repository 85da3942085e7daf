"""Batches from a stoker server as NumPy arrays, without a copy.

>>> import stoker
>>> with stoker.Loader("/run/user/1000/stoker.sock", dataset="train") as loader:  # doctest: +SKIP
...     for batch in loader:
...         print(batch["image"].shape, batch["label"][:4])

The arrays of a batch are views of memory that the server built the batch in. It
uses that memory again when the last view is gone, so a batch may be kept as long
as it is needed. ``loader.torch()``, ``loader.tf()`` and ``loader.jax()`` give
tensors, ``loader.state_dict()`` a position to go on from.
"""

from .errors import ConnectionLost, LoaderError, ProtocolError, ServerError
from .loader import Loader
from .ragged import Ragged
from .schema import Batch, Field

__version__ = "0.1.0"

__all__ = [
    "Batch",
    "ConnectionLost",
    "Field",
    "Loader",
    "LoaderError",
    "ProtocolError",
    "Ragged",
    "ServerError",
]
