"""Installs to a folder of its own and builds a program with mailproto-store by pkg-config, as a stranger would.

usage: test_install.py PROGRAM MAILDIR_PROGRAM|"" BUILD VERSION ABI_VERSION COMPILER...
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, MAILDIR_PROGRAM, BUILD, VERSION, ABI_VERSION = sys.argv[1:6]
COMPILER = sys.argv[6:]
del sys.argv[1:]


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for needed in ("meson", "pkg-config"):
            if not shutil.which(needed):
                raise unittest.SkipTest(f"{needed} is not there")
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        command = ["meson", "install", "--no-rebuild", "-C", BUILD, "--destdir", str(cls.root)]
        subprocess.run(command, check=True, capture_output=True)
        cls.description = next(cls.root.rglob("mailproto-store.pc"))
        cls.libraries = cls.description.parent.parent

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def pkg_config(self, *arguments):
        environment = dict(os.environ, PKG_CONFIG_PATH=str(self.description.parent))
        command = ["pkg-config", *arguments, "mailproto-store"]
        words = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.split()
        # only what was installed lies in the folder: SQLite is the system's
        prefix = subprocess.run(["pkg-config", "--variable=prefix", "mailproto-store"], check=True, capture_output=True,
                                text=True, env=environment).stdout.strip()
        return [word.replace(prefix, self.folder.name + prefix, 1) if prefix in word else word for word in words]

    def run_installed(self, *command):
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.libraries))
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    def test_version(self):
        self.assertEqual(self.pkg_config("--modversion"), [VERSION])

    def test_needs_the_library(self):
        self.assertIn("mailproto", self.pkg_config("--print-requires"))

    def test_program(self):
        program = str(self.root / "program")
        command = [*COMPILER, "-std=c11", PROGRAM, "-o", program, *self.pkg_config("--cflags", "--libs")]
        run = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        run = self.run_installed(program)
        self.assertEqual((run.returncode, run.stdout), (0, f"{VERSION}: complete, list.order\n"))
        dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True).stdout
        self.assertIn(f"libmailproto-store.so.{ABI_VERSION.split('.')[0]}]", dynamic)

    @unittest.skipUnless(MAILDIR_PROGRAM, "this build has no Maildir")
    def test_maildir(self):
        """Who links the shared library needs not name SQLite; who links the static one does, and pkg-config knows it."""
        static = self.pkg_config("--static", "--libs")
        self.assertIn("-lsqlite3", static)
        self.assertIn("sqlite3", self.pkg_config("--print-requires-private"))
        self.assertNotIn("-lsqlite3", self.pkg_config("--libs"))
        # our own archives, for without -static the linker prefers shared libraries
        archives = [str(self.libraries / f"lib{word[2:]}.a") if word.startswith("-lmailproto") else word
                    for word in static]
        for name, flags in (("maildir-shared", self.pkg_config("--libs")), ("maildir-static", archives)):
            program = str(self.root / name)
            command = [*COMPILER, "-std=c11", MAILDIR_PROGRAM, "-o", program, *self.pkg_config("--cflags"), *flags]
            run = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stderr)
            account = self.root / (name + ".mail")
            run = self.run_installed(program, str(account))
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertTrue((account / "mailproto" / "index.sqlite").exists())
            dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True).stdout
            self.assertEqual("libmailproto" in dynamic, name == "maildir-shared", dynamic)

    def test_check_program(self):
        program = str(next(self.root.rglob("mailproto-store-check")))
        run = self.run_installed(program, "-q", "memory")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertTrue(list(self.root.rglob("mailproto-store-check.1*")))


if __name__ == "__main__":
    unittest.main()
