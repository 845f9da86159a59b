"""What the tests of mailprotod share: a server of each test's own, and clients that talk to it."""

import poplib
import smtplib
import subprocess
import sys
import unittest

from mailprotod import HOST, PROGRAM, TIMEOUT, Line, Server

BODY = b"Subject: hello\r\n\r\nHello.\r\n.dot\r\n"
SENDER = "carol@elsewhere.test"
ALICE, BOB = "alice@example.test", "bob@example.test"


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=TIMEOUT)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def main():
    """Runs the tests of the calling file."""
    if not PROGRAM:
        print("skipped: $MAILPROTOD names no program")
        sys.exit(77)
    unittest.main(module="__main__", verbosity=2)


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
