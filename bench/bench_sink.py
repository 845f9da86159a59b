"""A sink over loopback: CPU of the server for a message, ours on the engine against Postfix's smtp-sink.

Verified first: both give out the message that was sent. The load generator checks every reply of every run.
"""

import os

from frame import Candidate, Row, in_turn
from processes import Load, Server, cpu_of
import harness
import packages
import postfix

CONNECTIONS = 32
# Name, octets of a message, messages a round, how many times less CPU than smtp-sink.
SIZES = [("1-KB", 1024, 32 * 1200, 2), ("10-KB", 10240, 32 * 600, 6), ("1-MB", 1 << 20, 32 * 10, 15)]


def sink_command(context, *more):
    return lambda port: [os.path.join(context.build, "bench/sink"), str(port), *more]


def postfix_sink(*options):
    """(command, environment) of smtp-sink."""
    path, environment = postfix.smtp_sink()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    return lambda port: [path, *user, "-m", "2048", *options, "127.0.0.1:%d" % port, "1024"], environment


def verify(context, load, command, environment, dump):
    """One message through a server that writes what it took to a file: it must end with the message."""
    server = Server(command, environment, folder=context.folder)
    try:
        Load(load.program, load.size, 1, 1).run(server.port)
        message = load.message().replace(b"\r\n", b"\n")

        def arrived():
            try:
                with open(dump, "rb") as f:
                    return f.read().replace(b"\r\n", b"\n").rstrip(b"\n").endswith(message.rstrip(b"\n"))
            except FileNotFoundError:
                return False
        if not harness.wait_until(arrived, 10):
            raise RuntimeError("what %s took is not the message that was sent" % os.path.basename(command(0)[0]))
    finally:
        server.stop()


def measure_of(server, load):
    def measure():
        before = cpu_of(server.pid)
        load.run(server.port)
        return (cpu_of(server.pid) - before) / 1000 / load.messages
    return measure


def one_size(context, name, size, messages, aim):
    load = Load(os.path.join(context.build, "bench/load"), size,
                CONNECTIONS if context.smoke else messages, CONNECTIONS)
    dump = os.path.join(context.folder, "dump-" + name)
    verify(context, load, sink_command(context, dump), None, dump)
    row = Row("smtp-sink/" + name, "us CPU", "less", [Candidate("ours", "")], aim=aim)
    servers = []
    try:
        servers.append(Server(sink_command(context)))
        try:
            os.chmod(context.folder, 0o777)
            command, environment = postfix_sink("-D", dump + ".peer")
            verify(context, load, command, environment, dump + ".peer")
            servers.append(Server(*postfix_sink()))
            row.candidates.append(Candidate("peer", "Postfix smtp-sink"))
        except packages.Unavailable as reason:
            servers.append(None)
            row.candidates.append(Candidate("peer", "Postfix smtp-sink", why=str(reason)))
        floor = [os.path.join(context.build, "bench/floor")]
        servers.append(Server(lambda port: floor + [str(port), str(load.messages // CONNECTIONS)] + load.lengths()))
        row.candidates.append(Candidate("floor", "read and write"))
        in_turn(row, [server and measure_of(server, load) for server in servers], context.rounds)
    finally:
        for server in servers:
            if server:
                server.stop()
    return row


def rows(context):
    for name, size, messages, aim in SIZES:
        yield one_size(context, name, size, messages, aim)
