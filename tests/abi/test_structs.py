"""Holds the public structs and functions to the rules of the binary interface, as cffi sees them.

usage: test_structs.py TREE COMPILER...
       test_structs.py --update TREE COMPILER...   writes structs.txt anew

structs.txt lists, for machines with pointers of 8 octets, each struct with its size, then its fields with offset and
size. A release may add fields at the end of a struct, and structs; a line that is there stays as it is.
"""

import pathlib
import re
import sys
import unittest

import headers

try:
    import cffi
except ImportError:
    print("Python's cffi module is not there")
    sys.exit(77)

LIST = pathlib.Path(__file__).parent / "structs.txt"
# Structs that never grow, and so carry no size; the first is frozen by base.h.
FROZEN = {"mailproto_text"}
PLAIN = {"void", "char", "double", "size_t"}
PLAIN |= {f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)}


class Interface:
    """The headers, parsed."""

    def __init__(self, tree, compiler):
        self.tree = tree
        self.ffi = cffi.FFI()
        self.text = headers.for_foreign_interfaces(tree, compiler)
        self.ffi.cdef(self.text)

    def structs(self):
        """Every struct that has fields."""
        names, _, _ = self.ffi.list_types()
        for name in sorted(names):
            kind = self.ffi.typeof(name)
            if name.startswith("mailproto_") and kind.kind in ("struct", "union") and kind.fields is not None:
                yield name, kind

    def functions(self):
        for companion in (None, *sorted(set(headers.COMPANIONS.values()))):
            for name in headers.declared(self.tree, companion):
                yield name, self.type_of_function(name)

    def type_of_function(self, name):
        for path in headers.all_headers(self.tree):
            text = headers.without_comments(path.read_text("utf-8"))
            for _, result, found, arguments in headers.functions(text):
                if found == name:
                    return self.ffi.typeof(f"{result} (*)({arguments})")
        raise KeyError(name)

    def layout(self):
        lines = []
        for name, kind in self.structs():
            lines.append(f"{name} {self.ffi.sizeof(name)}")
            for field, info in kind.fields:
                lines.append(f"  {field} {info.offset} {self.ffi.sizeof(info.type)}")
        return lines


def by_struct(lines):
    """{struct: (size, [field line, ...])} of the lines that layout gives."""
    found = {}
    for line in lines:
        if line.startswith("  "):
            found[name][1].append(line)
        elif line:
            name, size = line.split()
            found[name] = (int(size), [])
    return found


class Structs(unittest.TestCase):
    tree = compiler = interface = None

    @classmethod
    def setUpClass(cls):
        cls.interface = Interface(cls.tree, cls.compiler)

    def test_headers_are_parsed(self):
        self.assertTrue(list(self.interface.structs()))
        self.assertTrue(list(self.interface.functions()))

    def test_layout_is_the_listed_one(self):
        if self.interface.ffi.sizeof("void *") != 8:
            self.skipTest("structs.txt is for pointers of 8 octets")
        listed = by_struct(LIST.read_text("utf-8").splitlines())
        present = by_struct(self.interface.layout())
        self.maxDiff = None
        self.assertEqual(present, listed, "test_structs.py --update writes the list; a release may only append")

    def test_structs_begin_with_their_size(self):
        problems = []
        for name, kind in self.interface.structs():
            if name in FROZEN:
                continue
            first, info = kind.fields[0]
            sized = (first, info.type.cname) in (("struct_size", "uint32_t"), ("head", "mailproto_event"))
            if not sized or info.offset != 0:
                problems.append(f"{name} begins with {info.type.cname} {first}")
        self.assertEqual(problems, [])

    def test_structs_have_no_bitfields_and_no_enums(self):
        problems = []
        for name, kind in self.interface.structs():
            for field, info in kind.fields:
                if info.bitsize != -1 or info.type.kind == "enum":
                    problems.append(f"{name}.{field}")
        self.assertEqual(problems, [])

    def test_functions_take_and_give_plain_types(self):
        problems = []
        for name, pointer in self.interface.functions():
            self.check_signature(name, pointer, problems)
        for name, kind in self.interface.structs():
            for field, info in kind.fields:
                if info.type.kind == "pointer" and info.type.item.kind == "function":
                    self.check_signature(f"{name}.{field}", info.type, problems)
        self.assertEqual(problems, [])

    def check_signature(self, name, pointer, problems):
        function = pointer.item if pointer.kind == "pointer" else pointer
        if function.ellipsis:
            problems.append(f"{name} takes any number of arguments")
        for kind in (function.result, *function.args):
            if kind.kind == "function":
                self.check_signature(f"a callback of {name}", kind, problems)
                continue
            if kind.kind == "pointer":
                continue
            if kind.kind not in ("void", "primitive") or kind.cname not in PLAIN:
                problems.append(f"{name} has a {kind.cname}")

    def test_enums_are_anonymous(self):
        self.assertNotRegex(self.interface.text, r"\benum\s+\w+")

    def test_no_type_of_changing_width(self):
        found = re.findall(r"\b(long|short|bool|_Bool|ssize_t|time_t|off_t|FILE|wchar_t|va_list)\b",
                           self.interface.text)
        self.assertEqual(found, [])


def main():
    arguments = sys.argv[1:]
    update = arguments[:1] == ["--update"]
    tree, compiler = (arguments[1], arguments[2:]) if update else (arguments[0], arguments[1:])
    if update:
        LIST.write_text("\n".join(Interface(tree, compiler).layout()) + "\n", "utf-8")
        return
    Structs.tree, Structs.compiler = tree, compiler
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
