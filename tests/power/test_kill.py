"""mailprotod killed under load, again and again: what was acknowledged is there, whole and once; what was deleted is gone.

usage: test_kill.py [KILLS [SEED]]

RFC 5321 4.2.5 and 6.1 (a message that got its 250 is not lost), RFC 2033 4.2, RFC 1939 6 (what QUIT acknowledged).
$MAILPROTOD names the program. The last line has the numbers.
"""

import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "programs"))
from mailprotod import HOST, PROGRAM, TIMEOUT, Server  # noqa: E402

USERS = ("alice", "bob")
FEW = 20  # messages that stay in a maildrop after it was looked at
LIMITS = "sessions_per_address = 100"


def make_message(number):
    """The octets of a message, CRLF line ends; what is in it follows from its number."""
    dice = random.Random(number)
    lines = [b"Subject: number %d" % number, b"From: a@example.test", b""]
    for _ in range(dice.choice((3, 10, 40, 40, 900))):
        lines.append(bytes(dice.choices(b".abcdefghijklmnopqrstuvwxyz ", k=dice.randrange(70))))
    return b"\r\n".join(lines) + b"\r\n"


class Gone(Exception):
    """The server went away."""


class Connection:
    """A connection on which a client talks in lines."""

    def __init__(self, port):
        try:
            self.socket = socket.create_connection((HOST, port), timeout=TIMEOUT)
            self.file = self.socket.makefile("rb")
        except OSError as error:
            raise Gone from error

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone from error

    def line(self):
        try:
            line = self.file.readline()
        except OSError as error:
            raise Gone from error
        if not line.endswith(b"\n"):
            raise Gone
        return line

    def reply(self):
        """The last line of a reply of SMTP."""
        line = self.line()
        while line[3:4] == b"-":
            line = self.line()
        return line

    def ask(self, text):
        self.send(text.encode() + b"\r\n")
        return self.reply()

    def pop(self, text):
        self.send(text.encode() + b"\r\n")
        return self.line()

    def listing(self):
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return lines

    def close(self):
        self.file.close()
        self.socket.close()


class Ledger:
    """What was said to whom. A message is a number, for each user on its own."""

    def __init__(self):
        self.lock = threading.Lock()
        self.next = 1
        self.sent = {user: set() for user in USERS}
        self.acknowledged = {user: set() for user in USERS}
        self.deleting = {user: set() for user in USERS}  # QUIT was said to
        self.deleted = {user: set() for user in USERS}  # and answered
        self.uids = {user: {} for user in USERS}  # unique id: number
        self.acknowledgements = self.deletions = 0
        self.wrong = []

    def new(self):
        with self.lock:
            self.next += 1
            return self.next - 1


class Load(threading.Thread):
    """A client that works until the server goes away."""

    def __init__(self, ledger, server, seed):
        super().__init__(daemon=True)
        self.ledger, self.server, self.dice = ledger, server, random.Random(seed)
        self.start()

    def run(self):
        try:
            while True:
                self.work()
        except Gone:
            pass
        except Exception as error:  # told by the main thread
            self.ledger.wrong.append("%s: %r" % (type(self).__name__, error))


class Sender(Load):
    """Delivers by SMTP or LMTP, to one user or both."""

    def work(self):
        lmtp = self.dice.random() < 0.5
        connection = Connection(self.server.port["lmtp" if lmtp else "smtp"])
        try:
            connection.reply()
            connection.ask(("LHLO" if lmtp else "EHLO") + " client.example.test")
            for _ in range(self.dice.randrange(1, 8)):
                self.transaction(connection, lmtp)
        finally:
            connection.close()

    def transaction(self, connection, lmtp):
        users = [user for user in USERS if self.dice.random() < 0.6] or [self.dice.choice(USERS)]
        number = self.ledger.new()
        data = make_message(number)
        replies = [connection.ask("MAIL FROM:<a@example.test>")]
        replies += [connection.ask("RCPT TO:<%s@example.test>" % user) for user in users]
        replies.append(connection.ask("DATA"))
        if not all(reply[:1] in b"23" for reply in replies):
            raise AssertionError("refused: %r" % replies)
        with self.ledger.lock:
            for user in users:
                self.ledger.sent[user].add(number)
        stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in data.split(b"\r\n"))
        connection.send(stuffed + b".\r\n")
        for answered in [[user] for user in users] if lmtp else [users]:
            reply = connection.reply()
            if not reply.startswith(b"250"):
                raise AssertionError("not taken: %r" % reply)
            with self.ledger.lock:
                for user in answered:
                    self.ledger.acknowledged[user].add(number)
                    self.ledger.acknowledgements += 1


def login(connection, user):
    """False: the session before has not ended yet, for the server."""
    connection.line()
    connection.pop("USER " + user)
    reply = connection.pop("PASS secret")
    if not reply.startswith((b"+OK", b"-ERR [IN-USE]")):
        raise AssertionError("%s cannot log in: %r" % (user, reply))
    return reply.startswith(b"+OK")


def read_maildrop(ledger, connection, user, known):
    """{number: (position, unique id)} of what is in a maildrop. Each message is read whole, but those with a unique id
    in `known`, which were read already; what is wrong with it goes into the ledger."""
    if not connection.pop("UIDL").startswith(b"+OK"):
        raise AssertionError("no UIDL")
    found = {}
    for line in connection.listing():
        position, uid = line.split()
        number = known.get(uid)
        if number is None:
            if not connection.pop("RETR " + position.decode()).startswith(b"+OK"):
                raise AssertionError("%s: %s cannot be read" % (user, uid))
            number = number_of(b"".join(connection.listing()))
        if not number:
            ledger.wrong.append("%s: %s is not whole" % (user, uid))
        elif number in found:
            ledger.wrong.append("%s: message %d is there twice" % (user, number))
        elif ledger.uids[user].setdefault(uid, number) != number:
            ledger.wrong.append("%s: %s was message %d, and is %d" % (user, uid, ledger.uids[user][uid], number))
        found[number] = (position.decode(), uid)
    return found


def number_of(text):
    """The number of a message that is whole below the fields that the server put before it; 0: it is not."""
    at = text.find(b"Subject: number ")
    if at < 0:
        return 0
    number = int(text[at + 16:text.index(b"\r\n", at)])
    return number if text[at:] == make_message(number) else 0


class Reader(Load):
    """Reads a maildrop by POP3, and deletes from it."""

    def __init__(self, ledger, server, seed, user):
        self.user = user
        super().__init__(ledger, server, seed)

    def work(self):
        ledger, user = self.ledger, self.user
        connection = Connection(self.server.port["pop3"])
        try:
            if not login(connection, user):
                return
            found = read_maildrop(ledger, connection, user, ledger.uids[user])
            # few are left, so that reading them all after each kill takes little time
            numbers = [number for number in found if len(found) > 30 or self.dice.random() < 0.3]
            for number in numbers:
                if not connection.pop("DELE " + found[number][0]).startswith(b"+OK"):
                    raise AssertionError("no DELE")
            if self.dice.random() < 0.1:
                return  # without QUIT nothing is deleted (RFC 1939 6)
            with ledger.lock:
                ledger.deleting[user].update(numbers)
            if not connection.pop("QUIT").startswith(b"+OK"):
                raise AssertionError("QUIT removed only some")
            with ledger.lock:
                ledger.deleted[user].update(numbers)
                ledger.deletions += len(numbers)
        finally:
            connection.close()


def look(ledger, server, user):
    """Everything that must be there is, and nothing that must not."""
    connection = Connection(server.port["pop3"])
    try:
        if not login(connection, user):
            raise AssertionError("%s is locked, and nobody is there" % user)
        positions = read_maildrop(ledger, connection, user, {})
        found = set(positions)
        # what was looked at goes, but for a few: or each look would take longer than the one before
        surplus = sorted(found)[FEW:]
        for number in surplus:
            connection.pop("DELE " + positions[number][0])
        if not connection.pop("QUIT").startswith(b"+OK"):
            raise AssertionError("QUIT removed only some")
    finally:
        connection.close()
    for number in sorted(ledger.acknowledged[user] - ledger.deleting[user] - found):
        ledger.wrong.append("%s: message %d was acknowledged, and is not there" % (user, number))
    for number in sorted(found & ledger.deleted[user]):
        ledger.wrong.append("%s: message %d was deleted, and is there again" % (user, number))
    for number in sorted(found - ledger.sent[user]):
        ledger.wrong.append("%s: message %d is there, and nobody sent it" % (user, number))
    # what was in doubt is known now, and stays so
    ledger.acknowledged[user] |= found
    ledger.deleting[user] = (ledger.sent[user] - found) | set(surplus)
    ledger.deleted[user] = (ledger.sent[user] - found) | set(surplus)
    ledger.deletions += len(surplus)


def kill_while_it_starts(server, dice):
    """Nothing was asked of it yet."""
    with open(server.log_path, "ab") as log:
        process = subprocess.Popen([PROGRAM, "serve", "--config", server.config], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log)
    time.sleep(dice.random() * 0.05)
    process.kill()
    process.wait()
    server.starts = server.log().count(" ready: ")


def one_kill(ledger, server, dice):
    clients = [Sender(ledger, server, dice.random()) for _ in range(3)]
    clients += [Reader(ledger, server, dice.random(), user) for user in USERS]
    time.sleep(0.02 + dice.random() * 0.2)  # when it happens is chance, and decides nothing
    server.end(signal.SIGKILL)
    for client in clients:
        client.join(TIMEOUT)
        if client.is_alive():
            ledger.wrong.append("a client never ends")
    if dice.random() < 0.1:
        kill_while_it_starts(server, dice)
    server.start()
    for user in USERS:
        look(ledger, server, user)


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    if not PROGRAM:
        print("skipped: $MAILPROTOD names no program")
        return 77
    print("seed", seed, flush=True)
    if os.path.isdir("/dev/shm"):
        tempfile.tempdir = "/dev/shm"  # a kill loses no power: what was written is there on any disk
    dice, ledger, server, done = random.Random(seed), Ledger(), Server(limits=LIMITS), 0
    try:
        while done < kills and not ledger.wrong:
            one_kill(ledger, server, dice)
            done += 1
    except (AssertionError, Gone) as error:
        ledger.wrong.append("after kill %d: %r" % (done, error))
    finally:
        if ledger.wrong:
            print(server.log()[-3000:])
        server.remove()
    for wrong in ledger.wrong:
        print("FAILED after kill %d: %s" % (done, wrong))
    print("%d kills; %d messages acknowledged, %d deleted" % (done, ledger.acknowledgements, ledger.deletions))
    print("%d passed, %d failed, 0 skipped" % (done, len(ledger.wrong)))
    return 1 if ledger.wrong or not ledger.acknowledgements or not ledger.deletions else 0


if __name__ == "__main__":
    sys.exit(main())
