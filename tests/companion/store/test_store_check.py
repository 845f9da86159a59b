"""Runs mailproto-store-check as people do: on the store in memory, on a shared object, and with what it cannot run.

usage: test_store_check.py PROGRAM MODULE STORE...
"""

import os
import pathlib
import subprocess
import sys
import tempfile
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

    def test_options(self):
        run = check("--help")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        for word in ("usage:", "-l ", "-p ", "-q ", "-r RULE", "-s SEED", "--version", "Exit codes", "Examples:",
                     "memory", "./object.so"):
            self.assertIn(word, run.stdout)
        self.assertEqual("maildir" in run.stdout, "maildir" in STORES)
        self.assertEqual(check("-h").stdout, run.stdout)
        run = check("--version")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertRegex(run.stdout, r"^mailproto-store-check \d+\.\d+\.\d+\n$")
        run = check("-pq", "-r", "uid.reuse", "-rlist.only", "-s18446744073709551615", "memory")
        self.assertEqual((run.returncode, run.stdout), (0, "2 passed, 0 failed, 0 left out\n"))
        run = check("-p", "-r", "uid.reuse", "-r", "list.only", "--", "memory")
        self.assertEqual([line.split()[2] for line in run.stdout.splitlines()[:2]], ["uid.reuse", "list.only"])

    def test_what_cannot_run(self):
        for arguments, words in [
            ((), "say which store: memory"),
            (("-x", "memory"), "there is no option -x"),
            (("--all", "memory"), "there is no option --all"),
            (("-s", "abc", "memory"), '-s "abc": the seed is a number'),
            (("-s", "-1", "memory"), '-s "-1": the seed is a number'),
            (("-s", "18446744073709551616", "memory"), "the seed is a number"),
            (("-s", "", "memory"), "the seed is a number"),
            (("-s",), "-s needs a number"),
            (("-r",), "-r needs the name of a rule"),
            (("-r", "no.rule", "memory"), 'there is no rule "no.rule"'),
            (("-r", "no.rule", "memory"), "uid.visible uid.reuse"),
            (("-r", "uid.reuse", "-r", "uid.reuse", "memory"), "-r uid.reuse is there twice"),
            (("memory", "more"), "takes no argument"),
            (("memory", "one", "two"), '"two" is too much'),
            (("elephant",), "as ./elephant"),
            (("./no-such-file.so",), "./no-such-file.so cannot be loaded"),
            ((MODULE, "no.rule"), "there is no such mailbox"),
            ((str(pathlib.Path(PROGRAM)),), "mailproto-store-check"),
        ]:
            run = check(*arguments)
            self.assertEqual((run.returncode, run.stdout), (2, ""), arguments)
            self.assertIn(words, " ".join(run.stderr.split()))

    @unittest.skipUnless("maildir" in STORES, "this build has no Maildir")
    def test_folders(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "file").write_text("")
            for name, words in [("missing", "No such file or directory"), ("file", "is no folder"),
                                ("x" * 2000, "too long")]:
                run = check("maildir", str(path / name))
                self.assertEqual((run.returncode, run.stdout), (2, ""))
                self.assertIn(words, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
            run = check("-r", "uid.reuse", "maildir", folder)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            self.assertEqual([entry.name for entry in path.iterdir()], ["file"])

    def test_output_that_cannot_be_written(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        with open("/dev/full", "w") as full:
            run = subprocess.run([PROGRAM, "-p", "memory"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn("could not be written", run.stderr)


if __name__ == "__main__":
    unittest.main()
