"""Base64 and quoted-printable, against OpenSSL, glib, GMime, Perl's MIME::QuotedPrint and Python's binascii.

The driver (bench_codec.c) opens the libraries that are found here: those of the distribution's packages, unpacked below
the build folder if they are not installed. Verified first: every result decodes to the same text.
"""

import glob
import json
import os
import shutil
import subprocess

from frame import Candidate, Row
import packages

HERE = os.path.dirname(os.path.abspath(__file__))
# Environment of the driver, what the peer is called, package, library.
LIBRARIES = [("BENCH_OPENSSL", "OpenSSL", "libssl3", "libcrypto.so.3"),
             ("BENCH_GLIB", "glib", "libglib2.0-0", "libglib-2.0.so.0"),
             ("BENCH_GMIME", "GMime", "libgmime-3.0-0", "libgmime-3.0.so.0")]
PEERS = {"base64": ["OpenSSL", "glib", "GMime"], "qp": ["GMime", "Perl", "Python"]}
# How many times the best peer, by the vector code that the processor runs; the others are not aimed at.
AIMS = {"mime-base64/encode": {"avx512": 20, "avx2": 11}, "mime-base64/decode": {"avx512": 20, "avx2": 12},
        "mime-qp/encode-english": {"avx512": 12}, "mime-qp/encode-chinese": {"avx512": 12},
        "mime-qp/encode-html": {"avx512": 12}, "mime-qp/decode-english": {"avx512": 3},
        "mime-qp/decode-chinese": {"avx512": 10}, "mime-qp/decode-html": {"avx512": 3}}


def libraries():
    """(environment, {peer: why it is absent})."""
    environment, absent, folders = dict(os.environ), {}, []
    for variable, peer, package, name in LIBRARIES:
        found = glob.glob("/usr/lib/*/" + name) + glob.glob("/lib/*/" + name)
        try:
            if not found:
                tree = packages.fetch(package, [package])
                found = glob.glob(os.path.join(tree, "usr/lib/*", name)) + glob.glob(os.path.join(tree, "lib/*", name))
                folders += sorted({os.path.dirname(path) for path in glob.glob(os.path.join(tree, "**/*.so.*"),
                                                                              recursive=True)})
            if not found:
                raise packages.Unavailable("the package %s holds no %s" % (package, name))
            environment[variable] = found[0]
        except packages.Unavailable as reason:
            absent[peer] = str(reason)
    if shutil.which("perl") and subprocess.run(["perl", "-MMIME::QuotedPrint", "-e", "1"], check=False,
                                               stderr=subprocess.DEVNULL).returncode == 0:
        environment["BENCH_PERL"] = os.path.join(HERE, "peer_qp.pl")
    else:
        absent["Perl"] = "there is no perl with MIME::QuotedPrint"
    environment["BENCH_PYTHON"] = os.path.join(HERE, "peer_qp.py")
    if folders:
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(folders + [environment.get("LD_LIBRARY_PATH", "")])
    return environment, absent


def rows(context, what):
    program = os.path.join(context.build, "bench", "bench_codec")
    environment, absent = libraries()
    version = subprocess.run([program, "version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    command = [program, what, "--rounds", str(context.rounds)] + (["--smoke"] if context.smoke else [])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for line in process.stdout:
            said = json.loads(line)
            candidates = [Candidate(c["role"], c["name"], c["figures"]) for c in said["candidates"]]
            candidates += [Candidate("peer", peer, why=absent[peer]) for peer in PEERS[what] if peer in absent]
            yield Row(said["name"], said["unit"], said["better"], candidates, aim=AIMS[said["name"]].get(version))
    if process.returncode != 0:
        raise RuntimeError("bench_codec failed with status %d" % process.returncode)
