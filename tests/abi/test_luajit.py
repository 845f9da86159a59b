"""Gives the public headers and the shared library to LuaJIT.

usage: test_luajit.py TREE SHARED_LIBRARY ROLE,ROLE... COMPILER...
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import headers


def main():
    tree, library, roles = sys.argv[1:4]
    compiler = sys.argv[4:]
    luajit = shutil.which("luajit")
    if not luajit:
        print("luajit is not there")
        return 77
    names = headers.built(tree, roles.split(","))
    with tempfile.TemporaryDirectory() as folder:
        declarations = pathlib.Path(folder, "mailproto.cdef")
        declarations.write_text(headers.for_foreign_interfaces(tree, compiler), "utf-8")
        expected = pathlib.Path(folder, "functions")
        expected.write_text("\n".join(names), "utf-8")
        script = pathlib.Path(__file__).parent / "headers.lua"
        return subprocess.run([luajit, str(script), str(declarations), library, str(expected)]).returncode


if __name__ == "__main__":
    sys.exit(main())
