"""The minimal programs: client and server in memory, receive, send, fetch; their length; the README."""

import os
import pathlib
import socket
import socketserver
import subprocess
import threading
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ["MAILPROTO_MINIMAL"])
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

    def test_nobody_there(self):
        with socket.socket() as taken:  # and does not listen
            taken.bind(("127.0.0.1", 0))
            port = str(taken.getsockname()[1])
            for words in (("send", "127.0.0.1", port, "a@example.test", "b@example.test"),
                          ("fetch", "127.0.0.1", port, "bob", "secret")):
                done = run(PROGRAMS / words[0], *words[1:])
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"no connection to 127.0.0.1 port", done.stderr)

    def test_usage(self):
        for program in ("receive", "send", "fetch"):
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
