"""Fetches server packages of the distribution and unpacks them under the build folder.

Nothing is installed: `apt-get download` brings the .deb files, `dpkg -x` unpacks them into a tree,
and the programs of that tree are run with LD_LIBRARY_PATH. What was fetched is kept, so that a
second run needs no network.
"""

import fcntl
import glob
import os
import shutil
import subprocess


class Unavailable(Exception):
    """A peer that cannot be had in this environment; the text says why."""


def peers_dir():
    """The folder of the fetched packages, $MAILPROTO_PEERS: it lies under the build folder."""
    path = os.environ.get("MAILPROTO_PEERS")
    if not path:
        raise Unavailable("$MAILPROTO_PEERS names no folder to unpack server packages in")
    return os.path.abspath(path)


def _run(command, cwd=None):
    result = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=300,
                            env={**os.environ, "LC_ALL": "C"})
    return result.returncode, result.stdout


def _installed(package):
    code, out = _run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package])
    return code == 0 and out.strip() == "installed"


def _apt_options(base, private):
    """Options of apt that keep it from switching users and, if private, from the system's lists."""
    options = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    if private:
        for name in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(base, "apt", name), exist_ok=True)
        options += ["-o", "Dir::State=" + os.path.join(base, "apt/state"),
                    "-o", "Dir::Cache=" + os.path.join(base, "apt/cache"),
                    "-o", "Dir::State::status=/var/lib/dpkg/status"]
    return options


def _libraries(package, options):
    """The lib* packages that this one depends on and that are not installed."""
    code, out = _run(["apt-cache"] + options + ["depends", "--no-recommends", "--no-suggests",
                                                "--no-conflicts", "--no-breaks", "--no-replaces",
                                                "--no-enhances", package])
    if code != 0:
        raise Unavailable("apt-cache knows no %s: %s" % (package, out.strip()))
    words = [line.split(":", 1)[1].strip() for line in out.splitlines() if " Depends:" in line
             and "|" not in line]
    return [word for word in words if word.startswith("lib") and not _installed(word)]


def _download(base, debs, packages, private):
    options = _apt_options(base, private)
    if private:
        code, out = _run(["apt-get"] + options + ["update"])
        if code != 0:
            raise Unavailable("apt-get update failed: " + out.strip()[-400:])
    wanted = list(packages)
    for package in wanted:
        wanted += [name for name in _libraries(package, options) if name not in wanted]
    code, out = _run(["apt-get"] + options + ["download"] + wanted, cwd=debs)
    if code != 0:
        raise Unavailable("apt-get download failed: " + out.strip()[-400:])


def fetch(name, packages):
    """Returns the root of the tree in which the packages are unpacked; fetches them once."""
    base = peers_dir()
    tree = os.path.join(base, name)
    stamp = os.path.join(tree, ".complete")
    os.makedirs(base, exist_ok=True)
    with open(os.path.join(base, name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(stamp):
            return tree
        for tool in ("apt-get", "apt-cache", "dpkg", "dpkg-query"):
            if shutil.which(tool) is None:
                raise Unavailable("%s comes from Debian packages, and %s is not here"
                                  % (name, tool))
        debs = os.path.join(base, name + "-debs")
        if not os.path.isdir(debs):
            part = debs + ".part"
            os.makedirs(part, exist_ok=True)
            try:
                _download(base, part, packages, private=False)
            except Unavailable:
                # The system's lists are absent or out of date; lists of our own need no root.
                _download(base, part, packages, private=True)
            os.rename(part, debs)
        shutil.rmtree(tree, ignore_errors=True)
        for deb in sorted(glob.glob(os.path.join(debs, "*.deb"))):
            code, out = _run(["dpkg", "-x", deb, tree])
            if code != 0:
                raise Unavailable("dpkg -x %s failed: %s" % (deb, out.strip()))
        open(stamp, "w").close()
    return tree


# Libraries that tell a server another truth: packages and the library in them.
FAKES = {
    "fakeroot": (["fakeroot", "libfakeroot"], "libfakeroot/libfakeroot-sysv.so"),
    "fakechroot": (["libfakechroot"], "fakechroot/libfakechroot.so"),
}


def fake(name):
    """The root of the tree of one of FAKES."""
    return fetch(name, FAKES[name][0])


def fake_library(name, scratch):
    """The library to preload, where every process of a server can read it."""
    found = glob.glob(os.path.join(reachable(fake(name), scratch), "usr/lib/*", FAKES[name][1]))
    if not found:
        raise Unavailable("the package of %s holds no %s" % (name, FAKES[name][1]))
    return found[0]


def libraries(tree):
    """LD_LIBRARY_PATH for the programs of an unpacked tree."""
    own = ("postfix", "dovecot", "dovecot/modules/old-stats")
    folders = [os.path.join(tree, "usr/lib", name) for name in own]
    folders += glob.glob(os.path.join(tree, "usr/lib/*-linux-*"))
    folders += glob.glob(os.path.join(tree, "lib/*-linux-*"))
    return ":".join(folder for folder in folders if os.path.isdir(folder))


def _world_can_enter(path):
    while True:
        if os.stat(path).st_mode & 0o001 == 0:
            return False
        if path == "/":
            return True
        path = os.path.dirname(path)


def reachable(tree, scratch):
    """The tree, or a copy of it in scratch if users other than this one could not enter it.

    Servers that give up root run parts of themselves as an ordinary user.
    """
    if os.geteuid() != 0 or _world_can_enter(tree):
        return tree
    if not _world_can_enter(scratch):
        raise Unavailable("neither %s nor %s can be entered by the users a server runs as"
                          % (tree, scratch))
    copy = os.path.join(scratch, "tree-" + os.path.basename(tree))
    if not os.path.isdir(copy):
        shutil.copytree(tree, copy, symlinks=True)
    return copy
