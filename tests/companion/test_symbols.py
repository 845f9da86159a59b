"""Checks what a companion library gives to programs: the names of its symbols.txt, no others, and no variables.

usage: test_symbols.py host|mbedtls|store TREE SHARED_LIBRARY STATIC_LIBRARY [LEFT_OUT]
       test_symbols.py host|mbedtls|store --update TREE    writes symbols.txt anew: sorted, one exported function a line

symbols.txt is the list of what a release promises: a line may be added, never taken away or renamed. LEFT_OUT is an
expression for the names that this build has not: of one-call send without the SMTP client, of Maildir without SQLite.
"""

import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "abi"))
import headers  # noqa: E402

# What global names begin with.
OWN = {
    "host": r"mp_(host|send)_|mailproto_host_",
    "mbedtls": r"mp_mbedtls_|mailproto_mbedtls_",
    "store": r"mp_|mailproto_(maildir|memory_store|store_kit|late_store)_",
}


def nm(*arguments):
    """(name, type, section) of each symbol that nm prints."""
    run = subprocess.run(["nm", "--format=sysv", *arguments], check=True, capture_output=True, text=True)
    for line in run.stdout.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 7 and len(fields[2]) == 1:
            yield fields[0].split("@")[0], fields[2], fields[6]


class Symbols(unittest.TestCase):
    name = tree = shared = static = left_out = listed = None

    def test_list_is_what_the_headers_declare(self):
        self.assertEqual(self.listed, headers.declared(self.tree, self.name),
                         "test_symbols.py %s --update TREE writes the list" % self.name)

    def test_library_exports_the_list(self):
        expected = [name for name in self.listed if not self.left_out or not re.match(self.left_out, name)]
        exported = sorted(name for name, kind, _ in nm("-D", "--defined-only", self.shared) if kind != "A")
        self.assertEqual(exported, expected)

    def test_global_names_have_a_prefix(self):
        names = {name for name, _, _ in nm("-g", "--defined-only", self.static)}
        self.assertTrue(names)
        self.assertEqual(sorted(name for name in names if not re.match(OWN[self.name], name)), [])

    def test_library_uses_public_functions_of_the_core_only(self):
        public = set(headers.declared(self.tree)) | set(self.listed)
        own = {name for name, _, _ in nm("-g", "--defined-only", self.static)}
        taken = {name for name, _, _ in nm("-g", "--undefined-only", self.static)}
        strange = [name for name in taken if name.startswith("mailproto_") and name not in public]
        strange += [name for name in taken if name.startswith("mp_") and name not in own]
        self.assertEqual(sorted(strange), [])

    def test_library_has_no_variables(self):
        written = []
        for name, kind, section in nm(self.static):
            # constant tables of pointers are relocated once and then read only
            if kind in "BbCDdGgSs" and not section.startswith(".data.rel.ro"):
                written.append(f"{name} in {section}")
        self.assertEqual(sorted(written), [])


def main():
    name = sys.argv[1]
    path = HERE / name / "symbols.txt"
    if sys.argv[2] == "--update":
        path.write_text("".join(f"{declared}\n" for declared in headers.declared(sys.argv[3], name)), "utf-8")
        return
    Symbols.name, Symbols.listed = name, path.read_text("utf-8").split()
    Symbols.tree, Symbols.shared, Symbols.static = sys.argv[2:5]
    Symbols.left_out = sys.argv[5] if len(sys.argv) > 5 else None
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
