"""Checks what mailproto-mbedtls gives to programs: the names of symbols.txt, no others, and no variables.

usage: test_symbols.py TREE SHARED_LIBRARY STATIC_LIBRARY
       test_symbols.py --update TREE    writes symbols.txt anew: sorted, one exported function a line

symbols.txt is the list of what a release promises: a line may be added, never taken away or renamed.
"""

import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "abi"))
import headers  # noqa: E402

LIST = pathlib.Path(__file__).parent / "symbols.txt"
OWN = re.compile(r"mp_mbedtls_|mailproto_mbedtls_")


def listed():
    return LIST.read_text("utf-8").split()


def nm(*arguments):
    """(name, type, section) of each symbol that nm prints."""
    run = subprocess.run(["nm", "--format=sysv", *arguments], check=True, capture_output=True, text=True)
    for line in run.stdout.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 7 and len(fields[2]) == 1:
            yield fields[0].split("@")[0], fields[2], fields[6]


class Symbols(unittest.TestCase):
    tree = shared = static = None

    def test_list_is_what_the_header_declares(self):
        self.assertEqual(listed(), headers.declared(self.tree, "mbedtls"), "test_symbols.py --update TREE writes the list")

    def test_library_exports_the_list(self):
        exported = sorted(name for name, kind, _ in nm("-D", "--defined-only", self.shared) if kind != "A")
        self.assertEqual(exported, listed())

    def test_global_names_have_a_prefix(self):
        names = {name for name, _, _ in nm("-g", "--defined-only", self.static)}
        self.assertTrue(names)
        self.assertEqual(sorted(name for name in names if not OWN.match(name)), [])

    def test_library_uses_public_functions_of_the_core_only(self):
        public = set(headers.declared(self.tree)) | set(listed())
        taken = {name for name, _, _ in nm("-g", "--undefined-only", self.static)}
        strange = [name for name in taken if name.startswith("mailproto_") and name not in public]
        strange += [name for name in taken if name.startswith("mp_") and not OWN.match(name)]
        self.assertEqual(sorted(strange), [])

    def test_library_has_no_variables(self):
        written = []
        for name, kind, section in nm(self.static):
            # constant tables of pointers are relocated once and then read only
            if kind in "BbCDdGgSs" and not section.startswith(".data.rel.ro"):
                written.append(f"{name} in {section}")
        self.assertEqual(sorted(written), [])


def main():
    if sys.argv[1:2] == ["--update"]:
        LIST.write_text("".join(f"{name}\n" for name in headers.declared(sys.argv[2], "mbedtls")), "utf-8")
        return
    Symbols.tree, Symbols.shared, Symbols.static = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
