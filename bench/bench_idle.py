"""Memory of an idle SMTP session, after EHLO: the engine's own octets, and what the process grows by for each session.

Postfix has a process for each session, so fewer are opened there.
"""

import os
import subprocess

from frame import Absent, Candidate, Row
from processes import IdleSessions, Server, pss_of_tree
from bench_maildir import OPENSMTPD, Theirs
from bench_sink import postfix_sink, sink_command
import harness
import in_process
import packages

SESSIONS = 1000
SESSIONS_OF_POSTFIX = 50


def growth(load, port, pid, sessions):
    """Octets a session. One is opened before, so that what the first one brings is not counted."""
    first = IdleSessions(load, port, 1)
    try:
        before = pss_of_tree(pid)
        more = IdleSessions(load, port, sessions)
        try:
            return (pss_of_tree(pid) - before) / sessions
        finally:
            more.close()
    finally:
        first.close()


def with_server(load, sessions, make):
    server = make()
    try:
        return growth(load, server.port, server.pid, sessions)
    finally:
        server.stop()


def mailprotod(context):
    program = os.path.join(context.build, "examples/server/mailprotod")
    while True:
        base = harness.free_port()
        if all(harness.can_bind(base + port) for port in (24, 25, 110, 587)):
            break
    folder = os.path.join(context.folder, "idle-%d" % base)
    return Server(lambda _: [program, "demo", "--dir", folder, "--port-base", str(base)], port=base + 25, quiet=True)


def postfix_growth(context, load, sessions):
    host = Theirs(context.folder)
    try:
        return growth(load, host.port, host.server.process.pid, sessions)
    finally:
        host.stop()


def rows(context):
    load = os.path.join(context.build, "bench/load")
    rounds = 1 if context.smoke else 3
    sessions, of_postfix = (20, 2) if context.smoke else (SESSIONS, SESSIONS_OF_POSTFIX)
    yield from in_process.rows(context, "bench_smtp_idle")
    row = Row("smtp-idle/process", "octets", "less", [Candidate("ours", "mailprotod")],
              note="PSS that the process grows by for a session; mailprotod and smtp-sink: %d sessions, Postfix: %d"
              % (sessions, of_postfix))
    measures = [lambda: with_server(load, sessions, lambda: mailprotod(context))]

    def add(name, measure):
        candidate = Candidate("peer", name)
        row.candidates.append(candidate)
        try:
            candidate.figures.append(measure())
            measures.append(measure)
        except (Absent, packages.Unavailable) as reason:
            candidate.why = str(reason)
            measures.append(None)

    try:
        sink = postfix_sink()
        add("Postfix smtp-sink", lambda: with_server(load, sessions, lambda: Server(*sink)))
    except packages.Unavailable as reason:
        row.candidates.append(Candidate("peer", "Postfix smtp-sink", why=str(reason)))
        measures.append(None)
    add("Postfix smtpd", lambda: postfix_growth(context, load, of_postfix))
    row.candidates.append(Candidate("peer", "OpenSMTPD", why=OPENSMTPD))
    measures.append(None)
    row.candidates.append(Candidate("other", "bench/sink"))
    measures.append(lambda: with_server(load, sessions, lambda: Server(sink_command(context))))
    for candidate in row.candidates:
        candidate.figures.clear()
    for _ in range(rounds):
        for candidate, measure in zip(row.candidates, measures):
            if measure:
                candidate.figures.append(measure())
    yield row
