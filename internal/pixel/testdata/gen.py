"""Makes pillow.json and pillow.bin: what Pillow makes of a computed image.

    python3 -m venv v && v/bin/pip install pillow && v/bin/python gen.py

Written with Pillow 13.0; 9.5 gives the same bytes.
"""
import hashlib, json
from PIL import Image, ImageEnhance, __version__

FILTERS = ["BILINEAR", "BICUBIC", "LANCZOS", "BOX", "HAMMING", "NEAREST"]


def picture(w, h, bands):
    """The image that picture in oracle_test.go computes, too."""
    x, out = 1, bytearray()
    for i in range(w * h * bands):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append((x >> 26) + (i // bands % w * 3 + i // (w * bands) * 2 + i % bands * 85) % 192)
    return Image.frombytes("RGB" if bands == 3 else "L", (w, h), bytes(out))


cases, data = [], bytearray()


def add(op, src, dst, **args):
    """Small results are kept whole, large ones as their SHA-256."""
    raw = dst.tobytes()
    case = dict(op=op, src=[*src.size, len(src.getbands())], dst=[*dst.size], **args)
    if len(raw) > 8192:
        case["sha256"] = hashlib.sha256(raw).hexdigest()
    else:
        case["at"] = len(data)
        data.extend(raw)
    cases.append(case)


for i, name in enumerate(FILTERS):
    f = getattr(Image.Resampling, name)
    for bands in (3, 1):
        src = picture(37, 23, bands)
        for size in [(24, 24), (45, 31), (5, 7), (37, 40), (50, 23), (1, 1), (37, 23)]:
            add("resize", src, src.resize(size, f), filter=i)
        src = picture(36, 20, bands)
        add("resize", src, src.crop((3, 4, 33, 19)).resize((20, 11), f), filter=i, crop=[3, 4, 30, 15])
    for size, to in [((500, 375), (224, 224)), ((333, 257), (224, 299)), ((100, 80), (448, 333)), ((1024, 3), (97, 101)), ((640, 480), (224, 224)), ((1500, 1000), (160, 160)), ((257, 193), (512, 384)), ((4000, 9), (3, 9))]:
        src = picture(*size, 3)
        add("resize", src, src.resize(to, f), filter=i)
src = picture(23, 17, 3)
for op in ["Brightness", "Contrast", "Color"]:
    for factor in [0, 0.25, 0.7, 1, 1.0625, 1.3, 1.9, 4]:
        add(op, src, getattr(ImageEnhance, op)(src).enhance(factor), factor=factor)
json.dump(cases, open("pillow.json", "w"), indent=0)
open("pillow.bin", "wb").write(data)
print(__version__, len(cases), len(data))
