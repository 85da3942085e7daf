"""W1: NVIDIA DALI on the CPU.

config: files, batch, float. Its filter for shrinking is a triangle, as Pillow's.
"""
import numpy as np
from nvidia import dali
from nvidia.dali import fn, pipeline_def, types

import peer

MEAN, STD = [0.485 * 255, 0.456 * 255, 0.406 * 255], [0.229 * 255, 0.224 * 255, 0.225 * 255]


def finish(images, mirror, floats):
    images = fn.resize(images, size=[224, 224], interp_type=types.INTERP_LINEAR, antialias=True)
    if not floats:
        return fn.transpose(fn.flip(images, horizontal=mirror), perm=[2, 0, 1])
    return fn.crop_mirror_normalize(images, mirror=mirror, mean=MEAN, std=STD, dtype=types.FLOAT, output_layout="CHW")


@pipeline_def
def training(files, floats):
    data, _ = fn.readers.file(files=files, random_shuffle=True, name="reader")
    images = fn.decoders.image_random_crop(data, device="cpu", output_type=types.RGB, random_area=[0.08, 1], random_aspect_ratio=[3 / 4, 4 / 3])
    return finish(images, fn.random.coin_flip(), floats)


@pipeline_def
def checking(samples, floats):
    def number(*names):  # of a sample, again and again, as batches are made ahead
        return fn.external_source(lambda i: np.array([samples[i.idx_in_epoch % len(samples)][n] for n in names], np.int32), batch=False)

    data, _ = fn.readers.file(files=[s["file"] for s in samples])
    images = fn.decoders.image_slice(data, number("y", "x"), number("h", "w"), device="cpu", output_type=types.RGB, axes=[0, 1])
    return finish(images, fn.reshape(number("flip"), shape=[]), floats)


class Peer:
    def __init__(self, config):
        self.floats, self.batch = config["float"], config["batch"]
        self.pipe = training(config["files"], self.floats, batch_size=self.batch, num_threads=2, device_id=None)
        self.pipe.build()
        self.batches = -(-len(config["files"]) // self.batch)
        self.version = f"DALI {dali.__version__}"

    def check(self, what):
        pipe = checking(what["samples"], self.floats, batch_size=len(what["samples"]), num_threads=1, device_id=None)
        pipe.build()
        pipe.run()[0].as_array().tofile(what["out"])

    def run(self, part, parts):
        return sum(self.pipe.run()[0].as_array().shape[0] for _ in range(self.batches))


peer.serve(Peer)
