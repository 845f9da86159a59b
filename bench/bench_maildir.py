"""SMTP to Maildir: CPU of all processes of a server for a message, and messages a second until the last is there.

Both write through, with two fsync a message: mailprotod the file and its name before 250; Postfix its queue file before
250, and the file in the Maildir at delivery (its new name is not synced). Measured on a memory file system, where fsync
costs nothing and what is left is the servers' own work, and on the disk. Verified first: the message arrives, at both.
"""

import os
import shutil
import tempfile
import time

from frame import Absent, Candidate, Row, in_turn
from processes import Load, Server, cpu_of, cpu_of_tree
import harness
from keys import secret_line
import packages
import postfix

CONNECTIONS = 32
SIZE = 4096
AIM = 10
# OpenSMTPD runs as root only, with accounts and folders of its own that its package makes; here nothing is installed.
OPENSMTPD = "OpenSMTPD runs only where its package is installed, with accounts of its own"
# Where, the folder for it (None: that of temporary files), messages a round.
PLACES = [("memory", "/dev/shm", 1600), ("disk", None, 480)]

CONFIG = """\
[server]
hostname = mail.example.test
domains = example.test
mail = %s
sync = full
log = info

[listen]
smtp = 127.0.0.1:%d

[user alice@example.test]
%s
"""


class Ours:
    """mailprotod with one user, everything on the disk before 250."""

    def __init__(self, context, folder):
        folder = os.path.join(folder, "mailprotod")
        os.makedirs(folder)
        port = harness.free_port()
        program = os.path.join(context.build, "examples/server/mailprotod")
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG % (os.path.join(folder, "mail"), port, secret_line(program)))
        os.chmod(config, 0o600)
        self.server = Server(lambda _: [program, "serve", "--config", config], port=port, quiet=True)
        self.port = port
        self.maildir = os.path.join(folder, "mail/alice@example.test")

    def cpu(self):
        return cpu_of(self.server.pid)

    def stop(self):
        self.server.stop()


class Theirs:
    """Postfix: smtpd, cleanup, qmgr and virtual, as its package sets them up, without a wait at full queues."""

    def __init__(self, folder):
        self.server = postfix.Postfix(folder, users=["alice"], in_flow_delay="0")
        try:
            self.server.start()
        except packages.Unavailable as reason:
            raise Absent(str(reason))
        self.port = self.server.port
        self.maildir = self.server.maildir("alice")

    def cpu(self):
        return cpu_of_tree(self.server.process.pid)

    def stop(self):
        self.server.stop()


def entries(folder):
    try:
        return sum(not entry.name.startswith(".") for entry in os.scandir(folder))
    except FileNotFoundError:
        return 0


def deliver(host, load):
    """Sends all and waits for the last delivery: (CPU ns, wall ns).

    What was delivered stays: after many deletions ext4 looks long for an inode that was not used of late.
    """
    new = os.path.join(host.maildir, "new")
    due = entries(new) + load.messages
    cpu, begin = host.cpu(), time.monotonic_ns()
    load.run(host.port)
    if not harness.wait_until(lambda: entries(new) >= due, 120):
        raise RuntimeError("%d of %d messages were not delivered" % (due - entries(new), load.messages))
    return host.cpu() - cpu, time.monotonic_ns() - begin


def verify(host, load):
    Load(load.program, load.size, 1, 1).run(host.port)
    harness.wait_until(lambda: entries(os.path.join(host.maildir, "new")) == 1, 30)
    found = harness.maildir_messages(host.maildir)
    if len(found) != 1 or not found[0].endswith(load.message().replace(b"\r\n", b"\n")):
        raise RuntimeError("what was delivered is not the message that was sent")


def floor_of(context, folder, load):
    """The file operations of mailprotod's delivery alone, by one thread: milliseconds of CPU a message."""
    program = os.path.join(context.build, "bench/maildir_floor")
    os.makedirs(os.path.join(folder, "floor"))

    def measure():
        ended = harness.run([program, os.path.join(folder, "floor"), str(load.messages), str(load.size)])
        if ended.status != 0:
            raise RuntimeError(str(ended))
        return float(ended.out)
    return measure


def start(context, folder):
    """The two servers; instead of the peer the reason why it is not there."""
    hosts = [Ours(context, folder)]
    try:
        return hosts + [Theirs(folder)], None
    except Absent as reason:
        return hosts, str(reason)
    except BaseException:
        hosts[0].stop()
        raise


def one_place(context, place, folder, messages):
    load = Load(os.path.join(context.build, "bench/load"), SIZE, messages, CONNECTIONS)
    hosts, why = start(context, folder)
    try:
        for host in hosts:
            verify(host, load)
        took = [[] for _ in hosts]

        def measure(index):
            def once():
                took[index].append(deliver(hosts[index], load))
                return took[index][-1][0] / 1e6 / messages
            return once
        row = Row("smtp-maildir/%s-cpu" % place, "ms CPU", "less", [
            Candidate("ours", ""), Candidate("peer", "Postfix", why=why), Candidate("floor", "file operations"),
            Candidate("peer", "OpenSMTPD", why=OPENSMTPD)], aim=AIM)
        in_turn(row, [measure(0), None if why else measure(1), floor_of(context, folder, load), None], context.rounds)
        yield row
        rates = [[messages * 1e9 / wall for _, wall in one] for one in took]
        yield Row("smtp-maildir/%s-rate" % place, "msg/s", "more", [
            Candidate("ours", "", rates[0]), Candidate("peer", "Postfix", None if why else rates[1], why)])
    finally:
        for host in hosts:
            host.stop()


def rows(context):
    for place, where, messages in PLACES:
        if where is not None and not os.access(where, os.W_OK):
            continue
        folder = tempfile.mkdtemp(prefix="mailproto-bench-", dir=where)
        os.chmod(folder, 0o755)
        try:
            yield from one_place(context, place, folder, CONNECTIONS if context.smoke else messages)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
