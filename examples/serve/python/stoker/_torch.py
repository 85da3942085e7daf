"""Batches as tensors of PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, Union

import torch
from torch.utils.data import IterableDataset, get_worker_info

from .errors import LoaderError
from .ragged import Ragged
from .schema import Array, Field

if TYPE_CHECKING:
    from .loader import Loader


class TorchDataset(IterableDataset):  # type: ignore[misc]
    """The batches of a loader as tensors that share their memory."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        if get_worker_info() is not None:
            from .loader import FORKED

            raise LoaderError(FORKED)
        batches = iter(self.loader)
        schema = self.loader.schema
        return ({name: _tensor(value, schema[name]) for name, value in batch.items()} for batch in batches)

    def __len__(self) -> int:
        return len(self.loader)

    def set_epoch(self, epoch: int) -> None:
        """See :meth:`stoker.Loader.set_epoch`."""
        self.loader.set_epoch(epoch)

    def state_dict(self) -> Dict[str, Any]:
        """See :meth:`stoker.Loader.state_dict`."""
        return self.loader.state_dict()

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """See :meth:`stoker.Loader.load_state_dict`."""
        self.loader.load_state_dict(state)


def _tensor(value: Union[Array, Ragged[Array]], field: Field) -> Any:
    if isinstance(value, Ragged):
        shapes = None if value.shapes is None else torch.from_numpy(value.shapes)
        return Ragged(_tensor(value.values, field), torch.from_numpy(value.offsets), shapes)
    if field.type == "bfloat16":
        return torch.from_numpy(value.view("int16")).view(torch.bfloat16)
    return torch.from_numpy(value)
