"""W10: whole numbers by tf.data.

config: items, batch, workers: the calls of map in parallel.
"""
import os

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import peer


class Peer:
    def __init__(self, config):
        self.data = tf.data.Dataset.range(config["items"]).map(lambda x: x, num_parallel_calls=config["workers"]).batch(config["batch"]).prefetch(1)
        self.version = f"TensorFlow {tf.__version__}"

    def check(self, what):
        np.concatenate([x.numpy() for x in self.data]).astype("<i4").tofile(what["out"])

    def run(self, part, parts):
        return sum(x.shape[0] for x in self.data)


peer.serve(Peer)
