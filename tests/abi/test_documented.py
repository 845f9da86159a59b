"""Every public function and struct says in its header what it is for; a function also what it answers.

usage: test_documented.py TREE

A declaration belongs to the comment that opens its paragraph (the lines without an empty one between).
A function that answers int32_t names its results there: OK, or the errors. Only the _init functions that fill a
struct need nothing of their own: base.h says once what all of them do.
"""

import re
import sys
import unittest

import headers

TREE = sys.argv.pop(1)
STRUCT = re.compile(r"^typedef struct (mailproto_\w+) \{", re.M)
INIT = re.compile(r"(mailproto_\w+)_init\Z")
# A comment that is a mere title, as "/* ---- events ---- */", documents nothing.
TITLE = re.compile(r"/\*\s*-{2,}.*?\*/", re.S)


def paragraph(text, position):
    """The text from the start of the paragraph that `position` is in up to there."""
    # an empty line inside of a comment does not end a paragraph
    flat = headers.COMMENT.sub(lambda match: match.group().replace("\n", "\v"), text)
    return flat[flat.rfind("\n\n", 0, position) + 1 : position]


def opening_comment(words):
    """The comment that a paragraph opens with, or None."""
    match = headers.COMMENT.match(TITLE.sub("", words).lstrip())
    return match.group() if match else None


class Documented(unittest.TestCase):
    def each_header(self):
        for path in headers.all_headers(TREE):
            yield path, path.read_text("utf-8")

    def test_functions(self):
        problems = []
        for path, text in self.each_header():
            for position, result, name, arguments in headers.functions(headers.without_comments(text)):
                comment = opening_comment(paragraph(text, position))
                line = text.count("\n", 0, position) + 1
                if self.fills_a_struct(name, arguments):
                    continue
                if not comment:
                    problems.append(f"{path.name}:{line}: {name} is not documented")
                elif result == "int32_t" and not self.names_results(comment):
                    problems.append(f"{path.name}:{line}: {name} does not say what it answers")
        self.assertFalse(problems, "\n" + "\n".join(problems))

    @staticmethod
    def fills_a_struct(name, arguments):
        """Whether it is mailproto_x_init(mailproto_x *, size_t)."""
        match = INIT.match(name)
        return bool(match and re.fullmatch(rf"{match[1]} \*\w*, size_t( \w+)?", arguments))

    @staticmethod
    def names_results(comment):
        return re.search(r"\bOK\b|\b(MAILPROTO_)?ERR_\w+|\bFREED\b|\b[Aa]s (for )?\w+|\bor 0\b", comment)

    def test_structs(self):
        problems = []
        for path, text in self.each_header():
            for match in STRUCT.finditer(headers.without_comments(text)):
                if not opening_comment(paragraph(text, match.start())):
                    line = text.count("\n", 0, match.start()) + 1
                    problems.append(f"{path.name}:{line}: struct {match[1]} is not documented")
        self.assertFalse(problems, "\n" + "\n".join(problems))

    def test_headers_open_with_their_purpose(self):
        problems = [path.name for path, text in self.each_header()
                    if not text.startswith(f"/* mailproto/{path.name} - ")]
        self.assertEqual(problems, [])


if __name__ == "__main__":
    unittest.main()
