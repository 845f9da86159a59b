"""Compiles every public header alone, as C and as C++, with the warnings strangers use.

usage: test_headers.py TREE
"""

import pathlib
import shutil
import subprocess
import sys
import unittest

import headers

TREE = pathlib.Path(sys.argv.pop(1))
FLAGS = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"]
COMPILERS = [
    ("gcc", "c", "c11"),
    ("clang", "c", "c11"),
    ("g++", "c++", "c++11"),
    ("clang++", "c++", "c++11"),
    ("g++", "c++", "c++20"),
    ("clang++", "c++", "c++20"),
]


class HeadersAlone(unittest.TestCase):
    def compile_all(self, compiler, language, standard):
        if not shutil.which(compiler):
            self.skipTest(f"{compiler} is not there")
        for path in headers.all_headers(TREE):
            with self.subTest(header=path.name):
                # included from a file of its own, as programs do
                program = f'#include "mailproto/{path.name}"\n#include "mailproto/{path.name}"\n'
                command = [compiler, f"-std={standard}", *FLAGS, "-I", str(TREE / "include"), "-x", language, "-"]
                run = subprocess.run(command, input=program, capture_output=True, text=True)
                self.assertEqual(run.returncode, 0, run.stderr)


def add(compiler, language, standard):
    def test(self):
        self.compile_all(compiler, language, standard)

    name = f"test_{compiler.replace('+', 'p')}_{standard.replace('+', 'p')}"
    setattr(HeadersAlone, name, test)


for row in COMPILERS:
    add(*row)

if __name__ == "__main__":
    unittest.main()
