"""Removes one fsync of the Maildir store after the other, and requires that the power test notices each.

usage: without_fsync.py BUILD [--sites N] [--states N] [--seed N] [--only FILE:LINE] [--list]

BUILD    a build folder in which tests/power/power and test_files are built; nothing in it is changed
--sites  so many of them, which the seed chooses (all)
--states how often the power is lost for each, at most (12000)
--seed   of the choice and of the losses (a number that follows from what the sources of the store say)
--only   this one
--list   prints where they are, and ends

A site is a call in the sources of the store that syncs a file or a directory, or makes a commit of SQLite a durable one.
For each, its file is copied, the call is taken out, the copy is compiled as the build compiles the file, and the power
test is linked with it and run: it must fail, in a state in which the program as it is does not. A line is printed for
each site. How it works: docs/design/power.md.
"""

import argparse
import hashlib
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
TEST_FILES = "tests/power/test_files"

# Calls that sync; what stands before a definition or a declaration begins a line.
CALL = re.compile(r"(?<![\w.>])(?:[\w.]+(?:->))*(?:\w+\.)*((?:\w*_)?(?:fsync|fdatasync|sync_\w+))\(")
PRAGMA = re.compile(r'synchronous\s*=\s*FULL', re.I)
# Transactions whose commit is to be durable: the second argument says so. Each is made one that may be lost.
WRITE = re.compile(r"\b(?:mp_maildir_write(?:_plain)?|begin)\(([^(),]+),\s*([^(),]+)\)")
# The table itself and SQLite's own pass on what others decide. The recorder takes their place, so the power test cannot
# tell whether they do; test_files can.
PASSES_ON = {
    "files.c": re.compile(r"(?<![\w.>])((?:posix_)?(?:fsync|fdatasync))\("),
    "files_vfs.c": re.compile(r"((?:\w+->)+xSync)\("),
}


class Site:
    """A piece of a source file, and what takes its place."""

    def __init__(self, path, start, end, instead, text, target=TARGET):
        self.path, self.start, self.end, self.instead, self.target = path, start, end, instead, target
        self.line = text.count("\n", 0, start) + 1
        self.words = " ".join(text[start:end].split())
        begin = text.rfind("\n{\n", 0, start)
        # a line that begins with a letter: what goes on from it, and comments, do not
        found = re.findall(r"^[a-z][^\n(]*?(\w+)\(", text[:max(begin, 0)], re.M)
        self.function = found[-1] if found else ""

    def where(self):
        return "%s:%d" % (self.path.name, self.line)

    def __str__(self):
        return "%s %s: %s" % (self.where(), self.function, self.words)


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


def calls_of(path, whole, text, call, target):
    for match in call.finditer(text):
        end = end_of_call(text, match.end() - 1)
        line = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
        if re.match(r"(static |int |int32_t |void )", line) and not re.search(r"[=(]", line):
            continue  # where it is defined or declared
        yield Site(path, match.start(), end, "((void)sizeof(%s), 0)" % text[match.start():end], whole, target)


def commits_of(path, whole, text):
    for match in WRITE.finditer(text):
        if match.group(2).strip() not in ("0", "durable", "int durable"):
            yield Site(path, match.start(), match.end(), text[match.start():match.start(2)] + "0)", whole)
    for match in PRAGMA.finditer(text):
        yield Site(path, match.start(), match.end(), "synchronous=NORMAL", whole)


def find_sites():
    sites = []
    for path in sorted(STORE.glob("*.c")):
        whole = path.read_text("utf-8")
        text = without_comments(whole)
        if path.name in PASSES_ON:
            sites += calls_of(path, whole, text, PASSES_ON[path.name], TEST_FILES)
        else:
            sites += calls_of(path, whole, text, CALL, TARGET)
            sites += commits_of(path, whole, text)
    return sites


def seed_of_sources():
    """The same for the same store, another one for another: what is tried changes with what it is tried on."""
    digest = hashlib.sha256()
    for path in sorted(STORE.glob("*.[ch]")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:4], "big")


class Build:
    """How the build compiles a file of the store and links a test."""

    def __init__(self, folder, work):
        self.folder, self.work = pathlib.Path(folder).resolve(), pathlib.Path(work)
        commands = json.loads((self.folder / "compile_commands.json").read_text("utf-8"))
        self.compile = {}
        for entry in commands:
            path = (self.folder / entry["file"]).resolve()
            if path.parent == STORE:
                self.compile.setdefault(path.name, shlex.split(entry["command"]))
        self.links = {}

    def link(self, target):
        if target not in self.links:
            listed = subprocess.run(["ninja", "-C", str(self.folder), "-t", "commands", target], check=True,
                                    capture_output=True, text=True).stdout.splitlines()
            self.links[target] = next(shlex.split(line) for line in reversed(listed) if " -o %s " % target in line)
        return list(self.links[target])

    def make(self, site):
        """A test without this site; its path."""
        text = site.path.read_text("utf-8")
        copy, made, program = (self.work / name for name in (site.path.name, site.path.name + ".o", "without"))
        copy.write_text(text[:site.start] + site.instead + text[site.end:], "utf-8")
        command = list(self.compile[site.path.name])
        command[command.index("-o") + 1] = str(made)
        command[command.index("-c") + 1] = str(copy)
        command += ["-w", "-iquote", str(STORE)]
        for flag in ("-MF", "-MQ"):
            if flag in command:
                command[command.index(flag) + 1] = str(made) + ".d"
        subprocess.run(command, cwd=self.folder, check=True)
        link = self.link(site.target)
        at = link.index("-o")
        link[at + 1] = str(program)
        link.insert(at + 2, str(made))  # before the library, which then does not give its own
        subprocess.run(link, cwd=self.folder, check=True)
        return program


def run_power(program, *arguments):
    """The line that says how it failed, or None."""
    done = subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    if done.returncode not in (0, 1) or bool(said) != bool(done.returncode):
        raise SystemExit("the power test ended with %d:\n%s%s" % (done.returncode, done.stdout, done.stderr))
    return said[0] if said else None


def run_files(program):
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "  FAILED  " in line]
    if done.returncode < 0 or bool(said) != bool(done.returncode):
        raise SystemExit("test_files ended with %d:\n%s%s" % (done.returncode, done.stdout, done.stderr))
    return said[0] if said else None


def notices(build, site, states, seed):
    """How the test fails without the site; None: it does not, and nobody would know."""
    program = build.make(site)
    if site.target == TEST_FILES:
        return run_files(program)
    said = run_power(program, "--states", states, "--seed", seed, "--first")
    state = re.match(r"FAILED: state (\d+) ", said) if said else None
    as_it_is = run_power(build.folder / TARGET, "--seed", seed, "--only", state.group(1)) if state else None
    if as_it_is:
        raise SystemExit("the power test fails, and nothing was taken out: %s" % as_it_is)
    return said


def choose(sites, options):
    if options.only:
        return [site for site in sites if site.where() == options.only]
    if options.sites and options.sites < len(sites):
        return random.Random(options.seed).sample(sites, options.sites)
    return sites


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--sites", type=int, default=0)
    parser.add_argument("--states", type=int, default=12000)
    parser.add_argument("--seed", type=int, default=seed_of_sources())
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="", help="FILE:LINE")
    options = parser.parse_args()
    every = find_sites()
    sites = choose(every, options)
    if not sites:
        print("no site was found")
        return 1
    if options.list:
        print("\n".join(map(str, sites)))
        return 0
    print("seed %d: %d of %d sites" % (options.seed, len(sites), len(every)))
    missed = 0
    with tempfile.TemporaryDirectory(prefix="without-fsync-") as work:
        build = Build(options.build, work)
        for site in sites:
            said = notices(build, site, options.states, options.seed)
            missed += said is None
            print("%s %s\n       %s" % ("noticed" if said else "NOT NOTICED", site, said or "again: %s %s --seed %d "
                  "--states %d --only %s" % (sys.argv[0], options.build, options.seed, options.states, site.where())),
                  flush=True)
    print("%d passed, %d failed, 0 skipped" % (len(sites) - missed, missed))
    return 1 if missed else 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main())
