"""Makes the files of other writers that TestOtherWriters reads: with the packages
polars (2.1.0), pyarrow (26.0.1) and numpy, in this directory."""

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc

frame = pl.DataFrame({
    "i": [1, 2, None],
    "s": ["a", "a text that is too long for a view", None],
    "b": [b"x", b"", b"0123456789abcdef"],
    "l": [[1, 2], [], [3]],
    "c": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
    "a": pl.Series([[1, 2], [3, 4], [5, 6]], dtype=pl.Array(pl.Int32, 2)),
    "st": [{"x": 1}, {"x": 2}, {"x": 3}],
})
frame.write_ipc("polars.arrow")
frame.write_ipc("polars-zstd.arrow", compression="zstd")
frame.write_ipc_stream("polars.arrows")

table = pa.table({
    "i": pa.array([1, 2, None]),
    "s": pa.array(["a", "a text that is too long for a view", None]),
    "b": pa.array([b"x", b"", b"0123456789abcdef"], pa.large_binary()),
    "l": pa.array([[1, 2], [], [3]], pa.list_(pa.field("item", pa.int64(), nullable=False))),
    "c": pa.array(["x", "y", "x"]).dictionary_encode(),
    "a": pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.int32(), 2)),
    "st": pa.array([{"x": 1}, {"x": 2}, {"x": 3}]),
    "t": pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(12, dtype=np.uint8).reshape(3, 2, 2)),
})
feather.write_feather(table, "pyarrow-lz4.feather")
with ipc.new_stream("pyarrow.arrows", table.schema) as out:
    out.write_table(table, max_chunksize=2)

schema = pa.schema([("c", pa.dictionary(pa.int32(), pa.string()))])


def batches(path, deltas, dictionaries):
    """Writes a stream of batches with the given dictionaries, indexed backwards."""
    with ipc.new_stream(path, schema, options=ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)) as out:
        for values in dictionaries:
            index = pa.array(range(len(values) - 1, -1, -1), pa.int32())
            out.write_batch(pa.record_batch([pa.DictionaryArray.from_arrays(index, pa.array(values))], schema=schema))


batches("pyarrow-replaced.arrows", False, [["a", "b"], ["x", "a"], ["b"]])
batches("pyarrow-deltas.arrows", True, [["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d", "e"]])

# Metadata V4, in which unions and run-end encoded columns have one more buffer.
old = pa.record_batch({
    "sparse": pa.UnionArray.from_sparse(pa.array([0, 1, 0], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])]),
    "dense": pa.UnionArray.from_dense(pa.array([0, 0, 0], pa.int8()), pa.array([0, 1, 2], pa.int32()), [pa.array([1, 2, 3])]),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([3], pa.int32()), pa.array(["r"])),
    "s": pa.array(["a", None, "c"]),
})
v4 = ipc.IpcWriteOptions(metadata_version=ipc.MetadataVersion.V4)
for path, new in ("pyarrow-v4.arrow", ipc.new_file), ("pyarrow-v4.arrows", ipc.new_stream):
    with new(path, old.schema, options=v4) as out:
        out.write_batch(old)

pl.DataFrame({"wide": pl.Series([1, 2], dtype=pl.Int128), "n": [3, 4]}).write_ipc("polars-wide.arrow")
