"""Writes the files beside it with NumPy, as the test of Open expects them."""
import numpy as np

types = ["?", "u1", "i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8", ">u2", ">i4", ">f4", ">f8"]


def ramp(t, *shape):
    """0, 1, 2, ..., or every third one true."""
    n = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return (n % 3 == 0) if t == "?" else n.astype(t)


for compress, name in ((np.savez, "types.npz"), (np.savez_compressed, "packed.npz")):
    compress(name, **{t.strip("<").replace(">", "big_").replace("?", "bool"): ramp(t, 2, 3) for t in types}, scalar=np.float32(7), empty=np.zeros((0, 4), "u1"))
np.save("plain.npy", ramp("<f4", 3, 4))
np.save("fortran.npy", np.asfortranarray(ramp("<i2", 2, 3)))
np.save("objects.npy", np.array([{}, None], object))
np.save("records.npy", np.zeros(2, [("x", "<f4"), ("y", "<i4")]))
np.save("complex.npy", np.zeros(2, "<c8"))
np.save("text.npy", np.array(["abc", "d"]))
np.savez("mixed.npz", good=ramp("<i4", 2), bad=np.array([{}], object))
with open("version2.npy", "wb") as f:
    np.lib.format.write_array(f, ramp("<i4", 2, 2), version=(2, 0))
with open("version3.npy", "wb") as f:
    np.lib.format.write_array(f, ramp("<i4", 2, 2), version=(3, 0))
