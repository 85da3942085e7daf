"""Batches for PyTorch, TensorFlow, JAX and Arrow, each where it is installed."""

import json
import subprocess
import sys
import urllib.request
import warnings

import numpy as np
import pytest
from conftest import digests, free_port

from stoker import Loader, LoaderError, Ragged, ServerError

BATCHES = 50


@pytest.fixture
def loader(server):
    with server.loader() as loader:
        yield loader


@pytest.fixture
def want(server):
    """Copies of all batches, as NumPy has them."""
    with server.loader() as loader:
        return [{k: v if isinstance(v, Ragged) else np.array(v) for k, v in b.items()} for b in loader]


def same(batches, want, to_numpy):
    batches = list(batches)
    assert len(batches) == len(want)
    for batch, other in zip(batches, want):
        assert list(batch) == list(other)
        for name, value in other.items():
            if isinstance(value, Ragged):
                assert (to_numpy(batch[name].values) == value.values).all()
                assert (to_numpy(batch[name].offsets) == value.offsets).all()
            else:
                assert (to_numpy(batch[name]) == value).all()
                assert to_numpy(batch[name]).dtype == value.dtype


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed: its adapter is not tested")


@pytest.mark.filterwarnings("ignore:all .* shared slots:RuntimeWarning")
def test_torch(loader, want, torch):
    from torch.utils.data import DataLoader

    dataset = loader.torch()
    data = DataLoader(dataset, batch_size=None)
    assert len(data) == BATCHES
    same(data, want, lambda t: t.numpy())
    dataset.set_epoch(0)
    for batch in dataset:
        assert batch["image"].shape == (8, 32, 32, 3) and batch["image"].data_ptr() % 64 == 0
        assert batch["boxes"][0].shape[1] == 4


@pytest.mark.filterwarnings("ignore:all .* shared slots:RuntimeWarning")
def test_tensors_keep_their_batch(loader, want, torch):
    tensors = [batch["image"][5].permute(2, 0, 1)[1] for batch in loader.torch()]
    assert all((t.numpy() == b["image"][5, :, :, 1]).all() for t, b in zip(tensors, want))


def test_torch_state(loader, server, torch):
    dataset = loader.torch()
    it = iter(dataset)
    for _ in range(7):
        next(it)
    state = dataset.state_dict()
    other = server.loader().torch()
    other.load_state_dict(state)
    rest = [b["label"].tolist() for b in other]
    assert rest == [b["label"].tolist() for b in it] and len(rest) == BATCHES - 7


MISUSE = """
import sys, torch, stoker
from torch.utils.data import DataLoader
loader = stoker.Loader(sys.argv[1], dataset="shapes")
it = iter(loader)
next(it)
data = DataLoader(loader.torch(), batch_size=None, num_workers=2, multiprocessing_context=sys.argv[2])
try:
    list(data)
except stoker.LoaderError as e:
    print(e)
print(sum(1 for _ in it))  # the workers took nothing away
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_torch_with_workers(server, torch, method):
    out = subprocess.check_output([sys.executable, "-c", MISUSE, server.address, method], text=True)
    assert "num_workers=0" in out and out.endswith(f"\n{BATCHES - 1}\n")


def test_torch_bfloat16(torch):
    from stoker._torch import _tensor
    from stoker.schema import Field

    bits = np.array([0x3F80, 0xC000, 0x7F80], np.uint16)
    for dtype in (np.dtype(np.uint16), pytest.importorskip("ml_dtypes").bfloat16):
        tensor = _tensor(bits.view(dtype), Field("x", "bfloat16", np.dtype(dtype), (), "plain"))
        assert tensor.dtype == torch.bfloat16 and tensor.tolist() == [1.0, -2.0, float("inf")]


def test_torch_distributed(server, torch, tmp_path):
    dist = torch.distributed
    if not dist.is_available():
        pytest.skip("this PyTorch has no torch.distributed: its rank is not tested")
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        assert server.loader().state_dict()["world"] == 1
        assert digests(server.loader()) == digests(server.loader(rank=0, world=1))
    finally:
        dist.destroy_process_group()


def test_pin_without_cuda(server, torch):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU: test_pin is for it")
    with pytest.raises(LoaderError, match="pin=True"):
        next(iter(server.loader(pin=True)))


@pytest.mark.parametrize("shared", [True, False])
def test_pin(server, want, torch, shared):
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU: pinned memory is not tested")
    with server.loader(pin=True, shared=shared) as loader:
        for batch, other in zip(loader.torch(), want):
            assert batch["image"].is_pinned()
            on_gpu = batch["image"].to("cuda", non_blocking=True)
            torch.cuda.synchronize()
            assert (on_gpu.cpu().numpy() == other["image"]).all()
            del batch


def test_tensorflow(loader, want):
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed: its adapter is not tested")
    data = loader.tf()
    spec = data.element_spec
    assert spec["image"].shape.as_list() == [None, 32, 32, 3]
    batches = list(data)
    for batch in batches:
        batch.update({k: Ragged(v.values, v.row_splits) for k, v in batch.items() if hasattr(v, "row_splits")})
    same(batches, want, lambda t: t.numpy())
    assert sum(1 for _ in data) == BATCHES  # the next epoch


@pytest.mark.filterwarnings("ignore:all .* shared slots:RuntimeWarning")
def test_jax(loader, want):
    jax = pytest.importorskip("jax", reason="JAX is not installed: its adapter is not tested")
    batches = list(loader.jax())
    assert isinstance(batches[0]["image"], jax.Array)
    same(batches, want, np.asarray)


@pytest.mark.filterwarnings("ignore:all .* shared slots:RuntimeWarning")
def test_arrow(loader, want):
    """Columns become Arrow arrays without a copy, which keep their batch."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: Arrow is not tested")
    columns = []
    for batch in loader:
        label = pa.array(batch["label"])
        assert label.buffers()[1].address == batch["label"].ctypes.data
        boxes = batch["labels"]
        columns.append((label, pa.LargeListArray.from_arrays(boxes.offsets, boxes.values)))
    for (label, labels), other in zip(columns, want):
        assert label.to_pylist() == other["label"].tolist()
        assert labels.to_pylist() == [row.tolist() for row in other["labels"]]


def test_arrow_stream(serve, want):
    """The same batches by pyarrow alone, over HTTP."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: the Arrow stream is not tested")
    address = f"tcp://127.0.0.1:{free_port()}"
    serve("unix", "-arrow", address)
    with urllib.request.urlopen(f"http{address[3:]}/shapes?next=10") as response:
        batches = list(pa.ipc.open_stream(response))
    assert len(batches) == BATCHES - 10
    for batch, other in zip(batches, want[10:]):
        image = batch.column("image")
        assert image.type == pa.fixed_shape_tensor(pa.uint8(), (32, 32, 3))
        assert (image.to_numpy_ndarray() == other["image"]).all()
        assert batch.column("label").to_pylist() == other["label"].tolist()
        assert batch.column("labels").to_pylist() == [row.tolist() for row in other["labels"]]


def test_parquet(binary, tmp_path):
    """Where blocks are mixed, the order depends on the global batch, and so does a state."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: no Parquet file can be made")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({"x": np.arange(400)}), tmp_path / "x.parquet", row_group_size=40)
    dataset = {"Source": {"parquet": {"Data": "x.parquet"}}, "BatchSize": 8, "Order": {"loader.Shuffle": {"Live": 2}}}
    (tmp_path / "serve.json").write_text(json.dumps({"Datasets": {"x": dataset}}))

    def make(**options):
        return Loader.spawn([str(binary), "-config", str(tmp_path / "serve.json")], **options)

    loader = make()
    whole = [batch["x"].tolist() for batch in loader]
    assert sorted(sum(whole, [])) == list(range(400))
    loader.set_epoch(0)
    it = iter(loader)
    for _ in range(4):
        next(it)
    state = loader.state_dict()
    ranks = [make(rank=r, world=2, batch_size=4) for r in range(2)]
    for rank in ranks:
        rank.load_state_dict(state)
    assert [a["x"].tolist() + b["x"].tolist() for a, b in zip(*ranks)] == whole[4:]
    larger = make(batch_size=16)
    for _ in range(2):
        larger.load_state_dict(state)
        with pytest.raises(ServerError, match="dataset_changed[^$]*global batches of 8 rows"):
            next(iter(larger))
        state = larger.state_dict()  # it is still what was loaded


def test_bfloat16_without_its_package(monkeypatch):
    """Then arrays hold the bits, and the schema says so."""
    import importlib
    import sys

    from stoker import schema

    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    try:
        assert importlib.reload(schema)._DTYPES["bfloat16"] == np.uint16
    finally:
        monkeypatch.undo()
        importlib.reload(schema)


def test_warning_of_held_slots(loader):
    with pytest.warns(RuntimeWarning, match="shared slots") as caught:
        kept = list(loader)
    assert len(caught) == 1 and len(kept) == BATCHES
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del kept
        assert len(digests(loader)) == BATCHES
