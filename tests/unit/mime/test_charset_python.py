"""Holds charsets, normal forms and Punycode to what Python makes of the same input.

usage: test_charset_python.py TREE LIBRARY DUMP

LIBRARY is the shared library, DUMP the program of unicode_dump.c; "-" leaves out what needs it.
"""

import ctypes
import importlib.machinery
import importlib.util
import itertools
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata
import unittest

TREE, LIBRARY, DUMP = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
del sys.argv[1:4]

UNKNOWN, OCTETS = 1 << 34, 1 << 35
size_t, uint64 = ctypes.c_size_t, ctypes.c_uint64

# What the library calls it, and what Python calls it.
SINGLE = {
    "us-ascii": "ascii", "koi8-r": "koi8_r", "koi8-u": "koi8_u", "windows-874": "cp874", "macintosh": "mac_roman",
    "ibm437": "cp437", "ibm850": "cp850", "ibm852": "cp852", "ibm00858": "cp858", "ibm866": "cp866",
    **{f"iso-8859-{i}": f"iso8859_{i}" for i in range(1, 17) if i != 12},
    **{f"windows-125{i}": f"cp125{i}" for i in range(9)},
}
# Read by iconv, wherever the C library has them.
PROVIDED = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5", "shift_jis": "cp932",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp",
    "iso-2022-kr": "iso2022_kr",
}
TEXTS = {
    "gb": "\u4e2d\u6587\u90ae\u4ef6, abc. \u4f60\u597d\n", "big5": "\u4e2d\u6587\u90f5\u4ef6 abc\n",
    "shift": "\u65e5\u672c\u8a9e\u30e1\u30fc\u30eb abc\n", "euc-jp": "\u65e5\u672c\u8a9e\u30e1\u30fc\u30eb abc\n",
    "iso-2022-jp": "\u65e5\u672c\u8a9e abc \u30e1\u30fc\u30eb\n", "ks": "\ud55c\uad6d\uc5b4 abc\n",
    "euc-kr": "\ud55c\uad6d\uc5b4 abc\n", "iso-2022-kr": "\ud55c\uad6d\uc5b4 abc\n",
}


def generator():
    """The module that tools/unicode_table is."""
    loader = importlib.machinery.SourceFileLoader("unicode_table", str(TREE / "tools/unicode_table"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("unicode_table", loader))
    loader.exec_module(module)
    return module


class Library:
    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        self.c.mailproto_charset_iconv.restype = ctypes.c_void_p
        self.c.mailproto_unicode_version.restype = ctypes.c_char_p
        self.iconv = self.c.mailproto_charset_iconv()
        self.version = self.c.mailproto_unicode_version()

    def to_utf8(self, name, data, provider=None):
        """(text, defects)"""
        made, defects = size_t(0), uint64(0)
        out = ctypes.create_string_buffer(8 * len(data) + 64)
        result = self.c.mailproto_charset_to_utf8(
            name.encode(), size_t(len(name)), data, size_t(len(data)), ctypes.c_void_p(provider), out,
            size_t(len(out)), ctypes.byref(made), ctypes.byref(defects))
        assert result == 0, result
        return out.raw[:made.value], defects.value

    def short(self, function, data):
        """What a function of (in, n, out, cap, made) makes, or None."""
        made, out = size_t(0), ctypes.create_string_buffer(16384)
        result = getattr(self.c, function)(data, size_t(len(data)), out, size_t(len(out)), ctypes.byref(made))
        return None if result else out.raw[:made.value]


class Charsets(unittest.TestCase):
    def setUp(self):
        if LIBRARY == "-":
            self.skipTest("there is no shared library that Python could load")
        self.mailproto = Library(LIBRARY)
        self.random = random.Random(20)

    def test_all_octets_of_single_octet_charsets(self):
        everything = bytes(range(256))
        for name, codec in SINGLE.items():
            with self.subTest(name):
                expected = everything.decode("cp1252" if codec == "ascii" else codec, "replace")
                text, defects = self.mailproto.to_utf8(name, everything)
                self.assertEqual(text.decode(), expected)
                self.assertEqual(defects, OCTETS if "\ufffd" in expected or codec == "ascii" else 0)

    def test_utf8_is_replaced_as_python_does(self):
        special = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
                   0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF]
        joined = b"".join(bytes(group) for group in itertools.product(special, repeat=3))
        self.same("utf-8", joined, "utf-8")
        for _ in range(3000):
            self.same("utf-8", bytes(self.random.choice(special) for _ in range(self.random.randrange(40))), "utf-8")
        for length in range(200):
            self.same("utf-8", ("a" * length + "\u20ac\U0001f600\u00e9" * 3 + "b" * 40).encode(), "utf-8")

    def same(self, name, data, codec, errors="replace", provider=None):
        text, defects = self.mailproto.to_utf8(name, data, provider)
        expected = data.decode(codec, errors)
        self.assertEqual(text.decode(), expected, (name, data))
        self.assertEqual(bool(defects & OCTETS), "\ufffd" in expected, (name, data))

    def characters(self, n):
        """Text without U+FFFD and without what would be a mark of the order of octets."""
        ranges = (0x20, 0x7F), (0xA0, 0x800), (0x800, 0xD800), (0xE000, 0xFEFE), (0x10000, 0x110000)
        return "".join(chr(self.random.randrange(*self.random.choice(ranges))) for _ in range(n))

    def test_utf16_utf32_utf7(self):
        for name in ("utf-16le", "utf-16be", "utf-16", "utf-32", "utf-32be", "utf-32le", "utf-7"):
            for _ in range(400):
                text = self.characters(self.random.randrange(30))
                self.same(name, text.encode(name), name)
        for name in ("utf-16le", "utf-16be"):
            for _ in range(2000):
                data = bytes(self.random.choice(b"\x00\x41\xd8\xdb\xdc\xdf\x20") for _ in range(2 * self.random.randrange(12)))
                text, _ = self.mailproto.to_utf8(name, data)
                self.assertEqual(text.decode(), self.utf16(data, "big" if name.endswith("be") else "little"))

    @staticmethod
    def utf16(data, order):
        """With each lone surrogate replaced by itself: Python takes the unit behind it away, too."""
        units = [int.from_bytes(data[at:at + 2], order) for at in range(0, len(data), 2)]
        out = bytearray()
        for unit in units:
            out += unit.to_bytes(2, "little")
        text = bytes(out).decode("utf-16le", "surrogatepass")
        return "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in text)

    def test_undeclared(self):
        for data, expected in ((b"caf\xc3\xa9", "caf\u00e9"), (b"caf\xe9", "caf\u00e9"), (b"\x93x\x94 \xc3\xa9",
                               "\u201cx\u201d \u00c3\u00a9"), (b"", "")):
            for name in ("", "us-ascii", "unknown-8bit"):
                text, defects = self.mailproto.to_utf8(name, data)
                self.assertEqual(text.decode(), expected)
                self.assertEqual(defects, OCTETS if name == "us-ascii" and not data.isascii() else 0)

    def test_unknown_is_kept(self):
        self.assertEqual(self.mailproto.to_utf8("x-martian", b"\xff\x00a"), (b"\xff\x00a", UNKNOWN))
        self.assertEqual(self.mailproto.to_utf8("gb2312", b"\xff\x00a"), (b"\xff\x00a", UNKNOWN))

    def test_provided(self):
        if not self.mailproto.iconv:
            self.skipTest("this build has no iconv")
        for name, codec in PROVIDED.items():
            text = next(text for key, text in TEXTS.items() if name.startswith(key)) * 50
            with self.subTest(name):
                made, defects = self.mailproto.to_utf8(name, text.encode(codec), self.mailproto.iconv)
                if defects & UNKNOWN:
                    continue  # this C library has not got it
                self.assertEqual(made.decode(), text)
                self.assertEqual(defects, 0)
        made, defects = self.mailproto.to_utf8("x-martian", b"\xff", self.mailproto.iconv)
        self.assertEqual((made, defects), (b"\xff", UNKNOWN))

    def test_punycode(self):
        for _ in range(1000):
            text = self.characters(self.random.randrange(1, 30))
            coded = text.encode("punycode")
            self.assertEqual(self.mailproto.short("mailproto_punycode_encode", text.encode()), coded)
            self.assertEqual(self.mailproto.short("mailproto_punycode_decode", coded), text.encode())


class Unicode(unittest.TestCase):
    def test_the_table_is_what_the_generator_writes(self):
        written = (TREE / "src/core/unicode_table.c").read_text("ascii")
        if f"Unicode {unicodedata.unidata_version}," not in written.splitlines()[0]:
            self.skipTest(f"this Python is of Unicode {unicodedata.unidata_version}")
        self.assertEqual(generator().table(), written)

    def test_every_character(self):
        if DUMP == "-":
            self.skipTest("this build has no table of Unicode")
        module = generator()
        version = (TREE / "src/core/unicode_table.c").read_text("ascii").splitlines()[0]
        if f"Unicode {unicodedata.unidata_version}," not in version:
            self.skipTest(f"this Python is of Unicode {unicodedata.unidata_version}")
        with tempfile.TemporaryFile("w+", encoding="ascii") as expected:
            module.dump(expected)
            expected.seek(0)
            with subprocess.Popen([DUMP], stdout=subprocess.PIPE, text=True) as process:
                for line, wanted in itertools.zip_longest(process.stdout, expected):
                    self.assertEqual(line, wanted)
            self.assertEqual(process.returncode, 0)

    def test_normal_forms_of_texts(self):
        if DUMP == "-":
            self.skipTest("this build has no table of Unicode")
        if f'"{unicodedata.unidata_version}"' not in (TREE / "src/core/unicode_table.c").read_text("ascii"):
            self.skipTest(f"this Python is of Unicode {unicodedata.unidata_version}")
        rng = random.Random(21)
        # what composes, decomposes, or changes its place, and a little of the rest
        lively = [c for c in range(0x2FA20) if not 0xD800 <= c < 0xE000 and
                  (unicodedata.combining(chr(c)) or unicodedata.decomposition(chr(c)) or 0x1100 <= c < 0x1200)]
        lively += list(range(0xAC00, 0xD7A4, 28)) + [ord("e"), ord("A"), 0x9C7, 0x9BE, 0xCC6, 0xCD5]
        texts = ["".join(chr(rng.choice(lively)) for _ in range(rng.randrange(1, 12))) for _ in range(20000)]
        texts = [text for text in texts if "\n" not in text]
        for form in ("NFC", "NFKC", "NFD", "NFKD"):
            made = subprocess.run([DUMP, form], input="\n".join(texts).encode(), stdout=subprocess.PIPE, check=True)
            for text, line in zip(texts, made.stdout.decode().split("\n")):
                self.assertEqual(line, unicodedata.normalize(form, text), ascii(text))


if __name__ == "__main__":
    unittest.main()
