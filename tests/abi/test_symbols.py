"""Checks what the library gives to programs and what it takes from the C library.

usage: test_symbols.py TREE SHARED_LIBRARY STATIC_LIBRARY ROLE,ROLE...
       test_symbols.py --update TREE    writes symbols.txt anew: sorted, one exported function a line

symbols.txt is the list of what a release promises: a line may be added, never taken away or renamed.
The header that declares a function tells its role, so a library built without a role is held to the rest.
"""

import pathlib
import re
import subprocess
import sys
import unittest

import headers

LIST = pathlib.Path(__file__).parent / "symbols.txt"

# All that the library may take from the C library: memory and copying.
TAKEN = {"calloc", "free", "malloc", "memchr", "memcmp", "memcpy", "memmove", "memset", "realloc", "strlen"}
# What mime/charset_iconv.c alone may include the headers of, as tests/layout sees to.
ICONV = {"__errno_location", "iconv", "iconv_close", "iconv_open"}
# What compilers add by themselves: stack protector, fortified copies, sanitizers, position-independent code.
# bcmp is memcmp of which only "equal" was asked, as clang writes it.
COMPILER = re.compile(
    r"^(_GLOBAL_OFFSET_TABLE_|bcmp|__stack_chk_fail|__mem(cpy|move|set)_chk|__cpu_\w+|__(asan|ubsan|tsan|msan)_\w+"
    r"|__start_\w+|__stop_\w+)$"
)
OWN = re.compile(r"^(mp_|mailproto_)")


def listed():
    return [line for line in LIST.read_text("utf-8").split("\n") if line and not line.startswith("#")]


def nm(*arguments):
    """(name, type, section) of each symbol that nm prints."""
    run = subprocess.run(["nm", "--format=sysv", *arguments], check=True, capture_output=True, text=True)
    for line in run.stdout.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 7 and len(fields[2]) == 1:
            yield fields[0].split("@")[0], fields[2], fields[6]


class Symbols(unittest.TestCase):
    tree = shared = static = None
    roles = []

    def test_list_is_what_headers_declare(self):
        self.assertEqual(listed(), headers.declared(self.tree), "test_symbols.py --update TREE writes the list")

    def test_library_exports_the_list(self):
        expected = headers.built(self.tree, self.roles)
        exported = sorted(name for name, kind, _ in nm("-D", "--defined-only", self.shared) if kind != "A")
        self.assertEqual(exported, expected)

    def test_global_names_have_a_prefix(self):
        names = {name for name, _, _ in nm("-g", "--defined-only", self.static)}
        self.assertTrue(names)
        self.assertEqual(sorted(name for name in names if not OWN.match(name)), [])

    def test_library_takes_memory_and_copying_only(self):
        taken = {name for name, _, _ in nm("-g", "--undefined-only", self.static)}
        strange = (name for name in taken - TAKEN - ICONV if not OWN.match(name) and not COMPILER.match(name))
        self.assertEqual(sorted(strange), [])

    def test_library_has_no_variables(self):
        """Sessions share nothing: whatever can be written belongs to one of them."""
        written = []
        for name, kind, section in nm(self.static):
            # constant tables of pointers are relocated once and then read only
            if kind in "BbCDdGgSs" and not section.startswith(".data.rel.ro"):
                written.append(f"{name} in {section}")
        self.assertEqual(sorted(written), [])


def main():
    if sys.argv[1:2] == ["--update"]:
        names = headers.declared(sys.argv[2])
        LIST.write_text("".join(f"{name}\n" for name in names), "utf-8")
        return
    Symbols.tree, Symbols.shared, Symbols.static = sys.argv[1:4]
    Symbols.roles = [role for role in sys.argv[4].split(",") if role]
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
