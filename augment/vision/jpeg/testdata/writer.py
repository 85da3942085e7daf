"""Writes JPEG files from quantised coefficients: what Pillow does not write."""
import struct


def size(v):
    return abs(v).bit_length()


def magnitude(v):
    """The bits that follow a code, and how many."""
    n = size(v)
    return (v if v > 0 else v + (1 << n) - 1), n


class Bits:
    """Collects symbols of a segment first, so that their code can be made to measure."""

    def __init__(self):
        self.items = []  # (table or None, symbol or bits, number of bits)

    def symbol(self, table, s):
        self.items.append((table, s, 0))

    def raw(self, v, n):
        if n:
            self.items.append((None, v, n))

    def value(self, v):
        self.raw(*magnitude(v))


def make_code(symbols, skewed):
    """Code lengths for symbols, the most frequent first. A skewed code has one code of each length before those of 16 bits."""
    if skewed:
        lengths = [min(i + 1, 16) for i in range(len(symbols))]
        while sum(2 ** -l for l in lengths) >= 1 - 2**-16 and len(symbols) > 1:
            k = next(i for i in range(len(lengths)) if lengths[i] < 16)  # too many: give up short codes
            lengths = lengths[:k] + [min(l + 1, 16) for l in lengths[k:]]
        if sum(2 ** -l for l in lengths) >= 1:
            return make_code(symbols, False)
    else:
        lengths = [max(1, len(symbols).bit_length())] * len(symbols)
    counts = [lengths.count(l) for l in range(1, 17)]
    codes, code, at = {}, 0, 0
    for l in range(1, 17):
        for _ in range(counts[l - 1]):
            codes[symbols[at]] = (code, l)
            code, at = code + 1, at + 1
        assert code < 1 << l or not counts[l - 1]
        code <<= 1
    return counts, codes


def segment(marker, body):
    return struct.pack(">BBH", 255, marker, len(body) + 2) + body


class File:
    """A frame of components (id, h, v, quantisation table) with coefs[c][row][column], blocks of 64 in zigzag order."""

    def __init__(self, width, height, comps, coefs, quants, marker=0xC0, interval=0, skewed=False, head=b""):
        self.width, self.height, self.comps, self.coefs = width, height, comps, coefs
        self.marker, self.interval, self.skewed = marker, interval, skewed
        self.out = bytearray(b"\xff\xd8" + head)
        for i, q in enumerate(quants):
            wide = max(q) > 255
            self.out += segment(0xDB, bytes([wide << 4 | i]) + struct.pack(">64H" if wide else ">64B", *q))
        self.maxh, self.maxv = max(c[1] for c in comps), max(c[2] for c in comps)
        body = struct.pack(">BHHB", 8, height, width, len(comps))
        self.out += segment(marker, body + b"".join(bytes([i, h << 4 | v, q]) for i, h, v, q in comps))
        if interval:
            self.out += segment(0xDD, struct.pack(">H", interval))

    def units(self, which):
        """The MCUs of a scan: lists of (component, block)."""
        if len(which) > 1:
            for y in range(-(-self.height // (8 * self.maxv))):
                for x in range(-(-self.width // (8 * self.maxh))):
                    yield [
                        (c, self.coefs[c][y * v + j][x * h + i])
                        for c in which
                        for _, h, v, _ in [self.comps[c]]
                        for j in range(v)
                        for i in range(h)
                    ]
            return
        c = which[0]
        _, h, v, _ = self.comps[c]
        wide = -(-(-(-self.width * h // self.maxh)) // 8)
        high = -(-(-(-self.height * v // self.maxv)) // 8)
        for y in range(high):
            for x in range(wide):
                yield [(c, self.coefs[c][y][x])]

    def scan(self, which, start=0, end=63, high=0, low=0):
        units = list(self.units(which))
        step = self.interval or len(units)
        segments = []
        for i in range(0, len(units), step):
            bits = Bits()
            coder = (Sequential if self.marker != 0xC2 else Progressive)(bits, start, end, high, low)
            for unit in units[i : i + step]:
                for c, block in unit:
                    coder.block(c, block)
            coder.finish()
            segments.append(bits)
        self.write(which, segments, start, end, high, low)
        return self

    def write(self, which, segments, start, end, high, low):
        counts = {}
        for s in segments:
            for table, v, _ in s.items:
                if table is not None:
                    counts.setdefault(table, {}).setdefault(v, 0)
                    counts[table][v] += 1
        codes = {}
        for table, n in sorted(counts.items()):
            symbols = sorted(n, key=lambda s: (-n[s], s))
            lengths, codes[table] = make_code(symbols, self.skewed)
            self.out += segment(0xC4, bytes([table]) + bytes(lengths) + bytes(symbols))
        body = bytes([len(which)])
        for c in which:
            body += bytes([self.comps[c][0], table_of(c) * 0x11])
        self.out += segment(0xDA, body + bytes([start, end, high << 4 | low]))
        for i, s in enumerate(segments):
            if i:
                self.out += bytes([255, 0xD0 + (i - 1) % 8])
            text = "".join(
                format(v, "0%db" % n) if table is None else format(codes[table][v][0], "0%db" % codes[table][v][1])
                for table, v, n in s.items
            )
            text += "1" * (-len(text) % 8)
            self.out += bytes(int(text[k : k + 8], 2) for k in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")

    def done(self):
        return bytes(self.out + b"\xff\xd9")


def table_of(component):
    return min(component, 1)


class Sequential:
    def __init__(self, bits, *_):
        self.bits, self.pred = bits, {}

    def block(self, c, b):
        t = table_of(c)
        diff = b[0] - self.pred.get(c, 0)
        self.pred[c] = b[0]
        self.bits.symbol(t, size(diff))
        self.bits.value(diff)
        run = 0
        last = max([k for k in range(64) if b[k]] or [0])
        for v in b[1 : last + 1]:
            if v == 0:
                run += 1
                continue
            while run > 15:
                self.bits.symbol(16 + t, 0xF0)
                run -= 16
            self.bits.symbol(16 + t, run << 4 | size(v))
            self.bits.value(v)
            run = 0
        if last < 63:
            self.bits.symbol(16 + t, 0)

    def finish(self):
        pass


class Progressive:
    """Scans of annex G: spectral selection start to end, and successive approximation."""

    def __init__(self, bits, start, end, high, low):
        self.bits, self.start, self.end, self.high, self.low = bits, start, end, high, low
        self.pred, self.run, self.pending, self.table = {}, 0, [], 16

    def block(self, c, b):
        if self.start == 0:
            self.first(c, b[0] >> self.low)
            return
        self.table = 16 + table_of(c)
        (self.refine if self.high else self.select)([abs(v) >> self.low for v in b], b)

    def first(self, c, v):
        if self.high:
            self.bits.raw(v & 1, 1)
            return
        diff = v - self.pred.get(c, 0)
        self.pred[c] = v
        self.bits.symbol(table_of(c), size(diff))
        self.bits.value(diff)

    def flush(self):
        """Writes the run of blocks that have ended, and the corrections that belong to it."""
        if self.run:
            n = self.run.bit_length() - 1
            self.bits.symbol(self.table, n << 4)
            self.bits.raw(self.run - (1 << n), n)
            self.run = 0
        for bit in self.pending:
            self.bits.raw(bit, 1)
        self.pending = []

    finish = flush

    def select(self, sizes, b):
        run = 0
        for k in range(self.start, self.end + 1):
            if sizes[k] == 0:
                run += 1
                continue
            self.flush()
            while run > 15:
                self.bits.symbol(self.table, 0xF0)
                run -= 16
            v = sizes[k] if b[k] > 0 else -sizes[k]
            self.bits.symbol(self.table, run << 4 | size(v))
            self.bits.value(v)
            run = 0
        if run:
            self.ended()

    def ended(self):
        self.run += 1
        if self.run == 0x7FFF:
            self.flush()

    def refine(self, sizes, b):
        run, corrections = 0, []
        last = max([k for k in range(self.start, self.end + 1) if sizes[k] == 1] or [0])
        for k in range(self.start, self.end + 1):
            if sizes[k] == 0:
                run += 1
                continue
            while run > 15 and k <= last:
                self.flush()
                self.bits.symbol(self.table, 0xF0)
                run -= 16
                for bit in corrections:
                    self.bits.raw(bit, 1)
                corrections = []
            if sizes[k] > 1:
                corrections.append(sizes[k] & 1)
                continue
            self.flush()
            self.bits.symbol(self.table, run << 4 | 1)
            self.bits.raw(int(b[k] > 0), 1)
            for bit in corrections:
                self.bits.raw(bit, 1)
            corrections, run = [], 0
        if run or corrections:
            self.pending += corrections
            self.ended()
            if len(self.pending) > 900:
                self.flush()
