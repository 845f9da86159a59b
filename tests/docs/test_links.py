"""Every file that a page of the project links to, or names as a path in code marks, is there.

usage: test_links.py TREE
"""

import pathlib
import re
import sys
import unittest

TREE = pathlib.Path(sys.argv.pop(1))
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
# `session.md`: a page beside this one
BESIDE = re.compile(r"`([a-z][\w-]*\.md)`")
# `src/smtp/client.c`, `tools/test`: a path that begins with a folder of the tree
NAMED = re.compile(r"`((?:include|src|examples|tests|bench|docs|tools|cross)/[\w./-]*)`")


def pages():
    return [*sorted(TREE.glob("*.md")), *sorted((TREE / "docs").rglob("*.md"))]


class Links(unittest.TestCase):
    def test_there_are_pages(self):
        self.assertTrue(pages())

    def test_links_lead_somewhere(self):
        dead = []
        for page in pages():
            for target in LINK.findall(page.read_text("utf-8")):
                if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                    dead.append(f"{page.relative_to(TREE)}: {target}")
        self.assertEqual(dead, [])

    def test_named_files_are_there(self):
        dead = []
        for page in pages():
            for target in NAMED.findall(page.read_text("utf-8")):
                # NAME stands for any name
                if not re.search(r"[A-Z]{3,}", target) and not (TREE / target).exists():
                    dead.append(f"{page.relative_to(TREE)}: {target}")
        self.assertEqual(dead, [])

    def test_pages_named_beside_a_page_are_there(self):
        dead = [f"{page.relative_to(TREE)}: {target}" for page in pages()
                for target in BESIDE.findall(page.read_text("utf-8")) if not (page.parent / target).exists()]
        self.assertEqual(dead, [])


if __name__ == "__main__":
    unittest.main()
