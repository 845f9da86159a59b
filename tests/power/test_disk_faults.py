"""mailprotod on a disk that is full, read-only, forbidden or broken, with files removed and an index damaged under it.

The answers are clear (RFC 5321 4.2.3: 451, 452; RFC 3206: [SYS/TEMP]), what was acknowledged is never lost, and when the
condition ends all goes on. $MAILPROTOD names the program, $FAULT_GATE_LIBRARY the library that plays the disk.
"""

import contextlib
import os
import pathlib
import poplib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "programs"))
from mailprotod import HOST, TIMEOUT  # noqa: E402
from mailprotod_case import ALICE, BOB, Case, main  # noqa: E402

GATE = os.environ.get("FAULT_GATE_LIBRARY", "")
SMTP_SAYS = {"ENOSPC": r"^452 ", "EROFS": r"^451 ", "EACCES": r"^451 ", "EIO": r"^451 "}


def message(number, size=50):
    return b"Subject: %d\r\n\r\n" % number + b"0123456789abcde\r\n" * size


class Faults(Case):
    def gated(self):
        """A server on a disk that works so far, with a message of bob's."""
        server = self.serve(limits="sessions_per_address = 100")
        server.end()
        self.gate_path = os.path.join(server.dir, "fault")
        server.start(env={"LD_PRELOAD": GATE, "FAULT_GATE": self.gate_path,
                          "FAULT_FOLDER": os.path.join(server.dir, "mail")})
        self.assertRegex(self.deliver(server, 1), "^250 ")
        return server

    def gate(self, word):
        with open(self.gate_path + ".new", "w", encoding="ascii") as f:
            f.write(word)
        os.rename(self.gate_path + ".new", self.gate_path)

    def deliver(self, server, number, service="smtp", recipients=(BOB,), size=50):
        """The reply to a message, or to RCPT where that was refused already; of LMTP all."""
        with self.line(server, service) as line:
            line.reply()
            line.ask(("LHLO" if service == "lmtp" else "EHLO") + " client.example.test")
            line.ask("MAIL FROM:<>")
            for recipient in recipients:
                said = line.ask("RCPT TO:<%s>" % recipient)
                if not said.startswith("250"):
                    return said
            line.ask("DATA")
            line.socket.sendall(message(number, size))
            line.say(".")
            replies = [line.reply() for _ in (recipients if service == "lmtp" else (1,))]
            self.assertRegex(line.ask("NOOP"), "^250 ")  # the session goes on
            return replies[0] if len(replies) == 1 else replies

    def maildrop(self, server, user="bob"):
        """The numbers of the messages of a user, each whole."""
        pop3 = self.pop3(server, user)
        numbers = self.read_all(pop3)
        self.assertRegex(pop3.quit(), rb"^\+OK")
        return sorted(numbers)

    def read_all(self, pop3):
        numbers = []
        for position in range(1, pop3.stat()[0] + 1):
            text = b"\r\n".join(pop3.retr(position)[1]) + b"\r\n"
            found = re.search(rb"(?:^|\r\n)Subject: (\d+)\r\n\r\n(.*)$", text, re.S)
            self.assertTrue(found, text)
            self.assertEqual(found[2], message(0, found[2].count(b"\n")).split(b"\r\n\r\n")[1])
            numbers.append(int(found[1]))
        return numbers

    def refused_login(self, server, user="bob"):
        """A login to a maildrop that cannot be opened: told as a matter of the system, that may pass (RFC 3206 4)."""
        with self.assertRaises(poplib.error_proto) as caught:
            self.pop3(server, user)
        self.assertRegex(str(caught.exception), r"^b'-ERR \[SYS/TEMP\] ")

    def empty(self, server, user="bob"):
        """Reads and deletes all that is listed, session by session, until nothing is: the numbers of the messages."""
        numbers, now = [], True
        while now:
            pop3 = self.pop3(server, user)
            now = self.read_all(pop3)
            for position in range(1, len(now) + 1):
                pop3.dele(position)
            self.assertRegex(pop3.quit(), rb"^\+OK")
            numbers += now
        return sorted(numbers)


@unittest.skipUnless(GATE, "$FAULT_GATE_LIBRARY names no library")
class Gated(Faults):
    def test_delivery(self):
        """Told for each recipient of LMTP; nothing of what was refused is there, and all of what was taken."""
        server = self.gated()
        number, taken = 10, [1]
        for word, says in SMTP_SAYS.items():
            self.gate(word)
            for size in (5, 20000):
                number += 1
                self.assertRegex(self.deliver(server, number, size=size), says, word)
                number += 1
                replies = self.deliver(server, number, "lmtp", (ALICE, BOB), size)
                for reply in replies if isinstance(replies, list) else [replies]:
                    self.assertRegex(reply, says, word)
            self.gate("")
            number += 1
            self.assertRegex(self.deliver(server, number), "^250 ", word)
            taken.append(number)
            self.assertEqual(self.maildrop(server), taken, word)
        self.assertEqual(self.maildrop(server, "alice"), [])

    def test_login(self):
        """A maildrop that cannot be opened now may be later."""
        server = self.gated()
        for word in ("EROFS", "EACCES", "EIO"):
            self.gate(word)
            self.refused_login(server)
            self.gate("")
            self.assertEqual(self.maildrop(server), [1], word)

    def test_login_full(self):
        """Where not one octet can be written, not even into what was kept back, the answer is clear, too."""
        server = self.gated()
        self.gate("ENOSPC")
        self.refused_login(server)
        self.gate("")
        self.assertEqual(self.maildrop(server), [1])

    def test_reading(self):
        """What cannot be read is not begun (RFC 3206 4)."""
        server = self.gated()
        self.assertRegex(self.deliver(server, 2, size=20000), "^250 ")
        for word in ("EACCES", "EIO"):
            pop3 = self.pop3(server)
            self.gate(word)
            for position in (1, 2):
                with self.assertRaises(poplib.error_proto) as caught:
                    pop3.retr(position)
                self.assertRegex(str(caught.exception), r"^b'-ERR \[SYS/TEMP\] ", word)
            self.gate("")
            self.assertEqual(self.read_all(pop3), [1, 2], word)  # the session goes on
            self.assertRegex(pop3.quit(), rb"^\+OK")

    def test_reading_on(self):
        """What cannot be read on is not ended as if it were whole: the connection ends (RFC 1939 3)."""
        server, size = self.gated(), 700000
        self.assertRegex(self.deliver(server, 2, size=size), "^250 ")
        line = self.line(server, "pop3")
        line.reply()
        for command in ("USER bob", "PASS secret"):
            self.assertRegex(line.ask(command), r"^\+OK")
        line.say("RETR 2")
        text = line.socket.recv(1000)
        self.assertRegex(text, rb"^\+OK")
        self.gate("EIO")
        while True:
            try:
                more = line.socket.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                break
            text += more
        self.gate("")
        self.assertLess(len(text), size * 17)
        self.assertFalse(text.endswith(b"\r\n.\r\n"))
        self.assertEqual(self.maildrop(server), [1, 2])

    def test_deleting(self):
        """QUIT says if what was deleted could not be removed (RFC 1939 6); it is there then, and can be deleted later."""
        server, number = self.gated(), 1
        for word in ("EROFS", "EACCES", "EIO"):
            pop3 = self.pop3(server)
            pop3.dele(1)
            self.gate(word)
            with self.assertRaisesRegex(poplib.error_proto, "-ERR", msg=word):
                pop3.quit()
            self.gate("")
            self.assertEqual(self.maildrop(server), [number], word)
            pop3 = self.pop3(server)
            pop3.dele(1)
            self.assertRegex(pop3.quit(), rb"^\+OK", word)
            self.assertEqual(self.maildrop(server), [], word)
            number += 1
            self.assertRegex(self.deliver(server, number), "^250 ")

    def test_start(self):
        """It says why it does not start on such a disk, and starts afterwards."""
        server = self.gated()
        environment = {"LD_PRELOAD": GATE, "FAULT_GATE": self.gate_path,
                       "FAULT_FOLDER": os.path.join(server.dir, "mail")}
        for word, said in (("ENOSPC", "the disk is full: make room"), ("EROFS", "the file system is read-only"),
                           ("EACCES", "permission denied"), ("EIO", "the disk failed: look at the system's log")):
            server.end()
            self.gate(word)
            with self.assertRaises(AssertionError, msg=word):
                server.start(env=environment)
            server.starts = server.log().count(" ready: ")
            self.assertRegex(server.log().splitlines()[-1], r"cannot .*%s.*: .*%s" % (re.escape(server.dir), said))
            self.gate("")
            server.start(env=environment)
            self.assertEqual(self.maildrop(server), [1], word)


class Real(Faults):
    """A small disk of its own, where this may be mounted."""

    def mounted(self, server):
        """Puts a disk of two megabytes below the server's mail."""
        mail = os.path.join(server.dir, "mail")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", mail], check=False,
                              capture_output=True, text=True)
        if done.returncode:
            self.skipTest("no disk can be mounted: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", mail], check=True)
        return mail

    def serve_mounted(self):
        server = self.serve()
        server.end()
        shutil.rmtree(os.path.join(server.dir, "mail"))
        os.mkdir(os.path.join(server.dir, "mail"), 0o700)
        mail = self.mounted(server)
        server.start()
        return server, mail

    def fill_up(self, mail):
        """Somebody else takes what is left."""
        with open(os.path.join(mail, "other"), "ab", buffering=0) as f, contextlib.suppress(OSError):
            while f.write(bytes(4096)):
                pass
        left = os.statvfs(mail)
        self.assertEqual(left.f_bavail, 0)

    def test_full(self):
        """A disk without a free block takes no mail and says so; its users read and delete what they have, all of it."""
        for size in (50, 500, 4000):  # of 16 octets
            with self.subTest(size=size):
                server, mail = self.serve_mounted()
                self.assertEqual(self.maildrop(server), [])  # bob has an index, alice has none
                taken, number = {ALICE: [], BOB: []}, 0
                while len(taken) == 2:
                    number += 1
                    self.assertLess(number, 1000)
                    for user in (ALICE, BOB):
                        reply = self.deliver(server, number, recipients=(user,), size=size)
                        if reply.startswith("250"):
                            taken[user].append(number)
                        else:
                            self.assertRegex(reply, "^452 ")
                            taken["full"] = True
                self.fill_up(mail)
                for service in ("smtp", "lmtp"):
                    self.assertRegex(self.deliver(server, 1000, service, size=40000), "^452 ")
                self.assertTrue(taken[ALICE] and taken[BOB])
                self.assertEqual(self.empty(server, "alice"), taken[ALICE])
                self.fill_up(mail)
                self.assertEqual(self.empty(server), taken[BOB])
                self.assertRegex(self.deliver(server, 2000, size=4000), "^250 ")
                self.assertEqual(self.maildrop(server), [2000])
                server.end()
                server.start()
                self.assertEqual(self.maildrop(server), [2000])
                self.assertEqual(self.maildrop(server, "alice"), [])

    def test_read_only(self):
        server, mail = self.serve_mounted()
        self.assertRegex(self.deliver(server, 1), "^250 ")
        self.assertEqual(self.maildrop(server), [1])
        done = subprocess.run(["mount", "-o", "remount,ro", mail], check=False, capture_output=True, text=True)
        if done.returncode:
            self.skipTest("it cannot be made read-only: " + done.stderr.strip())
        self.assertRegex(self.deliver(server, 2), "^451 ")
        self.refused_login(server)
        subprocess.run(["mount", "-o", "remount,rw", mail], check=True)
        self.assertRegex(self.deliver(server, 3), "^250 ")
        self.assertEqual(self.maildrop(server), [1, 3])


class Removed(Faults):
    def files(self, server, user="bob"):
        """The files of the messages, wherever they are."""
        return [path for name in ("new", "cur") for path in server.files(user, name)]

    def test_message_removed(self):
        """Another program removed a message that a session has in its list."""
        server = self.serve()
        for number in (1, 2, 3):
            self.assertRegex(self.deliver(server, number), "^250 ")
        pop3 = self.pop3(server)
        self.assertEqual(pop3.stat()[0], 3)
        victim = next(path for path in self.files(server) if b"Subject: 2\r" in pathlib.Path(path).read_bytes())
        os.unlink(victim)
        with self.assertRaisesRegex(poplib.error_proto, "-ERR this message is gone"):
            pop3.retr(2)
        self.assertIn(b"Subject: 3", pop3.retr(3)[1])
        pop3.quit()
        self.assertEqual(self.maildrop(server), [1, 3])

    def test_folders_removed(self):
        """The whole account was removed under the running server: it is made again, for mail and for POP3."""
        server = self.serve()
        self.assertRegex(self.deliver(server, 1), "^250 ")
        self.assertEqual(self.maildrop(server), [1])
        shutil.rmtree(server.folder("bob"))
        for number in (2, 3):
            self.assertRegex(self.deliver(server, number), "^250 ")
        self.assertEqual(self.maildrop(server), [2, 3])
        shutil.rmtree(server.folder("bob"))
        self.assertEqual(self.maildrop(server), [])
        self.assertRegex(self.deliver(server, 4), "^250 ")
        server.end()
        server.start()
        self.assertEqual(self.maildrop(server), [4])

    def damage(self, server, how, dice):
        """Does something to the index, in all its files."""
        folder = pathlib.Path(server.folder("bob", "mailproto"))
        paths = sorted(path for path in folder.iterdir() if path.name.startswith("index"))
        for path in paths:
            size = path.stat().st_size
            if how == "removed":
                path.unlink()
            elif how == "garbage":
                path.write_bytes(dice.randbytes(size))
            elif how == "truncated":
                os.truncate(path, size // 3)
            elif how == "flipped" and not path.name.endswith("-shm"):
                data = bytearray(path.read_bytes())
                for _ in range(size // 20):
                    data[dice.randrange(size)] ^= 1 << dice.randrange(8)
                path.write_bytes(data)

    def test_index(self):
        """Deleted or damaged, between two runs and under a running server: the messages are there."""
        server, dice, number = self.serve(), random.Random(1), 1
        self.assertRegex(self.deliver(server, number), "^250 ")
        self.assertEqual(self.maildrop(server), [1])
        if not os.path.exists(server.folder("bob", "mailproto/index.sqlite")):
            self.skipTest("the server keeps no index")
        for how in ("removed", "garbage", "truncated", "flipped"):
            for running in (False, True):
                with self.subTest(how=how, running=running):
                    number += 1
                    self.assertRegex(self.deliver(server, number), "^250 ")
                    self.assertEqual(self.maildrop(server), list(range(1, number + 1)))
                    if not running:
                        server.end()
                    self.damage(server, how, dice)
                    if not running:
                        server.start()
                    self.look_after(server, number)

    def look_after(self, server, number):
        """A first look may be told to come again; one that succeeds shows all."""
        for _ in range(3):
            try:
                pop3 = self.pop3(server)
            except poplib.error_proto as error:
                self.assertRegex(str(error), r"^b'-ERR \[SYS/TEMP\] ")
                continue
            self.assertEqual(sorted(self.read_all(pop3)), list(range(1, number + 1)))
            self.assertRegex(pop3.quit(), rb"^\+OK")
        self.assertEqual(self.maildrop(server), list(range(1, number + 1)))


def where_disks_can_be_mounted():
    """Where only root may mount, a user namespace may let us."""
    if os.geteuid() and "MAILPROTO_NAMESPACE" not in os.environ and shutil.which("unshare"):
        command = ["unshare", "--map-root-user", "--mount"]
        if not subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
            os.execvpe("unshare", [*command, sys.executable, *sys.argv], {**os.environ, "MAILPROTO_NAMESPACE": "1"})


if __name__ == "__main__":
    where_disks_can_be_mounted()
    tempfile.tempdir = "/dev/shm" if os.path.isdir("/dev/shm") else None
    assert HOST and TIMEOUT
    main()
