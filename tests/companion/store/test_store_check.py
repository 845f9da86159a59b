"""Runs mailproto-store-check as people do: on the store in memory, on a shared object, and with what it cannot run.

usage: test_store_check.py PROGRAM MODULE STORE...
"""

import os
import pathlib
import subprocess
import sys
import unittest

PROGRAM, MODULE = sys.argv[1:3]
STORES = sys.argv[3:]
del sys.argv[1:]


def check(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


class StoreCheck(unittest.TestCase):
    def test_stores_inside_pass(self):
        self.assertIn("memory", STORES)
        for store in STORES:
            # memory for disks: what is durable is proven elsewhere
            folder = ["/dev/shm"] if store == "maildir" and os.access("/dev/shm", os.W_OK) else []
            run = check(store, *folder)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            lines = run.stdout.splitlines()
            self.assertRegex(lines[-1], r"^\d+ passed, 0 failed, \d+ left out$")
            self.assertTrue([line for line in lines if line.startswith("ok       late   append.crlf")])

    def test_rules_are_listed(self):
        rules = check("-l").stdout.splitlines()
        self.assertGreater(len(rules), 50)
        self.assertTrue(all(len(line.split()) > 4 for line in rules))
        run = check("-p", "memory")
        self.assertEqual(len(run.stdout.splitlines()), len(rules) + 1)
        self.assertNotIn(" late ", run.stdout)

    def test_shared_object(self):
        run = check(MODULE)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        run = check("-q", MODULE, "uid.reuse")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"FAILED +prompt +uid\.reuse +UID \d+ was given after UID \d+ was expunged\n")
        self.assertIn("2 failed", run.stdout)
        run = check("-r", "list.only", "-s", "77", MODULE, "uid.reuse")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_what_cannot_run(self):
        for arguments, words in [
            ((), "usage:"),
            (("-x", "memory"), "usage:"),
            (("-s", "many", "memory"), "usage:"),
            (("-r", "no.rule", "memory"), "-l lists them"),
            (("elephant",), "no store elephant"),
            (("./no-such-file.so",), "no-such-file.so"),
            ((MODULE, "no.rule"), "there is no such mailbox"),
            ((str(pathlib.Path(PROGRAM)),), "mailproto-store-check"),
        ]:
            run = check(*arguments)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertIn(words, run.stderr)
        self.assertEqual(check("-h").returncode, 0)


if __name__ == "__main__":
    unittest.main()
