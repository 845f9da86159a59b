"""Holds the sources to the layout: who may include whom, which C library headers, how a file opens.

usage: test_layout.py TREE
"""

import pathlib
import re
import sys
import unittest

TREE = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else pathlib.Path(".")

# Dependencies point one way: core <- mime <- sasl <- {smtp, pop3, imap} <- queue.
# Protocols never include each other; the queue uses the SMTP client and MIME.
BELOW = {
    "core": {"core"},
    "mime": {"core", "mime"},
    "sasl": {"core", "mime", "sasl"},
    "smtp": {"core", "mime", "sasl", "smtp"},
    "pop3": {"core", "mime", "sasl", "pop3"},
    "imap": {"core", "mime", "sasl", "imap"},
    "queue": {"core", "mime", "smtp", "queue"},
}

# Public headers that are not named after their part. mailproto.h is for programs, and no part includes it.
PART_OF_HEADER = {
    "base.h": "core",
    "crypto.h": "core",
    "version.h": "core",
    "session.h": "core",
    "layer.h": "core",
    "store.h": "core",
    "store_items.h": "core",
    "store_optional.h": "core",
    "store_questions.h": "core",
    "store_values.h": "core",
}
UMBRELLA = "mailproto.h"

# The companions are libraries of their own: their headers are not under the umbrella, no part includes them, and their
# sources see public headers, the files of their own folder, and what is inline in those below. They may use POSIX.
COMPANION_HEADERS = {
    "host.h",
    "host_connection.h",
    "host_loop.h",
    "host_send.h",
    "host_store.h",
    "host_trace.h",
    "host_url.h",
    "maildir.h",
    "mbedtls.h",
    "mbedtls_host.h",
    "memory_store.h",
    "store_kit.h",
}
INLINE = {"core/ascii.h", "companion/allocator.h", "companion/store_functions.h"}

# Public headers see these two; the library sees what a freestanding C library has, too.
PUBLIC_SYSTEM = {"stddef.h", "stdint.h"}
LIBRARY_SYSTEM = PUBLIC_SYSTEM | {"limits.h", "stdalign.h", "stdbool.h", "string.h"}
# Where memory comes from when the host gives no allocator, the vector instructions of one processor, and the charsets of
# the C library for hosts that ask for them.
EXCEPTIONS = {
    "stdlib.h": re.compile(r"core/memory\.c$"),
    "errno.h": re.compile(r"mime/charset_iconv\.c$"),
    "iconv.h": re.compile(r"mime/charset_iconv\.c$"),
    "immintrin.h": re.compile(r"_x86\.[ch]$"),
    "arm_neon.h": re.compile(r"_arm\.[ch]$"),
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def sources(folder):
    """Every C file below a folder of the tree, in order."""
    return sorted(path for path in (TREE / folder).rglob("*") if path.suffix in (".c", ".h"))


def part_of_header(name):
    """The part that a public header belongs to (smtp.h and smtp_server.h to smtp), or None."""
    if name in COMPANION_HEADERS:
        return "companion"
    part = PART_OF_HEADER.get(name) or re.split(r"[_.]", name)[0]
    return part if part in BELOW else None


def includes(path):
    """(True for <...>, name) of each include directive."""
    return [(kind == "<", name) for kind, name in INCLUDE.findall(path.read_text("utf-8"))]


class Layout(unittest.TestCase):
    def wrong(self, problems):
        self.assertFalse(problems, "\n" + "\n".join(problems))

    def test_there_are_sources(self):
        self.assertTrue(sources("src/core"))
        self.assertTrue(sources("include/mailproto"))

    def test_every_part_is_known(self):
        parts = {path.relative_to(TREE / "src").parts[0] for path in sources("src")}
        self.assertLessEqual(parts, set(BELOW) | {"companion"})

    def test_dependencies_point_one_way(self):
        problems = []
        for part, allowed in BELOW.items():
            for path in sources(f"src/{part}"):
                for system, name in includes(path):
                    if system:
                        continue
                    used = self.part_included(path, name)
                    if used not in allowed:
                        problems.append(f"{path.relative_to(TREE)} includes {name} ({used})")
        self.wrong(problems)

    def part_included(self, path, name):
        """The part of the library that an include of `path` leads to; a word of its own if to none."""
        if name.startswith("mailproto/"):
            return part_of_header(name.split("/")[1]) or "no part"
        for base in (path.parent, TREE / "src"):
            target = (base / name).resolve()
            if target.is_file():
                inside = target.relative_to((TREE / "src").resolve()).parts
                return inside[0] if len(inside) > 1 else "no part"
        return "not found"

    def test_companions_use_public_headers_and_their_own(self):
        problems = []
        for path in sources("src/companion"):
            own = TREE / "src/companion" / path.relative_to(TREE / "src/companion").parts[0]
            for system, name in includes(path):
                beside = [base / name for base in (path.parent, own) if (base / name).is_file()]
                inside = any(own.resolve() in found.resolve().parents for found in beside)
                if not system and not inside and not name.startswith("mailproto/") and name not in INLINE:
                    problems.append(f"{path.relative_to(TREE)} includes {name}")
        self.wrong(problems)

    def test_queue_uses_the_client_only(self):
        problems = []
        for path in sources("src/queue"):
            for _, name in includes(path):
                if name.startswith("smtp/") and "server" in name:
                    problems.append(f"{path.relative_to(TREE)} includes {name}")
        self.wrong(problems)

    def test_library_needs_little_of_the_c_library(self):
        problems = []
        for part in BELOW:
            for path in sources(f"src/{part}"):
                for system, name in includes(path):
                    exception = EXCEPTIONS.get(name)
                    if not system or name in LIBRARY_SYSTEM:
                        continue
                    if not (exception and exception.search(path.as_posix())):
                        problems.append(f"{path.relative_to(TREE)} includes <{name}>")
        self.wrong(problems)

    def test_public_headers_include_little(self):
        problems = []
        for path in sources("include/mailproto"):
            part = part_of_header(path.name)
            if part is None and path.name != UMBRELLA:
                problems.append(f"{path.name} belongs to no part")
                continue
            for system, name in includes(path):
                if system and name not in PUBLIC_SYSTEM:
                    problems.append(f"{path.name} includes <{name}>")
                elif not system and not (path.parent / name).is_file():
                    problems.append(f"{path.name} includes {name}, which is not beside it")
                elif not system and part and part != "companion" and part_of_header(name) not in BELOW[part]:
                    problems.append(f"{path.name} includes {name}")
        self.wrong(problems)

    def test_umbrella_covers_every_header(self):
        folder = TREE / "include/mailproto"
        reached, left = set(), [UMBRELLA]
        while left:
            name = left.pop()
            if name not in reached:
                reached.add(name)
                left += [found for system, found in includes(folder / name) if not system]
        self.assertEqual(reached, {path.name for path in sources("include/mailproto")} - COMPANION_HEADERS)

    def test_examples_use_public_headers_only(self):
        problems = []
        for path in sources("examples"):
            for system, name in includes(path):
                public = name.startswith("mailproto/")
                own = any((up / name).is_file() for up in path.parents if TREE / "examples" in (up, *up.parents))
                if not system and not public and not own:
                    problems.append(f"{path.relative_to(TREE)} includes {name}")
        self.wrong(problems)

    def test_files_open_with_what_they_are_for(self):
        problems = []
        for folder in ("include", "src", "examples", "tests", "bench"):
            for path in sources(folder):
                if not path.read_text("utf-8").startswith("/*"):
                    problems.append(f"{path.relative_to(TREE)} does not open with a comment")
        self.wrong(problems)

    def test_header_guards_name_the_file(self):
        problems = []
        for path in sources("include/mailproto"):
            guard = "MAILPROTO_" + re.sub(r"\W", "_", path.name.upper())
            text = path.read_text("utf-8")
            if not re.search(rf"^#ifndef {guard}\n#define {guard}$", text, re.M):
                problems.append(f"{path.name} is not guarded by {guard}")
        self.wrong(problems)

    def test_every_source_is_built(self):
        problems = []
        for folder in ("src", "examples", "tests", "bench"):
            for path in sources(folder):
                if path.suffix != ".c":
                    continue
                build = next(up / "meson.build" for up in path.parents if (up / "meson.build").is_file())
                words = build.read_text("utf-8")
                stem = re.sub(r"^(test|bench)_", "", path.stem)
                names = (path.relative_to(build.parent).as_posix(), path.name, stem)
                if not any(f"'{name}'" in words for name in names):
                    problems.append(f"{path.relative_to(TREE)} is not named in {build.relative_to(TREE)}")
        self.wrong(problems)


if __name__ == "__main__":
    unittest.main()
