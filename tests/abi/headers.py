"""Reads the public headers for the checks beside it."""

import pathlib
import re
import subprocess

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
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


def declared(tree):
    """The names of all public functions, sorted."""
    names = set()
    for path in all_headers(tree):
        names.update(name for _, _, name, _ in functions(without_comments(path.read_text("utf-8"))))
    return sorted(names)


def role_of(name):
    """The role that a function belongs to (smtp_server), a protocol (smtp), or None: it is always there."""
    match = re.match(r"mailproto_(smtp|pop3)_(?:(client|server)(?:_|$))?", name)
    if not match:
        return None
    return "_".join(part for part in match.groups() if part)


def is_built(name, roles):
    """Whether a library with these roles has the function."""
    role = role_of(name)
    return role is None or any(built == role or built.startswith(role + "_") for built in roles)


def for_foreign_interfaces(tree, compiler):
    """All declarations as one text without preprocessor lines, attributes and system headers."""
    tree = pathlib.Path(tree)
    command = [*compiler, "-E", "-P", "-x", "c", "-std=c11", "-nostdinc", "-DMAILPROTO_API="]
    command += ["-I", str(tree / "tests/abi/bare"), "-I", str(tree / "include"), "-"]
    program = "".join(f'#include "mailproto/{path.name}"\n' for path in all_headers(tree))
    return subprocess.run(command, input=program, check=True, stdout=subprocess.PIPE, text=True).stdout
