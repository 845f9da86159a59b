"""mailproto mime over a corpus of mail, where MAILPROTO_CORPUS names one: as three other parsers read it, but for the
exceptions that docs/design/mime.md lists; offsets of parts; ENVELOPE and BODYSTRUCTURE of every 20th message; the parts of
every 40th are extracted, where the three agree on them. None crashes or hangs the program."""

import hashlib
import json
import os
import re
import sys
import unittest

from mailproto_case import ALL, Case, run

DESIGN = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "design", "mime.md")
CORPUS = os.environ.get("MAILPROTO_CORPUS")
FIELDS = ("subject", "date", "from", "to", "cc")
PART = re.compile(r"^ *(\S+) ([^\s;,]+/[^\s;,]*).*, at (\d+), body (\d+), end (\d+)$", re.M)
BATCH = 200


def listed_exceptions():
    """{(file, what)} of the table in the section Exceptions."""
    with open(DESIGN, encoding="utf-8") as f:
        section = f.read().partition("\n## Exceptions\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \| (\w+) \|", section, re.M))


def key(parts):
    return [(p["path"], p["type"], "container" in p, p.get("len"), p.get("sha256_32")) for p in parts]


def file_names(parts):
    return [p.get("filename") for p in parts]


def differ(expected, got):
    """A side without any name is not judged; else a name that only one side has is a difference."""
    return any(expected) and any(name is not None for name in got) and expected != got


@unittest.skipUnless(CORPUS, "MAILPROTO_CORPUS names no corpus")
class Corpus(Case):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(CORPUS, "expected", "consensus.jsonl"), encoding="utf-8") as f:
            cls.expected = [json.loads(line) for line in f]
        if not cls.expected:
            raise AssertionError("the corpus expects nothing")

    def over_all(self, *words):
        """What the program prints about every message, in batches."""
        paths = [os.path.join(CORPUS, e["file"]) for e in self.expected]
        out = []
        for i in range(0, len(paths), BATCH):
            result = run("mime", *words, *paths[i:i + BATCH])
            self.assertEqual((result.status, result.err), (ALL, ""))
            out.append(result.raw)
        return b"".join(out)

    def differences(self):
        """{(file, what)} of what is not as the others read it, and how many messages were judged."""
        found, judged = set(), 0
        lines = self.over_all("dump", "--jsonl").decode().splitlines()
        self.assertEqual(len(lines), len(self.expected))
        for e, line in zip(self.expected, lines):
            got, name = json.loads(line), e["file"]
            self.assertEqual(got["file"], os.path.join(CORPUS, name))
            self.assertEqual(got["size"], e["size"], name)
            found |= {(name, field) for field in FIELDS if field in e and e[field] != got.get(field)}
            if "parts" not in e or e["agree"] < 3:
                continue
            judged += 1
            if key(e["parts"]) != key(got["parts"]):
                found.add((name, "parts"))
            elif differ(file_names(e["parts"]), file_names(got["parts"])):
                found.add((name, "filename"))
        return found, judged

    def test_messages_are_read_as_three_others_read_them(self):
        self.needs_json()
        if "no sha256_32" in run("mime", "--help").out:
            self.skipTest("this build has no SHA-256")
        found, judged = self.differences()
        listed = {(name, what) for name, what in listed_exceptions() if what != "offsets"}
        self.assertGreater(judged, 1000)
        self.assertEqual(found, listed)
        self.assertLessEqual(len(listed), 20)
        parts = sum(what == "parts" for _, what in found)
        self.assertLessEqual(parts * 1000, judged, "%d of %d messages have other parts" % (parts, judged))

    def test_every_message_is_shown_to_people(self):
        shown = self.over_all("dump")
        shown.decode()
        self.assertEqual([octet for octet in range(32) if octet != 10 and octet in shown], [])
        self.assertEqual(len(re.findall(rb"^\S.*: \d+ octets, \d+ parts?$", shown, re.M)), len(self.expected))

    def test_structures_can_be_made(self):
        for e in self.expected[::20]:
            result = run("mime", "structure", os.path.join(CORPUS, e["file"]))
            self.assertEqual(result.status, ALL, e["file"])
            self.assertRegex(result.raw, rb"^ENVELOPE \((?s:.*)\)\nBODYSTRUCTURE \((?s:.*)\)\n$")

    def test_parts_are_extracted_as_they_are_summed_up(self):
        for e in self.expected[::40]:
            for part in e.get("parts", ()):
                if e.get("agree", 0) < 3 or "sha256_32" not in part or (e["file"], "parts") in listed_exceptions():
                    continue
                result = run("mime", "extract", os.path.join(CORPUS, e["file"]), part["path"])
                body = result.raw.replace(b"\r\n", b"\n").rstrip(b"\n")
                self.assertEqual((result.status, hashlib.sha256(body).hexdigest()[:32]), (ALL, part["sha256_32"]), e["file"])


@unittest.skipUnless(CORPUS, "MAILPROTO_CORPUS names no corpus")
class Offsets(Case):
    FOLDER = os.path.join(CORPUS or "", "jstedfast+MimeKit", "UnitTests", "TestData", "mbox")

    def expected(self, entity):
        """Type, begin, body and end of an entity and of those in it, in their order."""
        found, waiting = [], [entity]
        while waiting:
            entity = waiting.pop()
            found.append((entity["mimeType"].lower(), entity["beginOffset"], entity["headersEndOffset"], entity["endOffset"]))
            waiting += reversed(entity.get("children", ()))
            if "message" in entity:
                waiting.append(entity["message"]["body"])
        return found

    def compare(self, name, mbox, messages):
        differing = 0
        for message in messages:
            begin, end = message["beginOffset"], message["endOffset"]
            text = run("mime", "dump", self.file("message", mbox[begin:end])).out
            found = [(kind, *(int(at) + begin for at in offsets)) for _, kind, *offsets in PART.findall(text)]
            expected = self.expected(message["body"])
            self.assertEqual(len(found), len(expected), name)
            # an empty part: whether the empty line belongs to its header or to the boundary behind it
            for one, other in zip(found, expected):
                if one != other:
                    self.assertEqual((one[:2], one[2], other[2]), (other[:2], one[3], other[3]), name)
                    differing += 1
        return differing

    def test_offsets_of_every_part_of_two_mailboxes(self):
        if not os.path.isdir(self.FOLDER):
            self.skipTest("the corpus has no offsets")
        compared, differing = 0, set()
        for name in sorted(os.listdir(self.FOLDER)):
            if not name.endswith("-offsets.json"):
                continue
            mailbox, kind = name[:-len("-offsets.json")].rsplit(".", 1)
            with open(os.path.join(self.FOLDER, mailbox + ".mbox.txt"), "rb") as f:
                mbox = f.read().replace(b"\r\n", b"\n")
            with open(os.path.join(self.FOLDER, name), encoding="utf-8") as f:
                messages = json.load(f)
            if self.compare(name, mbox.replace(b"\n", b"\r\n") if kind == "dos" else mbox, messages):
                differing.add((os.path.relpath(os.path.join(self.FOLDER, name), CORPUS), "offsets"))
            compared += len(messages)
        self.assertGreater(compared, 50)
        self.assertEqual(differing, {listed for listed in listed_exceptions() if listed[1] == "offsets"})


if __name__ == "__main__":
    if not CORPUS:
        print("skipped: MAILPROTO_CORPUS names no corpus")
        sys.exit(77)
    unittest.main()
