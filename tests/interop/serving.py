"""The server under test: `mailprotod demo`, and what its tests share.

With MAILPROTO_STANDIN=1 in the environment Postfix and Dovecot stand in for it.
"""

import os
import smtplib
import socket
import subprocess

import harness
import keys
import packages

# What `mailprotod demo` listens on, counted from its port base.
OFFSETS = {"lmtp": 24, "smtp": 25, "pop3": 110, "submission": 587}
TLS_OFFSETS = {"submissions": 465, "pop3s": 995}
ALL_OFFSETS = (24, 25, 110, 143, 465, 587, 993, 995)


class PortRange:
    """A base N such that N plus each usual port of mail is free, below the ephemeral ports.

    An abstract socket's name reserves the range among tests that run at the same time.
    """

    def __init__(self):
        first = os.getpid()
        for step in range(20):
            self.base = 20000 + (first + step) % 20 * 600
            self.mark = socket.socket(socket.AF_UNIX)
            try:
                self.mark.bind("\0mailproto-ports-%d" % self.base)
            except OSError:
                self.mark.close()
                continue
            if all(harness.can_bind(self.base + offset) for offset in ALL_OFFSETS):
                return
            self.mark.close()
        raise packages.Unavailable("no free range of ports below 32000")

    def release(self):
        self.mark.close()


class Demo:
    """`mailprotod demo` in a folder of its own, on free ports."""

    def __init__(self, folder):
        self.dir = os.path.join(folder, "demo")
        self.log_path = os.path.join(folder, "mailprotod.log")
        self.certificate = os.path.join(self.dir, ".tls/certificate.pem")  # that it makes for itself
        self.has_tls = False
        self.process = None
        self.range = None

    def start(self):
        path = harness.program("MAILPROTOD")
        self.range = PortRange()
        self.has_tls = keys.has_tls(path)
        offsets = {**OFFSETS, **(TLS_OFFSETS if self.has_tls else {})}
        self.port = {name: self.range.base + offset for name, offset in offsets.items()}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [path, "demo", "--dir", self.dir, "--port-base", str(self.range.base)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for port in self.port.values():
            harness.wait_for_port(port, self.process, self.read_log)
        return self

    def read_log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def maildir(self, user):
        """The Maildir of a user, wherever below the folder it lies."""
        names = {user, user + "@example.test"}
        for path, folders, _ in os.walk(self.dir):
            if {"new", "cur", "tmp"} <= set(folders):
                if names & set(os.path.relpath(path, self.dir).split(os.sep)):
                    return path
        raise AssertionError("no Maildir of %s under %s" % (user, self.dir))

    def empty(self, user):
        """Removes every message of a user."""
        for path in harness.maildir_files(self.maildir(user)):
            os.unlink(path)

    def stop(self):
        """Ends the server as a person would, with SIGTERM; it must not have ended before."""
        if self.range is not None:
            self.range.release()
        if self.process is not None:
            harness.stop_process(self.process)
            if self.process.returncode != 0:
                raise AssertionError("mailprotod ended with status %d\n%s"
                                     % (self.process.returncode, self.read_log()[-6000:]))


def _subject_is(path, subject):
    """Whether the header of the file says so; read by lines, for some messages are large."""
    with open(path, "rb") as f:
        for line in f:
            if line.rstrip(b"\r\n") == b"Subject: " + subject.encode():
                return True
            if line in (b"\n", b"\r\n"):
                return False
    return False


class ServerCase(harness.Case):
    """Tests of the server: one for all tests of the class, stopped and removed after them."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.start_shared(cls, server_under_test())

    def url(self, scheme, service=None):
        return "%s://%s:%d" % (scheme, harness.HOST, self.server.port[service or scheme])

    def address(self, service):
        return "%s:%d" % (harness.HOST, self.server.port[service])

    def fail_with_log(self, text):
        self.fail("%s\n--- the server's log\n%s" % (text, self.server.read_log()[-6000:]))

    def found(self, user, subject):
        """The messages of a user with this subject."""
        try:
            folder = self.server.maildir(user)
        except AssertionError:
            return []
        found = []
        for path in harness.maildir_files(folder):
            try:
                if _subject_is(path, subject):
                    found.append(path)
            except FileNotFoundError:  # moved from new to cur meanwhile
                pass
        return found

    def arrived(self, user, subject, count=1):
        """Waits for the message and returns it, line ends made LF."""
        paths = harness.wait_for_items(lambda: self.found(user, subject), count)
        if len(paths) != count:
            self.fail_with_log("%s has not got %d of %s: %s" % (user, count, subject, paths))
        with open(paths[0], "rb") as f:
            return f.read().replace(b"\r\n", b"\n")

    def assertArrived(self, user, subject, body):
        """The message came, once, with this body (a tool may add empty lines at the end)."""
        got = harness.body_of(self.arrived(user, subject))
        if got.rstrip(b"\n") != body.rstrip(b"\n"):
            self.fail_with_log("the body of %s is not what was sent: %d octets for %d\n%r"
                               % (subject, len(got), len(body), got[:500]))

    def deliver(self, user, messages):
        """Sends messages (LF line ends) to a user over one connection and waits for all of them."""
        def count():
            return len(harness.maildir_files(self.server.maildir(user)))

        wanted = count() + len(messages)
        with smtplib.SMTP(harness.HOST, self.server.port["smtp"],
                          timeout=harness.RUN_TIMEOUT) as smtp:
            for text in messages:
                smtp.sendmail("bob@example.test", [user + "@example.test"], harness.crlf(text))
        if not harness.wait_until(lambda: count() == wanted):
            self.fail_with_log("%s has not got %d messages" % (user, wanted))


def is_standin():
    """Whether real servers are tested in the place of mailprotod."""
    return bool(os.environ.get("MAILPROTO_STANDIN"))


def server_under_test():
    """What makes the server: mailprotod, or real servers in its place to prove the tests by."""
    if is_standin():
        import standin
        return standin.StandIn
    return Demo
