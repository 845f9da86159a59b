"""The structure of messages, their leaves decoded, their texts for IMAP, against other libraries; how the time grows.

The drivers (bench_mime.c, bench_mime_decode.c; bench_mime_slope.c has no peers) open the libraries that are found here:
those of the distribution's packages, unpacked below the build folder if they are not installed. They make the messages
themselves. mimetic is C++ without an interface for C. Dovecot's library has what its IMAP server makes
ENVELOPE and BODYSTRUCTURE with, and the decoder of its search: both are called as the server does, on a message in memory.
"""

import glob
import json
import os
import statistics
import subprocess

import dovecot
from bench_store_common import slope
from frame import Candidate, number, Row
import in_process
import packages

# Environment of the driver, what the peer is called, package, library.
LIBRARIES = [("BENCH_DOVECOT", "Dovecot", "dovecot-core", "dovecot/libdovecot.so.0"),
             ("BENCH_ETPAN", "libetpan", "libetpan20", "*/libetpan.so.20"),
             ("BENCH_GMIME", "GMime", "libgmime-3.0-0", "*/libgmime-3.0.so.0")]
STRUCTURE, DECODE = ["Dovecot", "libetpan", "GMime", "mimetic"], ["Dovecot", "libetpan", "GMime"]
MEMORY, IMAP = ["GMime"], ["Dovecot"]
# How many times a peer's, by the vector code that the processor runs.
AIMS = {"mime-structure/small": {"avx512": 8}, "mime-structure/attachments": {"avx512": 4},
        "mime-decode/small": {"avx512": 10}, "mime-decode/attachments": {"avx512": 12},
        "mime-imap/small": {"avx512": 6}, "mime-imap/attachments": {"avx512": 4}}
SLOPE_AIM = 1.1
AIM_FIGURES = {"mime-memory/attachment-20MiB": 65536}


def libraries():
    """(environment, {peer: why it is absent})."""
    environment, absent, folders = dict(os.environ), {"mimetic": "it is C++, and has no interface for C"}, []
    for variable, peer, package, name in LIBRARIES:
        found = glob.glob("/usr/lib/" + name)
        try:
            if not found:
                tree = dovecot.tree() if peer == "Dovecot" else packages.fetch(package, [package])
                found = glob.glob(os.path.join(tree, "usr/lib", name))
                folders += sorted({os.path.dirname(path) for path in glob.glob(os.path.join(tree, "**/*.so.*"),
                                                                              recursive=True)})
            if not found:
                raise packages.Unavailable("the package %s holds no %s" % (package, name))
            environment[variable] = found[0]
        except packages.Unavailable as reason:
            absent[peer] = str(reason)
    if folders:
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(folders + [environment.get("LD_LIBRARY_PATH", "")])
    return environment, absent


def measured(context, words, peers):
    """The rows of a driver."""
    environment, absent = libraries()
    version = subprocess.run([os.path.join(context.build, "bench", "bench_mime"), "version"], check=True,
                             stdout=subprocess.PIPE, text=True).stdout.strip()
    command = [os.path.join(context.build, "bench", words[0]), *words[1:], "--rounds", str(context.rounds)]
    with subprocess.Popen(command + (["--smoke"] if context.smoke else []), stdout=subprocess.PIPE, text=True,
                          env=environment) as process:
        for line in process.stdout:
            said = json.loads(line)
            candidates = [Candidate(c["role"], c["name"], c["figures"]) for c in said["candidates"]]
            candidates += [Candidate("peer", peer, why=absent[peer]) for peer in peers if peer in absent]
            yield Row(said["name"], said["unit"], said["better"], candidates,
                      aim=AIMS.get(said["name"], {}).get(version), aim_figure=AIM_FIGURES.get(said["name"]))
    if process.returncode != 0:
        raise RuntimeError("%s failed with status %d" % (words[0], process.returncode))


def rows(context):
    return measured(context, ["bench_mime"], STRUCTURE)


def decode_rows(context):
    return measured(context, ["bench_mime_decode", "decode"], DECODE)


def memory_rows(context):
    return measured(context, ["bench_mime_decode", "memory"], MEMORY)


def imap_rows(context):
    return measured(context, ["bench_mime_decode", "imap"], IMAP)


def slope_rows(context):
    """How the time grows over sizes: the exponent, round by round; beside it, the times in microseconds."""
    for row in in_process.rows(context, "bench_mime_slope"):
        sizes = [int(candidate.name) for candidate in row.candidates]
        exponents = [slope(sizes, costs) for costs in zip(*(candidate.figures for candidate in row.candidates))]
        times = ["%s us of %s octets" % (number(statistics.median(c.figures)), c.name) for c in row.candidates]
        yield Row("mime-slope/" + row.name, "exponent", "less", [Candidate("ours", "", exponents)] + row.candidates,
                  aim_figure=SLOPE_AIM, note=", ".join(times))
