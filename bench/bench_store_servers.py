"""mailprotod and Dovecot do the same for a client: a POP3 login, UIDL and QUIT; messages by LMTP.

Messages come into INBOX of an account with many messages, or with many mailboxes. Dovecot's LMTP, told the detail of
an address, delivers also into one of the many mailboxes; mailprotod has no such way in, so beside that figure stands
the store's, by itself, and there is no ratio. What was delivered is counted and removed after every round.
"""

import json
import os
import poplib
import shutil
import smtplib
import statistics
import subprocess

from bench_store_common import (BODY, Slopes, box, fill, give_to, make_boxes, make_folders, take_delivered,
                                take_turns)
from frame import Candidate, Row
from processes import Server, cpu_of, cpu_of_tree
import dovecot
import harness
from keys import secret_line
import packages

SLOPE_AIM = 1.1
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
%s
"""

DETAIL = """\
recipient_delimiter = +
lmtp_save_to_detail_mailbox = yes
"""


class Ours:
    def __init__(self, context, folder, make):
        folder = os.path.join(folder, "mailprotod")
        mail = os.path.join(folder, "mail")
        self.maildir = os.path.join(mail, USER)
        make(self.maildir)
        self.pop3, self.lmtp = harness.free_port(), harness.free_port()
        program = os.path.join(context.build, "examples/server/mailprotod")
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG % (mail, self.lmtp, self.pop3, secret_line(program)))
        os.chmod(config, 0o600)
        self.server = Server(lambda _: [program, "serve", "--config", config], port=self.pop3, quiet=True)
        self.folder, self.user = folder, USER

    def cpu(self):
        return cpu_of(self.server.pid)

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.folder)


class Theirs:
    def __init__(self, folder, make):
        self.server = dovecot.Dovecot(folder, users=("alice",), extra=DETAIL)
        try:
            self.server.start()
            self.pop3, self.lmtp = self.server.port["pop3"], self.server.port["lmtp"]
            self.maildir = self.server.maildir("alice")
            make(self.maildir)
            give_to(self.maildir, os.stat(os.path.dirname(self.maildir)))
        except BaseException:
            self.server.stop()
            raise
        self.user = "alice"

    def cpu(self):
        return cpu_of_tree(self.server.process.pid)

    def stop(self):
        self.server.stop()


class Both:
    """The two servers, each over an account of its own that make(maildir) made; Dovecot may be absent."""

    def __init__(self, context, folder, make):
        self.servers, self.why = [Ours(context, folder, make)], None
        try:
            self.servers.append(Theirs(folder, make))
        except packages.Unavailable as reason:
            self.why = str(reason)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for server in self.servers:
            server.stop()

    def row(self, name, unit, measure, rounds):
        """measure(server) gives a figure."""
        row = Row("store/" + name, unit, "less",
                  [Candidate("ours", "mailprotod"), Candidate("peer", "Dovecot", why=self.why)])
        take_turns(row, [lambda server=server: measure(server) for server in self.servers], rounds)
        return row


def read_uidl(server, expected):
    session = poplib.POP3("127.0.0.1", server.pop3, timeout=120)
    session.user(server.user)
    session.pass_("secret")
    if len(session.uidl()[1]) != expected:
        raise RuntimeError("the number of messages is wrong")
    session.quit()


def uidl_cost(server, logins, expected):
    """Milliseconds of CPU of a login with UIDL, the index warm."""
    before = server.cpu()
    for _ in range(logins):
        read_uidl(server, expected)
    return (server.cpu() - before) / logins / 1e6


def send(session, address, count):
    for _ in range(count):
        if session.sendmail("bob@example.test", [address], BODY):
            raise RuntimeError("a message was refused")


def lmtp_cost(server, count, address=USER, maildir=None):
    """Microseconds of CPU of a message by LMTP; the first one makes what is kept, and does not count."""
    with smtplib.LMTP("127.0.0.1", server.lmtp, timeout=120) as session:
        send(session, address, 1)
        before = server.cpu()
        send(session, address, count)
        cost = (server.cpu() - before) / count / 1e3
    take_delivered(maildir or server.maildir, 1 + count)
    return cost


def among_messages(context, folder, sizes):
    slopes = Slopes()
    for size in sizes:
        logins, count = (2, 5) if context.smoke else (max(2, min(40, 50000 // size)), 200 if size < 100000 else 10)
        with Both(context, folder, lambda maildir, size=size: fill(maildir, size)) as both:
            for server in both.servers:
                read_uidl(server, size)
            yield slopes.add("pop3-uidl", size, both.row(
                "pop3-uidl-%d" % size, "ms CPU", lambda server: uidl_cost(server, logins, size), context.rounds))
            yield slopes.add("lmtp", size, both.row(
                "lmtp-%d" % size, "us CPU", lambda server: lmtp_cost(server, count), context.rounds))
    yield from slopes.lines({"pop3-uidl": SLOPE_AIM, "lmtp": 0.1})


def store_cost(program, account, name, count):
    """Microseconds of CPU of a delivery by the store alone."""
    said = json.loads(subprocess.run([program, "deliver", account, str(count), name], check=True, capture_output=True,
                                     text=True).stdout)
    take_delivered(os.path.join(account, "." + name), count)
    return said["cpu"] / count / 1e3


def among_mailboxes(context, folder, boxes):
    """Into INBOX, server against server; and into the one in the middle."""
    slopes, program = Slopes(), os.path.join(context.build, "bench/bench_store")
    for size in boxes:
        count, name = 5 if context.smoke else 200, box(size // 2)
        account = os.path.join(folder, "box-%d" % size)
        make_boxes(account, size)
        with Both(context, folder, lambda maildir, size=size: make_boxes(maildir, size)) as both:
            yield slopes.add("lmtp-among", size, both.row(
                "lmtp-among-%d" % size, "us CPU", lambda server: lmtp_cost(server, count), context.rounds))
            row = Row("store/deliver-boxes-%d" % size, "us CPU", "less", [Candidate("ours", "")])
            measures = [lambda: store_cost(program, account, name, count)]
            for server in both.servers[1:]:
                row.candidates.append(Candidate("other", "Dovecot's LMTP"))
                measures.append(lambda server=server: lmtp_cost(
                    server, count, USER.replace("@", "+%s@" % name), os.path.join(server.maildir, "." + name)))
            take_turns(row, measures, context.rounds)
            said = both.why if both.why else "Dovecot's LMTP %.0f us" % statistics.median(row.candidates[1].figures)
            row.note = "the store alone; into the same mailbox: " + said + ("; " + row.note if row.note else "")
            yield slopes.add("deliver-boxes", size, row)
        shutil.rmtree(account)
    yield from slopes.lines({"lmtp-among": 0.1, "deliver-boxes": 0.1})


def rows(context, folder, sizes, boxes):
    yield from among_messages(context, folder, sizes)
    yield from among_mailboxes(context, folder, boxes)
