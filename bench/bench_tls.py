"""TLS handshakes: in memory (bench_tls.c), and over loopback against openssl s_server, CPU of the server alone.

Whole handshakes of TLS 1.2, ECDHE on P-256 with AES-128-GCM, by a key of P-256 or of RSA with 2048 bits; one client, OpenSSL
alone, for all servers: it checks version, cipher suite and certificate of each. Every server takes one connection at a time.
"""

import json
import os
import shutil
import subprocess

from frame import Candidate, Row, in_turn
from processes import Server, cpu_of

NAME = "mail.example.test"
KINDS = {"ecdsa": (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "ECDHE-ECDSA-AES128-GCM-SHA256"),
         "rsa": (["-newkey", "rsa:2048"], "ECDHE-RSA-AES128-GCM-SHA256")}
HANDSHAKES = 300


def is_built(build):
    return os.path.exists(os.path.join(build, "bench", "bench_tls"))


def certificates(folder):
    """A certificate and its key of each kind, signed by itself."""
    for kind, (options, _) in KINDS.items():
        subprocess.run(["openssl", "req", "-x509", *options, "-nodes", "-days", "30", "-subj", "/CN=" + NAME,
                        "-addext", "subjectAltName=DNS:" + NAME, "-keyout", os.path.join(folder, kind + ".key"),
                        "-out", os.path.join(folder, kind + ".pem")], check=True, capture_output=True)


def in_memory(context):
    command = [os.path.join(context.build, "bench", "bench_tls"), "--rounds", str(context.rounds)]
    if context.smoke:
        command.append("--smoke")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, BENCH_TLS=context.folder)) as process:
        for line in process.stdout:
            said = json.loads(line)
            yield Row(said["name"], said["unit"], said["better"],
                      [Candidate(c["role"], c["name"], c["figures"]) for c in said["candidates"]])
    if process.returncode != 0:
        raise RuntimeError("bench_tls failed with status %d" % process.returncode)


def measure_of(context, server, kind, handshakes):
    client = os.path.join(context.build, "bench", "tls_client")
    command = [client, kind, str(server.port), str(handshakes), os.path.join(context.folder, kind + ".pem")]

    def measure():
        before = cpu_of(server.pid)
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout)
        if said["handshakes"] != handshakes:
            raise RuntimeError("there were not as many handshakes as were asked for")
        return handshakes * 1e9 / (cpu_of(server.pid) - before)
    return measure


def loopback(context, kind, cipher):
    pem, key = (os.path.join(context.folder, kind + end) for end in (".pem", ".key"))
    program, openssl = os.path.join(context.build, "bench", "tls_server"), shutil.which("openssl")
    row = Row("tls/loopback-" + kind, "/s CPU", "more",
              [Candidate("ours", ""), Candidate("peer", "openssl s_server"), Candidate("other", "OpenSSL layer")])
    servers = []
    try:
        servers.append(Server(lambda port: [program, "mbedtls", str(port), pem, key]))
        servers.append(Server(lambda port: [openssl, "s_server", "-accept", "127.0.0.1:%d" % port, "-cert", pem, "-key",
                                            key, "-tls1_2", "-cipher", cipher, "-no_ticket", "-no_cache", "-quiet",
                                            "-www"], quiet=True))
        servers.append(Server(lambda port: [program, "openssl", str(port), pem, key]))
        handshakes = 3 if context.smoke else HANDSHAKES
        in_turn(row, [measure_of(context, server, kind, handshakes) for server in servers], context.rounds)
    finally:
        for server in servers:
            server.stop()
    return row


def rows(context):
    certificates(context.folder)
    yield from in_memory(context)
    for kind, (_, cipher) in KINDS.items():
        yield loopback(context, kind, cipher)
