"""Code size: octets of .text that a static program with nothing but an SMTP client has of the library, and all engines.

Three programs, without sections that nothing refers to; no C library is counted.
client        a program that sends mail, made to be small: least optimisation for speed, link-time optimisation, the text
              scan an octet at a time (-Dtext_scan=octet). What it calls is in bench/size_client.c: STARTTLS, AUTH, all
              extensions; not VRFY and its like, nor trace, nor the calls of polling hosts.
client-whole  every function of smtp_client.h and session.h, default options, no link-time optimisation
all           every function of the library, the same way
mime          every function of the MIME headers, the same way, with what it needs of the rest
libESMTP, which is an SMTP client and nothing else, is counted whole. Verified first: the programs have the client in them.
"""

import concurrent.futures
import glob
import os
import subprocess

from frame import Candidate, Row
import packages

FLAGS = ["-std=c11", "-ffunction-sections", "-fdata-sections", "-fvisibility=hidden", "-fno-pie"]
SMALL_SCAN = "-DMAILPROTO_TEXT_SCAN_OCTET"
CLIENT_AIM, ALL_AIM, MIME_AIM = 20 * 1024, 250 * 1024, 60 * 1000


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compiler():
    return os.environ.get("CC", "gcc")


def accepts(*flags):
    """Whether the compiler knows the flags."""
    return subprocess.run([compiler(), *flags, "-x", "c", "-c", os.devnull, "-o", os.devnull], check=False,
                          capture_output=True).returncode == 0


def compile_all(context, folder, flags):
    """Object files of the library and of the client's roots."""
    os.makedirs(folder)
    sources = sorted(path for path in glob.glob(os.path.join(context.top, "src/*/*.c"))
                     if os.sep + "companion" + os.sep not in path)
    sources.append(os.path.join(context.top, "bench/size_client.c"))

    def one(source):
        name = "_".join(source.split(os.sep)[-2:])[:-2] + ".o"
        run(compiler(), *FLAGS, *flags, "-I" + os.path.join(context.top, "include"),
            "-I" + os.path.join(context.top, "src"), "-c", source, "-o", os.path.join(folder, name))
        return os.path.join(folder, name)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(one, sources))
    return objects[:-1], objects[-1]


def text_of(path):
    """Octets of the section .text."""
    return sum(int(line.split()[1]) for line in run("size", "-A", path).splitlines() if line.split()[:1] == [".text"])


def link(out, objects, flags, roots):
    """A static program of the library alone: what the C library would add stays undefined, and is not counted."""
    options = ["--gc-sections", "--unresolved-symbols=ignore-all", *roots]
    run(compiler(), *flags, "-nostdlib", "-static", "-no-pie", *["-Wl," + option for option in options], "-o", out,
        *objects)
    return out


def client_alone(out, objects, flags, entry):
    """The size of the program, which is the client and no server."""
    names = run("nm", link(out, objects, flags, ["-e," + entry]))
    if " mailproto_smtp_client_send" not in names or "mailproto_smtp_server" in names:
        raise RuntimeError("the program is not an SMTP client alone")
    return text_of(out)


def with_functions(out, library, objects):
    """The size of a program with every public function that these objects define, octets."""
    names = {word for line in run("nm", "--defined-only", *objects).splitlines() for word in line.split()[2:]
             if word.startswith("mailproto_")}
    first, *others = sorted(names)
    return text_of(link(out, library, [], ["-e," + first] + ["-u," + name for name in others]))


def sizes(context, level):
    """(client with every function, all engines, MIME), octets."""
    folder = os.path.join(context.folder, "size" + level)
    library, roots = compile_all(context, folder, [level])
    client = client_alone(os.path.join(folder, "client"), [roots] + library, [], "client_functions")
    mime = [path for path in library if os.path.basename(path).startswith("mime_")]
    return (client, with_functions(os.path.join(folder, "all"), library, library),
            with_functions(os.path.join(folder, "mime"), library, mime))


def sender(context, name, flags):
    """A program that sends mail, octets."""
    folder = os.path.join(context.folder, "size-" + name)
    library, roots = compile_all(context, folder, flags)
    return client_alone(os.path.join(folder, "client"), [roots] + library, flags, "sender_functions")


def small_client(context, peer):
    """The row of the aim: as small as the options that are there make it; beside it, what each of them is worth."""
    level = "-Oz" if accepts("-Oz") else "-Os"
    lto = ["-flto"] if accepts("-flto") else []
    others = [] if context.smoke else [("-Os", ["-Os", *lto, SMALL_SCAN]), ("no-lto", [level, SMALL_SCAN]),
                                       ("vector-scan", [level, *lto])]
    candidates = [Candidate("ours", "", [sender(context, "least", [level, *lto, SMALL_SCAN])]), peer]
    candidates += [Candidate("other", name, [sender(context, name, flags)]) for name, flags in others]
    note = "%s %s, sections collected; the functions that a program which sends mail calls (bench/size_client.c)" % (
        compiler(), " ".join([level, *lto, SMALL_SCAN]))
    return Row("code-size/client", "octets", "less", candidates, aim_figure=CLIENT_AIM, note=note)


def libesmtp():
    tree = packages.fetch("libesmtp", ["libesmtp6"])
    found = [path for path in glob.glob(os.path.join(tree, "usr/lib/*/libesmtp.so.*")) if not os.path.islink(path)]
    if not found:
        raise packages.Unavailable("the package of libESMTP holds no library")
    return text_of(found[0])


def rows(context):
    peer = Candidate("peer", "libESMTP")
    try:
        peer.figures.append(libesmtp())
    except packages.Unavailable as reason:
        peer.why = str(reason)
    yield small_client(context, peer)
    for level in ["-Os"] if context.smoke else ["-Os", "-O2"]:
        client, everything, mime = sizes(context, level)
        yield Row("code-size/client-whole" + level, "octets", "less", [Candidate("ours", "", [client]), peer],
                  note="every function of smtp_client.h and session.h, default options")
        yield Row("code-size/all" + level, "octets", "less", [Candidate("ours", "", [everything])], aim_figure=ALL_AIM)
        yield Row("code-size/mime" + level, "octets", "less", [Candidate("ours", "", [mime])],
                  aim_figure=MIME_AIM if level == "-Os" else None, note="every function of the MIME headers")
