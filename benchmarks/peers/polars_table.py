"""W5: Parquet to a label, a dense float32 matrix and a dense int32 matrix.

config: path; rows; group, the rows of a row group; batch; kind: "polars" and
"pyarrow" for row groups in random order, laid out as rows and cut into batches,
"read" for Polars reading all of it into columns.
"""
import numpy as np

import peer

DENSE = [f"I{k}" for k in range(1, 14)]
SPARSE = [f"C{k}" for k in range(1, 27)]
WEIGHTS = (np.arange(40, dtype=np.uint64) * np.uint64(2) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)


class Peer:
    def __init__(self, config):
        self.config = config
        if config["kind"] == "pyarrow":
            import pyarrow
            import pyarrow.parquet

            self.version, self.file = f"pyarrow {pyarrow.__version__}", pyarrow.parquet.ParquetFile(config["path"])
            self.group = self.group_of_pyarrow
            return
        import polars

        self.polars, self.version = polars, f"polars {polars.__version__}"
        self.group = self.group_of_polars

    def group_of_polars(self, g):
        n = self.config["group"]
        t = self.polars.scan_parquet(self.config["path"]).slice(g * n, n).collect()
        dense = t.select(DENSE).cast(self.polars.Float32).to_numpy(order="c")
        return t["label"].to_numpy(), dense, t.select(SPARSE).to_numpy(order="c")

    def group_of_pyarrow(self, g):
        t = self.file.read_row_group(g)
        dense = np.stack([t[name].to_numpy() for name in DENSE], axis=1, dtype=np.float32, casting="unsafe")
        return t["label"].to_numpy(), dense, np.stack([t[name].to_numpy() for name in SPARSE], axis=1)

    def batches(self):
        n = -(-self.config["rows"] // self.config["group"])
        size = self.config["batch"]
        for g in np.random.permutation(n):
            label, dense, sparse = self.group(int(g))
            for at in range(0, len(label), size):
                yield label[at : at + size], dense[at : at + size], sparse[at : at + size]

    def check(self, what):
        total = np.uint64(0)
        for label, dense, sparse in self.batches():
            row = label.astype(np.uint64) * WEIGHTS[0]
            row += (dense.astype(np.uint64) * WEIGHTS[1:14]).sum(axis=1)
            row += (sparse.astype(np.uint64) * WEIGHTS[14:]).sum(axis=1)
            total += (row * row).sum()
        with open(what["out"], "wb") as f:
            f.write(total.tobytes())

    def run(self, part, parts):
        if self.config["kind"] == "read":
            self.polars.read_parquet(self.config["path"])
        else:
            for _ in self.batches():
                pass
        return max(1, self.config["rows"] * 160 // 1000000)


peer.serve(Peer)
