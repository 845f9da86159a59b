"""mailproto mime as a person runs it: dump, JSON lines, structure, extract; arguments, files, exit codes."""

import base64
import email
import email.policy
import email.utils
import hashlib
import json
import os
import re
import struct
import time
import unittest

from mailproto_case import ALL, LOCAL, USAGE, Case, crlf, run

ANN = ("--from", "Ann <ann@example.test>")
LETTER = b"""From: =?utf-8?q?J=C3=B6rg?= <joerg@example.test>
To: Friends: "Ann \\"A.\\" Lee" <ann@example.test>, bob@example.test;, (he) carl@example.test
Cc: =?iso-8859-1?q?Zo=EB?=
 <zoe@example.test>
Date: Mon, 2 Feb 2026 10:00:00 +0100
Subject: =?utf-8?b?R3LDvMOfZQ==?=
  and   more
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

before
--outer
Content-Type: multipart/alternative; boundary="in ner"

--in ner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe=
!

--in ner
Content-Type: TEXT/Html

<p>Hi</p>
--in ner--
--outer
Content-Type: application/octet-stream
Content-Disposition: attachment; filename*0*=utf-8''%E2%82%AC; filename*1=.bin
Content-Transfer-Encoding: base64

AAECAw==
--outer
Content-Type: message/rfc822

Subject: inside
Content-Type: multipart/digest; boundary=d

--d

Subject: deepest

deep
--d--
--outer
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test
--outer--
after
"""
LEAVES = {  # path: type, decoded body without the line ends behind it
    "1.1": ("text/plain", "Gr\u00fc\u00dfe!".encode()),
    "1.2": ("text/html", b"<p>Hi</p>"),
    "2": ("application/octet-stream", b"\0\1\2\3"),
    "3": ("message/rfc822", None),
    "3.1.1": ("message/rfc822", None),
    "3.1.1.1": ("text/plain", b"deep"),
    "4": ("message/delivery-status", None),
}


class Arguments(Case):
    def test_help(self):
        result = self.check(run("mime", "--help"), ALL, "usage: mailproto mime", "dump", "structure", "extract", "build",
                            "Exit status")
        self.assertLessEqual(max(map(len, result.out.splitlines())), 110)
        self.check(run("--help"), ALL, "mailproto mime")
        for verb, own in (("dump", "--jsonl"), ("structure", "LF alone counts as CRLF"), ("extract", "--raw"),
                          ("build", "--attach")):
            of_verb = self.check(run("mime", verb, "--help"), ALL, "usage: mailproto mime " + verb, own, "Exit status")
            self.assertNotIn(own, result.out)
            self.assertLessEqual(max(map(len, of_verb.out.splitlines())), 112)
        self.check(run("mime", "--version"), ALL, "mailproto ")

    def test_mistakes(self):
        for words, said in (
                ((), "no verb"), (("look", "f"), "no verb 'look'"), (("dump",), "dump takes"),
                (("structure",), "structure takes"), (("structure", "a", "b"), "structure takes"),
                (("extract", "f"), "extract takes"), (("extract", "f", "1", "2"), "extract takes"),
                (("extract", "f", "1", "--jsonl"), "--jsonl belongs to dump"),
                (("dump", "f", "--raw"), "belongs to extract"), (("structure", "f", "-o", "x"), "--output belongs"),
                (("dump", "f", "--to", "a@b"), "is for build"), (("build", "f"), "options only"),
                (("build",), "one --from"), (("build", *ANN, *ANN), "one --from"), (("build", *ANN, "--raw"), "--raw"),
                (("build", *ANN, "-s", "a", "-s", "b"), "one --subject"),
                (("build", *ANN, "--text", "a", "--text-file", "b"), "one text:"),
                (("build", *ANN, "--html", "a", "--html", "b"), "one text in HTML"),
                (("extract", "f", "1", "-o", ""), "names no file"), (("dump", "--trace", "f"), "trace")):
            if "--jsonl" in words and "without --json" in run("--version").out:
                continue
            result = self.check(run("mime", *words), USAGE, said, "mailproto mime --help")
            self.assertEqual(result.out, "", words)

    def test_a_file_that_is_not_there(self):
        good = self.file("good", b"Subject: here\n\nyes\n")
        result = self.check(run("mime", "dump", "/nonexistent/file", self.folder, good), LOCAL, "/nonexistent/file",
                            "No such file", "directory", "Subject: here")
        self.assertEqual(len(result.err.splitlines()), 2)
        for verb in (("structure", "/nonexistent/file"), ("extract", "/nonexistent/file", "0")):
            self.check(run("mime", *verb), LOCAL, "No such file")


class Dump(Case):
    def test_a_tree(self):
        text = run("mime", "dump", self.file("letter", LETTER)).out
        for line in ("  0 multipart/mixed, ", "    1 multipart/alternative, ", "      1.1 text/plain; charset=utf-8, quoted-printable, ",
                     "(9 decoded)", "      1.2 text/html, 7bit, 9 octets in 0 lines", "    2 application/octet-stream, base64, ",
                     "      file name: \u20ac.bin", "    3 message/rfc822, ", "      3.1 multipart/digest, ",
                     "        3.1.1 message/rfc822, ", "          3.1.1.1 text/plain, 7bit, 4 octets", "Subject: deepest",
                     "    From: J\u00f6rg <joerg@example.test>\n", "    Subject: Gr\u00fc\u00dfe  and   more\n",
                     "    To: Friends: Ann \"A.\" Lee <ann@example.test>, <bob@example.test>;, <carl@example.test>\n",
                     "    Cc: Zo\u00eb <zoe@example.test>\n", "    Date: Mon, 2 Feb 2026 10:00:00 +0100\n"):
            self.assertIn(line, text)

    def test_other_file_names_and_where_they_are(self):
        text = run("mime", "dump", self.file("letter", b"Content-Disposition: attachment; filename=a.txt; filename*=utf-8''b%2Epdf\n"
                                             b"Content-Type: text/plain; name=\"c\x1b.exe\"\n\nhi\n")).out
        self.assertIn("    file name: b.pdf\n    also: a.txt (in Content-Disposition)\n    also: c", text)
        self.assertRegex(text, r"also: c[^\x1b\n]*\.exe \(in Content-Type\)\n")
        text = run("mime", "dump", self.file("same", b"Content-Disposition: attachment; filename=a.txt\n"
                                             b"Content-Type: text/plain; name=a.txt\n\nhi\n")).out
        self.assertIn("file name: a.txt\n", text)
        self.assertNotIn("also:", text)

    def test_a_charset_that_nobody_knows(self):
        for kind, charset, told in (("text/plain", "x-klingon", True), ("text/plain", "utf-8", False),
                                    ("text/html", "iso-8859-1", False), ("application/json", "x-klingon", False)):
            letter = "Content-Type: %s; charset=%s\n\nhi\n" % (kind, charset)
            text = run("mime", "dump", self.file("letter", letter.encode())).out
            self.assertEqual("! CHARSET_UNKNOWN in Content-Type: " in text, told, letter)

    def test_what_is_in_winmail_dat(self):
        def attribute(number, data):
            return struct.pack("<BII", 2, number, len(data)) + data + struct.pack("<H", sum(data) & 0xffff)

        tnef = b"\x78\x9f\x3e\x22\1\0"
        for name, data in ((b"plan\x1b.doc\0", b"words"), (b"b.bin\0", b"")):
            tnef += attribute(0x69002, bytes(14)) + attribute(0x18010, name) + attribute(0x6800f, data)
        head = b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
        text = run("mime", "dump", self.file("letter", head + base64.encodebytes(tnef))).out
        self.assertRegex(text, r"    in it: plan[^\x1b\n]*\.doc, 5 octets\n    in it: b\.bin, 0 octets\n")
        self.assertNotIn("TNEF ends", text)
        text = run("mime", "dump", self.file("cut", head + base64.encodebytes(tnef[:-3]))).out
        self.assertIn("! the TNEF ends inside of an attribute\n", text)
        self.assertIn("! this is no TNEF\n", run("mime", "dump", self.file("none", head + b"AAAA\n")).out)

    def test_offsets_are_those_of_the_octets(self):
        for letter in (LETTER, crlf(LETTER)):
            text = run("mime", "dump", self.file("letter", letter)).out
            begin, body, end = map(int, re.search(r" 1\.2 .*, at (\d+), body (\d+), end (\d+)", text).groups())
            self.assertTrue(letter[begin:].startswith(b"Content-Type: TEXT/Html"))
            self.assertEqual(letter[body:end], b"<p>Hi</p>")

    def test_defects_are_told(self):
        text = run("mime", "dump", self.file("letter", b"Date: yesterday\nno colon here\nFrom: a@@b\n"
                                             b"Content-Type: multipart/mixed; boundary=x\n\n--x\n"
                                             b"Content-Transfer-Encoding: base64\n\nA?==\n--x\n")).out
        for defect in (r"! NO_COLON at 16: a header line without a colon", r"! DATE in Date: ", r"! ADDRESS in From: ",
                       r"! NO_LAST_BOUNDARY at \d+: ", r"! BASE64 in the body: ", r"! BARE_LF at \d+: "):
            self.assertRegex(text, defect)

    def test_nothing_reaches_the_terminal_that_it_would_obey(self):
        name = b"=?utf-8?q?=1B]0;gone=07=C2=9B?="
        letter = (b"Subject: \x1b[31m\x9b" + name + b"\nFrom: " + name + b" <a@b\x1b.test>\nContent-Type: te\x1bxt/\x07x; "
                  b"name=\"\x1b\x07\"; charset=\x1bq\n\n\x1b\n")
        result = run("mime", "dump", self.file("let\x1bter", letter))
        self.assertEqual(result.status, ALL)
        self.assertEqual([octet for octet in result.raw if octet < 32 and octet != 10 or octet == 127], [])
        self.assertNotIn(b"\xc2\x9b", result.raw)
        result.raw.decode()

    def test_standard_input_and_an_empty_message(self):
        self.check(run("mime", "dump", "-", stdin=LETTER), ALL, "1.1 text/plain")
        self.check(run("mime", "dump", "-", stdin=b""), ALL, "0 text/plain, 7bit, 0 octets")


class JsonLines(Case):
    def setUp(self):
        super().setUp()
        self.needs_json()
        self.sums = "no sha256_32" not in run("mime", "--help").out

    def objects(self, *contents):
        files = [self.file("m%d" % i, content) for i, content in enumerate(contents)]
        result = self.check(run("mime", "dump", "--jsonl", *files), ALL)
        found = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual([o["file"] for o in found], files)
        return found

    def leaf(self, path, kind, body):
        if kind == "message/rfc822":
            return {"path": path, "type": kind, "container": True}
        leaf = {"path": path, "type": kind}
        if body is not None:
            leaf["len"] = len(body)
            if self.sums:
                leaf["sha256_32"] = hashlib.sha256(body).hexdigest()[:32]
        return leaf

    def test_a_message_of_every_kind_of_part(self):
        expected = [self.leaf(path, *what) for path, what in LEAVES.items()]
        expected[2]["filename"] = "\u20ac.bin"
        mbox = b"From joerg Mon Feb  2 10:00:00 2026\n" + LETTER
        for found, content in zip(self.objects(LETTER, crlf(LETTER), mbox), (LETTER, crlf(LETTER), LETTER)):
            self.assertEqual(found["parts"], expected)
            self.assertEqual(found["size"], len(content))
            self.assertEqual(found["subject"], "Gr\u00fc\u00dfe and more")
            self.assertEqual(found["date"], 1770022800)
            self.assertEqual(found["from"], [["J\u00f6rg", "joerg@example.test"]])
            self.assertEqual(found["to"], [["Ann \"A.\" Lee", "ann@example.test"], ["", "bob@example.test"],
                                           ["", "carl@example.test"]])
            self.assertEqual(found["cc"], [["Zo\u00eb", "zoe@example.test"]])
            self.assertEqual("BARE_LF" in found["defects"], content is LETTER)

    def test_line_ends_do_not_count_at_the_end_of_a_body(self):
        cases = ((b"a", b"a"), (b"a\n\n\r\n", b"a"), (b"\r\n\n", b""), (b"a\r\nb\n", b"a\nb"), (b"a\r", b"a\r"),
                 (b"a\r\r\n\r\n", b"a\r"), (b"a\n\r\n\r", b"a\n\n\r"), (b"\n" * 70000 + b"x\n", b"\n" * 70000 + b"x"),
                 (b"\r\n" * 40000, b""), (b"\r" * 70000, b"\r" * 70000))
        for found, (_, body) in zip(self.objects(*(b"Subject: x\n\n" + body for body, _ in cases)), cases):
            self.assertEqual(found["parts"], [self.leaf("0", "text/plain", body)])

    def test_a_message_without_fields(self):
        found, = self.objects(b"\nHello\n")
        self.assertEqual(found["parts"], [self.leaf("0", "text/plain", b"Hello")])
        self.assertNotIn("subject", found)
        self.assertNotIn("date", found)
        self.assertEqual([found[name] for name in ("from", "to", "cc")], [[], [], []])

    def test_paths(self):
        inner = b"Content-Type: message/rfc822\n\n" * 2 + b"Subject: x\n\nbody\n"
        empty = b"Content-Type: multipart/mixed; boundary=x\n\nnothing\n"
        opaque = b"Content-Type: multipart/mixed\n\nwhat\n"
        paths = [[part["path"] for part in found["parts"]] for found in self.objects(inner, empty, opaque)]
        self.assertEqual(paths, [["0", "0.1", "0.1.1"], [], ["0"]])

    def test_any_octets_become_json(self):
        found, = self.objects(b"Subject: \xff\x00\x01 \"\\\nTo: \xfe <\x80@example.test>\nContent-Type: a\xff/b; name=\xf0\n\n\0")
        self.assertEqual(found["parts"][0]["len"], 1)


class Structure(Case):
    def test_envelope_and_bodystructure(self):
        letter = (b"From: Ann <ann@example.test>\nTo: bob@example.test\nSubject: \"quoted\"\n"
                  b"Date: Mon, 2 Feb 2026 10:00:00 +0100\nMessage-ID: <1@example.test>\n"
                  b"Content-Type: multipart/mixed; boundary=x\n\n--x\n"
                  b"Content-Type: text/plain; charset=us-ascii\n\nline\nline\n\n--x\n"
                  b"Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\nAAAA\n--x--\n")
        ann, bob = '(("Ann" NIL "ann" "example.test"))', '((NIL NIL "bob" "example.test"))'
        envelope = ('ENVELOPE ("Mon, 2 Feb 2026 10:00:00 +0100" "\\"quoted\\"" %s %s %s %s NIL NIL NIL '
                    '"<1@example.test>")\n' % (ann, ann, ann, bob))
        # two lines of four letters, each with CRLF
        structure = ('BODYSTRUCTURE (("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 12 2 NIL NIL NIL NIL)'
                     '("image" "png" ("name" "a.png") NIL NIL "base64" 4 NIL NIL NIL NIL) "mixed" ("boundary" "x") NIL NIL NIL)\n')
        for content in (letter, crlf(letter), b"From x\n" + letter):
            result = self.check(run("mime", "structure", self.file("letter", content)), ALL)
            self.assertEqual(result.out, envelope + structure)


class Extract(Case):
    def extract(self, part, *options, content=LETTER):
        return run("mime", "extract", self.file("letter", content), part, *options)

    def test_decoded(self):
        for path, body in (("1.1", "Gr\u00fc\u00dfe!\n".encode()), ("1.2", b"<p>Hi</p>"), ("2", b"\0\1\2\3"),
                           ("3.1.1.1", b"deep")):
            result = self.check(self.extract(path), ALL)
            self.assertEqual((result.raw, result.err), (body, ""))

    def test_as_it_stands(self):
        for path, body in (("1.1", b"Gr=C3=BC=C3=9Fe=\n!\n"), ("2", b"AAECAw==")):
            self.assertEqual(self.extract(path, "--raw").raw, body)
        self.assertEqual(self.extract("0").raw, LETTER.partition(b"\n\n")[2])
        inside = LETTER[LETTER.index(b"Subject: inside"):LETTER.index(b"\n--outer\nContent-Type: message/delivery")]
        self.assertEqual(self.extract("3").raw, inside)
        self.assertEqual(self.extract("3.1").raw, inside.partition(b"\n\n")[2])

    def test_no_such_part(self):
        for path in ("9", "1.3", "", "0.1", "1.", "x", "01"):
            result = self.check(self.extract(path), USAGE, "has no part", "mailproto mime dump")
            self.assertEqual(result.raw, b"")

    def test_what_is_broken_is_told_and_given(self):
        result = self.extract("0", content=b"Content-Transfer-Encoding: base64\n\nSGVs?bG8=\n")
        self.check(result, ALL, "base64 with octets that do not belong there")
        self.assertEqual(result.raw, b"Hello")

    def test_a_file_appears_whole_or_not_at_all(self):
        out = os.path.join(self.folder, "out")
        self.check(self.extract("2", "--output", out), ALL)
        with open(out, "rb") as f:
            self.assertEqual(f.read(), b"\0\1\2\3")
        self.check(self.extract("9", "-o", os.path.join(self.folder, "none")), USAGE)
        self.check(self.extract("2", "-o", os.path.join(self.folder, "no", "folder")), LOCAL, "cannot write to", "No such file")
        self.assertEqual(sorted(os.listdir(self.folder)), ["letter", "out"])

    def test_a_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        self.check(self.extract("2", "-o", "/dev/full"), LOCAL, "cannot write to /dev/full", "No space left")


def content(part):
    return part.get_content().replace("\r\n", "\n")


class Build(Case):
    """Python's own parser reads what is made."""

    def build(self, *options, stdin=b""):
        result = self.check(run("mime", "build", *ANN, *options, stdin=stdin), ALL)
        self.assertEqual(result.err, "")
        self.assertEqual(result.raw.count(b"\n"), result.raw.count(b"\r\n"))
        result.raw.decode("ascii")
        return email.message_from_bytes(result.raw, policy=email.policy.default)

    def test_header(self):
        subject = "Gr\u00fc\u00dfe, and many more words than fit into one line, " * 4
        found = self.build("--to", "\"Lee, Bob\" <bob@example.test>, carl@example.test", "--cc", "J\u00f6rg <j@example.test>",
                           "--to", "Friends: dora@example.test, emil@example.test;", "--subject", subject)
        self.assertEqual(found["From"], "Ann <ann@example.test>")
        self.assertEqual([str(address) for address in found["To"].addresses],
                         ['"Lee, Bob" <bob@example.test>', "carl@example.test", "dora@example.test", "emil@example.test"])
        self.assertIn("Friends", [group.display_name for group in found["To"].groups])
        self.assertEqual([(a.display_name, a.addr_spec) for a in found["Cc"].addresses], [("J\u00f6rg", "j@example.test")])
        self.assertEqual(found["Subject"].strip(), subject.strip())
        self.assertRegex(found["Message-ID"], r"^<\S+@example\.test>$")
        self.assertLess(abs(email.utils.parsedate_to_datetime(found["Date"]).timestamp() - time.time()), 86400)
        self.assertEqual((found.get_content_type(), found.get_content().strip()), ("text/plain", ""))
        self.assertNotEqual(found["Message-ID"], self.build()["Message-ID"])

    def test_texts(self):
        text = "Gr\u00fc\u00dfe\n.\nFrom here " + "x" * 2000
        self.assertEqual(content(self.build("--text", text)).rstrip("\n"), text)
        self.assertEqual(content(self.build("--text-file", "-", stdin=text.encode())), text)
        self.assertEqual(self.build("--html", "<p>").get_content_type(), "text/html")
        both = self.build("--html", "<p>", "--text-file", self.file("text", text.encode()))
        self.assertEqual([part.get_content_type() for part in both.walk()], ["multipart/alternative", "text/plain", "text/html"])

    def test_attachments(self):
        octets = bytes(range(256)) * 700
        files = {"a.PNG": ("image/png", octets), "latin.txt": ("application/octet-stream", b"caf\xe9\n\r\r\n"),
                 "\u20ac \"; x.pdf": ("application/pdf", b"%PDF"), "noname": ("application/octet-stream", b""),
                 "t.txt": ("text/plain", "\u20ac".encode() * 30000 + b"\n")}
        options = [word for name, (_, data) in files.items() for word in ("--attach", self.file(name, data))]
        found = self.build("--text", "see", *options)
        parts = list(found.iter_parts())
        self.assertEqual((found.get_content_type(), content(parts[0])), ("multipart/mixed", "see\n"))
        for part, (name, (kind, data)) in zip(parts[1:], files.items(), strict=True):
            self.assertEqual((part.get_filename(), part.get_content_type(), part.get_content_disposition()),
                             (name, kind, "attachment"))
            self.assertEqual(part.get_payload(decode=True), data)
        self.assertEqual([p.get_content_type() for p in self.build("-a", options[1]).iter_parts()], ["image/png"])

    def test_a_file_comes_out_as_it_went_in(self):
        long, out = b"x" * 2000, os.path.join(self.folder, "out")
        for i, data in enumerate((b"", b"a\nb\n", b"a\r\nb\r\n", b"a\r\nb\nc\r\n", b"no end", b"\n", b"\r", b"a\r\r\n", b"a \n\t\n",
                                  b"--\nFrom x\n.\n", long, long + b"\n", "Gr\u00fc\u00dfe\n\u20ac\r\n".encode(), b"a\0\n",
                                  b"caf\xe9\n", bytes(range(256)) * 40)):
            for end in (".txt", ".html", ".csv", ".json", ".dat"):
                name = self.file("f%d%s" % (i, end), data)
                for words in ((), ("--text", "see")):
                    result = self.check(run("mime", "build", *ANN, *words, "-a", name, "-o", out), ALL)
                    self.assertEqual(result.err, "")
                    part = "2" if words else "1"
                    self.assertEqual(run("mime", "extract", out, part).raw, data, (end, data[:40]))

    def test_a_message_that_no_server_takes_is_attached_as_octets(self):
        out = os.path.join(self.folder, "out")
        for body in (b"a\0b\n", b"x" * 2000 + b"\n", b"a\rb\n"):
            letter = self.file("bad.eml", b"Subject: x\n\n" + body)
            self.check(run("mime", "build", *ANN, "-a", letter, "-o", out), ALL, "bad.eml is attached as application/octet-stream")
            self.assertIn("1 application/octet-stream, base64, ", run("mime", "dump", out).out)
            self.assertEqual(run("mime", "extract", out, "1").raw, b"Subject: x\n\n" + body)

    def test_a_message_is_attached_and_found_again(self):
        letter = self.file("letter.eml", crlf(LETTER.replace(b"\xc3", b"")))
        out = os.path.join(self.folder, "out")
        self.check(run("mime", "build", *ANN, "-a", letter, "-o", out), ALL)
        result = run("mime", "extract", out, "1")
        with open(letter, "rb") as f:
            self.assertEqual(result.raw, f.read())

    def test_a_message_in_8bit_is_attached_as_one(self):
        letter = self.file("eight.eml", crlf("Subject: x\n\nGr\u00fc\u00dfe\n".encode()))
        out = os.path.join(self.folder, "out")
        said = self.check(run("mime", "build", *ANN, "-a", letter, "-o", out), ALL, "eight.eml has octets above 127").err
        self.assertIn("8BITMIME", said)
        self.assertIn("1 message/rfc822", run("mime", "dump", out).out)

    def test_what_cannot_be_sent(self):
        for words, said in (
                (("--from", "nobody"), "is not an address"), (("--from", "a@@b.test"), "is not an address"),
                (("--from", "a@b.test, c@d.test"), "not one sender"), ((*ANN, "--to", ""), "not an address"),
                ((*ANN, "--to", "a@b.test\r\nBcc: c@d.test"), "is not an address"),
                ((*ANN, "--cc", "(x a@b.test"), "is not an address"),
                ((*ANN, "--subject", "a\nBcc: c@d.test"), "one line"), ((*ANN, "--subject", b"\xff"), "UTF-8"),
                ((*ANN, "--text", b"\xff"), "is not UTF-8"),
                ((*ANN, "--html-file", self.file("latin", b"x" * 65534 + b"\xe2\x82")), "is not UTF-8")):
            result = self.check(run("mime", "build", *words), USAGE, said)
            self.assertEqual(result.raw, b"", words)
        self.check(run("mime", "build", *ANN, "-a", "/nonexistent/file"), LOCAL, "No such file")
        good = "x".encode() * 65534 + "\u20ac\U0001f600".encode()
        self.assertEqual(content(self.build("--text-file", self.file("good", good))).encode(), good)

    def test_an_international_address(self):
        result = self.check(run("mime", "build", "--from", "\u00e9@example.test"), ALL)
        self.assertIn("From: \u00e9@example.test\r\n".encode(), result.raw)
        result = self.check(run("mime", "build", "--from", "\u00e9@b\u00fccher.test", "--to", "a@b\u00fccher.test"), ALL)
        self.assertIn("From: \u00e9@b\u00fccher.test\r\nTo: a@xn--bcher-kva.test\r\n".encode(), result.raw)

    def test_a_domain_in_another_script(self):
        made = self.check(run("mime", "build", "--from", "J\u00f6rg <j@B\u00dcCHER.test>", "--to",
                              "\"a@\"@xn--bcher-kva.test, b@\u4f8b\u3002test", "--cc", "a@" + "\u00fc" * 9 + ".test"), ALL)
        found = email.message_from_bytes(made.raw, policy=email.policy.default)
        self.assertEqual(found["From"], "J\u00f6rg <j@xn--bcher-kva.test>")
        self.assertEqual(str(found["To"]), "\"a@\"@xn--bcher-kva.test, b@xn--fsq.test")
        self.assertRegex(found["Message-ID"], r"^<\S+@xn--bcher-kva\.test>$")
        made.raw.decode("ascii")
        self.check(run("mime", "build", *ANN, "--to", "a@" + "\u00fc" * 64 + ".test"), USAGE, "is not an address")


if __name__ == "__main__":
    unittest.main()
