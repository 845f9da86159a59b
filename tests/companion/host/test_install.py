"""Installs to a folder of its own and builds a program with mailproto-host by pkg-config, as a stranger would.

usage: test_install.py PROGRAM BUILD VERSION ABI_VERSION COMPILER...
"""

import os
import pathlib
import re
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
        cls.description = next(root.rglob("mailproto-host.pc"))
        cls.libraries = cls.description.parent.parent

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def pkg_config(self, *arguments):
        environment = dict(os.environ, PKG_CONFIG_PATH=str(self.description.parent))
        command = ["pkg-config", *arguments, "mailproto-host"]
        words = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.split()
        # only what was installed lies in the folder: libuv is the system's
        prefix = subprocess.run(["pkg-config", "--variable=prefix", "mailproto-host"], check=True, capture_output=True,
                                text=True, env=environment).stdout.strip()
        return [word.replace(prefix, self.folder.name + prefix, 1) if prefix in word else word for word in words]

    def test_version(self):
        self.assertEqual(self.pkg_config("--modversion"), [VERSION])

    def test_needs_the_library_and_libuv(self):
        needed = self.pkg_config("--print-requires")
        self.assertIn("mailproto", needed)
        self.assertIn("libuv", needed)

    def test_program(self):
        program = str(pathlib.Path(self.folder.name, "program"))
        command = [*COMPILER, "-std=c11", PROGRAM, "-o", program, *self.pkg_config("--cflags", "--libs")]
        run = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.libraries))
        run = subprocess.run([program], capture_output=True, text=True, env=environment)
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertRegex(run.stdout, rf"^{re.escape(VERSION)}: .*recipient")
        dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True).stdout
        self.assertIn(f"libmailproto-host.so.{ABI_VERSION.split('.')[0]}]", dynamic)

    def test_static(self):
        static = self.pkg_config("--static", "--libs")
        self.assertIn("-luv", static)
        # our own archives, for without -static the linker prefers shared libraries
        archives = [str(self.libraries / f"lib{word[2:]}.a") if word.startswith("-lmailproto") else word
                    for word in static]
        program = str(pathlib.Path(self.folder.name, "static"))
        command = [*COMPILER, "-std=c11", PROGRAM, "-o", program, *self.pkg_config("--cflags"), *archives]
        run = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        run = subprocess.run([program], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout)
        dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True).stdout
        self.assertNotIn("libmailproto", dynamic)


if __name__ == "__main__":
    unittest.main()
