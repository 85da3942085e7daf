"""Batches as a data set of TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, Union

import tensorflow as tf

from .ragged import Ragged
from .schema import Array, Field

if TYPE_CHECKING:
    from .loader import Loader


def dataset(loader: Loader) -> tf.data.Dataset:
    """Return a data set that begins an epoch of loader each time it is gone through."""
    schema = loader.schema

    def batches() -> Iterator[Dict[str, Any]]:
        for batch in loader:
            yield {name: _tensor(value, schema[name]) for name, value in batch.items()}

    signature = {name: _signature(field) for name, field in schema.items()}
    return tf.data.Dataset.from_generator(batches, output_signature=signature)


def _signature(field: Field) -> Any:
    dtype = tf.as_dtype(field.type)
    if field.fixed:
        return tf.TensorSpec((None, *field.shape), dtype)
    inner = [None if d < 0 else d for d in field.shape[1:]] if field.only_first_varies else []
    return tf.RaggedTensorSpec((None, None, *inner), dtype, ragged_rank=1, row_splits_dtype=tf.int64)


def _tensor(value: Union[Array, Ragged[Array]], field: Field) -> Any:
    if isinstance(value, Ragged):
        return tf.RaggedTensor.from_row_splits(_tensor(value.values, field), value.offsets)
    if field.type == "bfloat16":
        return tf.bitcast(value.view("uint16"), tf.bfloat16)
    return value
