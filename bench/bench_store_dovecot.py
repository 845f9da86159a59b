"""The Maildir store and Dovecot's own programs, each a process that does one thing: opening a mailbox, or listing all.

Dovecot's `pop3` answers STAT, UIDL and LIST on a socket, `doveadm mailbox list` lists: without login, without a server
around them. Cold: what a program keeps beside the mail was deleted; warm: it is there, and nothing changed. Of
Dovecot's CPU time what the same process takes in an empty account is taken off: its start is not part of the work.
Ours is counted from the first call of the store to the last. The files are of another program, with LF lines and
without sizes in their names. Verified: both tell the same number of messages and the same sum of sizes, and as many
mailboxes.
"""

import json
import os
import pwd
import re
import shutil
import socket
import statistics
import subprocess
import time

from bench_store_common import slope, take_turns
from frame import Candidate, Row
import dovecot
import packages

MESSAGES, MAILBOXES = [1000, 10000, 100000], [10, 100, 1000, 10000]
SMOKE_MESSAGES, SMOKE_MAILBOXES = [20, 200], [5, 50]
SLOPE_AIM = 1.1
POP3 = b"STAT\r\nUIDL\r\nLIST\r\nQUIT\r\n"
HOUR = 3600
NOISE = 0.1  # of a start: what is less cannot be told from nothing
NOTE = "Dovecot without what its process takes in an empty account"

CONFIG = """\
protocols =
base_dir = {folder}/run
state_dir = {folder}/state
libexec_dir = {root}/usr/lib/dovecot
mail_plugin_dir = {root}/usr/lib/dovecot/modules
ssl = no
log_path = {folder}/log
first_valid_uid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:~/Maildir
mail_fsync = never
"""


def make_parts(folder):
    for part in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(folder, part))


def make_old(folder):
    """A folder that changed just now must be read again, by any program: the clock of its time is coarse."""
    then = time.time() - HOUR
    os.utime(folder, (then, then))


def make_messages(account, count):
    make_parts(account)
    for i in range(count):
        with open("%s/cur/%d.M%dP1.host.example:2,S" % (account, 1700000000 + i, i), "wb", buffering=0) as f:
            f.write(b"From: Alice <alice@example.test>\nTo: bob@example.test\nSubject: message %d\n\n" % i +
                    b"A line of a text that nobody will ever read.\n" * (8 + i % 3))
    for part in ("cur", "new"):
        make_old(os.path.join(account, part))


def make_mailboxes(account, count):
    """So many with INBOX."""
    make_parts(account)
    for i in range(count - 1):
        make_parts(os.path.join(account, ".box%d" % i))
    make_old(account)


class Ours:
    """bench_store.c: (nanoseconds of CPU, what it saw)."""

    def __init__(self, context):
        self.program = os.path.join(context.build, "bench/bench_store")

    @staticmethod
    def forget(account):
        shutil.rmtree(os.path.join(account, "mailproto"), ignore_errors=True)

    def _run(self, what, account):
        said = json.loads(subprocess.run([self.program, what, account], check=True, capture_output=True, text=True,
                                         timeout=300).stdout)
        return said["cpu"], (said["items"], said["octets"])

    def opened(self, account):
        return self._run("open", account)

    def listed(self, account):
        cpu, (items, _) = self._run("list", account)
        return cpu, items


class Theirs:
    """Dovecot's programs out of its unpacked packages, as an ordinary user; their settings come through doveconf."""

    def __init__(self, folder):
        self.root = packages.reachable(dovecot.tree(), folder)
        self.user = pwd.getpwnam("daemon") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.folder = os.path.join(folder, "programs")
        os.makedirs(self.folder)
        self.config = os.path.join(self.folder, "dovecot.conf")
        with open(self.config, "w", encoding="ascii") as f:
            f.write(CONFIG.format(folder=self.folder, root=self.root, user=self.user.pw_name,
                                  group=self.user.pw_gid if os.geteuid() else "daemon"))
        self.give(self.folder)
        empty = os.path.join(self.folder, "empty/Maildir")
        make_parts(empty)
        self.give(os.path.dirname(empty))
        self.start = {what: statistics.median(what(empty)[0] for _ in range(4))
                      for what in (self._pop3, self._doveadm)}

    def give(self, folder):
        """The account is its user's."""
        if os.geteuid() != 0:
            return
        for at, folders, files in os.walk(folder):
            for name in [at] + [os.path.join(at, one) for one in folders + files]:
                os.chown(name, self.user.pw_uid, self.user.pw_gid)

    @staticmethod
    def forget(account):
        for at, _, files in os.walk(account):
            for name in files:
                if name.startswith("dovecot"):
                    os.unlink(os.path.join(at, name))

    def _process(self, service, program, account, stream, *more):
        who = {} if os.geteuid() != 0 else {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return subprocess.Popen(
            [os.path.join(self.root, "usr/bin/doveconf"), "-f", "service=" + service, "-c", self.config, "-m", service,
             "-e", os.path.join(self.root, program), *more],
            env={"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": packages.libraries(self.root), "USER": "alice",
                 "HOME": os.path.dirname(account)}, stdin=stream, stdout=stream, stderr=subprocess.DEVNULL, **who)

    def _end(self, process, what):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError("Dovecot's %s ended with status %d" % (what, process.returncode))
        return (used.ru_utime + used.ru_stime) * 1e9

    def _talk(self, service, program, account, said, *more):
        here, there = socket.socketpair()
        with here:
            with there:
                process = self._process(service, program, account, there, *more)
            try:
                here.settimeout(300)
                if said:  # one that is told nothing may have ended by now
                    here.sendall(said)
                here.shutdown(socket.SHUT_WR)
                heard = b"".join(iter(lambda: here.recv(1 << 16), b""))
            except BaseException:
                process.kill()
                process.wait()
                raise
        return self._end(process, service), heard

    def _pop3(self, account):
        cpu, heard = self._talk("pop3", "usr/lib/dovecot/pop3", account, POP3)
        stat, uidl, sizes, _ = [part.splitlines() for part in re.split(rb"(?m)^\+OK", heard)[-4:]]
        count, octets = [int(word) for word in stat[0].split()]
        if len(uidl) != count + 2 or sum(int(line.split()[1]) for line in sizes[1:-1]) != octets:
            raise RuntimeError("Dovecot's UIDL or LIST is not what STAT told")
        return cpu, (count, octets)

    def _doveadm(self, account):
        cpu, heard = self._talk("doveadm", "usr/bin/doveadm", account, b"", "-c", self.config, "mailbox", "list")
        return cpu, len(set(heard.splitlines()))

    def _without_start(self, what, account):
        cpu, saw = what(account)
        return max(cpu - self.start[what], self.start[what] * NOISE), saw

    def opened(self, account):
        return self._without_start(self._pop3, account)

    def listed(self, account):
        return self._without_start(self._doveadm, account)


class Kind:
    """One piece of work at several sizes: a row for each, cold and warm, and then the slopes."""

    def __init__(self, name, method, make, sizes):
        self.name, self.method, self.make, self.sizes = name, method, make, sizes
        self.costs = {}  # (cold or warm, role): a list of figures for each size

    def _accounts(self, folder, hosts, size):
        """One account for each: the same messages, the same names."""
        accounts = []
        for role, host in hosts:
            account = os.path.join(folder, "%s-%s-%d" % (self.name, role, size), "Maildir")
            self.make(account, size)
            if role == "peer":
                host.give(os.path.dirname(account))
            accounts.append(account)
        return accounts

    def _verify(self, hosts, accounts, size):
        """Each tells the same when it is cold and when it is warm; that all can be warm afterwards is of use, too."""
        saw = [getattr(host, self.method)(account)[1] for _ in range(2) for (_, host), account in zip(hosts, accounts)]
        if len(set(saw)) != 1 or (saw[0] if isinstance(saw[0], int) else saw[0][0]) != size:
            raise RuntimeError("%s of %d: %s" % (self.name, size, saw))
        return saw[0]

    def _measure(self, host, account, cold, expected):
        def once():
            if cold:
                host.forget(account)
            cpu, saw = getattr(host, self.method)(account)
            if saw != expected:
                raise RuntimeError("%s: %s, not %s" % (self.name, saw, expected))
            return cpu / 1e6
        return once

    def rows(self, context, folder, hosts, why):
        for size in self.sizes:
            accounts = self._accounts(folder, hosts, size)
            expected = self._verify(hosts, accounts, size)
            for state in ("cold", "warm"):
                row = Row("store/program-%s-%s-%d" % (self.name, state, size), "ms CPU", "less",
                          [Candidate("ours", ""), Candidate("peer", "Dovecot", why=why)], note=None if why else NOTE)
                if state == "warm":
                    for (_, host), account in zip(hosts, accounts):
                        getattr(host, self.method)(account)
                measures = [self._measure(host, account, state == "cold", expected)
                            for (_, host), account in zip(hosts, accounts)]
                take_turns(row, measures, context.rounds)
                for candidate in row.candidates:
                    self.costs.setdefault((state, candidate.role), []).append(candidate.figures)
                yield row
            for account in accounts:
                shutil.rmtree(os.path.dirname(account), ignore_errors=True)
        yield from self._slopes(why)

    def _slopes(self, why):
        for state in ("cold", "warm"):
            exponents = [[slope(self.sizes, costs) for costs in zip(*self.costs[state, role])]
                         for role in ("ours", "peer")]
            yield Row("store/slope-program-%s-%s" % (self.name, state), "exponent", "less",
                      [Candidate("ours", "", exponents[0]), Candidate("peer", "Dovecot", exponents[1], why)],
                      aim_figure=SLOPE_AIM)


def rows(context, folder):
    """folder: below it are the accounts; users other than this one can enter it."""
    messages, mailboxes = (SMOKE_MESSAGES, SMOKE_MAILBOXES) if context.smoke else (MESSAGES, MAILBOXES)
    hosts, why = [("ours", Ours(context))], None
    try:
        hosts.append(("peer", Theirs(folder)))
    except packages.Unavailable as reason:
        why = str(reason)
    yield from Kind("open", "opened", make_messages, messages).rows(context, folder, hosts, why)
    yield from Kind("list", "listed", make_mailboxes, mailboxes).rows(context, folder, hosts, why)
