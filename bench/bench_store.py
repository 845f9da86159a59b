"""The Maildir store: opening a mailbox, listing mailboxes, delivery, with many messages; alone, and against Dovecot.

Alone it is CPU time of a process that does one thing (bench_store.c), for several sizes, and how the cost grows: the
slope of its logarithm over that of the size; 1 is linear. Against Dovecot both servers do the same for a client: a POP3
login, UIDL and QUIT; messages by LMTP; and programs of both do one thing each (bench_store_dovecot.py). Everything lies
on the memory file system if there is one, so that it is the programs' own work. Verified first: the number of messages,
and that each was accepted.
"""

import json
import os
import poplib
import resource
import shutil
import smtplib
import statistics
import subprocess
import tempfile

from frame import Candidate, Row
from processes import Server, cpu_of, cpu_of_tree
import bench_store_dovecot
from bench_store_dovecot import slope
import dovecot
import harness
import packages

SIZES, BOXES = [1000, 10000, 100000], [100, 1000, 10000]
SMOKE_SIZES, SMOKE_BOXES = [20, 40, 80], [10, 20, 40]
SLOPE_AIM = 1.1
BODY = b"Subject: bench\r\n\r\n" + b"x" * 78 + b"\r\n" + b"y" * 900 + b"\r\n"
USER = "alice@example.test"

CONFIG = """\
[server]
hostname = mail.example.test
domains = example.test
mail = %s
sync = none
log = error
cleartext_auth = loopback

[listen]
lmtp = 127.0.0.1:%d
pop3 = 127.0.0.1:%d

[user alice@example.test]
password = secret
"""


def make_folders(maildir):
    for name in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(maildir, name), exist_ok=True)


def give_to(maildir, owner):
    for place, folders, files in os.walk(maildir):
        for name in [place] + [os.path.join(place, one) for one in folders + files]:
            os.chown(name, owner.st_uid, owner.st_gid)


def make_boxes(maildir, boxes):
    """INBOX and others: so many in all."""
    make_folders(maildir)
    for i in range(boxes - 1):
        make_folders(os.path.join(maildir, ".box%05d" % i))


def fill(maildir, messages, owner=None):
    """Puts so many messages into cur/: names of one file, as many as that takes."""
    make_folders(maildir)
    for i in range(messages):
        if i % 30000 == 0:  # file systems bound how many names a file has
            first = os.path.join(maildir, "tmp", "first-%d" % i)
            with open(first, "wb") as f:
                f.write(BODY)
        os.link(first, os.path.join(maildir, "cur", "%d.M%dP1Q%d.bench,S=%d,W=%d:2,S" %
                                    (1700000000 + i, i % 1000000, i, len(BODY), len(BODY))))
    for name in os.listdir(os.path.join(maildir, "tmp")):
        os.unlink(os.path.join(maildir, "tmp", name))
    if owner is not None:
        give_to(maildir, owner)


class Alone:
    """What bench_store.c measures."""

    def __init__(self, context, folder):
        self.program = os.path.join(context.build, "bench/bench_store")
        self.folder, self.rounds = folder, min(context.rounds, 5)

    def run(self, what, account, expected, *more):
        said = json.loads(subprocess.run([self.program, what, account, *more], check=True, capture_output=True,
                                         text=True).stdout)
        if said["items"] != expected:
            raise RuntimeError("%s: %d items, not %d" % (what, said["items"], expected))
        return said["cpu"]

    def rows(self, sizes, boxes):
        costs = {}

        def row(name, size, unit, figures):
            costs.setdefault(name, []).append((size, statistics.median(figures)))
            scale = {"ms CPU": 1e6, "us CPU": 1e3}[unit]
            return Row("store/%s-%d" % (name, size), unit, "less",
                       [Candidate("ours", "", [figure / scale for figure in figures])])

        for size in sizes:
            account = os.path.join(self.folder, "alone-%d" % size)
            fill(account, size)
            cold = []
            for _ in range(self.rounds):
                shutil.rmtree(os.path.join(account, "mailproto"), ignore_errors=True)
                cold.append(self.run("open", account, size))
            self.run("open", account, size)
            yield row("open-cold", size, "ms CPU", cold)
            yield row("open-warm", size, "ms CPU", [self.run("open", account, size) for _ in range(self.rounds)])
            count = 20 if size <= 100 else 200
            yield row("deliver", size, "us CPU",
                      [self.run("deliver", account, count, str(count)) / count for _ in range(self.rounds)])
            shutil.rmtree(account)
        for size in boxes:
            account = os.path.join(self.folder, "boxes-%d" % size)
            make_boxes(account, size)
            self.run("list", account, size)
            yield row("list", size, "ms CPU", [self.run("list", account, size) for _ in range(self.rounds)])
            count = 20 if size <= 40 else 200
            yield row("deliver-among", size, "us CPU",
                      [self.run("deliver", account, count, str(count)) / count for _ in range(self.rounds)])
            shutil.rmtree(account)
        for name, pairs in costs.items():
            if name.startswith("deliver"):  # a delivery is to cost the same, however much is there
                yield Row("store/slope-" + name, "exponent", "less", [Candidate("ours", "", [slope(*zip(*pairs))])],
                          aim_figure=0.1)
            else:
                yield Row("store/slope-" + name, "exponent", "less", [Candidate("ours", "", [slope(*zip(*pairs))])],
                          aim_figure=SLOPE_AIM)


class Ours:
    def __init__(self, context, folder, messages):
        folder = os.path.join(folder, "mailprotod")
        mail = os.path.join(folder, "mail")
        fill(os.path.join(mail, USER), messages)
        self.pop3, self.lmtp = harness.free_port(), harness.free_port()
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG % (mail, self.lmtp, self.pop3))
        os.chmod(config, 0o600)
        program = os.path.join(context.build, "examples/server/mailprotod")
        self.server = Server(lambda _: [program, "serve", "--config", config], port=self.pop3, quiet=True)
        self.folder, self.user = folder, USER

    def cpu(self):
        return cpu_of(self.server.pid)

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.folder)


class Theirs:
    def __init__(self, _, folder, messages):
        self.server = dovecot.Dovecot(folder, users=("alice",))
        self.server.start()
        self.pop3, self.lmtp = self.server.port["pop3"], self.server.port["lmtp"]
        home = os.path.dirname(self.server.maildir("alice"))
        fill(self.server.maildir("alice"), messages, os.stat(home))
        self.user = "alice"

    def cpu(self):
        return cpu_of_tree(self.server.process.pid)

    def stop(self):
        self.server.stop()


def read_uidl(port, user, expected):
    session = poplib.POP3("127.0.0.1", port, timeout=120)
    session.user(user)
    session.pass_("secret")
    if len(session.uidl()[1]) < expected:
        raise RuntimeError("fewer messages than there are")
    session.quit()


def deliver(port, count):
    with smtplib.LMTP("127.0.0.1", port, timeout=120) as session:
        for _ in range(count):
            if session.sendmail("bob@example.test", [USER], BODY):
                raise RuntimeError("a message was refused")


def measure(server, size, smoke):
    """Nanoseconds of CPU: of a login with UIDL, the index warm, and of a delivery."""
    read_uidl(server.pop3, server.user, size)
    logins, messages = (2, 5) if smoke else (max(2, 100000 // size), 500)
    before = server.cpu()
    for _ in range(logins):
        read_uidl(server.pop3, server.user, size)
    between = server.cpu()
    deliver(server.lmtp, messages)
    return (between - before) / logins, (server.cpu() - between) / messages


def against_dovecot(context, folder, sizes):
    for size in sizes:
        figures, absent = {}, None
        for role, make in (("ours", Ours), ("peer", Theirs)):
            try:
                server = make(context, folder, size)
            except packages.Unavailable as reason:
                absent = str(reason)
                continue
            try:
                figures[role] = [measure(server, size, context.smoke) for _ in range(min(context.rounds, 3))]
            finally:
                server.stop()
        for at, (name, unit, scale) in enumerate((("pop3-uidl", "ms CPU", 1e6), ("lmtp", "us CPU", 1e3))):
            yield Row("store/%s-%d" % (name, size), unit, "less",
                      [Candidate("ours", "mailprotod", [pair[at] / scale for pair in figures["ours"]]),
                       Candidate("peer", "Dovecot", [pair[at] / scale for pair in figures.get("peer", [])], absent)])


def cpu_of_command(command, environment, lines):
    """Nanoseconds of CPU of a program from its start to its end; what it prints is counted, if lines says how much."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if lines and len(said.splitlines()) != lines:
        raise RuntimeError("%d lines, not %d" % (len(said.splitlines()), lines))
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9


def lists_against_dovecot(context, folder, boxes):
    """Both are programs that list one account and end: what it takes to start them is in it."""
    program = os.path.join(context.build, "bench/bench_store")
    for size in boxes:
        account = os.path.join(folder, "listed-%d" % size)
        ours, peer = Candidate("ours", "mailproto-store"), Candidate("peer", "Dovecot")
        make_boxes(account, size)
        try:
            server = dovecot.Dovecot(folder, users=("alice",)).start()
        except packages.Unavailable as reason:
            server, peer.why = None, str(reason)
        try:
            if server:
                make_boxes(server.maildir("alice"), size)
                give_to(server.maildir("alice"), os.stat(os.path.dirname(server.maildir("alice"))))
                command, environment = server.command("doveadm", "mailbox", "list", "-u", "alice")
            for i in range(1 + min(context.rounds, 5)):  # the first one makes what is kept, and does not count
                cost = cpu_of_command([program, "list", account], None, 0) / 1e6
                theirs = cpu_of_command(command, environment, size) / 1e6 if server else None
                if i:
                    ours.figures.append(cost)
                    peer.figures += [theirs] if server else []
        finally:
            if server:
                server.stop()
        shutil.rmtree(account)
        yield Row("store/list-program-%d" % size, "ms CPU", "less", [ours, peer])


def rows(context):
    sizes, boxes = (SMOKE_SIZES, SMOKE_BOXES) if context.smoke else (SIZES, BOXES)
    folder = tempfile.mkdtemp(prefix="mailproto-store-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    os.chmod(folder, 0o755)
    try:
        yield from Alone(context, folder).rows(sizes, boxes)
        yield from lists_against_dovecot(context, folder, boxes)
        yield from bench_store_dovecot.rows(context, folder)
        yield from against_dovecot(context, folder, sizes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
