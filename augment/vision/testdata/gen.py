"""Makes the images here and, beside each, the RGB bytes that Pillow decodes.

    python3 -m venv v && v/bin/pip install pillow numpy && v/bin/python gen.py

Written with Pillow 13.0.
"""
import io, struct
import numpy as np
from PIL import Image, ImageOps

W, H = 37, 21
y, x = np.mgrid[0:H, 0:W]
rgb = np.stack([x * 6, y * 11, 255 - x * 3 - y * 5], -1).astype(np.uint8)
rgb[5:12, 8:20] = [200, 30, 60]
pic = Image.fromarray(rgb)


def keep(name, raw, upright=False):
    open(name, "wb").write(raw)
    im = Image.open(io.BytesIO(raw))
    if upright:
        im = ImageOps.exif_transpose(im)
    if im.mode == "I;16":  # the upper 8 bits
        im = Image.fromarray((np.asarray(im) >> 8).astype(np.uint8))
    im = im.convert("RGB")
    open(name + ".rgb", "wb").write(struct.pack("<HH", *im.size) + im.tobytes())


def encode(im, **args):
    b = io.BytesIO()
    im.save(b, **args)
    return b.getvalue()


for name, args in {"444": dict(subsampling=0), "422": dict(subsampling=1), "420": dict(subsampling=2), "progressive": dict(progressive=True)}.items():
    keep(name + ".jpg", encode(pic, format="JPEG", quality=90, **args))
keep("narrow.jpg", encode(pic.crop((6, 3, 9, 12)), format="JPEG", subsampling=2))
keep("grey.jpg", encode(pic.convert("L"), format="JPEG", quality=90))
keep("cmyk.jpg", encode(pic.convert("CMYK"), format="JPEG", quality=95))
exif = Image.Exif()
for o in (3, 6, 7):
    exif[0x0112] = o
    keep(f"upright{o}.jpg", encode(pic, format="JPEG", subsampling=0, quality=90, exif=exif.tobytes()), upright=True)

keep("rgb.png", encode(pic, format="PNG"))
alpha = Image.fromarray(np.dstack([rgb, (x * 7).astype(np.uint8)]))
keep("alpha.png", encode(alpha, format="PNG"))
keep("grey.png", encode(pic.convert("L"), format="PNG"))
keep("greyalpha.png", encode(alpha.convert("LA"), format="PNG"))
keep("bits.png", encode(pic.convert("1"), format="PNG"))
keep("palette.png", encode(pic.quantize(13), format="PNG"))
keep("grey16.png", encode(Image.fromarray((x * 1500 + y * 77).astype(np.uint16)), format="PNG"))
keep("transparent.png", encode(pic.quantize(13), format="PNG", transparency=bytes([0, 100, 255])))
