"""Makes pillow.zip: JPEG files, and what Pillow decodes of them.

    python3 -m venv v && v/bin/pip install pillow && v/bin/python gen.py

Written with Pillow 13.0, which has libjpeg-turbo 3.2, on x86-64. Some files are
encoded by Pillow from computed pictures, those that it does not write by
writer.py from computed coefficients.
"""
import hashlib, io, json, math, random, struct, zipfile
from PIL import Image, ImageFile, __version__, features
from writer import File, segment

r = random.Random(3)
cases, files = [], {}


def picture(w, h, mode):
    """Waves and edges with noise, so that all coefficients occur."""
    bands = len(mode)
    a = [r.uniform(0.02, 0.5) for _ in range(4 * bands)]
    noise = r.choice([0, 2, 10, 40])
    out = bytearray()
    for y in range(h):
        for x in range(w):
            for c in range(bands):
                k = a[4 * c : 4 * c + 4]
                v = 128 + 60 * math.sin(k[0] * x + k[1] * y) + 50 * math.sin(k[2] * x - k[3] * y + c)
                if (x // 11 + y // 7 + c) % 5 == 0:
                    v = 255 - v
                out.append(max(0, min(255, int(v + r.uniform(-noise, noise)))))
    return Image.frombytes(mode, (w, h), bytes(out))


def decoded(data, scale=1, cut=False):
    """What Pillow gives, None if it refuses the file."""
    ImageFile.LOAD_TRUNCATED_IMAGES = cut
    try:
        im = Image.open(io.BytesIO(data))
        if scale > 1:
            im.draft(None, (max(1, im.width // scale), max(1, im.height // scale)))
            if im.decoderconfig[:1] != (scale,):
                return None
        return im.convert("RGB")
    except OSError as e:
        print("refused:", e)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def digest(im):
    return hashlib.sha256(im.tobytes()).hexdigest()


def add(name, data, scaled=False, cuts=()):
    im = decoded(data)
    assert im, name
    case = dict(name=name, width=im.width, height=im.height, sha256=digest(im))
    if scaled:
        case["scaled"] = {s: digest(x) for s in (2, 4, 8) if (x := decoded(data, s))}
    if cuts:
        # Of a progressive file that ends within a segment of tables Pillow gives nothing.
        case["cut"] = {n: digest(x) for n in cuts if (x := decoded(data[:n], cut=True)) and x.getbbox()}
    assert name not in files, name
    files[name] = data
    cases.append(case)


def cuts_of(data):
    """A few places in the entropy-coded bytes."""
    first = data.index(b"\xff\xda") + 20
    return sorted({r.randrange(first, len(data)) for _ in range(6)} | {len(data) - 1, len(data) - 2, len(data) - 3})


def saved(w, h, mode="RGB", **args):
    b = io.BytesIO()
    picture(w, h, mode).save(b, "JPEG", **args)
    return b.getvalue()


SIZES = [(1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (4, 4), (5, 3), (6, 17), (7, 7), (8, 8), (15, 16), (16, 15), (17, 33), (31, 9), (33, 8), (47, 49), (64, 48), (65, 31), (81, 23)]


def tables(data):
    """Takes the Huffman tables out, as in Motion JPEG: libjpeg has the standard ones."""
    while (at := data.find(b"\xff\xc4")) >= 0:
        data = data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] :]
    return data


def by_pillow():
    for sub in (0, 1, 2):
        for i, (w, h) in enumerate(SIZES):
            for progressive in (False, True):
                q = r.choice([50, 75, 85, 92])
                data = saved(w, h, quality=q, subsampling=sub, progressive=progressive, optimize=r.random() < 0.5)
                add(f"{w}x{h}-{'444 422 420'.split()[sub]}-q{q}{'-progressive' * progressive}", data, scaled=True, cuts=cuts_of(data) if i % 6 == 5 else ())
    for q in [1, 2, 3, 5, 8, 12, 17, 25, 33, 42, 58, 66, 72, 80, 88, 90, 94, 95, 96, 97, 98, 99, 100]:
        for sub in (0, 2):
            add(f"quality-{q}-{sub}", saved(37, 29, quality=q, subsampling=sub))
    for w, h in SIZES:
        add(f"{w}x{h}-grey", saved(w, h, "L", quality=80), scaled=True)
        add(f"{w}x{h}-grey-progressive", saved(w, h, "L", quality=60, progressive=True), scaled=True)
    for blocks in (1, 2, 3, 7):
        for sub in (0, 1, 2):
            data = saved(67, 41, quality=70, subsampling=sub, restart_marker_blocks=blocks)
            add(f"restart-{blocks}-{sub}", data, cuts=cuts_of(data))
    for rows in (1, 2):
        add(f"restart-rows-{rows}", saved(67, 71, quality=70, restart_marker_rows=rows), scaled=True)
        add(f"restart-rows-{rows}-progressive", saved(67, 71, quality=70, restart_marker_rows=rows, progressive=True))
    for w, h in SIZES[4::3]:
        for sub in (0, 1, 2):
            add(f"{w}x{h}-cmyk-{sub}", saved(w, h, "CMYK", quality=85, subsampling=sub), scaled=True)
        add(f"{w}x{h}-cmyk-progressive", saved(w, h, "CMYK", quality=85, progressive=True))
        add(f"{w}x{h}-rgb", saved(w, h, quality=85, keep_rgb=True), scaled=True)
    for mode in ("RGB", "L"):
        add(f"mjpeg-{mode}", tables(saved(50, 40, mode, quality=75)))
    data = saved(161, 123, quality=90, subsampling=2)
    add("large-420", data, scaled=True, cuts=cuts_of(data))
    data = saved(161, 123, quality=90, subsampling=2, progressive=True)
    add("large-progressive", data, scaled=True, cuts=cuts_of(data))


def coefficients(w, h, comps, most, dense):
    """Random blocks: a first coefficient that wanders, and some others."""
    maxh, maxv = max(c[1] for c in comps), max(c[2] for c in comps)
    coefs = []
    for _, ch, cv, _ in comps:
        dc, rows = 0, []
        for _ in range(-(-h // (8 * maxv)) * cv):
            row = []
            for _ in range(-(-w // (8 * maxh)) * ch):
                dc = max(-most, min(most, dc + r.randint(-most // 3, most // 3)))
                b = [dc] + [0] * 63
                for _ in range(r.randrange(dense)):
                    k = r.randrange(1, r.choice([6, 20, 64]))
                    b[k] = r.randint(-most, most) // (1 + k // 4)
                if r.random() < 0.1:
                    b[63] = r.randint(1, 3)
                row.append(b)
            rows.append(row)
        coefs.append(rows)
    return coefs


def adobe(transform):
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


JFIF = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
STEPS = [4 + k for k in range(64)]


def written(w, h, factors, script=None, most=120, dense=9, ids=(1, 2, 3, 4), quants=None, **args):
    comps = [(ids[i], f // 10, f % 10, min(i, 1)) for i, f in enumerate(factors)]
    f = File(w, h, comps, coefficients(w, h, comps, most, dense), quants or [STEPS, STEPS[::-1]], **args)
    for scan in script or [(range(len(comps)),)]:
        f.scan(list(scan[0]), *scan[1:])
    return f.done()


FACTORS = [(11, 11, 11), (12, 11, 11), (21, 11, 11), (22, 11, 11), (41, 11, 11), (14, 11, 11), (42, 11, 11), (24, 11, 11), (22, 12, 21), (22, 21, 12), (11, 22, 11), (21, 11, 21), (42, 22, 21), (44, 11, 11), (22, 22, 22), (31, 11, 11), (33, 11, 11), (11, 12, 21), (41, 21, 11), (14, 12, 11)]
PLAIN = [((0, 1, 2), 0, 0, 0, 0), ((0,), 1, 63, 0, 0), ((1,), 1, 63, 0, 0), ((2,), 1, 63, 0, 0)]
FINE = [
    ((0, 1, 2), 0, 0, 0, 2), ((1,), 1, 20, 0, 3), ((0,), 1, 5, 0, 1), ((0, 1, 2), 0, 0, 2, 1), ((2,), 1, 63, 0, 2), ((1,), 21, 63, 0, 3), ((0,), 6, 63, 0, 2),
    ((0,), 6, 63, 2, 1), ((0,), 1, 63, 1, 0), ((1,), 1, 63, 3, 2), ((1,), 1, 63, 2, 1), ((2,), 1, 63, 2, 1), ((0, 1, 2), 0, 0, 1, 0), ((2,), 1, 63, 1, 0), ((1,), 1, 63, 1, 0),
]
ALONE = [((2,), 0, 0, 0, 1), ((0,), 0, 0, 0, 1), ((1,), 0, 0, 0, 0), ((0,), 1, 63, 0, 0), ((0,), 0, 0, 1, 0), ((1,), 1, 63, 0, 0), ((2,), 1, 63, 0, 0), ((2,), 0, 0, 1, 0)]


def by_writer():
    for f in FACTORS:
        name = "-".join(map(str, f))
        fits = sum(x // 10 * (x % 10) for x in f) <= 10
        for w, h in [(1, 1), (5, 6), (30, 35), (67, 50)]:
            if fits:
                add(f"{w}x{h}-{name}", written(w, h, f, skewed=w == 30), scaled=True)
        w, h = r.randrange(9, 50), r.randrange(9, 50)
        add(f"{w}x{h}-{name}-scans", written(w, h, f, script=[((2,),), ((0,),), ((1,),)]), scaled=True)
        for kind, script in (("plain", PLAIN), ("fine", FINE), ("alone", ALONE)):
            if fits or script is ALONE:
                w, h = r.randrange(9, 50), r.randrange(9, 50)
                add(f"{w}x{h}-{name}-{kind}", written(w, h, f, script=script, marker=0xC2, skewed=kind == "fine", interval=r.choice([0, 0, 5])), scaled=True)
    add("two-scans", written(40, 30, (22, 11, 11), script=[((0,),), ((1, 2),)]))
    for transform in (0, 1, 2):
        for jfif in (False, True):
            add(f"adobe-{transform}{'-jfif' * jfif}", written(19, 21, (22, 11, 11), head=JFIF * jfif + adobe(transform)))
            add(f"ink-{transform}{'-jfif' * jfif}", written(19, 21, (22, 11, 11, 22), head=JFIF * jfif + adobe(transform)))
    for f in [(11, 11, 11, 11), (21, 11, 11, 21), (12, 11, 11, 12), (11, 11, 11, 22)]:
        add("ink-" + "-".join(map(str, f)), written(33, 18, f))
        add("ycck-" + "-".join(map(str, f)), written(33, 18, f, head=adobe(2)))
    add("ids-rgb", written(20, 20, (11, 11, 11), ids=b"RGB"))
    add("ids-rgb-jfif", written(20, 20, (11, 11, 11), ids=b"RGB", head=JFIF))
    add("ids-zero", written(20, 20, (22, 11, 11), ids=(0, 1, 2)))
    add("ids-equal", written(20, 20, (22, 11, 11), ids=(7, 7, 7)))
    for f in (22, 31, 14):
        add(f"grey-{f}", written(45, 27, (f,)), scaled=True)
        add(f"grey-{f}-restart", written(45, 27, (f,), interval=4))
    for i, f in enumerate(FACTORS):
        # Scans that never come, so that libjpeg estimates coefficients.
        for script in (PLAIN[:1], PLAIN[:2], PLAIN[:1] + [((0,), 1, 3, 0, 1), ((1,), 1, 1, 0, 0)], FINE[: 3 + i % 9]):
            if sum(x // 10 * (x % 10) for x in f) <= 10:
                w, h = r.randrange(9, 70), r.randrange(9, 70)
                add(f"{w}x{h}-{'-'.join(map(str, f))}-part-{len(script)}", written(w, h, f, script=script, marker=0xC2, most=40), scaled=len(script) == 2)
    for i in range(24):
        # Coefficients and factors far beyond those of pictures, where numbers of 16 bits overflow.
        quants = [[r.choice([1, 255, 256, 4095, 65535, r.randrange(1, 65536)]) for _ in range(64)] for _ in range(2)]
        most = r.choice([200, 2000, 16000])
        add(f"overflow-{i}", written(40, 24, [(22, 11, 11), (11, 11, 11), (11,)][i % 3], most=most, dense=[2, 9, 60][i // 8], quants=quants, marker=0xC1))
    for wide in (300, 1000, 40000):
        add(f"wide-{wide}", written(40, 24, (22, 11, 11), most=30, quants=[[min(65535, 8 + k * wide // 64) for k in range(64)]] * 2, marker=0xC1))


by_pillow()
by_writer()
with zipfile.ZipFile("pillow.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
    for name, data in [("index.json", json.dumps(cases, indent=0).encode()), *files.items()]:
        z.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
print(__version__, features.version("libjpeg_turbo"), len(cases), "files,", sum(map(len, files.values())), "bytes")
