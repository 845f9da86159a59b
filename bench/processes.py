"""Servers under measurement: started on a free port, their CPU time and memory read, stopped by their pid."""

import json
import os
import subprocess
import sys
import time

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop")
sys.path.insert(0, TESTS)

import harness  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    """Nanoseconds of CPU of a process, all its threads, those that ended too: its CPU-time clock."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def _stat(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
        return f.read().rpartition(")")[2].split()


def tree(pid):
    """The process and all its descendants."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents.setdefault(int(_stat(int(name))[1]), []).append(int(name))
            except (OSError, IndexError):
                continue
    found, at = [pid], 0
    while at < len(found):
        found += parents.get(found[at], [])
        at += 1
    return found


def cpu_of_tree(pid):
    """Nanoseconds of CPU of a process and all it started; of children that ended, as their parents were told."""
    total = 0
    for one in tree(pid):
        try:
            fields = _stat(one)
            total += cpu_of(one) + (int(fields[13]) + int(fields[14])) * (10 ** 9 // TICK)
        except OSError:
            continue
    return total


def pss_of_tree(pid):
    """Octets of memory of a process and all it started, shared pages divided among their users."""
    total = 0
    for one in tree(pid):
        try:
            with open("/proc/%d/smaps_rollup" % one, encoding="ascii") as f:
                total += sum(int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:"))
        except OSError:
            continue
    return total


class Server:
    """A program that listens on a port that it is given."""

    def __init__(self, command, environment=None, folder=None, port=None, quiet=False):
        """command(port) gives the words to run. quiet: what it logs is not kept."""
        self.port = port or harness.free_port()
        self.process = subprocess.Popen(command(self.port), env=environment, cwd=folder,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL if quiet else subprocess.PIPE, start_new_session=True)
        if not quiet:
            os.set_blocking(self.process.stderr.fileno(), False)
        try:
            harness.wait_for_port(self.port, self.process, self._said)
        except RuntimeError:
            self.stop()
            raise

    def _said(self):
        return (self.process.stderr.read() or b"").decode(errors="replace") if self.process.stderr else ""

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        harness.stop_process(self.process)
        if self.process.stderr:
            self.process.stderr.close()


class Load:
    """The load generator: what it sends is the same for every server."""

    def __init__(self, program, size, messages, connections):
        self.program, self.size = program, size
        self.messages, self.connections = messages, connections

    def _command(self, *more):
        return [self.program, "--size", str(self.size), "--messages", str(self.messages),
                "--connections", str(self.connections), *more]

    def lengths(self):
        return subprocess.run(self._command("--lengths"), check=True, capture_output=True,
                              text=True).stdout.split()

    def message(self):
        return subprocess.run(self._command("--message"), check=True, capture_output=True).stdout

    def run(self, port):
        """Sends all and checks every reply; what it says of that as a dict."""
        return json.loads(subprocess.run(self._command("--port", str(port)), check=True, timeout=300,
                                         stdout=subprocess.PIPE).stdout)


class IdleSessions:
    """Sessions that said EHLO and stay until they are closed."""

    def __init__(self, program, port, sessions):
        self.process = subprocess.Popen(
            [program, "--idle", "--port", str(port), "--connections", str(sessions), "--messages", str(sessions)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if json.loads(self.process.stdout.readline() or b"{}").get("sessions") != sessions:
            self.close()
            raise RuntimeError("the idle sessions could not all be opened")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)
