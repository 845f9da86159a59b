"""Reads the public headers for the checks beside it."""

import pathlib
import re
import subprocess

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
# Headers of the companion libraries, with the library's name behind "mailproto-".
COMPANIONS = {
    "host.h": "host",
    "host_connection.h": "host",
    "host_loop.h": "host",
    "host_send.h": "host",
    "host_store.h": "host",
    "host_trace.h": "host",
    "host_url.h": "host",
    "maildir.h": "store",
    "memory_store.h": "store",
    "store_kit.h": "store",
    "mbedtls.h": "mbedtls",
    "mbedtls_host.h": "mbedtls",
}
FUNCTION = re.compile(r"^MAILPROTO_API\b([^;{]*?)\b(mailproto_\w+)\s*\(([^;{]*)\)\s*;", re.M | re.S)


def all_headers(tree):
    return sorted((pathlib.Path(tree) / "include/mailproto").glob("*.h"))


def functions(text):
    """(position, result type, name, arguments) of every public function that a header declares."""
    for match in FUNCTION.finditer(text):
        result, name, arguments = (" ".join(part.split()) for part in match.groups())
        yield match.start(), result, name, arguments


def without_comments(text):
    return COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def functions_of(path):
    return {name for _, _, name, _ in functions(without_comments(path.read_text("utf-8")))}


def declared(tree, companion=None):
    """The names of all public functions of the library, or of a companion, sorted."""
    return sorted(name for path in all_headers(tree) if COMPANIONS.get(path.name) == companion
                  for name in functions_of(path))


def is_built(header, roles):
    """Whether a library with these roles has what the header declares: smtp_server.h is that of a role, smtp.h that of
    a protocol; any other is always there."""
    match = re.match(r"(smtp|pop3)(_client|_server)?\.h$", header)
    if not match:
        return True
    protocol, role = match.groups()
    return protocol + role in roles if role else any(built.startswith(protocol + "_") for built in roles)


def built(tree, roles):
    """The names of all public functions of a library with these roles, sorted."""
    return sorted(name for path in all_headers(tree) if path.name not in COMPANIONS and is_built(path.name, roles)
                  for name in functions_of(path))


def for_foreign_interfaces(tree, compiler):
    """All declarations as one text without preprocessor lines, attributes and system headers."""
    tree = pathlib.Path(tree)
    command = [*compiler, "-E", "-P", "-x", "c", "-std=c11", "-nostdinc", "-DMAILPROTO_API="]
    command += ["-I", str(tree / "tests/abi/bare"), "-I", str(tree / "include"), "-"]
    program = "".join(f'#include "mailproto/{path.name}"\n' for path in all_headers(tree))
    return subprocess.run(command, input=program, check=True, stdout=subprocess.PIPE, text=True).stdout
