"""Removes one fsync of the Maildir store after the other, and requires that the power test notices each.

usage: without_fsync.py BUILD [--sites N] [--states N] [--seed N] [--list]

BUILD    a build folder in which tests/power/power is built; nothing in it is changed
--sites  so many of them, other ones each day (all)
--states how often the power is lost for each, at most (3000)
--list   prints where they are, and ends

A site is a call in the sources of the store that syncs a file or a directory, or makes a commit of SQLite a durable one.
For each, its file is copied, the call is taken out, the copy is compiled as the build compiles the file, and the power
test is linked with it and run: it must fail. A line is printed for each site. How it works: docs/design/power.md.
"""

import argparse
import datetime
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
STORE = TREE / "src/companion/store"
TARGET = "tests/power/power"

# Calls that sync; what stands before a definition or a declaration begins a line.
CALL = re.compile(r"(?<![\w.>])(?:[\w.]+(?:->))*(?:\w+\.)*((?:\w*_)?(?:fsync|fdatasync|sync_\w+))\(")
PRAGMA = re.compile(r'synchronous\s*=\s*FULL', re.I)
# The table itself and SQLite's own: they pass on what others decide.
LEFT_OUT = ("files.c", "files_vfs.c")


class Site:
    """A piece of a source file, and what takes its place."""

    def __init__(self, path, start, end, instead, text):
        self.path, self.start, self.end, self.instead = path, start, end, instead
        self.line = text.count("\n", 0, start) + 1
        self.words = " ".join(text[start:end].split())
        begin = text.rfind("\n{\n", 0, start)
        found = re.findall(r"(\w+)\(", text[text.rfind("\n", 0, begin - 1):begin]) if begin > 0 else []
        self.function = found[0] if found else ""

    def __str__(self):
        return "%s:%d %s: %s" % (self.path.name, self.line, self.function, self.words)


def end_of_call(text, start):
    """Behind the parenthesis that closes the one at start."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if not depth:
            return at + 1
    raise SystemExit("a call without an end")


def without_comments(text):
    """The same text with spaces for comments."""
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def find_sites():
    sites = []
    for path in sorted(STORE.glob("*.c")):
        if path.name in LEFT_OUT or not re.match(r"maildir|deliver|files", path.name):
            continue
        whole = path.read_text("utf-8")
        text = without_comments(whole)
        for match in CALL.finditer(text):
            end = end_of_call(text, match.end() - 1)
            line = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
            if re.match(r"(static |int |int32_t |void )", line) and not re.search(r"[=(]", line):
                continue  # where it is defined or declared
            call = text[match.start():end]
            sites.append(Site(path, match.start(), end, "((void)sizeof(%s), 0)" % call, whole))
        for match in PRAGMA.finditer(text):
            sites.append(Site(path, match.start(), match.end(), "synchronous=NORMAL", whole))
    return sites


class Build:
    """How the build compiles a file of the store and links the power test."""

    def __init__(self, folder, work):
        self.folder, self.work = pathlib.Path(folder).resolve(), pathlib.Path(work)
        commands = json.loads((self.folder / "compile_commands.json").read_text("utf-8"))
        self.compile = {}
        for entry in commands:
            path = (self.folder / entry["file"]).resolve()
            if path.parent == STORE:
                self.compile.setdefault(path.name, shlex.split(entry["command"]))
        listed = subprocess.run(["ninja", "-C", str(self.folder), "-t", "commands", TARGET], check=True,
                                capture_output=True, text=True).stdout.splitlines()
        self.link = next(shlex.split(line) for line in reversed(listed) if " -o %s " % TARGET in line)

    def make(self, site):
        """A power test without this site; its path."""
        text = site.path.read_text("utf-8")
        copy, made, program = (self.work / name for name in (site.path.name, site.path.name + ".o", "power"))
        copy.write_text(text[:site.start] + site.instead + text[site.end:], "utf-8")
        command = list(self.compile[site.path.name])
        command[command.index("-o") + 1] = str(made)
        command[command.index("-c") + 1] = str(copy)
        command += ["-w", "-iquote", str(STORE)]
        for flag in ("-MF", "-MQ"):
            if flag in command:
                command[command.index(flag) + 1] = str(made) + ".d"
        subprocess.run(command, cwd=self.folder, check=True)
        link = list(self.link)
        at = link.index("-o")
        link[at + 1] = str(program)
        link.insert(at + 2, str(made))  # before the library, which then does not give its own
        subprocess.run(link, cwd=self.folder, check=True)
        return program


def notices(program, states, seed):
    """Whether the power test fails; the first line that says how."""
    done = subprocess.run([str(program), "--states", str(states), "--seed", str(seed), "--first"], capture_output=True,
                          text=True, check=False)
    said = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    if done.returncode not in (0, 1) or bool(said) != bool(done.returncode):
        raise SystemExit("the power test ended with %d:\n%s%s" % (done.returncode, done.stdout, done.stderr))
    return said[0] if said else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--sites", type=int, default=0)
    parser.add_argument("--states", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=int(datetime.date.today().strftime("%Y%m%d")))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="", help="FILE:LINE")
    options = parser.parse_args()
    sites = find_sites()
    if not sites:
        print("no site was found")
        return 1
    if options.only:
        sites = [site for site in sites if "%s:%d" % (site.path.name, site.line) == options.only]
    if options.sites and options.sites < len(sites):
        sites = random.Random(options.seed).sample(sites, options.sites)
    if options.list:
        print("\n".join(map(str, sites)))
        return 0
    print("seed", options.seed)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="without-fsync-") as work:
        build = Build(options.build, work)
        for site in sites:
            said = notices(build.make(site), options.states, options.seed)
            missed += said is None
            print("%s %s\n       %s" % ("noticed" if said else "NOT NOTICED", site, said or ""), flush=True)
    print("%d passed, %d failed, 0 skipped" % (len(sites) - missed, missed))
    return 1 if missed else 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main())
