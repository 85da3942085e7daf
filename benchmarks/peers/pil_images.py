"""What those peers of W1 share that leave decoding to Pillow and augmenting to
torchvision: they differ in how files are stored, ordered and batched.
"""
import io

from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional

_augment = transforms.Compose([transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.PILToTensor()])


def opened(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def augmented(data):
    """A sample of the bytes of a file."""
    return _augment(opened(data))


class Peer:
    """Runs over self.batches(), and checks files of self.stored()."""

    def __init__(self, config):
        if config["float"]:
            raise ValueError("uint8 alone")
        self.files, self.batch = config["files"], config["batch"]

    def check(self, what):
        wanted = {s["file"] for s in what["samples"]}
        data = {file: image for file, image in self.stored() if file in wanted}
        with open(what["out"], "wb") as f:
            for s in what["samples"]:
                image = functional.resized_crop(opened(data[s["file"]]), s["y"], s["x"], s["h"], s["w"], [224, 224])
                image = functional.pil_to_tensor(functional.hflip(image) if s["flip"] else image)
                f.write(image.numpy().tobytes())

    def stored(self):
        """Pairs of a file and its bytes, as they come back from where they are."""
        for file in self.files:
            with open(file, "rb") as f:
                yield file, f.read()

    def run(self, part, parts):
        return sum(len(images) for images in self.batches())
