"""What the benchmarks of the store share: accounts with many messages or mailboxes, rounds, slopes."""

import math
import os
import statistics
import time

from frame import Candidate, Row, in_turn

BODY = b"Subject: bench\r\n\r\n" + b"x" * 78 + b"\r\n" + b"y" * 900 + b"\r\n"
NAMES_OF_ONE_FILE = 30000  # file systems bound them
MEMORY_WANTED = 4 << 30  # the most that lies there at once is one; the rest is the machine's
LONG, FEW = 2.0, 5  # seconds that a long round takes; how many of them there are
LEAST = 0.001  # a slope that is none


def memory_folder():
    """Where accounts lie: the memory file system if there is one with room to spare, else None, the usual place."""
    if not os.access("/dev/shm", os.W_OK):
        return None
    room = os.statvfs("/dev/shm")
    with open("/proc/meminfo", encoding="ascii") as f:
        available = {words[0]: int(words[1]) * 1024 for words in map(str.split, f)}.get("MemAvailable:", 0)
    return "/dev/shm" if min(room.f_bavail * room.f_frsize, available) >= MEMORY_WANTED else None


def make_folders(maildir):
    for name in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(maildir, name), exist_ok=True)


def give_to(maildir, owner):
    for place, folders, files in os.walk(maildir):
        for name in [place] + [os.path.join(place, one) for one in folders + files]:
            os.chown(name, owner.st_uid, owner.st_gid)


def box(number):
    return "box%05d" % number


def make_boxes(maildir, boxes):
    """INBOX and others: so many in all."""
    make_folders(maildir)
    for i in range(boxes - 1):
        make_folders(os.path.join(maildir, "." + box(i)))


def fill(maildir, messages):
    """Puts so many messages into cur/: names of one file, as many as that takes."""
    make_folders(maildir)
    for i in range(messages):
        if i % NAMES_OF_ONE_FILE == 0:
            first = os.path.join(maildir, "tmp", "first-%d" % i)
            with open(first, "wb") as f:
                f.write(BODY)
        os.link(first, os.path.join(maildir, "cur", "%d.M%dP1Q%d.bench,S=%d,W=%d:2,S" %
                                    (1700000000 + i, i % 1000000, i, len(BODY), len(BODY))))
    for name in os.listdir(os.path.join(maildir, "tmp")):
        os.unlink(os.path.join(maildir, "tmp", name))


def take_delivered(maildir, expected):
    """Removes what was delivered, so that no round finds more than the one before; it must have been there."""
    new = os.path.join(maildir, "new")
    names = os.listdir(new)
    if len(names) != expected:
        raise RuntimeError("%d messages were delivered, not %d" % (len(names), expected))
    for name in names:
        os.unlink(os.path.join(new, name))


def take_turns(row, measures, rounds):
    """in_turn; where one round is long there are few, and the row says so."""
    begin = time.monotonic()
    in_turn(row, measures, 1)
    took = time.monotonic() - begin
    if took > LONG and rounds > FEW:
        rounds = FEW
        said = "%d rounds: one takes %.1f s" % (rounds, took)
        row.note = said if row.note is None else row.note + "; " + said
    in_turn(row, measures, rounds - 1)


def slope(sizes, costs):
    """The exponent of the cost: least squares of log cost over log size; 1 is linear.

    What took no time that the system's clock could tell counts as the least that did: in a smoke test that happens.
    """
    least = min((cost for cost in costs if cost > 0), default=1.0)
    x, y = [math.log(size) for size in sizes], [math.log(max(cost, least)) for cost in costs]
    mean_x, mean_y = statistics.mean(x), statistics.mean(y)
    return max(LEAST, sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum((a - mean_x) ** 2 for a in x))


class Slopes:
    """Remembers the rows of some work at several sizes; then how each candidate's cost grows, round by round."""

    def __init__(self):
        self.rows = {}  # name: a list of size and row

    def add(self, name, size, row):
        self.rows.setdefault(name, []).append((size, row))
        return row

    def lines(self, aims):
        """aims: the most that the exponent is to be, by the name of the work."""
        for name, pairs in self.rows.items():
            sizes = [size for size, _ in pairs]
            candidates = []
            for alike in zip(*(row.candidates for _, row in pairs)):
                exponents = [slope(sizes, costs) for costs in zip(*(candidate.figures for candidate in alike))]
                candidates.append(Candidate(alike[0].role, alike[0].name, exponents, alike[0].why))
            yield Row("store/slope-" + name, "exponent", "less", candidates, aim_figure=aims.get(name))
