"""Every benchmark runs with little work, verifies what it measures, and prints lines as programs read them.

Times are not judged: only that there are figures, and for every peer a figure or the reason why it is absent.
"""

import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ["MAILPROTO_BUILD"]
FIELDS = {"name", "ours", "unit", "peer", "peer_figure", "ratio"}


def run(*words):
    result = subprocess.run([sys.executable, os.path.join(HERE, "run.py"), "--build", BUILD, *words],
                            stdout=subprocess.PIPE, text=True, timeout=600)
    if result.returncode != 0:
        raise AssertionError("status %d: %s" % (result.returncode, " ".join(words)))
    return result.stdout


class Smoke(unittest.TestCase):
    def check_figure(self, figure, line):
        """What a process grows by may be nothing, or less: a few sessions fit in pages that are there already."""
        self.assertIsInstance(figure, (int, float), line)
        if line["unit"] != "octets":
            self.assertGreater(figure, 0, line)

    def check(self, line):
        self.assertLessEqual(FIELDS, set(line))
        self.assertIsInstance(line["name"], str)
        self.check_figure(line["ours"], line)
        self.assertTrue(line["unit"], line)
        if line["absent"] is not None:
            self.assertIsNone(line["peer_figure"], line)
            self.assertTrue(line["absent"], line)
        elif line["peer"] != "none":
            self.check_figure(line["peer_figure"], line)
        if not line["peer_figure"] or not line["ours"]:
            self.assertIsNone(line["ratio"], line)
        elif line["peer_figure"] > 0 and line["ours"] > 0:
            self.assertGreater(line["ratio"], 0, line)
            self.assertLessEqual(line["spread"][0], line["ratio"])
            self.assertGreaterEqual(line["spread"][1], line["ratio"])

    def test_every_benchmark(self):
        names = [line.split()[0] for line in run("--list").splitlines()]
        self.assertGreater(len(names), 0)
        for name in names:
            with self.subTest(name):
                lines = [json.loads(line) for line in run("--smoke", "--json", name).splitlines()]
                self.assertGreater(len(lines), 0)
                for line in lines:
                    self.assertTrue(line["name"].startswith(name + "/"), line)
                    self.check(line)

    def test_lines_for_people(self):
        lines = run("--smoke", "smtp-engine").splitlines()
        self.assertTrue(lines[0].startswith("name"))
        self.assertTrue(all(line.startswith("smtp-engine/") for line in lines[1:]))

    def test_unknown_name(self):
        result = subprocess.run([sys.executable, os.path.join(HERE, "run.py"), "nothing"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(result.returncode, 2)
        self.assertIn("nothing", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
