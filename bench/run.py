"""tools/bench once everything is built: runs the benchmarks that are named, and prints a line a figure."""

import argparse
import os
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(1, os.path.join(HERE, "..", "tests", "interop"))

import frame  # noqa: E402
import harness  # noqa: E402
import bench_codec  # noqa: E402
import bench_idle  # noqa: E402
import bench_maildir  # noqa: E402
import bench_mime  # noqa: E402
import bench_sink  # noqa: E402
import bench_size  # noqa: E402
import bench_store  # noqa: E402
import bench_tls  # noqa: E402
import in_process  # noqa: E402

BENCHMARKS = {
    "text-scan": ("looking for the end of message text, against the C library's memchr",
                  lambda context: in_process.rows(context, "bench_text_scan")),
    "mime-base64": ("base64 in lines of 76, both ways, against OpenSSL, glib and GMime",
                    lambda context: bench_codec.rows(context, "base64")),
    "mime-qp": ("quoted-printable of three kinds of text, both ways, against GMime, Perl and Python",
                lambda context: bench_codec.rows(context, "qp")),
    "mime-structure": ("the structure of messages, small and with attachments, against Dovecot, libetpan and GMime",
                       bench_mime.rows),
    "mime-decode": ("messages with every leaf decoded, against Dovecot, libetpan and GMime",
                    bench_mime.decode_rows),
    "mime-memory": ("memory to decode an attachment of 20 MiB as it comes, against GMime", bench_mime.memory_rows),
    "mime-imap": ("messages read, with their ENVELOPE and BODYSTRUCTURE texts, against Dovecot", bench_mime.imap_rows),
    "mime-slope": ("how the time of a tree grows, 10^5 to 10^7 octets of what makes most work", bench_mime.slope_rows),
    "smtp-engine": ("the SMTP server engine in memory: message data, whole transactions",
                    lambda context: in_process.rows(context, "bench_smtp_engine")),
    "smtp-sink": ("messages thrown away over loopback, against Postfix's smtp-sink", bench_sink.rows),
    "smtp-maildir": ("SMTP to Maildir, mailprotod against Postfix", bench_maildir.rows),
    "store": ("the Maildir store: opening, listing, delivery, and how they grow; against Dovecot", bench_store.rows),
    "smtp-idle": ("memory of idle SMTP sessions", bench_idle.rows),
    "tls": ("TLS handshakes by mailproto-mbedtls and OpenSSL, in memory and against openssl s_server; memory of sessions",
            bench_tls.rows),
    "code-size": (".text of an SMTP client and of all engines, against libESMTP", bench_size.rows),
}


def at_hand(build):
    """The benchmarks that this build has: TLS needs two libraries. All, before there is a build."""
    return [name for name in BENCHMARKS
            if name != "tls" or bench_tls.is_built(build) or not os.path.exists(os.path.join(build, "bench"))]


def options():
    parser = argparse.ArgumentParser(prog="tools/bench", description="Measures; prints one line a figure.",
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="benchmarks:\n" + "\n".join(
                                         "  %-14s %s" % (name, what) for name, (what, _) in BENCHMARKS.items()))
    parser.add_argument("names", metavar="NAME", nargs="*", help="the benchmarks to run; all without one")
    parser.add_argument("--json", action="store_true", help="an object a line")
    parser.add_argument("--list", action="store_true", help="say which benchmarks there are")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="rounds of each candidate (15)")
    parser.add_argument("--smoke", action="store_true", help="little work, one round: shows that all of it runs")
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build", "bench"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("--rounds: at least 1")
    for name in given.names:
        if name not in BENCHMARKS:
            parser.error("unknown benchmark: %s" % name)
    return given


def main():
    given = options()
    build = os.path.abspath(given.build)
    if given.list:
        for name in at_hand(build):
            print("%-14s %s" % (name, BENCHMARKS[name][0]))
        return
    os.environ.setdefault("MAILPROTO_PEERS", os.path.join(build, "peers"))
    printer = frame.Printer(given.json)
    for name in given.names or at_hand(build):
        folder = harness.Folder()
        context = types.SimpleNamespace(top=os.path.dirname(HERE), build=build, folder=folder.path, smoke=given.smoke,
                                        rounds=1 if given.smoke else given.rounds)
        try:
            for row in BENCHMARKS[name][1](context):
                printer.row(row)
        finally:
            folder.remove()


if __name__ == "__main__":
    main()
