"""Code size: octets of .text that a static program with nothing but an SMTP client has of the library, and all engines.

The client: every function of smtp_client.h and session.h kept, the rest garbage-collected; no C library is counted.
libESMTP, which is an SMTP client and nothing else, is counted whole. Verified first: the program has the client in it.
"""

import concurrent.futures
import glob
import os
import subprocess

from frame import Candidate, Row
import packages

FLAGS = ["-std=c11", "-ffunction-sections", "-fdata-sections", "-fvisibility=hidden", "-fno-pie"]
CLIENT_AIM, ALL_AIM = 20 * 1024, 250 * 1024


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compile_all(context, folder, level):
    """Object files of the library and of the client's roots."""
    cc = os.environ.get("CC", "gcc")
    os.makedirs(folder)
    sources = sorted(glob.glob(os.path.join(context.top, "src/*/*.c")))
    sources.append(os.path.join(context.top, "bench/size_client.c"))

    def one(source):
        name = "_".join(source.split(os.sep)[-2:])[:-2] + ".o"
        run(cc, *FLAGS, level, "-I" + os.path.join(context.top, "include"), "-I" + os.path.join(context.top, "src"),
            "-c", source, "-o", os.path.join(folder, name))
        return os.path.join(folder, name)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(one, sources))
    return objects[:-1], objects[-1]


def text_of(path):
    """Octets of the section .text."""
    return sum(int(line.split()[1]) for line in run("size", "-A", path).splitlines() if line.split()[:1] == [".text"])


def link(out, objects, roots):
    """A static program of the library alone: what the C library would add stays undefined, and is not counted."""
    run("ld", "-static", "--gc-sections", "--unresolved-symbols=ignore-all", *roots, "-o", out, *objects)
    return out


def sizes(context, level):
    """(client, all engines), octets."""
    folder = os.path.join(context.folder, "size" + level)
    library, roots = compile_all(context, folder, level)
    client = link(os.path.join(folder, "client"), [roots] + library, ["-e", "client_functions"])
    names = run("nm", client)
    if " mailproto_smtp_client_send" not in names or "mailproto_smtp_server" in names:
        raise RuntimeError("the program is not an SMTP client alone")
    keep = [word for line in run("nm", "--defined-only", *library).splitlines() for word in line.split()[2:]
            if word.startswith("mailproto_")]
    everything = link(os.path.join(folder, "all"), library,
                      ["-e", "mailproto_session_feed"] + [word for name in sorted(set(keep)) for word in ("-u", name)])
    return text_of(client), text_of(everything)


def libesmtp():
    tree = packages.fetch("libesmtp", ["libesmtp6"])
    found = [path for path in glob.glob(os.path.join(tree, "usr/lib/*/libesmtp.so.*")) if not os.path.islink(path)]
    if not found:
        raise packages.Unavailable("the package of libESMTP holds no library")
    return text_of(found[0])


def rows(context):
    try:
        peer = Candidate("peer", "libESMTP")
        peer.figures.append(libesmtp())
    except packages.Unavailable as reason:
        peer.why = str(reason)
    for level in ["-Os"] if context.smoke else ["-Os", "-O2"]:
        client, everything = sizes(context, level)
        yield Row("code-size/client" + level, "octets", "less", [Candidate("ours", "", [client]), peer],
                  aim_figure=CLIENT_AIM)
        yield Row("code-size/all" + level, "octets", "less", [Candidate("ours", "", [everything])], aim_figure=ALL_AIM)
