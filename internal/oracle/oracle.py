"""Has DuckDB and PyArrow write files, or read one, and prints what they hold.

    python oracle.py write DIR     DuckDB: Parquet files of all codecs and page versions
    python oracle.py read FILE     DuckDB
    python oracle.py arrow DIR     PyArrow: a table as Parquet and as Feather
    python oracle.py tensors FILE  PyArrow: columns of tensors, and the types of all

Prints {file: {column: [row, ...]}} as JSON, rows in the words of dump_test.go.
"""
import datetime
import decimal
import json
import sys
import uuid

import duckdb
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

ROWS = 3000

TABLE = f"""
select
    i % 3 = 1 as bool, (i % 200 - 100)::tinyint as i8, (i % 200)::utinyint as u8, (i * 7 % 30000)::smallint as i16,
    (i * 17 % 60000)::usmallint as u16, (i * i % 100003 - 50000)::integer as i32, (i * 1000003 % 4000000000)::uinteger as u32,
    (i - 1500) * 1000000007 as i64, (i * 1000000007)::ubigint as u64, (i % 50 / 4)::float as f32, i / 8 - 100 as f64,
    repeat('ab', i::integer % 4) || i % 13 as text, i % 10 as few, ('prefix ' || i)::blob as binary,
    (i * 1.25 - 99)::decimal(9, 2) as dec32, (i * 1000000.25)::decimal(18, 3) as dec64,
    date '1969-01-01' + i::integer as day, timestamp '1969-12-31 23:00:00' + i * interval 7 minutes as stamp,
    [i::integer + k for k in range(i % 5)] as list, [(i + k) / 4 for k in range(i % 3)] as floats,
    {{'x': i::integer, 'y': i / 2}} as struct, [{{'a': k, 'b': (i + k)::integer}} for k in range(i % 4)] as structs,
    map([i::integer, -1 - i::integer], [i / 2, i / 4]) as map,
    [repeat('ö', k::integer) || i % 7 for k in range(i % 4)] as texts, [('b' || (i * k)::varchar)::blob for k in range(i % 3)] as blobs,
    map(['a' || i % 9], [i::integer]) as named, [{{'key': 'k' || k, 'n': k}} for k in range(i % 3)] as pairs,
    (i % 10)::varchar::enum('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') as enum,
    md5(i::varchar)::uuid as uuid
from range({ROWS}) t(i)
"""

FILES = [(codec, version) for codec in ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw") for version in ("V1", "V2")]


def words(x):
    if x is None:
        return "null"
    if isinstance(x, bool):
        return str(x).lower()
    if isinstance(x, float):
        return repr(x).removesuffix(".0")
    if isinstance(x, str):
        return x.encode().hex()
    if isinstance(x, bytes):
        return x.hex()
    if isinstance(x, uuid.UUID):
        return x.bytes.hex()
    if isinstance(x, decimal.Decimal):
        return str(int(x.scaleb(-x.as_tuple().exponent)))
    if isinstance(x, datetime.datetime):
        return str((x - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1))
    if isinstance(x, datetime.date):
        return str((x - datetime.date(1970, 1, 1)).days)
    if isinstance(x, list):
        return "[" + " ".join(words(v) for v in x) + "]"
    return str(x)


def lists(name, typ, values):
    """Yields the fields that lists of the given type become."""
    if typ.id not in ("varchar", "blob"):
        yield name, values
        return
    values = [v if v is None else [x.encode() if isinstance(x, str) else x for x in v] for v in values]
    yield name, [v if v is None else b"".join(v) for v in values]
    yield f"{name}.lengths", [[len(x) for x in v or ()] for v in values]


def leaves(name, typ, values):
    """Yields the leaves of a column, as our reader names them."""
    if typ.id == "map":
        for (part, of), pick in zip(typ.children, (dict.keys, dict.values)):
            yield from lists(f"{name}.{part}", of, [v and list(pick(v)) for v in values])
    elif typ.id == "struct":
        for part, _ in typ.children:
            yield f"{name}.{part}", [v and v[part] for v in values]
    elif typ.id == "list" and typ.child.id == "struct":
        for part, of in typ.child.children:
            yield from lists(f"{name}.{part}", of, [v if v is None else [e[part] for e in v] for v in values])
    elif typ.id == "list":
        yield from lists(name, typ.child, values)
    else:
        yield name, values


def read(path):
    r = duckdb.sql(f"select * from read_parquet('{path}')")
    out = {}
    for name, typ, values in zip(r.columns, r.types, zip(*r.fetchall())):
        for leaf, all in leaves(name, typ, values):
            out[leaf] = [words(v) for v in all]
    return out


def write(folder):
    names = [d[0] for d in duckdb.sql(TABLE).description]
    some = ", ".join(f'if(random() < 0.2, null, "{n}") as "{n}"' for n in names)
    duckdb.sql("select setseed(0.5)")
    duckdb.sql(f"create table nulls as select {some} from ({TABLE})")
    out = {}
    for codec, version in FILES:
        for table in ("whole", "nulls"):
            path = f"{folder}/{codec}-{version}-{table}.parquet"
            query = TABLE if table == "whole" else "from nulls"
            duckdb.sql(f"copy ({query}) to '{path}' (format parquet, compression {codec}, parquet_version {version}, row_group_size 2048)")
            out[path] = read(path)
    return out


def arrow_table(rows):
    """A table of what Arrow's schema tells and Parquet's types do not."""
    def lists(n, nulls=False):
        return [None if nulls and i % 5 == 2 else [(i * n + k) % 100 for k in range(n)] for i in range(rows)]

    def tensor(typ, **names):
        return pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(typ, [2, 3], **names), pa.array(lists(6), pa.list_(typ, 6)))

    columns = {
        "tensor": tensor(pa.float32()), "named": tensor(pa.int16(), dim_names=["a", "b"], permutation=[1, 0]),
        "nulls": pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float64(), [6, 1]), pa.array(lists(6, True), pa.list_(pa.float64(), 6))),
        "floats": pa.array(lists(3, True), pa.list_(pa.float32(), 3)), "one": pa.array(lists(1), pa.list_(pa.uint64(), 1)),
        "bytes": pa.array(lists(3, True), pa.list_(pa.uint8(), 3)), "halves": pa.array(lists(4), pa.list_(pa.float16(), 4)),
        "bools": pa.array([[i % 2 == 0, i % 3 == 0] for i in range(rows)], pa.list_(pa.bool_(), 2)),
        "raw": pa.array([[b"ab", b"c%d" % (i % 10)] for i in range(rows)], pa.list_(pa.binary(2), 2)),
        "struct": pa.array([{"a": i, "v": [i, -i]} for i in range(rows)], pa.struct({"a": pa.int32(), "v": pa.list_(pa.int32(), 2)})),
        "boxes": pa.array([None if i % 7 == 5 else [[i, k, 2, 3] for k in range(i % 4)] for i in range(rows)], pa.list_(pa.list_(pa.float32(), 4))),
        "grids": pa.array([[[i % 100, 1], [2, k], [4, 5]] for i in range(rows) for k in [i % 9]], pa.list_(pa.list_(pa.int16(), 2), 3)),
        "cubes": pa.array([[[[i % 100, 1], [2, k]]] * (i % 3) for i in range(rows) for k in [i % 9]], pa.large_list(pa.list_(pa.list_(pa.int8(), 2), 2))),
        "large": pa.array(lists(2, True), pa.large_list(pa.uint16())), "text": pa.array(["x" * (i % 9) for i in range(rows)], pa.large_string()),
        "view": pa.array(["y" * (i % 30) for i in range(rows)], pa.string_view()), "half": pa.array([float(i) for i in range(rows)], pa.float16()),
        "u8": pa.array([i % 256 for i in range(rows)], pa.uint8()), "i16": pa.array(range(rows), pa.int16()), "u32": pa.array(range(rows), pa.uint32()),
        "label": pa.DictionaryArray.from_arrays(pa.array([None if i % 9 == 4 else i * i % 3 for i in range(rows)], pa.int8()), ["z", "a", "m", "never"]),
        "texts": pa.array([None if i % 8 == 5 else ["é" * k for k in range(i % 4)] for i in range(rows)], pa.list_(pa.string())),
        "blobs": pa.array([[b"ab", b"c" * (i % 20)] for i in range(rows)], pa.large_list(pa.large_binary())),
        "views": pa.array([["x" * (i % 20), ""][: i % 3] for i in range(rows)], pa.list_(pa.string_view())),
        "five": pa.array([None if i % 6 == 1 else [str(k) * (i % 3) for k in range(5)] for i in range(rows)], pa.list_(pa.string(), 5)),
        "pairs": pa.array([[["a", "b" * (i % 5)]] * (i % 3) for i in range(rows)], pa.list_(pa.list_(pa.string(), 2))),
        "labels": pa.ListArray.from_arrays(pa.array([min(2 * i, 2 * rows - 1) for i in range(rows + 1)], pa.int32()),
                                           pa.DictionaryArray.from_arrays(pa.array([i * i % 3 for i in range(2 * rows)], pa.int8()), ["z", "a", "m"])),
        "span": pa.array(range(rows), pa.duration("ms")), "time": pa.array(range(rows), pa.time32("ms")),
    }
    return pa.table(columns)


def arrow(folder):
    table = arrow_table(500)
    out = {}
    for codec, version in ("none", "1.0"), ("snappy", "1.0"), ("zstd", "2.0"):
        path = f"{folder}/{codec}-{version}"
        with pa.parquet.ParquetWriter(path + ".parquet", table.schema, compression=codec, data_page_version=version, data_page_size=300) as w:
            for part in table.slice(0, 0), table:  # the first is a row group without rows
                w.write_table(part, row_group_size=200)
        pa.feather.write_feather(table, path + ".feather", compression="uncompressed")
        out[path] = {}
    return out


def tensors(path):
    table = pa.parquet.read_table(path)
    out = {"types": [f"{f.name} {f.type}" for f in table.schema]}
    for name in table.column_names:
        for chunk in table.column(name).chunks:
            if isinstance(chunk, pa.FixedShapeTensorArray):
                out.setdefault(name, []).extend(words(row.ravel().tolist()) for row in chunk.to_numpy_ndarray())
            elif pa.types.is_fixed_size_list(chunk.type):
                out.setdefault(name, []).extend(words(row) for row in chunk.to_pylist())
    return {path: out}


DO = {"write": write, "read": lambda path: {path: read(path)}, "arrow": arrow, "tensors": tensors}
print(json.dumps(DO[sys.argv[1]](sys.argv[2])))
