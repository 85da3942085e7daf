"""Makes pyarrow.txt: the metadata ARROW:schema of a Parquet file of pyarrow 26."""
import base64

import pyarrow as pa

schema = pa.schema({
    "tensor": pa.fixed_shape_tensor(pa.float32(), [2, 3], dim_names=["a", "b"], permutation=[1, 0]),
    "half": pa.float16(),
    "label": pa.dictionary(pa.int8(), pa.string()),
    "big": pa.large_list(pa.uint8()),
    "view": pa.string_view(),
    "pose": pa.struct({"x": pa.float32(), "y": pa.list_(pa.int64(), 3)}),
    "days": pa.date64(),
}, metadata={"a": "b"})
with open("pyarrow.txt", "wb") as f:
    f.write(base64.b64encode(schema.serialize().to_pybytes()))
