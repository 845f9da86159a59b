"""Installs the library to a folder of its own and builds a program with it, shared and static, as a stranger would.

usage: test_install.py TREE PROGRAM BUILD VERSION ABI_VERSION COMPILER...
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TREE, PROGRAM, BUILD, VERSION, ABI_VERSION = sys.argv[1:6]
COMPILER = sys.argv[6:]
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
        cls.description = next(root.rglob("mailproto.pc"))
        cls.libraries = cls.description.parent.parent

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def pkg_config(self, *arguments):
        environment = dict(
            os.environ,
            PKG_CONFIG_PATH=str(self.description.parent),
            PKG_CONFIG_SYSROOT_DIR=self.folder.name,
        )
        command = ["pkg-config", *arguments, "mailproto"]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment
        ).stdout.split()

    def build_and_run(self, name, flags):
        program = str(pathlib.Path(self.folder.name, name))
        command = [*COMPILER, "-std=c11", PROGRAM, "-o", program, *self.pkg_config("--cflags"), *flags]
        run = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.libraries))
        run = subprocess.run([program], capture_output=True, text=True, env=environment)
        self.assertEqual((run.returncode, run.stdout.split()), (0, [VERSION, VERSION]))
        return program

    def test_version(self):
        self.assertEqual(self.pkg_config("--modversion"), [VERSION])

    def test_shared(self):
        program = self.build_and_run("shared", self.pkg_config("--libs"))
        dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True).stdout
        self.assertIn(f"libmailproto.so.{ABI_VERSION.split('.')[0]}]", dynamic)

    def test_static(self):
        program = self.build_and_run("static", [str(self.libraries / "libmailproto.a")])
        dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True).stdout
        self.assertNotIn("libmailproto", dynamic)

    def test_all_headers_are_installed(self):
        installed = {path.name for path in pathlib.Path(self.folder.name).rglob("mailproto/*.h")}
        present = {path.name for path in pathlib.Path(TREE, "include/mailproto").glob("*.h")}
        self.assertEqual(installed, present)


if __name__ == "__main__":
    unittest.main()
