"""Installs to a folder of its own and builds a program with mailproto-mbedtls by pkg-config, as a stranger would.

usage: test_install.py PROGRAM BUILD VERSION ABI_VERSION COMPILER...
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, BUILD, VERSION, ABI_VERSION = sys.argv[1:5]
COMPILER = sys.argv[5:]
del sys.argv[1:]


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for needed in ("meson", "pkg-config"):
            if not shutil.which(needed):
                raise unittest.SkipTest(f"{needed} is not there")
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        command = ["meson", "install", "--no-rebuild", "-C", BUILD, "--destdir", str(root)]
        subprocess.run(command, check=True, capture_output=True)
        cls.description = next(root.rglob("mailproto-mbedtls.pc"))
        cls.libraries = cls.description.parent.parent
        cls.search = os.pathsep.join(filter(None, [str(cls.description.parent), os.environ.get("PKG_CONFIG_PATH")]))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def pkg_config(self, *arguments):
        environment = dict(os.environ, PKG_CONFIG_PATH=self.search)
        words = subprocess.run(["pkg-config", *arguments, "mailproto-mbedtls"], check=True, capture_output=True,
                               text=True, env=environment).stdout.split()
        # only what was installed lies in the folder: mbedTLS is the system's
        prefix = subprocess.run(["pkg-config", "--variable=prefix", "mailproto-mbedtls"], check=True,
                                capture_output=True, text=True, env=environment).stdout.strip()
        return [word.replace(prefix, self.folder.name + prefix, 1) if prefix in word else word for word in words]

    def build(self, name, *words):
        program = str(pathlib.Path(self.folder.name, name))
        run = subprocess.run([*COMPILER, "-std=c11", PROGRAM, "-o", program, *words], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.libraries))
        run = subprocess.run([program], capture_output=True, text=True, env=environment)
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertEqual(run.stdout, f"{VERSION}: a server needs a certificate\n")
        return subprocess.run(["readelf", "-d", program], capture_output=True, text=True).stdout

    def test_version(self):
        self.assertEqual(self.pkg_config("--modversion"), [VERSION])

    def test_program(self):
        dynamic = self.build("program", *self.pkg_config("--cflags", "--libs"))
        self.assertIn(f"libmailproto-mbedtls.so.{ABI_VERSION.split('.')[0]}]", dynamic)
        self.assertNotIn("libmbed", dynamic)  # the library's own affair

    def test_static(self):
        static = self.pkg_config("--static", "--libs")
        # our own archives, for without -static the linker prefers shared libraries
        archives = [str(self.libraries / f"lib{word[2:]}.a") if word.startswith("-lmailproto") else word
                    for word in static]
        self.assertNotIn("libmailproto", self.build("static", *self.pkg_config("--cflags"), *archives))


if __name__ == "__main__":
    unittest.main()
