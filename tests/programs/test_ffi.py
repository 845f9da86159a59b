"""The scripts in examples/ffi: an SMTP server session each, on standard input and output.

usage: test_ffi.py SHARED_LIBRARY; PYTHON and LUAJIT in the environment name the interpreters, or are empty.
"""

import os
import pathlib
import subprocess
import sys
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = sys.argv.pop(1)
CONVERSATION = (b"EHLO client.example\r\nMAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n"
                b"Subject: x\r\n\r\n..dot\r\n.\r\nNONSENSE\r\nQUIT\r\n")


class Scripts(unittest.TestCase):
    def converse(self, interpreter, script):
        if not interpreter:
            self.skipTest("its interpreter is not there")
        done = subprocess.run([interpreter, TREE / "examples/ffi" / script, LIBRARY, TREE / "include"],
                              input=CONVERSATION, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        codes = [line[:3] for line in done.stdout.splitlines() if line[3:4] == b" "]
        self.assertEqual(codes, [b"220", b"250", b"250", b"250", b"354", b"250", b"500", b"221"], done.stdout)
        self.assertIn(b"250 2.0.0 shown\r\n", done.stdout)
        self.assertEqual(done.stderr, b"Subject: x\r\n\r\n.dot\r\n")

    def test_python(self):
        self.converse(os.environ.get("PYTHON"), "smtp_server.py")

    def test_lua(self):
        self.converse(os.environ.get("LUAJIT"), "smtp_server.lua")


if __name__ == "__main__":
    unittest.main(verbosity=2)
