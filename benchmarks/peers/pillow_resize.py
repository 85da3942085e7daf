"""resize: Pillow's crop and resize, as torchvision calls them.

config: pixels, a file of packed RGB; sizes of its images; crops; simd: true to
take Pillow-SIMD and nothing else.
"""
import PIL
from PIL import Image

import peer


class Peer:
    def __init__(self, config):
        if config.get("simd", False) != (".post" in PIL.__version__):
            raise ImportError(f"this is Pillow {PIL.__version__}")
        self.version = f"Pillow {PIL.__version__}"
        self.crops, self.images = config["crops"], []
        with open(config["pixels"], "rb") as f:
            for z in config["sizes"]:
                self.images.append(Image.frombytes("RGB", (z["X"], z["Y"]), f.read(3 * z["X"] * z["Y"])))

    def make(self, c):
        image = self.images[c["index"]].crop((c["x"], c["y"], c["x"] + c["w"], c["y"] + c["h"]))
        return image.resize((224, 224), Image.BILINEAR)

    def check(self, what):
        with open(what["out"], "wb") as f:
            for c in what["samples"]:
                f.write(self.make(c).tobytes())

    def run(self, part, parts):
        n = len(self.crops)
        mine = self.crops[n * part // parts : n * (part + 1) // parts]
        for c in mine:
            self.make(c)
        return len(mine)


peer.serve(Peer)
