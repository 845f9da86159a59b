"""mailproto pop3 as a person runs it: listings, messages, deletions, Maildirs, reports, JSON, exit codes, signals."""

import base64
import fcntl
import json
import os
import pty
import subprocess
import threading
import unittest

from mail_peers import HOST, TIMEOUT, Cut, Pop3, wait_until
from mailproto_case import ALL, BOB, LOCAL, LOGIN, PROGRAM, REFUSED, SOME, TEMPORARY, UNKNOWN, Case, run

DISK_GATE = os.environ.get("DISK_GATE_LIBRARY")


def mail(n, body=b"Body.\r\n.dot\r\n"):
    return ("uid-%d" % n, b"Subject: %d\r\n\r\n" % n + body)


class Maildrop(Case):
    def setUp(self):
        super().setUp()
        self.mails = [mail(1), mail(2, b"x" * 70 + b"\r\n" * 500), mail(3)]
        self.server = self.peer(Pop3(self.mails))

    def test_capa(self):
        result = self.check(run("pop3", "pop3://%s:%d" % (HOST, self.server.port), "capa"), ALL, "SASL  PLAIN", "UIDL")
        self.assertEqual(len(result.out.splitlines()), 6)
        self.needs_json()
        result = self.check(self.pop3(self.server, "capa", "--json"), ALL)
        self.assertIn({"name": "SASL", "arguments": "PLAIN"}, json.loads(result.out)["capabilities"])

    def test_stat(self):
        total = sum(len(text) for _, text in self.mails)
        self.check(self.pop3(self.server, "stat"), ALL, "3 messages, %d octets\n" % total)
        self.needs_json()
        told = json.loads(self.pop3(self.server, "stat", "--json").out)
        self.assertEqual((told["count"], told["octets"]), (3, total))

    def test_list(self):
        sizes = [len(text) for _, text in self.mails]
        result = self.check(self.pop3(self.server, "list"), ALL)
        self.assertEqual(result.out, "".join("%d  %4d\n" % (n, size) for n, size in enumerate(sizes, 1)))
        self.needs_json()
        told = json.loads(self.pop3(self.server, "list", "--json").out)
        self.assertEqual(told["messages"], [{"number": n, "size": size} for n, size in enumerate(sizes, 1)])
        self.assertEqual(self.pop3(self.server, "list", "2").out, "2  %d\n" % sizes[1])

    def test_uidl(self):
        self.assertEqual(self.pop3(self.server, "uidl").out, "1  uid-1\n2  uid-2\n3  uid-3\n")
        self.needs_json()
        told = json.loads(self.pop3(self.server, "uidl", "3", "--json").out)
        self.assertEqual(told["messages"], [{"number": 3, "uid": "uid-3"}])

    def test_retrieve(self):
        result = self.check(self.pop3(self.server, "retr", "1"), ALL)
        self.assertEqual((result.raw, result.err), (self.mails[0][1], ""))
        self.assertEqual(self.pop3(self.server, "retr", "1", "--lf").raw, self.mails[0][1].replace(b"\r\n", b"\n"))
        self.assertEqual(self.server.log[-1], "QUIT")

    def test_retrieve_into_a_file(self):
        path = os.path.join(self.folder, "mail")
        self.needs_json()
        result = self.check(self.pop3(self.server, "retr", "2", "--output", path, "--json"), ALL)
        with open(path, "rb") as f:
            self.assertEqual(f.read(), self.mails[1][1])
        told = json.loads(result.out)["messages"]
        self.assertEqual(told, [{"number": 2, "size": len(self.mails[1][1]), "outcome": "done",
                                 "octets": len(self.mails[1][1])}])

    def test_top(self):
        self.assertEqual(self.pop3(self.server, "top", "1", "1").raw, b"Subject: 1\r\n\r\nBody.\r\n")

    def test_delete(self):
        self.check(self.pop3(self.server, "dele", "1", "3"), ALL, "deleted 2 messages")
        self.assertEqual(self.server.messages, [self.mails[1]])

    def test_delete_what_is_not_there(self):
        self.check(self.pop3(self.server, "dele", "1", "7"), SOME,
                   "message 7", "-ERR no such message", "deleted 1 message")
        self.check(self.pop3(self.server, "dele", "7"), REFUSED, "message 7")

    def test_no_such_message(self):
        for words in (("retr", "9"), ("top", "9", "1"), ("list", "9"), ("uidl", "9")):
            result = self.check(self.pop3(self.server, *words), REFUSED, "-ERR no such message", HOST)
            self.assertEqual(result.out, "")

    def test_many(self):
        mails = [mail(n, b"") for n in range(5000)]
        result = self.check(self.pop3(self.peer(Pop3(mails)), "uidl"), ALL)
        self.assertEqual(result.out.splitlines()[4999], "5000  uid-4999")

    def test_servers_without_extensions(self):
        server = self.peer(Pop3(self.mails, capabilities=None))
        self.check(self.pop3(server, "stat"), ALL, "3 messages")
        self.assertTrue(server.said("USER"))


class MaildropTroubles(Case):
    def test_wrong_password(self):
        result = self.check(self.pop3(self.peer(Pop3()), "stat", "--trace", password="wrong-one"), LOGIN,
                            "refused the login of %s" % BOB, "[AUTH] that is not you", "password")
        for secret in ("wrong-one", base64.b64encode(("\0%s\0wrong-one" % BOB).encode()).decode()):
            self.assertNotIn(secret, result.err)

    def test_codes(self):
        for said, status in (("-ERR [IN-USE] locked", TEMPORARY), ("-ERR [SYS/TEMP] later", TEMPORARY),
                             ("-ERR [LOGIN-DELAY] wait", TEMPORARY), ("-ERR [SYS/PERM] broken", REFUSED),
                             ("-ERR no", LOGIN)):
            with self.subTest(said):
                self.check(self.pop3(self.peer(Pop3(refuse={"PASS": said}, capabilities=None)), "stat"), status, said)

    def test_cut_off(self):
        path = os.path.join(self.folder, "mail")
        text = mail(1, b"x" * 70 + b"\r\n" * 2000)
        for octets in (0, 1, 100, 4000, len(text[1])):
            server = self.peer(Pop3([text], cut=(1, octets)))
            self.check(self.pop3(server, "retr", "1", "--output", path), TEMPORARY, HOST)
            self.assertEqual(os.listdir(self.folder), ["password"])
        result = self.check(self.pop3(self.peer(Pop3([text], cut=(1, 4000))), "retr", "1"),
                            TEMPORARY, "cut off", "not whole")
        self.assertTrue(text[1].startswith(result.raw))

    def test_half_a_listing_is_none(self):
        class Half(Pop3):
            def on_list(self, rest):
                self.say("+OK\r\n1 100")
                raise Cut

        result = self.check(self.pop3(self.peer(Half()), "list"), TEMPORARY)
        self.assertEqual(result.out, "")

    def test_quit(self):
        for quit_reply, status, said in (("-ERR some are still there", SOME, "some are still there"),
                                         (None, UNKNOWN, "unknown")):
            server = self.peer(Pop3([mail(1)], quit_reply=quit_reply))
            self.check(self.pop3(server, "dele", "1"), status, said)
            self.check(self.pop3(server, "retr", "1"), ALL)

    def test_output_that_cannot_be_written(self):
        server = self.peer(Pop3([mail(1)]))
        self.check(self.pop3(server, "retr", "1", "--output", "/nonexistent/file"), LOCAL, "/nonexistent/file")
        self.assertEqual(server.connections, 0)
        if os.path.exists("/dev/full"):
            self.check(self.pop3(server, "retr", "1", "--output", "/dev/full"), LOCAL, "/dev/full")
            with open("/dev/full", "wb") as full:
                for words in (("stat",), ("retr", "1")):
                    done = subprocess.run(
                        [PROGRAM, "pop3", "pop3://%s@%s:%d" % (BOB, HOST, server.port), *words, "--password-file",
                         self.password()], stdout=full, stderr=subprocess.PIPE, timeout=TIMEOUT)
                    self.assertEqual(done.returncode, LOCAL, done.stderr)


class Terminal(Case):
    def test_no_terminal_to_ask_on(self):
        result = subprocess.run([PROGRAM, "pop3", "pop3://bob@127.0.0.1:1", "stat"], stdin=subprocess.DEVNULL,
                                capture_output=True, timeout=TIMEOUT, start_new_session=True)
        self.assertEqual(result.returncode, LOCAL)
        self.assertIn(b"--password-file", result.stderr)

    def test_asked_on_the_terminal_without_echo(self):
        server = self.peer(Pop3())
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(PROGRAM, [PROGRAM, "pop3", "pop3://%s@%s:%d" % (BOB, HOST, server.port), "stat"])
        shown = b""
        while b"password of" not in shown or not shown.endswith(b":\r\n"):
            shown += os.read(terminal, 1024)
        os.write(terminal, b"secret\n")
        try:
            while piece := os.read(terminal, 1024):
                shown += piece
        except OSError:  # its other end is closed
            pass
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), ALL, shown)
        self.assertIn(b"0 messages", shown)
        self.assertNotIn(b"secret", shown)


    def shown(self, server, *words):
        """What a run shows on standard error, which is a terminal."""
        terminal, other = pty.openpty()
        process = subprocess.Popen([PROGRAM, "pop3", "pop3://%s@%s:%d" % (BOB, HOST, server.port), *words,
                                    "--password-file", self.password()], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=other)
        os.close(other)
        shown = b""
        try:
            while piece := os.read(terminal, 65536):
                shown += piece
        except OSError:  # its other end is closed
            pass
        os.close(terminal)
        self.assertEqual(process.wait(TIMEOUT), ALL, shown)
        return shown.decode()

    def test_progress(self):
        class Sizeless(Pop3):
            def on_retr(self, rest):
                self.say("+OK here it comes")
                self.send_text(1, self.messages[0][1])

        large = mail(1, b"x" * 70 + b"\r\n" + b"y" * 70 * 30000 + b"\r\n")
        self.assertRegex(self.shown(self.peer(Pop3([large])), "retr", "1"), r"receiving \[[#.]+\] +\d+% of 2\.1 MB")
        self.assertRegex(self.shown(self.peer(Sizeless([large])), "retr", "1"), r"receiving \d\.\d MB")
        target = os.path.join(self.folder, "Maildir")
        self.assertRegex(self.shown(self.peer(Pop3([large, mail(2)])), "fetch-all", "--maildir", target),
                         r"fetching \[[#.]+\] +\d+% of 2\.1 MB")
        self.assertEqual(self.shown(self.peer(Pop3([mail(1)])), "retr", "1"), "")


class FetchAll(Case):
    def setUp(self):
        super().setUp()
        self.target = os.path.join(self.folder, "Maildir")

    def fetch(self, server, *options, **more):
        return self.pop3(server, "fetch-all", "--maildir", self.target, *options, **more)

    def kept(self):
        folder = os.path.join(self.target, "new")
        texts = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as f:
                texts.append(f.read())
        return sorted(texts)

    def files(self, mails):
        return sorted(text.replace(b"\r\n", b"\n") for _, text in mails)

    def test_only_what_is_new(self):
        mails = [mail(n) for n in range(1, 41)]
        server = self.peer(Pop3(mails))
        self.check(self.fetch(server), ALL, "fetched 40 messages")
        self.assertEqual(self.kept(), self.files(mails))
        self.assertEqual(os.listdir(os.path.join(self.target, "tmp")), [])
        self.assertEqual(sorted(os.listdir(self.target)), [".mailproto-uidl", "cur", "new", "tmp"])  # and no index
        sizes = sorted((os.path.getsize(os.path.join(self.target, "new", name)), name.partition(",")[2])
                       for name in os.listdir(os.path.join(self.target, "new")))
        self.assertEqual(sizes, sorted((len(text.replace(b"\r\n", b"\n")), "S=%d,W=%d" % (
            len(text.replace(b"\r\n", b"\n")), len(text))) for _, text in mails))
        server.messages = mails[5:] + [mail(77)]
        before = len(server.said("RETR"))
        self.check(self.fetch(server), ALL, "fetched 1 message ", "35 were there already")
        self.assertEqual(len(server.said("RETR")) - before, 1)
        self.assertEqual(self.kept(), self.files(mails + [mail(77)]))
        with open(os.path.join(self.target, ".mailproto-uidl"), encoding="utf-8") as f:
            self.assertEqual(sorted(line.split()[1] for line in f), sorted(uid for uid, _ in server.messages))
        self.assertEqual(len(server.messages), 36)

    def test_empty(self):
        self.check(self.fetch(self.peer(Pop3())), ALL, "fetched 0 messages")
        self.assertEqual(self.kept(), [])

    def test_delete(self):
        server = self.peer(Pop3([mail(1), mail(2)]))
        self.check(self.fetch(server), ALL)
        server.messages.append(mail(3))
        self.check(self.fetch(server, "--delete"), ALL, "fetched 1 message ", "2 were there", "deleted 3 on the server")
        self.assertEqual((server.messages, len(self.kept())), ([], 3))
        self.assertEqual(os.path.getsize(os.path.join(self.target, ".mailproto-uidl")), 0)

    def test_cut_off(self):
        mails = [mail(n, b"x" * 70 + b"\r\n" * 300) for n in range(1, 6)]
        server = self.peer(Pop3(mails, cut=(3, 500)))
        self.check(self.fetch(server, "--delete"), SOME, "fetched 2 messages")
        self.assertEqual(self.kept(), self.files(mails[:2]))
        self.assertEqual(os.listdir(os.path.join(self.target, "tmp")), [])
        self.assertEqual(len(server.messages), 5)  # without QUIT nothing is deleted
        server.cut = None
        self.check(self.fetch(server, "--delete"), ALL, "fetched 3 messages")
        self.assertEqual((self.kept(), server.messages), (self.files(mails), []))

    def test_a_message_that_is_refused(self):
        server = self.peer(Pop3([mail(1), mail(2), mail(3)], refuse={"RETR 2": "-ERR [SYS/TEMP] not now"}))
        self.check(self.fetch(server), SOME, "message 2", "[SYS/TEMP] not now")
        self.assertEqual(self.kept(), self.files([mail(1), mail(3)]))
        server.refuse = {}
        self.check(self.fetch(server), ALL, "fetched 1 message ")

    def test_deletions_that_were_not_made(self):
        server = self.peer(Pop3([mail(1)], quit_reply=None))
        self.check(self.fetch(server, "--delete"), UNKNOWN, "fetched 1 message ", "unknown")
        server.quit_reply = "+OK"
        self.check(self.fetch(server, "--delete"), ALL, "1 was there already", "deleted 1")
        self.assertEqual(len(self.kept()), 1)

    def test_without_unique_ids(self):
        server = self.peer(Pop3([mail(1)], refuse={"UIDL": "-ERR what"}, capabilities=None))
        self.check(self.fetch(server), REFUSED, "UIDL", "--delete")
        self.check(self.fetch(server, "--delete"), ALL, "fetched 1 message ", "deleted 1")
        self.assertEqual((self.kept(), server.messages), (self.files([mail(1)]), []))

    def test_two_accounts(self):
        one, other = self.peer(Pop3([mail(1)])), self.peer(Pop3([mail(1)]))
        for server in (one, other, one, other):
            self.check(self.fetch(server), ALL)
        self.assertEqual(len(self.kept()), 2)

    def test_a_line_that_a_crash_cut_off(self):
        server = self.peer(Pop3([mail(1), mail(2)]))
        self.check(self.fetch(server), ALL)
        path = os.path.join(self.target, ".mailproto-uidl")
        with open(path, "r+b") as f:
            f.truncate(os.path.getsize(path) - 3)
        self.check(self.fetch(server), ALL, "fetched 1 message ")
        self.check(self.fetch(server), ALL, "fetched 0 messages")

    def test_one_at_a_time(self):
        server = self.peer(Pop3())
        self.check(self.fetch(server), ALL)
        with open(os.path.join(self.target, ".mailproto-uidl"), "r+b") as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            self.check(self.fetch(server), LOCAL, "another mailproto")

    def test_a_folder_that_cannot_be_used(self):
        self.target = self.file("a-file", b"")
        server = self.peer(Pop3())
        self.check(self.fetch(server), LOCAL, self.target)
        self.target = os.path.join(self.folder, "not-mounted", "Maildir")
        self.check(self.fetch(server), LOCAL, self.target, "the folder above it is not there")
        self.assertFalse(os.path.exists(os.path.dirname(self.target)))
        self.assertEqual(server.connections, 0)

    @unittest.skipUnless(DISK_GATE, "$DISK_GATE_LIBRARY names no library")
    def test_a_full_disk(self):
        gate = self.file("gate", b"full")
        full = {"LD_PRELOAD": DISK_GATE, "DISK_GATE": gate}
        server = self.peer(Pop3([mail(1), mail(2, b"x" * 70 + b"\r\n" * 40000)]))
        self.check(self.fetch(server, "--delete", env=full), LOCAL, self.target, "the disk is full: make room on it")
        self.assertEqual((self.kept(), os.listdir(os.path.join(self.target, "tmp"))), ([], []))
        self.assertEqual(len(server.messages), 2)
        self.check(self.fetch(server, "--delete"), ALL, "fetched 2 messages")
        self.assertEqual((len(self.kept()), server.messages), (2, []))

    def test_json(self):
        server = self.peer(Pop3([mail(1)]))
        self.needs_json()
        told = json.loads(self.check(self.fetch(server, "--json", "--delete"), ALL).out)
        self.assertEqual(told["messages"], [{
            "number": 1, "size": len(mail(1)[1]), "uid": "uid-1", "outcome": "done", "octets": len(mail(1)[1]),
            "deleted": True}])
        self.assertEqual(told["update"], "done")

    def test_interrupted(self):
        reached = threading.Event()

        class Silent(Pop3):
            def send_text(self, number, text):
                if number == 1:
                    return super().send_text(number, text)
                self.socket.sendall(text[:1000])
                reached.set()
                while self.lines.readline():
                    pass
                raise Cut

        target = os.path.join(self.folder, "Maildir")
        server = self.peer(Silent([mail(1), mail(2, b"x" * 70 + b"\r\n" * 900)]))
        process = self.start("pop3", "pop3://%s@%s:%d" % (BOB, HOST, server.port), "fetch-all", "--delete", "--maildir",
                             target, "--password-file", self.password())
        self.assertTrue(reached.wait(TIMEOUT))
        self.assertTrue(wait_until(lambda: os.listdir(os.path.join(target, "new"))))
        self.assertIn("interrupted", self.interrupt(process))
        self.assertEqual(len(os.listdir(os.path.join(target, "new"))), 1)
        self.assertEqual(os.listdir(os.path.join(target, "tmp")), [])
        self.assertEqual((server.said("QUIT"), len(server.messages)), ([], 2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
