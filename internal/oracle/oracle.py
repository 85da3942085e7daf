"""Has DuckDB write Parquet files, or read one, and prints what they hold.

    python oracle.py write DIR     files of all codecs and page versions
    python oracle.py read FILE

Prints {file: {column: [row, ...]}} as JSON, rows in the words of dump_test.go.
"""
import datetime
import decimal
import json
import sys
import uuid

import duckdb

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


def leaves(name, typ, values):
    """Yields the leaves of a column, as our reader names them."""
    if typ.id == "map":
        for part, pick in (("key", dict.keys), ("value", dict.values)):
            yield f"{name}.{part}", [v and list(pick(v)) for v in values]
    elif typ.id == "struct":
        for part, _ in typ.children:
            yield f"{name}.{part}", [v and v[part] for v in values]
    elif typ.id == "list" and typ.child.id == "struct":
        for part, _ in typ.child.children:
            yield f"{name}.{part}", [v if v is None else [e[part] for e in v] for v in values]
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


print(json.dumps(write(sys.argv[2]) if sys.argv[1] == "write" else {sys.argv[2]: read(sys.argv[2])}))
