"""What the tests of mailproto share: running it, and the peers it talks to."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from mail_peers import HOST, TIMEOUT

PROGRAM = os.environ["MAILPROTO"]
ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"
LETTER = b"From: <alice@example.test>\nSubject: hello\n\nHello.\n.dot\n\n..\n"
# The exit codes.
ALL, SOME, USAGE, TEMPORARY, REFUSED, UNKNOWN, LOGIN, LOCAL = range(8)


def crlf(text):
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class Result:
    def __init__(self, status, out, err):
        self.status, self.raw = status, out
        self.out, self.err = out.decode(errors="replace"), err.decode(errors="replace")

    def __str__(self):
        return "status %s\n--- out\n%s\n--- err\n%s" % (self.status, self.out[-4000:], self.err[-4000:])


def run(*arguments, stdin=b"", env=None):
    done = subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, timeout=TIMEOUT,
                          env={**os.environ, **(env or {})})
    return Result(done.returncode, done.stdout, done.stderr)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="mailproto-client-")
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def peer(self, server):
        self.addCleanup(server.stop)
        return server

    def needs_json(self):
        if "without --json" in run("--version").out:
            self.skipTest("this build has no --json")

    def check(self, result, status, *said):
        self.assertEqual(result.status, status, str(result))
        for text in said:
            self.assertIn(text, result.out + result.err, str(result))
        return result

    def send(self, server, recipients, *options, text=LETTER, scheme="smtp", sender=ALICE):
        words = ["send", "%s://%s:%d" % (scheme, HOST, server.port), "--from", sender]
        for name in recipients:
            words += ["--to", name]
        return run(*words, *options, self.file("letter", text))

    def password(self, text="secret"):
        return self.file("password", text.encode() + b"\n")

    def pop3(self, server, *words, password="secret", user=BOB, env=None):
        return run("pop3", "pop3://%s@%s:%d" % (user, HOST, server.port), *words,
                   "--password-file", self.password(password), env=env)

    def start(self, *words):
        process = subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": self.folder})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def interrupt(self, process, number=signal.SIGINT):
        process.send_signal(number)
        _, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, -number, err)
        return err.decode()
