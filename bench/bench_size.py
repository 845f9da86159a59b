"""Code size: octets of .text that a static program with nothing but an SMTP client has of the library, and all engines.

Three programs, without sections that nothing refers to; no C library is counted.
client        a program that sends mail, made to be small: least optimisation for speed, link-time optimisation, the text
              scan an octet at a time (-Dtext_scan=octet). What it calls is in bench/size_client.c: STARTTLS, AUTH, all
              extensions; not VRFY and its like, nor trace, nor the calls of polling hosts.
client-whole  every function of smtp_client.h and session.h, default options, no link-time optimisation
all           every function of the library, the same way
mime          every function of the MIME headers, the same way, with what it needs of the rest
mime-whole    every function that the MIME headers declare: by the client's options, and by default ones
mime-reader   the same of mime_tree.h, mime_header.h, mime_imap.h: what a program calls that reads mail
              Beside both: constants (.rodata), where the table of Unicode is; and all of it without (-Dunicode=false).
libESMTP, which is an SMTP client and nothing else, is counted whole. Verified first: the programs have the client in them.
"""

import concurrent.futures
import glob
import os
import re
import subprocess

from frame import Candidate, Row
import packages

FLAGS = ["-std=c11", "-ffunction-sections", "-fdata-sections", "-fvisibility=hidden", "-fno-pie"]
SMALL_SCAN = "-DMAILPROTO_TEXT_SCAN_OCTET"
COMPILED = {}  # objects by folder and flags
NO_UNICODE = "-DMAILPROTO_NO_UNICODE"
READER_HEADERS = ["mime_tree.h", "mime_header.h", "mime_imap.h"]
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
    """Object files of the library and of the client's roots: made once for the same flags."""
    os.makedirs(folder)
    key = (context.folder, *flags)
    if key not in COMPILED:
        COMPILED[key] = compile_new(context, folder, flags)
    return COMPILED[key]


def compile_new(context, folder, flags):
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


def text_of(path, section=".text"):
    """Octets of a section."""
    return sum(int(line.split()[1]) for line in run("size", "-A", path).splitlines() if line.split()[:1] == [section])


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


def with_names(out, library, names, flags=()):
    """The size of a program with these public functions, octets."""
    first, *others = sorted(names)
    size = text_of(link(out, library, list(flags), ["-e," + first] + ["-u," + name for name in others]))
    kept = {line.split()[-1] for line in run("nm", "--defined-only", out).splitlines()}
    if not set(names) <= kept:
        raise RuntimeError("the program lacks %s" % ", ".join(sorted(set(names) - kept)))
    return size


def with_functions(out, library, objects):
    """The size of a program with every public function that these objects define, octets."""
    return with_names(out, library, {word for line in run("nm", "--defined-only", *objects).splitlines()
                                     for word in line.split()[2:] if word.startswith("mailproto_")})


def declared(context, headers):
    """The functions that public headers declare."""
    names = set()
    for header in headers:
        with open(os.path.join(context.top, "include/mailproto", header), encoding="utf-8") as file:
            names.update(re.findall(r"^MAILPROTO_API [^(;]*?(\w+)\(", file.read(), re.MULTILINE))
    return names


def mime_sizes(context, name, flags):
    """Octets of code and constants (.text, .rodata) with every function of the MIME headers, and with a reader's."""
    folder = os.path.join(context.folder, "size-mime-" + name)
    library, _ = compile_all(context, folder, flags)
    link_flags = [flag for flag in flags if flag.startswith(("-f", "-O"))]
    headers = [os.path.basename(path) for path in glob.glob(os.path.join(context.top, "include/mailproto/mime_*.h"))]
    sizes_of = []
    for what, names in (("mime", declared(context, headers)), ("reader", declared(context, READER_HEADERS))):
        out = os.path.join(folder, what)
        sizes_of.append((with_names(out, library, names, link_flags), text_of(out, ".rodata")))
    return sizes_of


def mime_rows(context):
    """MIME as small as the client, and with default options; beside each the same without the table of Unicode."""
    least = ["-Oz" if accepts("-Oz") else "-Os", *(["-flto"] if accepts("-flto") else []), SMALL_SCAN]
    for name, flags in [("-least", least)] if context.smoke else [("-least", least), ("-Os", ["-Os"])]:
        whole, reader = mime_sizes(context, name, flags)
        whole_ascii, reader_ascii = mime_sizes(context, name + "-ascii", flags + [NO_UNICODE])
        said = "%s %s, sections collected; " % (compiler(), " ".join(flags))
        for row, what, size, ascii_size in (
                ("mime-reader", "every function of " + ", ".join(READER_HEADERS), reader, reader_ascii),
                ("mime-whole", "every function of the MIME headers", whole, whole_ascii)):
            yield Row("code-size/%s%s" % (row, name), "octets", "less", [
                Candidate("ours", "", [size[0]]), Candidate("other", "constants", [size[1]]),
                Candidate("other", "without the table of Unicode", [ascii_size[0]]),
                Candidate("other", "constants without the table of Unicode", [ascii_size[1]])],
                      aim_figure=MIME_AIM, note="%s%s; constants %d; without the table of Unicode %d, constants %d" % (
                          said, what, size[1], *ascii_size))


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
    yield from mime_rows(context)
    for level in ["-Os"] if context.smoke else ["-Os", "-O2"]:
        client, everything, mime = sizes(context, level)
        yield Row("code-size/client-whole" + level, "octets", "less", [Candidate("ours", "", [client]), peer],
                  note="every function of smtp_client.h and session.h, default options")
        yield Row("code-size/all" + level, "octets", "less", [Candidate("ours", "", [everything])], aim_figure=ALL_AIM)
        yield Row("code-size/mime" + level, "octets", "less", [Candidate("ours", "", [mime])],
                  aim_figure=MIME_AIM if level == "-Os" else None, note="every function of the MIME headers")
