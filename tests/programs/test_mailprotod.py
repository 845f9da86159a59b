"""mailprotod as a person runs it: arguments, delivery, POP3, signals, limits, logs."""

import os
import poplib
import select
import signal
import smtplib
import socket
import struct
import subprocess
import sys
import time
import unittest

from mailprotod import DISK_GATE, HOST, PROGRAM, TIMEOUT, Line, Server, wait_until

BODY = b"Subject: hello\r\n\r\nHello.\r\n.dot\r\n"
SENDER = "carol@elsewhere.test"
ALICE, BOB = "alice@example.test", "bob@example.test"


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=TIMEOUT)


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Arguments(unittest.TestCase):
    def test_help(self):
        for command in ((), ("demo",), ("serve",), ("check",)):
            result = run(*command, "--help")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertTrue(result.stdout.startswith("usage: mailprotod "))

    def test_version(self):
        for command in ((), ("demo",), ("serve",), ("check",)):
            result = run(*command, "--version")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertRegex(result.stdout, r"^mailprotod \d+\.\d+\.\d+\n$")

    def test_mistakes(self):
        for arguments, said in (
                ((), "say what to do"), (("dmeo",), 'no command "dmeo"'), (("serve",), "needs --config FILE"),
                (("check",), "needs --config FILE"), (("demo", "--port-base", "64001"), "from 0 to 64000"),
                (("demo", "--port-base", "x"), "from 0 to 64000"), (("demo", "--prot"), "unrecognized option"),
                (("demo", "here"), 'no argument "here"'), (("serve", "--config"), "requires an argument")):
            result = run(*arguments)
            self.assertEqual((result.returncode, result.stdout), (64, ""), arguments)
            self.assertIn(said, result.stderr)
            self.assertIn("--help", result.stderr)

    def test_configuration_that_is_not_there(self):
        for command in ("serve", "check"):
            result = run(command, "--config", "/nonexistent/file")
            self.assertEqual(result.returncode, 66)
            self.assertIn("/nonexistent/file: No such file", result.stderr)


class Case(unittest.TestCase):
    """A test with a server of its own."""

    def serve(self, **options):
        server = Server(**options)
        self.addCleanup(server.remove)
        return server

    def smtp(self, server, service="smtp"):
        kind = smtplib.LMTP if service == "lmtp" else smtplib.SMTP
        smtp = kind(HOST, server.port[service], local_hostname="client.example.test", timeout=TIMEOUT)
        self.addCleanup(smtp.close)
        return smtp

    def pop3(self, server, user="bob", password="secret"):
        pop3 = poplib.POP3(HOST, server.port["pop3"], timeout=TIMEOUT)
        self.addCleanup(pop3.close)
        pop3.user(user)
        pop3.pass_(password)
        return pop3

    def line(self, server, service):
        line = Line(server.connect(service))
        self.addCleanup(line.close)
        return line

    def assert_one(self, server, user, content):
        """Exactly one message is there, and ends in this content; its path."""
        files = server.files(user)
        self.assertEqual(len(files), 1, server.log())
        self.assertTrue(read(files[0]).endswith(content))
        self.assertEqual(server.files(user, "tmp"), [])
        return files[0]


class Configuration(Case):
    def test_check(self):
        server = self.serve()
        result = run("check", "--config", server.config)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("2 users", result.stdout)

    def test_example(self):
        server = self.serve()
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, "../../examples/server/mailprotod.conf")) as f:
            example = f.read()
        with open(server.config, "w") as f:
            f.write(example)
        result = run("check", "--config", server.config)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_mistakes_end_it(self):
        server = self.serve()
        server.write_config(server="nonsense = 1")
        for command in ("check", "serve"):
            result = run(command, "--config", server.config)
            self.assertEqual((result.returncode, result.stdout), (78, ""))
            self.assertIn(":6: nonsense: there is no such key", result.stderr)

    def test_port_that_is_taken(self):
        server = self.serve()
        result = run("serve", "--config", server.config)
        self.assertEqual(result.returncode, 69)
        self.assertIn("cannot listen on 127.0.0.1:%d" % server.port["smtp"], result.stderr)
        self.assertIn("address already in use", result.stderr)

    def test_maildir_that_cannot_be_made(self):
        server = self.serve()
        server.end()
        with open(server.folder("carol").rstrip("/"), "w"):
            pass
        server.write_config(users="[user carol@example.test]\npassword = x")
        result = run("serve", "--config", server.config)
        self.assertEqual(result.returncode, 73)
        self.assertIn("carol@example.test", result.stderr)


class Delivery(Case):
    def test_message(self):
        server = self.serve()
        self.smtp(server).sendmail(SENDER, [ALICE], BODY)
        path = self.assert_one(server, "alice", b"\r\n" + BODY)
        content = read(path)
        self.assertTrue(content.startswith(
            b"Return-Path: <carol@elsewhere.test>\r\nReceived: from client.example.test "))
        self.assertIn(b"127.0.0.1", content[:content.index(b"Subject")])
        self.assertTrue(path.endswith(",S=%d,W=%d" % (len(content), len(content))), path)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_empty_sender(self):
        server = self.serve()
        self.smtp(server).sendmail("", [ALICE], BODY)
        self.assertTrue(read(self.assert_one(server, "alice", BODY)).startswith(b"Return-Path: <>\r\n"))

    def test_one_copy_a_user(self):
        server = self.serve()
        names = [ALICE, "ALICE@Example.Test", "alice+lists@example.test", BOB]
        self.assertEqual(self.smtp(server).sendmail(SENDER, names, BODY), {})
        first, second = self.assert_one(server, "alice", BODY), self.assert_one(server, "bob", BODY)
        self.assertEqual(os.stat(first).st_ino, os.stat(second).st_ino)

    def test_postmaster(self):
        server = self.serve(server="postmaster = bob@example.test")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("HELO client.example.test", "MAIL FROM:<>", "RCPT TO:<Postmaster>",
                        "RCPT TO:<postmaster@example.test>"):
            self.assertRegex(smtp.ask(command), "^250 ", command)
        self.assertRegex(smtp.ask("DATA"), "^354 ")
        self.assertRegex(smtp.ask("Subject: x\r\n\r\nx\r\n."), "^250 ")
        self.assert_one(server, "bob", b"\r\nx\r\n")

    def test_refused_recipients(self):
        server = self.serve()
        names = ["nobody@example.test", ALICE, "alice@elsewhere.test"]
        refused = self.smtp(server).sendmail(SENDER, names, BODY)
        self.assertEqual({name: code for name, (code, _) in refused.items()}, {names[0]: 550, names[2]: 550})
        self.assertTrue(refused[names[0]][1].startswith(b"5.1.1 "))
        self.assertTrue(refused[names[2]][1].startswith(b"5.7.1 "))
        self.assert_one(server, "alice", BODY)

    def test_messages_in_one_session(self):
        server = self.serve()
        smtp = self.smtp(server)
        for n in range(20):
            smtp.sendmail(SENDER, [ALICE, BOB], b"%d\r\n" % n + BODY)
        self.assertEqual((len(server.files("alice")), len(server.files("bob"))), (20, 20))

    def test_large_message(self):
        server = self.serve()
        content = b"Subject: large\r\n\r\n" + b"".join(b"%07d %s\r\n" % (n, b"." * (n % 60)) for n in range(150000))
        self.smtp(server).sendmail(SENDER, [ALICE], content)
        self.assert_one(server, "alice", b"\r\n" + content)

    def test_too_large_message(self):
        server = self.serve(limits="message_size = 64K")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>"):
            smtp.ask(command)
        smtp.ask("DATA")
        smtp.socket.sendall(b"0123456789\r\n" * 10000)
        self.assertRegex(smtp.ask("."), "^552 ")
        self.assertRegex(smtp.ask("NOOP"), "^250 ")
        wait_until(lambda: not server.files("alice", "tmp"), "tmp is empty")
        self.assertEqual(server.files("alice"), [])

    def test_line_feeds_of_their_own(self):
        """BDAT (RFC 3030) brings octets as they are; W of the name is what POP3 sends."""
        server = self.serve()
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<bob@example.test>"):
            smtp.ask(command)
        content = "Subject: x\r\n\r\none\r\ntwo\r\n"
        smtp.socket.sendall(b"BDAT %d LAST\r\n%s" % (len(content), content.encode()))
        self.assertRegex(smtp.reply(), "^250 ")
        self.assert_one(server, "bob", content.encode())

    def test_cut_off_in_the_message(self):
        for begun in (10, 100000):
            with self.subTest(begun=begun):
                server = self.serve()
                smtp = self.line(server, "smtp")
                smtp.reply()
                for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA"):
                    smtp.ask(command)
                smtp.socket.sendall(b"0123456789\r\n" * (begun // 12))
                smtp.close()
                server.wait_for_log("given up")
                wait_until(lambda: not server.files("alice", "tmp"), "tmp is empty")
                self.assertEqual(server.files("alice"), [])

    def test_half_closed_sender(self):
        """All of a session at once, then the end of the stream: every command is still answered."""
        server = self.serve()
        smtp = self.line(server, "smtp")
        smtp.socket.sendall(b"EHLO client.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n" +
                            b"0123456789\r\n" * 50000 + b".\r\nQUIT\r\n")
        smtp.socket.shutdown(socket.SHUT_WR)
        codes = [smtp.reply()[:3] for _ in range(7)]
        self.assertEqual(codes, ["220", "250", "250", "250", "354", "250", "221"])
        self.assertEqual(smtp.read(), "")
        self.assert_one(server, "alice", b"0123456789\r\n" * 50000)

    def spoil(self, server, user):
        """Makes delivery to the user fail."""
        os.rmdir(server.folder(user, "new"))
        with open(server.folder(user, "new"), "w"):
            pass

    def test_all_or_none(self):
        server = self.serve()
        self.spoil(server, "bob")
        with self.assertRaises(smtplib.SMTPDataError) as caught:
            self.smtp(server).sendmail(SENDER, [ALICE, BOB], BODY)
        self.assertEqual(caught.exception.smtp_code, 451)
        self.assertTrue(caught.exception.smtp_error.startswith(b"4.3.0 "))
        self.assertEqual((server.files("alice"), server.files("alice", "tmp")), ([], []))

    def test_lmtp_answers_for_each(self):
        server = self.serve()
        self.spoil(server, "bob")
        lmtp = self.line(server, "lmtp")
        lmtp.reply()
        for command in ("LHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>",
                        "RCPT TO:<bob@example.test>", "RCPT TO:<ALICE@example.test>"):
            self.assertRegex(lmtp.ask(command), "^250")
        self.assertRegex(lmtp.ask("RCPT TO:<nobody@example.test>"), r"^550 5\.1\.1 ")
        self.assertRegex(lmtp.ask("DATA"), "^354 ")
        lmtp.say("Subject: x\r\n\r\nx\r\n.")
        self.assertRegex(lmtp.reply(), r"^250 2\.")
        self.assertRegex(lmtp.reply(), r"^451 4\.3\.0 ")
        self.assertRegex(lmtp.reply(), r"^250 2\.")
        self.assertRegex(lmtp.ask("QUIT"), "^221 ")
        self.assert_one(server, "alice", b"\r\nx\r\n")

    def test_stale_files_go_at_the_start(self):
        server = self.serve()
        server.end()
        for name in ("old", "fresh"):
            with open(server.folder("alice", "tmp/" + name), "w"):
                pass
        os.utime(server.folder("alice", "tmp/old"), (time.time() - 37 * 3600,) * 2)
        server.start()
        self.assertEqual([os.path.basename(path) for path in server.files("alice", "tmp")], ["fresh"])


class Submission(Case):
    def test_password(self):
        for method in ("PLAIN", "LOGIN"):
            server = self.serve()
            smtp = self.smtp(server, "submission")
            smtp.ehlo()
            smtp.user, smtp.password = "alice@example.test", "secret"
            smtp.auth(method, getattr(smtp, "auth_" + method.lower()))
            smtp.sendmail(ALICE, [BOB], BODY)
            self.assertIn(b" with ESMTPA", read(self.assert_one(server, "bob", BODY)))

    def test_wrong_password(self):
        server = self.serve()
        smtp = self.smtp(server, "submission")
        for name, password in (("alice", "Secret"), ("nobody", "secret"), ("alice", "secretsecret")):
            with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                smtp.login(name, password)
            self.assertEqual(caught.exception.smtp_code, 535)

    def test_no_password(self):
        server = self.serve()
        smtp = self.smtp(server, "submission")
        smtp.ehlo()
        self.assertEqual(smtp.mail(ALICE)[0], 530)

    def test_nothing_is_sent_on(self):
        server = self.serve()
        smtp = self.smtp(server, "submission")
        smtp.login("alice", "secret")
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as caught:
            smtp.sendmail(ALICE, [SENDER], BODY)
        code, text = caught.exception.recipients[SENDER]
        self.assertEqual(code, 550)
        self.assertIn(b"its own users only", text)


class Pop3(Case):
    def filled(self, count=3):
        server = self.serve()
        smtp = self.smtp(server)
        for n in range(count):
            smtp.sendmail(SENDER, [BOB], b"Subject: %d\r\n\r\n%d\r\n" % (n, n))
        return server

    def test_list_and_retrieve(self):
        server = self.filled()
        pop3 = self.pop3(server)
        files = server.files("bob")
        sizes = [os.path.getsize(path) for path in files]
        self.assertEqual(pop3.stat(), (3, sum(sizes)))
        self.assertEqual(pop3.list()[1], [b"%d %d" % (n + 1, size) for n, size in enumerate(sizes)])
        self.assertEqual(pop3.uidl()[1],
                         [b"%d %s" % (n + 1, os.path.basename(path).encode()) for n, path in enumerate(files)])
        for n, path in enumerate(files):
            self.assertEqual(b"\r\n".join(pop3.retr(n + 1)[1]) + b"\r\n", read(path))
        self.assertEqual(pop3.top(1, 0)[1][-1], b"")

    def test_dele_takes_effect_at_quit(self):
        server = self.filled()
        first, second, third = server.files("bob")
        pop3 = self.pop3(server)
        pop3.retr(2)
        pop3.dele(1)
        self.assertEqual(pop3.stat()[0], 2)
        self.assertEqual(server.files("bob"), [first, second, third])
        pop3.quit()
        self.assertEqual(server.files("bob"), [third])
        self.assertEqual(server.files("bob", "cur"), [second.replace("/new/", "/cur/") + ":2,S"])
        pop3 = self.pop3(server)
        self.assertEqual(pop3.stat()[0], 2)
        self.assertIn(os.path.basename(second).encode(), pop3.uidl(1))

    def test_lost_without_quit_deletes_nothing(self):
        server = self.filled()
        pop3 = self.pop3(server)
        pop3.retr(1)
        pop3.dele(1)
        pop3.close()
        wait_until(
            lambda: len(server.files("bob", "cur")) == 1, "what was read is in cur")
        self.assertEqual(len(server.files("bob")), 2)
        self.assertEqual(self.pop3(server).stat()[0], 3)

    def test_line_ends_of_other_programs(self):
        server = self.serve()
        with open(server.folder("bob", "new/1.foreign"), "wb") as f:
            f.write(b"Subject: x\n\n" + b"line\n.dot\n" * 10000 + b"no end")
        pop3 = self.pop3(server)
        size = len("Subject: x\r\n\r\n") + 10000 * len("line\r\n.dot\r\n") + len("no end")
        self.assertEqual(pop3.stat(), (1, size))
        lines = pop3.retr(1)[1]
        self.assertEqual(lines, [b"Subject: x", b""] + [b"line", b".dot"] * 10000 + [b"no end"])

    def test_large_message(self):
        server = self.serve()
        content = b"Subject: large\r\n\r\n" + b"".join(b"%07d %s\r\n" % (n, b"." * (n % 60)) for n in range(100000))
        self.smtp(server).sendmail(SENDER, [BOB], content)
        path = self.assert_one(server, "bob", content)
        self.assertEqual(b"\r\n".join(self.pop3(server).retr(1)[1]) + b"\r\n", read(path))

    def test_one_session_a_maildrop(self):
        server = self.filled(1)
        first = self.pop3(server)
        with self.assertRaises(poplib.error_proto) as caught:
            self.pop3(server)
        self.assertIn(b"[IN-USE]", caught.exception.args[0])
        self.pop3(server, "alice").quit()
        first.quit()
        self.pop3(server).quit()  # at once: the lock went before the answer to QUIT

    def test_one_session_among_processes(self):
        server = self.filled(1)
        other = self.serve()
        other.end()
        os.rename(other.dir + "/mail", other.dir + "/before")
        os.symlink(server.dir + "/mail", other.dir + "/mail")
        other.start()
        first = self.pop3(server)
        with self.assertRaises(poplib.error_proto) as caught:
            self.pop3(other)
        self.assertIn(b"[IN-USE]", caught.exception.args[0])
        first.quit()
        self.assertEqual(self.pop3(other).stat()[0], 1)

    def test_wrong_password(self):
        server = self.serve()
        for name, password in (("bob", "Secret"), ("nobody", "secret")):
            with self.assertRaises(poplib.error_proto) as caught:
                self.pop3(server, name, password)
            self.assertIn(b"[AUTH]", caught.exception.args[0])


class Signals(Case):
    def test_end_in_good_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve()
            smtp, pop3 = self.line(server, "smtp"), self.line(server, "pop3")
            smtp.reply()
            pop3.read()
            server.process.send_signal(number)
            self.assertRegex(smtp.reply(), "^421 ")
            self.assertRegex(pop3.read(), "^-ERR ")
            smtp.close()
            pop3.close()
            self.assertEqual(server.end(0), 0)
            self.assertTrue(server.log().endswith(" ended\n"))

    def test_second_signal(self):
        server = self.serve(limits="shutdown_time = 1h")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA"):
            smtp.ask(command)
        smtp.socket.sendall(b"0123456789\r\n" * 5000)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("ending: 1 sessions")
        self.assertEqual(server.end(), 0)
        self.assertEqual((server.files("alice"), server.files("alice", "tmp")), ([], []))

    def test_patience_is_limited(self):
        server = self.serve(limits="shutdown_time = 1ms")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA"):
            smtp.ask(command)
        self.assertEqual(server.end(), 0)

    def test_hangup_reads_the_users_again(self):
        server = self.serve()
        smtp = self.smtp(server)
        carol = "carol@example.test"
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail(SENDER, [carol], BODY)
        server.write_config(users="[user carol@example.test]\npassword = new\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("3 users")
        smtp.sendmail(SENDER, [carol], BODY)
        self.assert_one(server, "carol", BODY)
        self.assertEqual(self.pop3(server, "carol", "new").stat()[0], 1)

    def test_hangup_with_a_mistake_changes_nothing(self):
        server = self.serve()
        server.write_config(users="[user carol@example.test]\n")
        server.write_config(users="[user carol@example.test]\nshoe = 1")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("the users stay as they were")
        self.assertIn("shoe: there is no such key", server.log())
        self.smtp(server).sendmail(SENDER, [ALICE], BODY)


class Limits(Case):
    def test_sessions_of_an_address(self):
        server = self.serve(limits="sessions_per_address = 2")
        first, second = self.line(server, "smtp"), self.line(server, "pop3")
        first.reply()
        second.read()
        self.assertRegex(self.line(server, "smtp").reply(), r"^421 4\.3\.2 .*from this address")
        self.assertRegex(self.line(server, "pop3").read(), r"^-ERR \[SYS/TEMP\] .*from this address")
        first.ask("QUIT")
        first.close()

        def taken():
            with Line(server.connect("smtp")) as line:
                return line.reply().startswith("220 ")
        wait_until(taken, "a place is free again")

    def test_sessions(self):
        server = self.serve(limits="sessions = 1")
        first = self.line(server, "smtp")
        self.assertRegex(first.reply(), "^220 ")
        self.assertRegex(self.line(server, "smtp").reply(), "^421 4.3.2 .*too many connections,")

    def test_recipients(self):
        server = self.serve(limits="recipients = 100")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>"):
            smtp.ask(command)
        for _ in range(100):
            self.assertRegex(smtp.ask("RCPT TO:<alice@example.test>"), "^250 ")
        self.assertRegex(smtp.ask("RCPT TO:<alice@example.test>"), r"^452 4\.5\.3 ")

    def test_idle_sessions_end(self):
        server = self.serve(limits="greeting_time = 50ms\ncommand_time = 50ms")
        smtp, pop3 = self.line(server, "smtp"), self.line(server, "pop3")
        self.assertRegex(smtp.reply(), "^220 ")
        self.assertRegex(smtp.reply(), "^421 4.4.2 ")
        self.assertEqual(smtp.read(), "")
        pop3.read()
        self.assertEqual(pop3.read()[:4] or "-ERR", "-ERR")
        self.assertEqual(pop3.read(), "")

    def test_no_file_is_left(self):
        """EMFILE at accept: the server goes on, and serves again when files are free."""
        command = 'ulimit -n 40; exec "$0" "$@"'
        server = self.serve(limits="sessions = 1000")
        server.end()
        with open(server.log_path, "ab") as log:
            server.process = subprocess.Popen(
                ["/bin/sh", "-c", command, PROGRAM, "serve", "--config", server.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: server.log().count(" ready: ") == 2, "it is ready again")
        self.assertIn("sessions are limited to 20", server.log())
        lines = [Line(server.connect("smtp")) for _ in range(60)]
        answers = [line.reply()[:3] for line in lines[:20]]
        self.assertEqual(answers, ["220"] * 20)
        for line in lines:
            line.close()

        def served():
            with Line(server.connect("smtp")) as line:
                return line.reply().startswith("220 ")
        wait_until(served, "it serves again")


@unittest.skipUnless(DISK_GATE, "$DISK_GATE_LIBRARY names no library")
class Disk(Case):
    def begin(self, server):
        """A session up to the 354 of DATA."""
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA"):
            smtp.ask(command)
        return smtp

    def test_slow_disk(self):
        """What a disk does not take yet waits in the network, not in memory."""
        sessions = 48
        server = self.serve(limits="sessions_per_address = 100")
        server.gated()
        content = b"0123456789abcde\r\n" * 200000
        lines = [self.begin(server) for _ in range(sessions)]
        before = server.memory()
        server.gate("wait")
        left = {line.socket: memoryview(content) for line in lines}
        for sender in left:
            sender.setblocking(False)
        while True:
            writable = select.select([], list(left), [], 0.2)[1]
            if not writable:
                break
            for sender in writable:
                left[sender] = left[sender][sender.send(left[sender][:100000]):]
                self.assertTrue(left[sender], "a message went into memory whole")
        self.assertLess((server.memory() - before) / sessions, 65536)
        server.gate("")
        for line in lines:
            line.socket.settimeout(TIMEOUT)
            line.socket.sendall(left[line.socket])
            self.assertRegex(line.ask("."), "^250 ")
        self.assertEqual(len(server.files("alice")), sessions)
        for path in server.files("alice"):
            self.assertTrue(read(path).endswith(b"\r\n" + content))

    def test_others_are_served_meanwhile(self):
        server = self.serve()
        server.gated()
        server.gate("wait")
        first = self.begin(server)
        first.say("Subject: x\r\n\r\nx\r\n.")
        other = self.line(server, "smtp")
        self.assertRegex(other.reply(), "^220 ")
        self.assertRegex(other.ask("NOOP"), "^250 ")
        server.gate("")
        self.assertRegex(first.reply(), "^250 ")

    def test_full_disk(self):
        """RFC 3463 3.4: 4.3.1; at the end of a small message, in the middle of a large one, for LMTP each."""
        server = self.serve()
        server.gated()
        server.gate("full")
        for size in (10, 1000000):
            smtp = self.begin(server)
            smtp.socket.sendall(b"0123456789\r\n" * (size // 12))
            self.assertRegex(smtp.ask("."), r"^452 4\.3\.1 ")
            self.assertRegex(smtp.ask("NOOP"), "^250 ")
        lmtp = self.line(server, "lmtp")
        lmtp.reply()
        for command in ("LHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>",
                        "RCPT TO:<bob@example.test>", "DATA"):
            lmtp.ask(command)
        self.assertRegex(lmtp.ask("x\r\n."), r"^452 4\.3\.1 ")
        self.assertRegex(lmtp.reply(), r"^452 4\.3\.1 ")
        wait_until(lambda: not server.files("alice", "tmp"), "tmp is empty")
        self.assertEqual((server.files("alice"), server.files("bob")), ([], []))
        server.gate("")
        self.smtp(server).sendmail(SENDER, [ALICE], BODY)

    def test_gone_while_the_disk_works(self):
        """Who is not there to hear the answer sends again; what was stored stays (RFC 1047)."""
        server = self.serve()
        server.gated()
        server.gate("wait")
        smtp = self.begin(server)
        smtp.say("Subject: x\r\n\r\nx\r\n.")
        wait_until(lambda: server.files("alice", "tmp"), "the file is begun")
        smtp.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        smtp.close()
        server.wait_for_log("nobody is left to be told")
        server.gate("")
        wait_until(lambda: server.files("alice"), "it is delivered")

    def test_end_waits_for_the_disk(self):
        server = self.serve(limits="shutdown_time = 1h")
        server.gated()
        server.gate("wait")
        smtp = self.begin(server)
        smtp.say("Subject: x\r\n\r\nx\r\n.")
        wait_until(lambda: server.files("alice", "tmp"), "the file is begun")
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("ending: 1 sessions")
        server.gate("")
        self.assertRegex(smtp.reply(), "^250 ")
        self.assertRegex(smtp.reply(), "^421 ")
        smtp.close()
        self.assertEqual(server.end(0), 0)
        self.assert_one(server, "alice", b"\r\nx\r\n")


class Log(Case):
    def test_credentials_are_never_logged(self):
        server = self.serve(arguments=["--trace"])
        smtp = self.smtp(server, "submission")
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            smtp.login("alice", "hunter22")
        smtp.login("alice", "secret")
        with self.assertRaises(poplib.error_proto):
            self.pop3(server, "bob", "hunter22")
        pop3 = self.pop3(server)
        pop3.quit()
        smtp.quit()
        log = server.log()
        self.assertIn("C: ehlo client.example.test", log)
        self.assertIn("C: USER bob", log)
        self.assertIn("hidden", log)
        for secret in ("hunter22", "secret", "AGFsaWNlAHNlY3JldA", "c2VjcmV0", "aHVudGVyMjI"):
            self.assertNotIn(secret, log)

    def test_lines_cannot_be_forged(self):
        server = self.serve(arguments=["--trace"])
        smtp = self.line(server, "smtp")
        smtp.reply()
        smtp.ask("HELO \x1b[31mred")
        self.assertIn("\\x1b[31mred", server.log())
        self.assertNotIn("\x1b", server.log())


if __name__ == "__main__":
    if not PROGRAM:
        print("skipped: $MAILPROTOD names no program")
        sys.exit(77)
    unittest.main()
