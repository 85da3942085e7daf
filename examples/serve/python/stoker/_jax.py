"""Batches as arrays of JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, Union

import jax

from .ragged import Ragged
from .schema import Array

if TYPE_CHECKING:
    from .loader import Loader


def batches(loader: Loader, device: Any) -> Iterator[Dict[str, Any]]:
    """Iterate over an epoch of loader. JAX keeps an array's memory while it reads from it."""
    return ({name: _put(value, device) for name, value in batch.items()} for batch in loader)


def _put(value: Union[Array, Ragged[Array]], device: Any) -> Any:
    if isinstance(value, Ragged):
        shapes = None if value.shapes is None else jax.device_put(value.shapes, device)
        return Ragged(jax.device_put(value.values, device), jax.device_put(value.offsets, device), shapes)
    return jax.device_put(value, device)
