"""A mailprotod of a test's own: on free ports of 127.0.0.1, in a temporary folder, ended by its process id."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from keys import has_tls, secret_line  # noqa: E402,F401
from ports import HOST, free_port  # noqa: E402

PROGRAM = os.environ.get("MAILPROTOD", "")
DISK_GATE = os.environ.get("DISK_GATE_LIBRARY", "")
TIMEOUT = 30
SERVICES = ("smtp", "submission", "submissions", "lmtp", "pop3", "pop3s")

CONFIG = """\
[server]
hostname = mail.example.test
domains = example.test
mail = {dir}/mail
cleartext_auth = loopback
{server}
[listen]
smtp = 127.0.0.1:{smtp}
submission = 127.0.0.1:{submission}
lmtp = 127.0.0.1:{lmtp}
pop3 = 127.0.0.1:{pop3}
{listen}
{more}
[limits]
auth_delay = 1ms
{limits}
[user alice@example.test]
{secret}
[user bob@example.test]
{secret}
{users}
"""


class PortTaken(AssertionError):
    """A program that is none of the tests' took a port after it was found free."""


def wait_until(condition, what):
    """Looks until the condition holds; what takes too long fails."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("never: " + what)
        time.sleep(0.01)


class Server:
    """`mailprotod serve` with alice and bob, password "secret"."""

    def __init__(self, server="", limits="", users="", arguments=(), env=None, tls=None, more="", tls_more=""):
        """tls: a folder with certificate.pem and key.pem; then submissions and pop3s are there, too."""
        self.dir = tempfile.mkdtemp(prefix="mailprotod-")
        self.config = os.path.join(self.dir, "config")
        self.log_path = os.path.join(self.dir, "log")
        self.process = None
        self.starts = 0
        for tries_left in reversed(range(5)):
            self.port = {name: free_port() for name in SERVICES}
            self.tls, self.tls_more = tls, tls_more
            self.write_config(server, limits, users, more)
            try:
                self.start(arguments, env)
                break
            except PortTaken:
                self.starts = 0
                if not tries_left:
                    raise

    def write_config(self, server="", limits="", users="", more=""):
        listen = ""
        if self.tls:
            listen = "submissions = 127.0.0.1:%(submissions)d\npop3s = 127.0.0.1:%(pop3s)d" % self.port
            more += "\n[tls]\ncertificate = %s/certificate.pem\nkey = %s/key.pem\n%s\n" % (self.tls, self.tls, self.tls_more)
        with open(os.open(self.config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(CONFIG.format(dir=self.dir, server=server, limits=limits, users=users, listen=listen, more=more,
                                  secret=secret_line(PROGRAM), **self.port))

    def write_listen(self, lines):
        """The configuration with another [listen]."""
        self.write_config()
        with open(self.config, encoding="utf-8") as f:
            before, rest = f.read().split("[listen]\n")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(before + "[listen]\n" + lines + "\n" + rest[rest.index("[limits]"):])

    def hangup(self, text):
        """SIGHUP; returns when the log says this once more."""
        times = self.log().count(text) + 1
        self.process.send_signal(signal.SIGHUP)
        self.wait_for_log(text, times)

    def hangup_with_port(self, service):
        """SIGHUP, after the service was given another port; a program that takes that port first costs a try."""
        for _ in range(5):
            self.port[service] = free_port()
            self.write_config()
            taken = self.log().count("the configuration was read again")
            self.hangup("the configuration was ")
            if self.log().count("the configuration was read again") > taken:
                return
        raise AssertionError("no port stays free:\n" + self.log())

    def start(self, arguments=(), env=None, manager=(), pass_fds=()):
        self.starts += 1
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*manager, PROGRAM, "serve", "--config", self.config, *arguments], pass_fds=pass_fds,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(env or {})})
        self.wait_for_log(" ready: ", self.starts)

    def gate(self, word):
        """What the disk does from now on, in a server started with gated(): "wait", "full", or "" (it works)."""
        path = os.path.join(self.dir, "gate")
        with open(path + ".new", "w") as f:
            f.write(word)
        os.rename(path + ".new", path)

    def gated(self):
        """Starts it anew with a disk that obeys gate()."""
        self.end()
        self.start(env={"LD_PRELOAD": DISK_GATE, "DISK_GATE": os.path.join(self.dir, "gate")})

    def memory(self):
        """The octets of memory that the process has in use."""
        with open("/proc/%d/status" % self.process.pid) as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def wait_for_log(self, text, times=1):
        """Returns when the log holds the text so often; fails if the server ends before."""
        def there():
            if self.log().count(text) >= times:
                return True
            if self.process.poll() is not None and self.log().count(text) < times:
                raise (PortTaken if self.process.returncode == 69 else AssertionError)("the server ended with %s\n%s" % (self.process.returncode, self.log()))
            return False
        wait_until(there, "%r in the log:\n%s" % (text, self.log()))

    def connect(self, service):
        return socket.create_connection((HOST, self.port[service]), timeout=TIMEOUT)

    def folder(self, user, name=""):
        return os.path.join(self.dir, "mail", user + "@example.test", name)

    def files(self, user, name="new"):
        """The paths of the files in a folder of a user's Maildir."""
        folder = self.folder(user, name)
        return sorted(os.path.join(folder, file) for file in os.listdir(folder))

    def end(self, number=signal.SIGTERM):
        """Ends it with a signal; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("it does not end:\n" + self.log())

    def remove(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Line:
    """A connection on which a test writes and reads lines by hand."""

    def __init__(self, connection):
        self.socket = connection
        self.file = connection.makefile("rb")

    def read(self):
        return self.file.readline().decode()

    def reply(self):
        """A reply of SMTP, all its lines."""
        lines = [self.read()]
        while lines[-1][3:4] == "-":
            lines.append(self.read())
        return "".join(lines)

    def say(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def ask(self, text):
        self.say(text)
        return self.reply()

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
