"""mailproto send as a person runs it: arguments, messages, recipients, reports, JSON, exit codes, signals."""

import base64
import json
import os
import signal
import socket
import subprocess
import threading
import unittest

from mail_peers import HOST, TIMEOUT, Cut, Pop3, Smtp
from mailproto_case import (ALICE, ALL, BOB, CAROL, LETTER, LOCAL, LOGIN, PROGRAM, REFUSED, SOME, TEMPORARY, UNKNOWN,
                            USAGE, Case, crlf, run)


class Arguments(Case):
    def test_help_and_version(self):
        for command in ((), ("send",), ("pop3",)):
            result = self.check(run(*command, "--help"), ALL, "usage: mailproto", "Exit status")
            self.assertEqual(result.err, "")
            self.assertLessEqual(max(map(len, result.out.splitlines())), 110)
            result = self.check(run(*command, "--version"), ALL)
            self.assertRegex(result.out, r"^mailproto \d+\.\d+\.\d+")

    def test_mistakes(self):
        good = ("--from", ALICE, "--to", BOB)
        for words, said in (
                ((), "usage: mailproto"), (("sned",), "no command 'sned'"), (("send",), "no URL"),
                (("send", "smtp://h"), "--from is missing"), (("send", "smtp://h", "--from", ALICE), "--to is missing"),
                (("send", "h", *good), "does not begin with"), (("send", "http://h", *good), "scheme"),
                (("send", "pop3://h", *good), "the schemes that can be used here"), (("send", "smtp://", *good), "no host"),
                (("send", "smtp://h:0", *good), "port"), (("send", "smtp://h:65536", *good), "port"),
                (("send", "smtp://h:x", *good), "port"), (("send", "smtp://[::1", *good), "not closed"),
                (("send", "smtp://[::1]x", *good), "not a port"), (("send", "smtp://h/path", *good), "path"),
                (("send", "smtp://u:p@h", *good), "--password-file"), (("send", "smtp://%4@h", *good), "hexadecimal"),
                (("send", "smtp://h", *good, "a", "b"), "too much"), (("send", "--nonsense"), "nonsense"),
                (("send", "smtp://h", *good, "--notify", "never,delay"), "never"),
                (("send", "smtp://h", *good, "--notify", "soon"), "never"),
                (("send", "smtp://h", *good, "--ret", "all"), "full or hdrs"),
                (("send", "smtp://h", *good, "--timeout", "0"), "seconds"),
                (("send", "smtp://h", *good, "--max-recipients", "0"), "number"),
                (("send", "smtp://h", *good, "--password-file", "x", "y"), "--user is missing"),
                (("send", "smtp://h", *good, "--user", "u", "--password-file", "-"), "both"),
                (("pop3", "pop3://u@h"), "no verb"), (("pop3",), "no URL"),
                (("pop3", "smtp://h", "stat"), "does not begin with pop3://"),
                (("pop3", "pop3://u@h", "frob"), "no verb 'frob'"), (("pop3", "pop3://u@h", "retr"), "the number"),
                (("pop3", "pop3://u@h", "retr", "0"), "from 1 on"), (("pop3", "pop3://u@h", "top", "1"), "lines"),
                (("pop3", "pop3://u@h", "retr", "4294967296"), "from 1 on"),
                (("pop3", "pop3://u@h", "fetch-all"), "--maildir is missing"),
                (("pop3", "pop3://u@h", "stat", "--delete"), "fetch-all"),
                (("pop3", "pop3://u@h", "stat", "--output", "x"), "retr and top"),
                (("pop3", "pop3://h", "stat"), "whose")):
            result = self.check(run(*words), USAGE, said)
            self.assertEqual(result.out, "", words)
            self.assertIn("--help", result.err, words)

    def test_json_and_a_message_do_not_mix(self):
        self.needs_json()
        self.check(run("pop3", "pop3://u@h", "retr", "1", "--json"), USAGE, "--output")

    def test_a_build_without_json_says_so(self):
        result = run("send", "--json", "smtp://h")
        self.check(result, USAGE, "no JSON" if "without --json" in run("--version").out else "--from is missing")

    def test_addresses_are_checked_before_anything_is_sent(self):
        server = self.peer(Smtp())
        for name in ("a\r\nRCPT TO:<b@example.test>", "a\nb@example.test", "no at sign", "a@b@c", "a@-b", ""):
            self.check(self.send(server, [BOB, name]), USAGE, "is not an address")
        self.check(self.send(server, [BOB], sender="a b@c"), USAGE, "--from")
        self.check(self.send(server, [BOB], "--hello", "a b"), USAGE, "--hello")
        self.assertEqual(server.log, [])

    def test_a_message_that_is_not_there(self):
        self.check(run("send", "smtp://h", "--from", ALICE, "--to", BOB, "/nonexistent/file"), LOCAL,
                   "/nonexistent/file", "No such file")
        self.check(run("send", "smtp://h", "--from", ALICE, "--to", BOB, self.folder), LOCAL, "directory")


class Urls(Case):
    def test_user_with_an_at_sign(self):
        for user in (BOB, "bob%40example.test"):
            server = self.peer(Pop3())
            self.check(self.pop3(server, "stat", user=user), ALL, "0 messages")
            self.assertEqual(base64.b64decode(server.said("AUTH")[0].split()[2]).split(b"\0")[1], BOB.encode())

    def test_internet_protocol_6(self):
        class Smtp6(Smtp):
            family, host = socket.AF_INET6, "::1"

        try:
            server = self.peer(Smtp6())
        except OSError:
            self.skipTest("this machine has no ::1")
        letter = self.file("letter", LETTER)
        self.check(run("send", "smtp://[::1]:%d/" % server.port, "--from", ALICE, "--to", BOB, letter), ALL, "[::1]:")
        self.assertTrue(server.said("EHLO"))

    def test_nobody_listens(self):
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            port = taken.getsockname()[1]
            result = run("send", "smtp://%s:%d" % (HOST, port), "--from", ALICE, "--to", BOB,
                         self.file("letter", LETTER))
            self.check(result, TEMPORARY, "cannot connect to %s:%d" % (HOST, port), BOB, "refused")
            self.check(run("pop3", "pop3://%s:%d" % (HOST, port), "capa"), TEMPORARY, "cannot connect")


class Send(Case):
    def test_one_message(self):
        server = self.peer(Smtp())
        result = self.check(self.send(server, [BOB, CAROL]), ALL, BOB, CAROL, "mx.example.test", "250 2.0.0 Kept")
        self.assertEqual(result.err, "")
        self.assertEqual(server.messages, [(ALICE, [BOB, CAROL], crlf(LETTER))])
        self.assertEqual(server.log[-1], "QUIT")

    def test_quiet(self):
        result = self.check(self.send(self.peer(Smtp()), [BOB], "-q"), ALL)
        self.assertEqual((result.out, result.err), ("", ""))

    def test_line_ends(self):
        for text in (b"a\r\nb\nc\rd", b"a\r\r\nb\n\nc", b"\r", b"\n", b"x", b"\r\n\r\n", b"", b"." * 70000 + b"\n"):
            with self.subTest(text[:20]):
                server = self.peer(Smtp(keywords=("SIZE", "PIPELINING")))
                self.check(self.send(server, [BOB], "--long-lines", text=text), ALL)
                wanted = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                wanted = crlf(wanted if not wanted or wanted.endswith(b"\n") else wanted + b"\n")
                self.assertEqual(server.messages[0][2], wanted)
                if wanted:
                    self.assertIn("SIZE=%d" % len(wanted), server.said("MAIL")[0])

    def test_large_with_line_ends_at_every_place_of_the_buffers(self):
        text = b"".join(b"%d %s\n" % (n, b"x" * (n % 90)) for n in range(20000))
        for data in (text, crlf(text)):
            server = self.peer(Smtp(keywords=("SIZE",)))
            self.check(self.send(server, [BOB], text=data), ALL)
            self.assertTrue(server.messages[0][2] == crlf(text))
            self.assertIn("SIZE=%d" % len(crlf(text)), server.said("MAIL")[0])

    def test_standard_input(self):
        url = ("--from", ALICE, "--to", BOB)
        for name in ((), ("-",)):
            server = self.peer(Smtp())
            where = "smtp://%s:%d" % (HOST, server.port)
            self.check(run("send", where, *url, *name, stdin=LETTER, env={"TMPDIR": self.folder}), ALL)
            self.assertEqual(server.messages[0][2], crlf(LETTER))
            self.assertEqual(os.listdir(self.folder), [])
        # a file as standard input is read from where it stands
        server = self.peer(Smtp())
        with open(self.file("letter", b"not this\n" + LETTER), "rb", 0) as f:
            f.seek(9)
            status = subprocess.run([PROGRAM, "send", "smtp://%s:%d" % (HOST, server.port), *url], stdin=f,
                                    stdout=subprocess.DEVNULL, timeout=TIMEOUT).returncode
        self.assertEqual((status, server.messages[0][2]), (ALL, crlf(LETTER)))

    def test_chunking(self):
        text = crlf(b"x" * 70 + b"\n") * 5000
        for options, verb in (((), "BDAT"), (("--no-chunking",), "DATA")):
            server = self.peer(Smtp(keywords=("PIPELINING", "CHUNKING")))
            self.check(self.send(server, [BOB], *options, text=text), ALL)
            self.assertTrue(server.said(verb))
            self.assertTrue(server.messages[0][2] == text)

    def test_null_sender_and_hello(self):
        server = self.peer(Smtp())
        self.check(self.send(server, [BOB], "--hello", "pc.example.test", sender=""), ALL)
        self.assertEqual(server.said("EHLO"), ["EHLO pc.example.test"])
        self.assertTrue(server.said("MAIL FROM:<>"))

    def test_recipients_from_a_file(self):
        server = self.peer(Smtp())
        names = self.file("names", b"# friends\n\n  bob@example.test \r\ncarol@example.test")
        self.check(self.send(server, [], "--to-file", names), ALL)
        self.assertEqual(server.messages[0][1], [BOB, CAROL])
        more = self.file("more", b"\tdave@example.test\t")
        self.check(self.send(server, [ALICE], "--to-file", names, "--to-file", more), ALL)
        self.assertEqual(server.messages[1][1], [ALICE, BOB, CAROL, "dave@example.test"])
        for name, said in ((self.file("nul", b"bob@example.test\0x\n"), "NUL"), ("/nonexistent/file", "No such file")):
            self.check(self.send(server, [], "--to-file", name), USAGE, name, said)

    def test_delivery_reports(self):
        server = self.peer(Smtp(keywords=("DSN",)))
        options = ("--notify", "success,delay", "--ret", "hdrs", "--envid", "a+b")
        self.check(self.send(server, [BOB], *options), ALL)
        self.assertEqual(server.said("MAIL"), ["MAIL FROM:<%s> RET=HDRS ENVID=a+2Bb" % ALICE])
        self.assertEqual(server.said("RCPT"), ["RCPT TO:<%s> NOTIFY=SUCCESS,DELAY" % BOB])
        server = self.peer(Smtp(keywords=()))
        self.check(self.send(server, [BOB], *options), ALL, "does not offer DSN")
        self.assertEqual(server.said("RCPT"), ["RCPT TO:<%s>" % BOB])

    def test_eight_bits(self):
        text = LETTER + "Grüße\n".encode()
        server = self.peer(Smtp())
        self.check(self.send(server, [BOB], text=text), ALL)
        self.assertIn("BODY=8BITMIME", server.said("MAIL")[0])
        server = self.peer(Smtp(keywords=()))
        self.check(self.send(server, [BOB], text=text), REFUSED, "8BITMIME", BOB)
        self.assertEqual(server.said("MAIL"), [])

    def test_international_addresses(self):
        server = self.peer(Smtp(keywords=("8BITMIME", "SMTPUTF8")))
        self.check(self.send(server, ["jürgen@example.test"]), ALL)
        self.assertIn("SMTPUTF8", server.said("MAIL")[0])
        server = self.peer(Smtp())
        self.check(self.send(server, ["jürgen@example.test"]), REFUSED, "SMTPUTF8", "jürgen@example.test")
        server = self.peer(Smtp(keywords=("8BITMIME", "SMTPUTF8")))
        self.check(self.send(server, [BOB], "--smtputf8"), ALL)
        self.assertIn("SMTPUTF8", server.said("MAIL")[0])

    def test_long_lines(self):
        server = self.peer(Smtp())
        self.check(self.send(server, [BOB], text=b"a\n" + b"x" * 998 + b"\n"), ALL)
        text = b"a\nb\n" + b"x" * 999 + b"\nc\n"
        self.check(self.send(server, [BOB], text=text), USAGE, "line 3", "999", "--long-lines")
        self.assertEqual(server.connections, 1)
        self.check(self.send(server, [BOB], "--long-lines", text=text), ALL)
        self.assertEqual(server.messages[1][2], crlf(text))

    def test_nul(self):
        self.check(self.send(self.peer(Smtp()), [BOB], text=b"a\nb\0c\n"), USAGE, "NUL", "line 2")

    def test_too_large(self):
        server = self.peer(Smtp(keywords=("SIZE 1000",)))
        self.check(self.send(server, [BOB], text=b"x\n" * 600), REFUSED, "larger", BOB)
        self.assertEqual(server.said("MAIL"), [])


class Refusals(Case):
    def test_a_recipient_among_good_ones(self):
        server = self.peer(Smtp(refuse={BOB: "550 5.1.1 No mailbox of that name"}))
        result = self.check(self.send(server, [ALICE, BOB, CAROL]), SOME, "accepted")
        self.assertIn("mx.example.test) refused %s (RCPT): 550 5.1.1 No mailbox of that name" % BOB, result.err)
        self.assertEqual(server.messages[0][1], [ALICE, CAROL])

    def test_all_recipients(self):
        server = self.peer(Smtp(refuse={BOB: "550 5.1.1 No", CAROL: "551 5.1.6 Moved"}))
        self.check(self.send(server, [BOB, CAROL]), REFUSED, "550 5.1.1 No", "551 5.1.6 Moved")
        server = self.peer(Smtp(refuse={BOB: "550 5.1.1 No", CAROL: "450 4.2.1 Busy"}))
        self.check(self.send(server, [BOB, CAROL]), TEMPORARY, BOB, CAROL, "450 4.2.1 Busy", "later")
        self.assertEqual(server.messages, [])

    def test_stages(self):
        for options, status, said in (
                ({"greeting": "554 5.3.2 Closed"}, REFUSED, "554 5.3.2 Closed"),
                ({"greeting": "421 4.3.2 Busy"}, TEMPORARY, "421 4.3.2 Busy"),
                ({"mail": "550 5.7.1 Not from you"}, REFUSED, "550 5.7.1 Not from you"),
                ({"mail": "451 4.3.0 Later"}, TEMPORARY, "451 4.3.0 Later"),
                ({"end": "554 5.6.0 Not this"}, REFUSED, "554 5.6.0 Not this"),
                ({"end": "452 4.3.1 Disk is full"}, TEMPORARY, "452 4.3.1 Disk is full"),
                ({"end": Cut}, UNKNOWN, "second copy"), ({"stop_at": "EHLO"}, TEMPORARY, BOB),
                ({"stop_at": "MAIL"}, TEMPORARY, BOB), ({"stop_at": "RCPT"}, TEMPORARY, BOB),
                ({"stop_at": "DATA"}, TEMPORARY, BOB)):
            with self.subTest(options):
                result = self.check(self.send(self.peer(Smtp(**options)), [BOB]), status, said, BOB)
                self.assertEqual(result.out, "")
                self.assertIn("%s:" % HOST, result.err)

    def test_all_was_sent_before_anything_was_answered(self):
        class Silent(Smtp):
            def on_mail(self, rest):
                while not self.hear().startswith("BDAT"):
                    pass
                self.lines.read(len(crlf(LETTER)))
                raise Cut

        server = self.peer(Silent(keywords=("PIPELINING", "CHUNKING")))
        self.check(self.send(server, [BOB, CAROL]), UNKNOWN, BOB, CAROL, "second copy")

    def test_a_file_that_changes_while_it_is_sent(self):
        text = b"x" * 70 + b"\n"
        for size in (10, 71 * 20000):
            class Changing(Smtp):
                def on_data(self, rest):
                    os.truncate(path, size)
                    super().on_data(rest)

            path = self.file("letter", text * 10000)
            server = self.peer(Changing())
            self.check(self.send(server, [BOB], text=text * 10000), LOCAL, BOB)
            self.assertEqual(server.messages, [])

    def test_a_reply_with_lines_and_control_characters(self):
        server = self.peer(Smtp(end="554-5.6.0 One\r\n554 5.6.0 \x1b[2Jtwo \xff"))
        result = self.check(self.send(server, [BOB]), REFUSED, "One", "two")
        self.assertNotIn("\x1b", result.err)
        self.assertNotIn("\r", result.err)

    def test_lmtp(self):
        server = self.peer(Smtp(lmtp=True, refuse={ALICE: "550 5.1.1 No such"}, end={BOB: "552 5.2.2 Full"}))
        result = self.check(self.send(server, [ALICE, BOB, CAROL], scheme="lmtp"), SOME)
        self.assertIn("refused %s (RCPT): 550 5.1.1 No such" % ALICE, result.err)
        self.assertIn("refused %s (message): 552 5.2.2 Full" % BOB, result.err)
        self.assertEqual(result.out, "%s:%d (mx.example.test) accepted the message for %s: 250 2.0.0 Kept\n"
                         % (HOST, server.port, CAROL))
        self.assertTrue(server.said("LHLO"))
        ends = {BOB: "552 5.2.2 Full", CAROL: "250 2.1.5 Yes", ALICE: "250 2.1.5 Fine"}
        server = self.peer(Smtp(lmtp=True, end=ends))
        result = self.check(self.send(server, [ALICE, CAROL, BOB], scheme="lmtp"), SOME)
        self.assertEqual([line.partition(" for ")[2] for line in result.out.splitlines()],
                         ["%s: 250 2.1.5 Fine" % ALICE, "%s: 250 2.1.5 Yes" % CAROL])

    def test_lmtp_over_a_unix_socket(self):
        path = os.path.join(self.folder, "lmtp")

        class UnixLmtp(Smtp):
            family = socket.AF_UNIX

            def place(self):
                return path

        server = self.peer(UnixLmtp(lmtp=True))
        words = ("send", "lmtp://" + path, "--from", ALICE, "--to", BOB, self.file("letter", LETTER))
        self.check(run(*words), ALL, "unix:%s (mx.example.test) accepted the message for %s" % (path, BOB))
        self.assertEqual(server.messages, [(ALICE, [BOB], crlf(LETTER))])
        self.needs_json()
        told = json.loads(self.check(run(*words, "--json"), ALL).out)["server"]
        self.assertEqual((told["scheme"], told["host"], told["port"]), ("lmtp", "unix:" + path, None))

    def test_lmtp_cut_between_the_replies(self):
        server = self.peer(Smtp(lmtp=True, end={BOB: "552 5.2.2 Full", CAROL: Cut}))
        self.needs_json()
        result = self.check(self.send(server, [ALICE, BOB, CAROL], "--json", scheme="lmtp"), UNKNOWN)
        self.assertEqual([r["outcome"] for r in json.loads(result.out)["recipients"]],
                         ["accepted", "refused", "unknown"])


class Limits(Case):
    names = ["user%d@example.test" % n for n in range(10)]

    def told(self, server):
        return [names for _, names, _ in server.messages]

    def test_too_many_recipients(self):
        for code in ("452 4.5.3 Too many", "452 Too many", "552 5.5.3 Too many", "552 Too many"):
            with self.subTest(code):
                server = self.peer(Smtp(limit=4, too_many=code))
                self.check(self.send(server, self.names), ALL)
                self.assertEqual(self.told(server), [self.names[:4], self.names[4:8], self.names[8:]])
                self.assertEqual(server.connections, 1)
                # the limit was learned: no recipient was told a third time
                self.assertEqual(len(server.said("RCPT")), 10 + 4 + 2)
                self.assertEqual({m[2] for m in server.messages}, {crlf(LETTER)})

    def test_one_line_for_what_many_share(self):
        server = self.peer(Smtp(limit=6, end=["250 2.0.0 Kept", "250 2.0.0 Too"]))
        result = self.check(self.send(server, self.names), ALL)
        server_name = "%s:%d (mx.example.test)" % (HOST, server.port)
        self.assertEqual(result.out.splitlines(), [
            "%s accepted the message for %s: 250 2.0.0 Kept; the same for %s, %s, %s and 2 more"
            % (server_name, *self.names[:4]),
            "%s accepted the message for %s: 250 2.0.0 Too; the same for %s, %s, %s" % (server_name, *self.names[6:])])
        result = self.check(self.send(self.peer(Smtp(stop_at="MAIL")), [ALICE, BOB]), TEMPORARY)
        self.assertIn("not sent to " + ALICE, result.err)
        self.assertIn("; the same for " + BOB, result.err)

    def test_no_room_is_not_too_many(self):
        server = self.peer(Smtp(refuse={BOB: "452 4.2.2 Mailbox is full"}))
        self.check(self.send(server, [ALICE, BOB, CAROL]), SOME, "452 4.2.2 Mailbox is full")
        self.assertEqual(len(server.messages), 1)

    def test_a_limit_of_none(self):
        server = self.peer(Smtp(limit=0))
        self.check(self.send(server, [BOB]), TEMPORARY, BOB, "452")
        self.assertEqual(len(server.said("MAIL")), 1)

    def test_what_follows_a_refused_message_is_not_sent(self):
        server = self.peer(Smtp(limit=4, end=["250 2.0.0 Kept", "554 5.7.1 Enough of it"]))
        self.needs_json()
        result = self.check(self.send(server, self.names, "--json"), SOME)
        told = json.loads(result.out)
        self.assertEqual([r["outcome"] for r in told["recipients"]],
                         ["accepted"] * 4 + ["refused"] * 4 + ["not-sent"] * 2)
        self.assertEqual([t["outcome"] for t in told["transactions"]], ["accepted", "refused"])

    def test_the_limits_extension(self):
        server = self.peer(Smtp(keywords=("PIPELINING", "LIMITS RCPTMAX=3 MAILMAX=2")))
        self.check(self.send(server, self.names), ALL)
        self.assertEqual([len(names) for names in self.told(server)], [3, 3, 3, 1])
        self.assertEqual((server.connections, len(server.said("RCPT"))), (2, 10))

    def test_domains(self):
        server = self.peer(Smtp(keywords=("LIMITS RCPTDOMAINMAX=1",)))
        names = ["a@one.test", "b@two.test", "c@ONE.test", "d@two.test"]
        self.check(self.send(server, names), ALL)
        self.assertEqual(self.told(server), [["a@one.test", "c@ONE.test"], ["b@two.test", "d@two.test"]])

    def test_of_our_own(self):
        server = self.peer(Smtp())
        self.check(self.send(server, self.names, "--max-recipients", "6"), ALL)
        self.assertEqual([len(names) for names in self.told(server)], [6, 4])


class Passwords(Case):
    users = {"alice": "secret"}

    def send_as(self, server, *options, password="secret"):
        return self.send(server, [BOB], "--user", "alice", "--trace", *options,
                         "--password-file", self.password(password))

    def test_login(self):
        server = self.peer(Smtp(users=self.users))
        result = self.check(self.send_as(server), ALL, "AUTH", "235")
        self.assertEqual(len(server.messages), 1)
        for secret in (b"secret", base64.b64encode(b"\0alice\0secret"), base64.b64encode(b"secret")):
            self.assertNotIn(secret.decode(), result.out + result.err)

    def test_user_in_the_url(self):
        server = self.peer(Smtp(users=self.users))
        result = run("send", "smtp://alice@%s:%d" % (HOST, server.port), "--from", ALICE, "--to", BOB,
                     "--password-file", self.password(), self.file("letter", LETTER))
        self.check(result, ALL)

    def test_password_from_standard_input(self):
        server = self.peer(Smtp(users=self.users))
        result = run("send", "smtp://alice@%s:%d" % (HOST, server.port), "--from", ALICE, "--to", BOB,
                     "--password-file", "-", self.file("letter", LETTER), stdin=b"secret\r\n")
        self.check(result, ALL)

    def test_wrong_password(self):
        server = self.peer(Smtp(users=self.users))
        result = self.check(self.send_as(server, password="wrong-one"), LOGIN, "535 5.7.8", "AUTH", "Check --user")
        self.assertNotIn("wrong-one", result.out + result.err)
        self.assertEqual(server.said("MAIL"), [])

    def test_no_login_offered(self):
        self.check(self.send_as(self.peer(Smtp())), LOGIN, BOB, "leave --user out")

    def test_the_server_wants_a_login(self):
        for reply in ("530 5.7.0 Authentication required", "530 Who are you?"):
            for keywords in (("PIPELINING",), ()):
                server = self.peer(Smtp(mail=reply, keywords=keywords))
                result = self.check(self.send(server, [BOB], scheme="submission"), LOGIN, reply, "--user NAME")
                self.assertNotIn("correct what", result.err)
        tls = self.peer(Smtp(mail="530 5.7.0 Must issue a STARTTLS command first"))
        self.assertNotIn("--user", self.check(self.send(tls, [BOB], scheme="submission"), REFUSED).err)

    def test_another_protocol(self):
        self.check(self.send(self.peer(Pop3()), [BOB]), REFUSED, "speaks SMTP? Check the port")
        self.check(self.pop3(self.peer(Smtp()), "stat"), REFUSED, "Is that a POP3 server? Check the port")

    def test_an_empty_message(self):
        server = self.peer(Smtp())
        self.check(self.send(server, [BOB], text=b""), ALL, "is empty")
        self.assertEqual(server.messages[0][2], b"")

    def test_password_files(self):
        for content, said in ((b"", "empty line"), (b"\nsecret\n", "empty line"), (b"a\0b\n", "NUL"),
                              (b"x" * 2000, "password")):
            result = run("send", "smtp://alice@127.0.0.1:1", "--from", ALICE, "--to", BOB, "--password-file",
                         self.file("password", content), self.file("letter", LETTER))
            self.check(result, LOCAL, said)


class Json(Case):
    def test_send(self):
        server = self.peer(Smtp(keywords=("PIPELINING", "SIZE 1000000"),
                                refuse={BOB: "550-5.1.1 No\r\n550 5.1.1 such"}))
        self.needs_json()
        result = self.check(self.send(server, [ALICE, BOB], "--json"), SOME)
        told = json.loads(result.out)
        self.assertEqual(result.out.count("\n"), 1)
        self.assertEqual((told["command"], told["status"], told["sender"], told["size"], told["error"]),
                         ("send", SOME, ALICE, len(crlf(LETTER)), None))
        self.assertEqual(told["server"], {
            "scheme": "smtp", "host": HOST, "port": server.port, "address": HOST, "greeting": "mx.example.test",
            "extensions": ["SIZE", "PIPELINING"], "max_message": 1000000, "authenticated": False,
            "tls": None, "mechanism": None})
        self.assertEqual(told["recipients"], [
            {"address": ALICE, "outcome": "accepted", "transaction": 1, "command": "message",
             "reply": {"code": 250, "enhanced": "2.0.0", "text": "Kept"}},
            {"address": BOB, "outcome": "refused", "transaction": 1, "command": "RCPT",
             "reply": {"code": 550, "enhanced": "5.1.1", "text": "No\nsuch"}}])
        self.assertEqual([t["recipients"] for t in told["transactions"]], [1])

    def test_text_that_is_not_utf_8(self):
        class Latin(Smtp):
            def message_end(self):
                self.say(b"554 gr\xfc\xdfe")

        self.needs_json()
        result = self.check(self.send(self.peer(Latin()), [BOB], "--json"), REFUSED)
        self.assertEqual(json.loads(result.out)["recipients"][0]["reply"]["text"], "gr\ufffd\ufffde")

    def test_lost(self):
        self.needs_json()
        result = self.check(self.send(self.peer(Smtp(stop_at="MAIL")), [BOB], "--json"), TEMPORARY)
        told = json.loads(result.out)
        self.assertEqual(told["recipients"][0]["outcome"], "not-sent")
        self.assertEqual(told["error"]["name"], "MAILPROTO_ERR_LOST")


class Interrupted(Case):
    """A signal while the server is silent: the connection ends, nothing half-done stays."""

    def test_send(self):
        reached, ended = threading.Event(), threading.Event()

        class Silent(Smtp):
            def on_data(self, rest):
                reached.set()
                assert self.lines.readline() == b""  # no QUIT, no dot
                ended.set()
                raise Cut

        server = self.peer(Silent())
        process = self.start("send", "smtp://%s:%d" % (HOST, server.port), "--from", ALICE, "--to", BOB,
                             self.file("letter", LETTER))
        self.assertTrue(reached.wait(TIMEOUT))
        self.assertIn("interrupted: not sent to " + BOB, self.interrupt(process))
        self.assertTrue(ended.wait(TIMEOUT))

    def test_all_was_sent(self):
        reached = threading.Event()

        class Silent(Smtp):
            def message_end(self):
                reached.set()
                self.lines.readline()
                raise Cut

        server = self.peer(Silent())
        process = self.start("send", "smtp://%s:%d" % (HOST, server.port), "--from", ALICE, "--to", BOB,
                             self.file("letter", LETTER))
        self.assertTrue(reached.wait(TIMEOUT))
        self.assertIn("second copy", self.interrupt(process, signal.SIGTERM))


class Silence(Case):
    def test_timeout(self):
        class Silent(Smtp):
            def serve(self):
                while self.lines.readline():
                    pass

        result = self.send(self.peer(Silent()), [BOB], "--timeout", "1")
        self.check(result, TEMPORARY, BOB, "in time")


if __name__ == "__main__":
    unittest.main(verbosity=2)
