"""The Maildir store: opening a mailbox, listing mailboxes, delivery, with many messages; alone, and against Dovecot.

Alone it is CPU time of a process that does one thing (bench_store.c), for several sizes, and how the cost grows: the
slope of its logarithm over that of the size; 1 is linear. Against Dovecot both servers do the same for a client
(bench_store_servers.py), and programs of both do one thing each (bench_store_dovecot.py). Everything lies on the memory
file system if there is one with room, so that it is the programs' own work. Verified in every round: the number of
messages or mailboxes, and that each message was accepted and is there.
"""

import json
import os
import resource
import shutil
import subprocess
import tempfile

from bench_store_common import Slopes, fill, give_to, make_boxes, memory_folder, take_delivered, take_turns
from frame import Candidate, Row
import bench_store_dovecot
import bench_store_servers
import dovecot
import packages

SIZES, BOXES = [1000, 10000, 100000], [100, 1000, 10000]
SMOKE_SIZES, SMOKE_BOXES = [20, 40, 80], [10, 20, 40]
SLOPE_AIM, DELIVER_AIM = 1.1, 0.1  # a delivery is to cost the same, however much is there


class Alone:
    """What bench_store.c measures."""

    def __init__(self, context, folder):
        self.program = os.path.join(context.build, "bench/bench_store")
        self.folder, self.rounds, self.count = folder, context.rounds, 20 if context.smoke else 200
        self.slopes = Slopes()

    def run(self, what, account, expected, *more):
        said = json.loads(subprocess.run([self.program, what, account, *more], check=True, capture_output=True,
                                         text=True).stdout)
        if said["items"] != expected:
            raise RuntimeError("%s: %d items, not %d" % (what, said["items"], expected))
        return said["cpu"]

    def open_cold(self, account, size):
        shutil.rmtree(os.path.join(account, "mailproto"), ignore_errors=True)
        return self.run("open", account, size) / 1e6

    def open_warm(self, account, size):
        return self.run("open", account, size) / 1e6

    def list(self, account, size):
        return self.run("list", account, size) / 1e6

    def deliver(self, account, _):
        cost = self.run("deliver", account, self.count, str(self.count)) / self.count / 1e3
        take_delivered(account, self.count)
        return cost

    def row(self, name, unit, account, size, measure):
        row = Row("store/%s-%d" % (name, size), unit, "less", [Candidate("ours", "")])
        take_turns(row, [lambda: measure(account, size)], self.rounds)
        return self.slopes.add(name, size, row)

    def rows(self, sizes, boxes):
        for size in sizes:
            account = os.path.join(self.folder, "alone-%d" % size)
            fill(account, size)
            yield self.row("open-cold", "ms CPU", account, size, self.open_cold)
            self.run("open", account, size)
            yield self.row("open-warm", "ms CPU", account, size, self.open_warm)
            yield self.row("deliver", "us CPU", account, size, self.deliver)
            shutil.rmtree(account)
        for size in boxes:
            account = os.path.join(self.folder, "boxes-%d" % size)
            make_boxes(account, size)
            self.run("list", account, size)
            yield self.row("list", "ms CPU", account, size, self.list)
            yield self.row("deliver-among", "us CPU", account, size, self.deliver)
            shutil.rmtree(account)
        yield from self.slopes.lines({"open-cold": SLOPE_AIM, "open-warm": SLOPE_AIM, "list": SLOPE_AIM,
                                      "deliver": DELIVER_AIM, "deliver-among": DELIVER_AIM})


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
        account, why, server = os.path.join(folder, "listed-%d" % size), None, None
        make_boxes(account, size)
        measures = [lambda: cpu_of_command([program, "list", account], None, 0) / 1e6]
        try:
            try:
                server = dovecot.Dovecot(folder, users=("alice",)).start()
            except packages.Unavailable as reason:
                why = str(reason)
            if server:
                make_boxes(server.maildir("alice"), size)
                give_to(server.maildir("alice"), os.stat(os.path.dirname(server.maildir("alice"))))
                command, environment = server.command("doveadm", "mailbox", "list", "-u", "alice")
                measures.append(lambda: cpu_of_command(command, environment, size) / 1e6)
            for measure in measures:  # the first one makes what is kept, and does not count
                measure()
            row = Row("store/list-program-%d" % size, "ms CPU", "less",
                      [Candidate("ours", "mailproto-store"), Candidate("peer", "Dovecot", why=why)])
            take_turns(row, measures, context.rounds)
        finally:
            if server:
                server.stop()
        shutil.rmtree(account)
        yield row


def rows(context):
    sizes, boxes = (SMOKE_SIZES, SMOKE_BOXES) if context.smoke else (SIZES, BOXES)
    folder = tempfile.mkdtemp(prefix="mailproto-store-", dir=memory_folder())
    os.chmod(folder, 0o755)
    try:
        yield from Alone(context, folder).rows(sizes, boxes)
        yield from lists_against_dovecot(context, folder, boxes)
        yield from bench_store_dovecot.rows(context, folder)
        yield from bench_store_servers.rows(context, folder, sizes, boxes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
