"""W1: tf.data, with the crop done by the decoder as its guides advise.

config: files, batch, workers: the calls of map in parallel, float.
"""
import os

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

import peer

MEAN, STD = tf.constant([0.485, 0.456, 0.406]) * 255, tf.constant([0.229, 0.224, 0.225]) * 255


class Peer:
    def __init__(self, config):
        self.floats = config["float"]
        files = tf.data.Dataset.from_tensor_slices(config["files"]).shuffle(len(config["files"]))
        self.data = files.map(self.random, num_parallel_calls=config["workers"], deterministic=True).batch(config["batch"]).prefetch(1)
        options = tf.data.Options()
        options.threading.private_threadpool_size = config["workers"]
        self.data = self.data.with_options(options)
        self.version = f"TensorFlow {tf.__version__}"

    def random(self, file):
        data = tf.io.read_file(file)
        begin, size, _ = tf.image.sample_distorted_bounding_box(
            tf.image.extract_jpeg_shape(data), tf.zeros([1, 0, 4]), area_range=(0.08, 1), aspect_ratio_range=(3 / 4, 4 / 3),
            max_attempts=10, use_image_if_no_bounding_boxes=True)
        window = tf.concat([begin[:2], size[:2]], 0)
        return self.finish(self.cut(data, window), tf.random.uniform([]) < 0.5)

    @staticmethod
    def cut(data, window):
        return tf.image.decode_and_crop_jpeg(data, window, channels=3, dct_method="INTEGER_ACCURATE")

    def finish(self, image, flip):
        image = tf.image.resize(image, [224, 224], antialias=True)
        image = tf.cond(flip, lambda: image[:, ::-1], lambda: image)
        image = (image - MEAN) / STD if self.floats else tf.cast(tf.round(image), tf.uint8)
        return tf.transpose(image, [2, 0, 1])

    def check(self, what):
        with open(what["out"], "wb") as f:
            for s in what["samples"]:
                data = tf.io.read_file(s["file"])
                image = self.cut(data, [s["y"], s["x"], s["h"], s["w"]])
                f.write(self.finish(image, tf.constant(s["flip"])).numpy().tobytes())

    def run(self, part, parts):
        return sum(images.shape[0] for images in self.data)


peer.serve(Peer)
