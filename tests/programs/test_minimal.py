"""The minimal programs: client and server in memory, receive, send, fetch, those with stores; their length; the README."""

import os
import pathlib
import poplib
import smtplib
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from certificates import Authority  # noqa: E402
from mail_peers import Pop3  # noqa: E402

TREE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ["MAILPROTO_MINIMAL"])
DISK_GATE = os.environ.get("DISK_GATE_LIBRARY")
LETTER = b"Subject: dots\r\n\r\nhello\r\n.a dot\r\n..two\r\n"


def run(*words, stdin=b""):
    return subprocess.run(words, input=stdin, capture_output=True, timeout=60)


class Receiver:
    """`receive` on a free port."""

    def __enter__(self):
        self.process = subprocess.Popen([PROGRAMS / "receive", "0"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.port = self.process.stderr.readline().split()[-1].decode()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Server:
    """A minimal program that serves until it is told to end, on a port that it says."""

    def __init__(self, name, folder, **environment):
        self.words = [PROGRAMS / name, "127.0.0.1:0", folder]
        self.environment = dict(os.environ, **environment)

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=self.environment)
        self.port = self.process.stderr.readline().decode().strip().rpartition(":")[2]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


class Maildrop(socketserver.StreamRequestHandler):
    """A POP3 server with two messages, that plays its part and nothing else."""

    def handle(self):
        self.wfile.write(b"+OK hello\r\n")
        for line in self.rfile:
            verb = line.split()[0].upper()
            self.server.said.append(line.strip())
            if verb == b"CAPA":
                self.wfile.write(b"-ERR what?\r\n")
            elif verb == b"STAT":
                self.wfile.write(b"+OK 2 99\r\n")
            elif verb == b"RETR":
                self.wfile.write(b"+OK\r\nSubject: second\r\n\r\n..\r\n.\r\n")
            else:
                self.wfile.write(b"+OK\r\n")


class Minimal(unittest.TestCase):
    def test_memory(self):
        done = run(PROGRAMS / "memory")
        self.assertEqual((done.returncode, done.stdout), (0, b"Subject: hello\r\n\r\nIt works.\r\n"))

    def test_send_to_receive(self):
        with Receiver() as receiver:
            sent = run(PROGRAMS / "send", "127.0.0.1", receiver.port, "a@example.test", "b@example.test", stdin=LETTER)
            self.assertEqual(sent.returncode, 0, sent.stderr)
            self.assertIn(b"250", sent.stderr)
            output, _ = receiver.process.communicate(timeout=30)
            self.assertEqual(receiver.process.returncode, 0)
        self.assertTrue(output.startswith(b"Received: from "), output)
        self.assertIn(b"[127.0.0.1]", output)
        self.assertNotIn(b" 1970 ", output)
        self.assertTrue(output.endswith(LETTER), output)

    def test_send_refuses_what_is_no_address(self):
        with Receiver() as receiver:
            sent = run(PROGRAMS / "send", "127.0.0.1", receiver.port, "a@example.test", "b\r\nDATA", stdin=LETTER)
        self.assertEqual(sent.returncode, 2)
        self.assertIn(b"not an address", sent.stderr)

    def test_fetch(self):
        with socketserver.TCPServer(("127.0.0.1", 0), Maildrop) as server:
            server.said = []
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            fetched = run(PROGRAMS / "fetch", "127.0.0.1", str(server.server_address[1]), "bob", "secret")
            thread.join(30)
        self.assertEqual((fetched.returncode, fetched.stdout), (0, b"Subject: second\r\n\r\n.\r\n"), fetched.stderr)
        self.assertIn(b"RETR 2", server.said)
        self.assertEqual(server.said[-1], b"QUIT")

    @unittest.skipUnless((PROGRAMS / "receive_store").exists(), "no receive_store: libuv or SQLite is missing")
    def test_receive_into_a_store(self):
        with tempfile.TemporaryDirectory() as folder:
            mail = pathlib.Path(folder) / "mail"
            with Server("receive_store", mail) as server:
                for subject in (b"one", b"two"):
                    letter = LETTER.replace(b"dots", subject)
                    sent = run(PROGRAMS / "send", "127.0.0.1", server.port, "a@example.test", "b@example.test",
                               stdin=letter)
                    self.assertEqual(sent.returncode, 0, sent.stderr)
            self.assertEqual(server.process.returncode, 0)
            stored = sorted((path.read_bytes().replace(b"\r\n", b"\n") for path in self.files(mail)),
                            key=lambda text: b"Subject: two" in text)
            self.assertEqual(len(stored), 2)
            for text, subject in zip(stored, (b"one", b"two")):
                self.assertTrue(text.startswith(b"Return-Path: <a@example.test>\nReceived: from "), text)
                self.assertIn(b"for <b@example.test>", text)
                self.assertTrue(text.endswith(LETTER.replace(b"dots", subject).replace(b"\r\n", b"\n")), text)

    @staticmethod
    def files(mail):
        return [path for part in ("new", "cur") for path in (mail / part).iterdir()]

    @unittest.skipUnless((PROGRAMS / "receive_store").exists(), "no receive_store: libuv or SQLite is missing")
    @unittest.skipUnless(DISK_GATE, "$DISK_GATE_LIBRARY names no library")
    def test_others_are_served_while_the_disk_stands_still(self):
        with tempfile.TemporaryDirectory() as folder:
            mail, gate = pathlib.Path(folder) / "mail", pathlib.Path(folder) / "gate"
            with Server("receive_store", mail, LD_PRELOAD=DISK_GATE, DISK_GATE=str(gate)) as server:
                gate.write_text("wait")
                first, other = (smtplib.SMTP("127.0.0.1", int(server.port), timeout=30) for _ in range(2))
                first.ehlo("pc.example.test")
                first.mail("a@example.test")
                first.rcpt("b@example.test")
                first.docmd("DATA")
                first.send(LETTER + b".\r\n")
                self.assertEqual(other.noop()[0], 250)
                self.assertEqual(self.files(mail), [])
                gate.write_text("")
                self.assertEqual(first.getreply()[0], 250)
                self.assertEqual(len(self.files(mail)), 1)
                gate.write_text("full")
                with self.assertRaises(smtplib.SMTPDataError) as caught:
                    other.sendmail("a@example.test", "b@example.test", LETTER)
                self.assertEqual(caught.exception.smtp_code, 452)
                first.close()
                other.close()

    @unittest.skipUnless((PROGRAMS / "receive_store").exists(), "no receive_store: libuv or SQLite is missing")
    def test_receive_says_what_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "file"
            path.write_bytes(b"no folder")
            done = run(PROGRAMS / "receive_store", "127.0.0.1:0", path)
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(path).encode(), done.stderr)
            done = run(PROGRAMS / "receive_store", "nowhere", pathlib.Path(folder) / "mail")
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"nowhere", done.stderr)
            done = run(PROGRAMS / "receive_store", "127.0.0.1:0", "/proc/nothing/here")
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"making the folder /proc/nothing: the folder above it is gone, or nothing can be made there",
                          done.stderr)

    @unittest.skipUnless((PROGRAMS / "serve_eml").exists(), "no serve_eml: libuv is missing")
    def test_serve_says_what_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for missing in (folder, folder / "missing"):
                done = run(PROGRAMS / "serve_eml", "127.0.0.1:0", missing)
                self.assertEqual(done.returncode, 2)
                self.assertIn(b"has .eml files", done.stderr)
            (folder / "1.eml").write_bytes(LETTER)
            done = run(PROGRAMS / "serve_eml", "nowhere", folder)
            self.assertEqual((done.returncode, b'"nowhere" is no address' in done.stderr), (1, True), done.stderr)
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                done = run(PROGRAMS / "serve_eml", "127.0.0.1:%d" % taken.getsockname()[1], folder)
                self.assertEqual((done.returncode, b"address already in use" in done.stderr), (1, True), done.stderr)
            (folder / "2.eml").mkdir()
            done = run(PROGRAMS / "serve_eml", "127.0.0.1:0", folder)
            self.assertEqual((done.returncode, b"2.eml: Is a directory\n" in done.stderr), (1, True), done.stderr)
            (folder / "2.eml").rmdir()
            with open(folder / "2.eml", "wb") as large:
                large.truncate(1 << 24)
            done = run(PROGRAMS / "serve_eml", "127.0.0.1:0", folder)
            self.assertEqual((done.returncode, b"2.eml: File too large\n" in done.stderr), (1, True), done.stderr)

    @unittest.skipUnless((PROGRAMS / "serve_eml").exists(), "no serve_eml: libuv is missing")
    def test_serve_a_folder(self):
        letters = [b"Subject: %d\n\nhello\n.a dot\n..two\n" % number for number in range(1, 12)]
        with tempfile.TemporaryDirectory() as folder:
            for number, letter in enumerate(letters):
                (pathlib.Path(folder) / f"{number:02}.eml").write_bytes(letter)
            (pathlib.Path(folder) / "other.txt").write_bytes(b"no mail")
            with Server("serve_eml", folder) as server:
                fetched = run(PROGRAMS / "fetch", "127.0.0.1", server.port, "bob", "secret")
                self.assertEqual((fetched.returncode, fetched.stdout), (0, letters[-1].replace(b"\n", b"\r\n")),
                                 fetched.stderr)
                self.read_all(int(server.port), letters)

    def read_all(self, port, letters):
        drop = poplib.POP3("127.0.0.1", port, timeout=30)
        drop.user("bob")
        drop.pass_("secret")
        sizes = [len(letter.replace(b"\n", b"\r\n")) for letter in letters]
        self.assertEqual(drop.stat(), (len(letters), sum(sizes)))
        self.assertEqual([int(line.split()[1]) for line in drop.list()[1]], sizes)
        self.assertEqual(len({line.split()[1] for line in drop.uidl()[1]}), len(letters))
        for number, letter in enumerate(letters, 1):
            self.assertEqual(b"\n".join(drop.retr(number)[1]) + b"\n", letter)
        drop.quit()

    def test_fetch_tls(self):
        if not (PROGRAMS / "fetch_tls").exists():
            self.skipTest("built without mbedTLS")
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(os.path.join(folder, "ca"))
            own = authority.issue(os.path.join(folder, "own"), ["DNS:localhost", "IP:127.0.0.1"])
            strange = authority.issue(os.path.join(folder, "strange"), ["DNS:other.example.test"])
            for certificate, status in ((own, 0), (strange, 1)):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(os.path.join(certificate, "certificate.pem"), os.path.join(certificate, "key.pem"))
                server = type("TlsPop3", (Pop3,), {"context": context, "implicit": True})(
                    messages=[("one", b"Subject: one\r\n\r\nOne.\r\n")], users={"bob": "secret"})
                try:
                    fetched = run(PROGRAMS / "fetch_tls", "127.0.0.1", str(server.port), "bob", "secret", authority.file)
                finally:
                    server.stop()
                self.assertEqual((fetched.returncode, fetched.stdout), (status, b"" if status else server.messages[0][1]),
                                 fetched.stderr)
                if status:
                    self.assertIn(b"the certificate is for other.example.test, not for 127.0.0.1", fetched.stderr)

    def test_nobody_there(self):
        with socket.socket() as taken:  # and does not listen
            taken.bind(("127.0.0.1", 0))
            port = str(taken.getsockname()[1])
            for words in (("send", "127.0.0.1", port, "a@example.test", "b@example.test"),
                          ("fetch", "127.0.0.1", port, "bob", "secret")):
                done = run(PROGRAMS / words[0], *words[1:])
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"no connection to 127.0.0.1 port", done.stderr)

    def test_read_message(self):
        done = run(PROGRAMS / "read_message", TREE / "examples/messages/greetings.eml")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[0], "From: 爱丽丝 <alice@example.test>")
        self.assertEqual(lines[1], "Subject: Grüße，你好、こんにちは")
        self.assertTrue(lines[3].startswith("你好，鲍勃！"), lines[3])
        done = run(PROGRAMS / "read_message", "/nonexistent.eml")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"cannot read /nonexistent.eml", done.stderr)

    def test_usage(self):
        for program in ("receive", "send", "fetch", "receive_store", "serve_eml", "read_message",
                        "fetch_tls"):
            if not (PROGRAMS / program).exists():
                continue
            done = run(PROGRAMS / program)
            self.assertEqual(done.returncode, 2, program)
            self.assertIn(b"usage: ", done.stderr)


class Sources(unittest.TestCase):
    def test_short(self):
        for path in (TREE / "examples/minimal").glob("*.c"):
            if path.name != "loop.c":
                self.assertLessEqual(len(path.read_text("utf-8").splitlines()), 60, path.name)

    def test_readme_opens_with_memory_c(self):
        readme = (TREE / "README.md").read_text("utf-8")
        self.assertIn("```c\n" + (TREE / "examples/minimal/memory.c").read_text("utf-8") + "```\n", readme)


if __name__ == "__main__":
    unittest.main(verbosity=2)
