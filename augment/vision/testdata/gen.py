"""Makes the images here and, beside each, the RGB bytes that Pillow decodes.

    python3 -m venv v && v/bin/pip install pillow numpy && v/bin/python gen.py

Written with Pillow 13.0.
"""
import io, os, struct, zlib
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


def png(depth, colour, interlaced):
    """A file of any kind, with every filter: Pillow writes only some."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    v = np.stack([(x * (5 + c) + y * (9 - c)) * (1 << depth) // 400 for c in range(samples)], -1) % (1 << depth)

    def packed(row):
        bits = "".join(format(int(s), f"0{depth}b") for s in row.ravel())
        bits += "0" * (-len(bits) % 8)
        return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))

    def filtered(row, above, kind, bpp):
        out = bytearray()
        for i, b in enumerate(above):
            a, c = (row[i - bpp], above[i - bpp]) if i >= bpp else (0, 0)
            p = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            out.append((row[i] - [0, a, b, (a + b) // 2, p][kind]) & 255)
        return bytes([kind]) + bytes(out)

    raw = b""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    for x0, y0, dx, dy in passes if interlaced else [(0, 0, 1, 1)]:
        rows = [packed(r) for r in v[y0::dy, x0::dx]]
        for i, row in enumerate(rows):
            raw += filtered(row, rows[i - 1] if i else bytes(len(row)), i % 5, max(1, samples * depth // 8))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    data = zlib.compress(raw)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, depth, colour, 0, 0, interlaced))
            + (chunk(b"PLTE", bytes((i * 71 + i // 3) % 256 for i in range(3 << depth))) if colour == 3 else b"")
            + (chunk(b"tRNS", bytes(2 * samples)) if colour in (0, 2) else b"")
            + chunk(b"IDAT", data[:40]) + chunk(b"IDAT", data[40:]) + chunk(b"IEND", b""))


for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
    for depth in depths:
        keep(f"adam7-{colour}-{depth}.png", png(depth, colour, True))
keep("grey2.png", png(2, 0, False))
keep("palette4.png", png(4, 3, False))
keep("rgb16.png", png(16, 2, False))
exif[0x0112] = 6
keep("upright6.png", encode(pic, format="PNG", exif=exif), upright=True)


def bmp(bits, rows, header=40, palette=b"", masks=b"", compression=0, down=False, offset=True):
    """Rows are those of the file, as bytes, or encoded runs."""
    pixels = rows if isinstance(rows, bytes) else b"".join(r + bytes(-len(r) % 4) for r in rows)
    if header == 12:
        info = struct.pack("<IHHHH", 12, W, H, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, W, -H if down else H, 1, bits, compression, len(pixels), 0, 0, len(palette) // 4, 0)
        info += (masks + bytes(header))[: max(header - 40, len(masks))]
    at = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at if offset else 0) + info + palette + pixels


def runs(index, bits):
    """All that run-length encoding has."""
    out = b""
    for row in index[::-1]:
        if row[0] % 3 == 1:  # as they are
            n = 30
            data = bytes(row[:n]) if bits == 8 else bytes(row[i] << 4 | row[i + 1] for i in range(0, n, 2))
            out += bytes([0, n]) + data + bytes(len(data) % 2)
            rest = row[n:]
        else:
            rest = row
        while len(rest) > 4:
            n = 1
            while n < len(rest) and rest[n] == rest[0]:
                n += 1
            out += bytes([n, rest[0] if bits == 8 else rest[0] << 4 | rest[0]])
            rest = rest[n:]
        out += bytes([0, 0])  # the rest is left out
    out = out[:-2]
    return out + bytes([0, 2, 4, 0, 200, 1, 0, 1])  # a jump, and more than there is room for


few = pic.quantize(13)
colours = (few.getpalette() + [0] * 768)[:768]
bgrx = b"".join(bytes([colours[3 * i + 2], colours[3 * i + 1], colours[3 * i], 0]) for i in range(16))
index = np.asarray(few)
r, g, b = (rgb[..., c].astype(int) for c in range(3))
v555 = (r >> 3 << 10 | g >> 3 << 5 | b >> 3).astype("<u2")
v565 = (r >> 3 << 11 | g >> 2 << 5 | b >> 3).astype("<u2")
keep("rgb.bmp", encode(pic, format="BMP"))
keep("rgba.bmp", encode(alpha, format="BMP"))
keep("grey.bmp", encode(pic.convert("L"), format="BMP"))
keep("bits.bmp", encode(pic.convert("1"), format="BMP"))
keep("palette.bmp", encode(few, format="BMP"))
nibbles = [bytes((row[i] << 4) | (row[i + 1] if i + 1 < W else 0) for i in range(0, W, 2)) for row in index]
keep("palette4.bmp", bmp(4, nibbles[::-1], palette=bgrx))
keep("os2.bmp", bmp(24, [row[:, ::-1].tobytes() for row in rgb[::-1]], header=12))
keep("down.bmp", bmp(24, [row[:, ::-1].tobytes() for row in rgb], down=True, offset=False))
keep("555.bmp", bmp(16, [row.tobytes() for row in v555[::-1]]))
keep("565.bmp", bmp(16, [row.tobytes() for row in v565[::-1]], masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F), compression=3))
four = np.dstack([np.full_like(rgb[..., :1], 9), rgb[..., ::-1]])
keep("xbgr.bmp", bmp(32, [row.tobytes() for row in four[::-1]], header=108, masks=struct.pack("<IIII", 0xFF000000, 0xFF0000, 0xFF00, 0), compression=3))
keep("rle8.bmp", bmp(8, runs(index, 8), palette=bgrx, compression=1))
keep("rle4.bmp", bmp(4, runs(index, 4), palette=bgrx, compression=2))


def lzw(indices, bits):
    reset = 1 << bits
    table, width, out, n = {}, bits + 1, 0, 0

    def put(code):
        nonlocal out, n
        out |= code << n
        n += width

    put(reset)
    piece = ()
    for v in indices:
        if not piece or piece + (v,) in table:
            piece += (v,)
            continue
        put(table[piece] if len(piece) > 1 else piece[0])
        if reset + 2 + len(table) == 4096:
            put(reset)
            table, width = {}, bits + 1
        else:
            if reset + 2 + len(table) == 1 << width:
                width += 1
            table[piece + (v,)] = reset + 2 + len(table)
        piece = (v,)
    put(table[piece] if len(piece) > 1 else piece[0])
    if reset + 2 + len(table) == 1 << width and width < 12:
        width += 1
    put(reset + 1)
    data = out.to_bytes((n + 7) // 8, "little")
    return bytes([bits]) + b"".join(bytes([len(p)]) + p for p in (data[i:i + 255] for i in range(0, len(data), 255))) + b"\0"


def gif(index, at=(0, 0), screen=(W, H), palette=None, local=None, interlaced=False, clear=None, bits=4):
    h, w = index.shape
    flags = lambda p: 0x80 | (len(p) // 3).bit_length() - 2 if p else 0
    rows = [y for a, d in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(a, h, d)] if interlaced else range(h)
    return (b"GIF89a" + struct.pack("<HHBBB", *screen, flags(palette), 0, 0) + bytes(palette or [])
            + b"!\xfe\x05hello\0" + (b"!\xf9\4\1\0\0" + bytes([clear]) + b"\0" if clear is not None else b"")
            + b"," + struct.pack("<HHHHB", *at, w, h, flags(local) | interlaced << 6) + bytes(local or [])
            + lzw([int(v) for y in rows for v in index[y]], bits) + b";")


noisy = (x * x // 7 + y * 31 + x * y) % 16
ramp = [v for i in range(16) for v in (i, i, i)]
keep("rgb.gif", encode(pic, format="GIF"))
keep("grey.gif", encode(pic.convert("L"), format="GIF"))
keep("bits.gif", encode(pic.convert("1"), format="GIF"))
keep("animated.gif", encode(pic, format="GIF", save_all=True, append_images=[pic.transpose(0), pic.transpose(1)]))
keep("interlaced.gif", gif(noisy, palette=colours[:48], interlaced=True))
keep("small.gif", gif(noisy[:9, :11], at=(5, 7), palette=colours[:48]))
keep("clear.gif", gif(noisy[:9, :11], at=(5, 7), palette=colours[:48], clear=3))
keep("beyond.gif", gif(noisy[:9, :11] % 8, at=(5, 7), palette=colours[:24], clear=200, interlaced=True))
keep("local.gif", gif(noisy[:, :30], palette=colours[:24], local=colours[48:0:-1]))
keep("ramp.gif", gif(noisy, palette=ramp))
keep("bare.gif", gif(noisy, at=(3, 2), screen=(1, 1)))
keep("full.gif", gif(np.tile(noisy, (4, 9)) * 13 % 256 ^ np.tile(noisy, (4, 9)).cumsum(1) % 256, palette=colours, bits=8))

lossy = np.dstack([rgb[..., 0] // 2 + (x * y % 11 * 9).astype(np.uint8), rgb[..., 1], rgb[..., 2]])
lossy = Image.fromarray(np.tile(lossy, (3, 2, 1))[:50, :70])
for q in (5, 50, 90, 100):
    keep(f"lossy{q}.webp", encode(lossy, format="WEBP", quality=q, method=q % 7))
for w, h in ((1, 1), (2, 1), (1, 2), (17, 16), (16, 33)):
    keep(f"lossy-{w}x{h}.webp", encode(lossy.crop((0, 0, w, h)), format="WEBP", quality=80))
keep("lossless.webp", encode(pic, format="WEBP", lossless=True))
keep("palette.webp", encode(few.convert("RGB"), format="WEBP", lossless=True))
keep("noise.webp", encode(lossy, format="WEBP", lossless=True, quality=100, method=6))
keep("alpha.webp", encode(alpha, format="WEBP", quality=80))
keep("alpha-exact.webp", encode(alpha, format="WEBP", lossless=True, exact=True))
keep("animated.webp", encode(pic, format="WEBP", save_all=True, append_images=[pic.transpose(0)], lossless=True))
keep("animated-lossy.webp", encode(alpha, format="WEBP", save_all=True, append_images=[alpha.transpose(0)], quality=70))
keep("upright6.webp", encode(pic, format="WEBP", lossless=True, exif=exif), upright=True)
still = encode(pic.crop((0, 0, 12, 10)), format="WEBP", lossless=True)[12:]
frame = b"ANMF" + struct.pack("<I", 16 + len(still)) + bytes([2, 0, 0, 3, 0, 0, 11, 0, 0, 9, 0, 0, 100, 0, 0, 0]) + still
body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + bytes([2, 0, 0, 0, W - 1, 0, 0, H - 1, 0, 0]) + b"ANIM" + struct.pack("<IIH", 6, 0xFF00FF80, 0) + frame
keep("placed.webp", b"RIFF" + struct.pack("<I", len(body)) + body)

os.makedirs("../tiff/testdata", exist_ok=True)
tiff = lambda name, im, **args: keep(f"../tiff/testdata/{name}.tif", encode(im, format="TIFF", **args))
tiff("rgb", pic)
for codec in ("packbits", "tiff_lzw", "tiff_adobe_deflate"):
    tiff(codec, pic, compression=codec)
tiff("grey", pic.convert("L"))
tiff("grey16", Image.fromarray((x * 1500 + y * 77).astype(np.uint16)))
tiff("bits", pic.convert("1"))
tiff("group3", pic.convert("1"), compression="group3")
tiff("group4", pic.convert("1"), compression="group4")
tiff("group4-white", pic.convert("1"), compression="group4", tiffinfo={262: 0})
tiff("palette", few)
tiff("alpha", alpha)
light = Image.frombytes("RGBA", (W, H), alpha.convert("RGBa").tobytes())
extra = lambda kind: struct.pack("<HHIH", 338, 3, 1, kind)
keep("../tiff/testdata/premultiplied.tif", encode(light, format="TIFF").replace(extra(2), extra(1)))
for o in (2, 3, 4, 5, 6, 7, 8):
    tiff(f"turned{o}", pic, tiffinfo={274: o})
wide = np.dstack([x * 1700, y * 3000, 65535 - x * 900]).astype(">u2").tobytes()
tags = [(256, 3, 1, W << 16), (257, 3, 1, H << 16), (258, 3, 3, 122), (259, 3, 1, 1 << 16), (262, 3, 1, 2 << 16),
        (273, 4, 1, 128), (277, 3, 1, 3 << 16), (278, 3, 1, H << 16), (279, 4, 1, len(wide))]
head = b"MM\0*" + struct.pack(">IH", 8, len(tags)) + b"".join(struct.pack(">HHII", *t) for t in tags) + bytes(4)
keep("../tiff/testdata/rgb16.tif", head + struct.pack(">HHH", 16, 16, 16) + wide)
