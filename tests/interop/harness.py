"""What the interoperability tests share: ports, folders, programs with a time-out, Maildirs.

$MAILPROTOD and $MAILPROTO name the example server and client under test.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import packages

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ports import HOST, can_bind, free_port  # noqa: E402,F401

PASSWORD = "secret"
START_TIMEOUT = 30
RUN_TIMEOUT = 60


def wait_for_port(port, process=None, explain=lambda: ""):
    """Returns once the port takes a connection; fails if the process ends or time runs out."""
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise RuntimeError("the server ended with status %s before it listened\n%s"
                               % (process.returncode, explain()))
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("nothing listens on port %d\n%s" % (port, explain()))


def wait_until(condition, timeout=RUN_TIMEOUT):
    """Polls until the condition gives a true value, and returns it."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


def wait_for_items(items, count, timeout=RUN_TIMEOUT):
    """Polls until items() has at least so many, and returns what it has at last."""
    wait_until(lambda: len(items()) >= count, timeout)
    return items()


def stop_process(process, sig=signal.SIGTERM):
    """Ends the process that was started here; kills it if it will not go."""
    if process.poll() is None:
        process.send_signal(sig)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def stop_group(process):
    """Ends a peer and the processes it started, which are the group it leads.

    A peer's mail is of no account by then, so what does not go at once is killed.
    """
    for sig, patience in ((signal.SIGTERM, 0.3), (signal.SIGKILL, 0.1)):
        end = time.monotonic() + patience
        try:
            os.killpg(process.pid, sig)
            while time.monotonic() < end:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.01)
        except ProcessLookupError:
            break
    process.wait(10)


class Result:
    """How a program ended: status, out and err as text."""

    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = command, status, out, err

    def __str__(self):
        return "%s\nstatus %s\n--- out\n%s\n--- err\n%s" % (
            " ".join(self.command), self.status, self.out[-6000:], self.err[-6000:])


def run(command, stdin=b"", timeout=RUN_TIMEOUT, env=None, cwd=None, user=None):
    """Runs a program to its end and captures what it said; a program that hangs fails the test.

    user is a (user, group) pair of ids to run it as, which root only can do.
    """
    who = {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}
    if isinstance(stdin, str):
        stdin = stdin.encode()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd=cwd, **who,
                               env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})})
    try:
        out, err = process.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError("timed out: %s" % Result(command, None, out.decode(errors="replace"),
                                                      err.decode(errors="replace")))
    return Result(command, process.returncode, out.decode(errors="replace"),
                  err.decode(errors="replace"))


def need_tool(name):
    """The path of a client program; skips the test if it is not installed."""
    path = shutil.which(name)
    if path is None:
        raise unittest.SkipTest("%s is not installed" % name)
    return path


def delivery_time(path):
    """When a message came, as its file is named: SECONDS.Mmicroseconds..., whose digits some do not pad."""
    name = os.path.basename(path)
    found = re.match(r"(\d+)\.(?:M(\d+))?", name)
    return (int(found[1]), int(found[2] or 0), name) if found else (0, 0, name)


def maildir_files(folder):
    """Paths of the delivered messages of a Maildir, oldest first."""
    found = []
    for part in ("new", "cur"):
        try:
            found += [os.path.join(folder, part, name)
                      for name in os.listdir(os.path.join(folder, part))
                      if not name.startswith(".")]
        except FileNotFoundError:
            pass
    return sorted(found, key=delivery_time)


def maildir_messages(folder):
    """The messages of a Maildir, line ends made LF as Maildirs have them."""
    messages = []
    for path in maildir_files(folder):
        with open(path, "rb") as f:
            messages.append(f.read().replace(b"\r\n", b"\n"))
    return messages


def body_of(message):
    """What follows the header of a message with LF line ends."""
    return message.partition(b"\n\n")[2]


class Folder:
    """A temporary folder, open to the ordinary users that servers become, removed at the end."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="mailproto-interop-")
        os.chmod(self.path, 0o755)

    def file(self, name, content, mode=0o600):
        path = os.path.join(self.path, name)
        data = content.encode() if isinstance(content, str) else content
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    def give_up(self):
        """If this is root, gives the folder to an ordinary user and returns its (user, group)."""
        if os.geteuid() != 0:
            return None
        account = pwd.getpwnam("nobody")
        for path, folders, files in os.walk(self.path):
            for name in [path] + [os.path.join(path, f) for f in folders + files]:
                os.chown(name, account.pw_uid, account.pw_gid)
        return account.pw_uid, account.pw_gid

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def program(variable):
    """The path of a program under test, named by an environment variable."""
    path = os.environ.get(variable)
    if not path:
        raise unittest.SkipTest("$%s names no program" % variable)
    if not os.access(path, os.X_OK):
        raise AssertionError("$%s is %s, which cannot be run" % (variable, path))
    return os.path.abspath(path)


def message(subject, body=b"A line.\n", sender="bob@example.test", to="alice@example.test"):
    """A message with LF line ends whose subject is told apart from every other's."""
    return (b"From: <%b>\nTo: <%b>\nSubject: %b\nMessage-ID: <%b@client.example.test>\n"
            b"Date: Thu, 01 Jan 2026 12:00:00 +0000\nMIME-Version: 1.0\n"
            b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%b"
            % (sender.encode(), to.encode(), subject.encode(), subject.encode(), body))


def crlf(data):
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def big_body(size, seed=1):
    """About so many octets of lines of text, LF line ends, no two lines alike, some with dots."""
    block = b"".join(b"%s%07d %s\n" % (b"." * (n % 4 == 0), n, b"abcdefghijklmnopqrstuvwxyz" * 2)
                     for n in range(seed, seed + 10000))
    return (block * (size // len(block) + 1))[:size - 1] + b"\n"


BODY_8BIT = "Grüße, 世界 — ça marche.\n".encode()
BODY_DOTS = b".\n..\n. leading dot\n...\n\n.\n\n..x\nlast line\n"


class Case(unittest.TestCase):
    """A test with a temporary folder of its own."""

    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)

    def assertRan(self, result, status=0):
        self.assertEqual(result.status, status, str(result))
        return result


def start_shared(case_class, make):
    """setUpClass helper: one server for all tests of a class, stopped and removed after them."""
    folder = Folder()
    case_class.addClassCleanup(folder.remove)
    server = make(folder.path)
    case_class.addClassCleanup(server.stop)
    try:
        server.start()
    except packages.Unavailable as reason:
        raise unittest.SkipTest(str(reason))
    return server


def main():
    """Runs the tests of the calling file; exit code 77 and the reason last if none could run."""
    result = unittest.main(module="__main__", argv=sys.argv[:1] + ["-v"] + sys.argv[1:],
                           exit=False).result
    if not result.wasSuccessful() or not (result.testsRun or result.skipped):
        sys.exit(1)
    # A class that cannot be set up counts as skipped, and none of its tests as run.
    if len(result.skipped) >= max(result.testsRun, 1):
        print("skipped: " + "; ".join(sorted({reason for _, reason in result.skipped})))
        sys.exit(77)
    sys.exit(0)
