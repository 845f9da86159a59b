"""`mailprotod check-mail` on accounts that a server has filled: a look changes nothing, a repair mends, the sum is true."""

import contextlib
import os
import shutil
import sqlite3
import stat

from mailprotod_case import ALICE, BOB, BODY, SENDER, Case, main, run


def tree(path):
    """Names, sizes, times, modes and inodes of all there is."""
    found = {}
    for folder, _, names in os.walk(path):
        for name in [".", *names]:
            status = os.lstat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (status.st_size, status.st_mtime_ns, status.st_mode, status.st_ino,
                                                 status.st_nlink)
    return found


class CheckMail(Case):
    def filled(self, running=False):
        """A server with a message of alice's, and one of bob's that a POP3 session has seen."""
        server = self.serve()
        self.smtp(server).sendmail(SENDER, [ALICE, BOB], BODY)
        self.pop3(server).quit()
        if not running:
            server.end()
        return server, server.folder("bob").rstrip("/")

    def look(self, server, *arguments):
        before = tree(server.dir)
        result = run("check-mail", *arguments)
        self.assertEqual(tree(server.dir), before, result.stdout + result.stderr)
        return result

    def says(self, result, status, said, total):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertIn(said, result.stdout + result.stderr)
        self.assertEqual(result.stdout.splitlines()[-1], total)

    def repair(self, folder, repaired):
        result = run("check-mail", "--repair", folder)
        self.says(result, 0, "", "1 account looked at, 0 problems left, %d repaired" % repaired)
        self.assertEqual(result.stdout.count("%s: repaired: " % folder), repaired, result.stdout)
        self.assertEqual(run("check-mail", folder).returncode, 0)
        return result.stdout

    def test_good(self):
        server, folder = self.filled()
        self.assertEqual(self.look(server, folder).stdout, folder + ": good\n1 account looked at, 0 problems\n")
        self.repair(folder, 0)

    def test_in_use(self):
        """Of a server that runs, with a session that has the maildrop open, and mail that comes."""
        server, folder = self.filled(running=True)
        pop3 = self.pop3(server)
        pop3.dele(1)
        self.smtp(server).sendmail(SENDER, [BOB], BODY)
        result = self.look(server, "--config", server.config)
        self.assertEqual(result.stderr, "")
        self.assertIn("%s: note: there is no index yet" % server.folder("alice").rstrip("/"), result.stdout)
        self.says(result, 0, "%s: note: 1 message in " % folder, "2 accounts looked at, 0 problems")
        self.assertTrue(os.path.exists(os.path.join(folder, "mailproto/index.sqlite-wal")))
        self.assertIn(b"+OK", pop3.quit())
        self.assertEqual(self.pop3(server).stat()[0], 1)

    def test_bare(self):
        server, folder = self.filled()
        shutil.rmtree(os.path.join(folder, "mailproto"))
        self.says(self.look(server, folder), 0, "there is no index yet", "1 account looked at, 0 problems")
        self.assertFalse(os.path.exists(os.path.join(folder, "mailproto")))

    def test_index_deleted(self):
        server, folder = self.filled()
        os.unlink(os.path.join(folder, "mailproto/index.sqlite"))
        self.says(self.look(server, folder), 1, "index.sqlite is gone", "1 account looked at, 1 problem")
        self.assertIn("%s: repaired: the index " % folder, self.repair(folder, 1))

    def test_index_damaged(self):
        server, folder = self.filled()
        with open(os.path.join(folder, "mailproto/index.sqlite"), "r+b") as index:
            index.write(b"nonsense" * 512)
        self.says(self.look(server, folder), 1, "index.sqlite is damaged", "1 account looked at, 1 problem")
        self.repair(folder, 1)
        server.start()
        self.assertEqual(self.pop3(server).stat()[0], 1)

    def test_message_missing(self):
        server, folder = self.filled()
        os.unlink(server.files("bob", "cur")[0])
        self.says(self.look(server, folder), 1, "the file of UID 1, ", "1 account looked at, 1 problem")
        self.repair(folder, 1)

    def test_foreign_delivery(self):
        server, folder = self.filled()
        with open(os.path.join(folder, "new/1.M1.elsewhere"), "wb") as f:
            f.write(b"Subject: x\n\nx\n")
        self.says(self.look(server, folder), 0, "note: 1 message in ", "1 account looked at, 0 problems")
        self.assertEqual(os.listdir(os.path.join(folder, "new")), ["1.M1.elsewhere"])

    def test_counts(self):
        """A count that is wrong is told, and made right."""
        server, folder = self.filled()
        with contextlib.closing(sqlite3.connect(os.path.join(folder, "mailproto/index.sqlite"))) as index:
            index.execute("UPDATE mailboxes SET messages = messages + 1")
            index.commit()
        self.says(self.look(server, folder), 1, "%s: the counts of the mailbox in " % folder,
                  "1 account looked at, 2 problems")  # its own, and the account's
        self.assertIn("%s: repaired: the counts of the mailbox in " % folder, self.repair(folder, 2))
        server.start()
        self.assertTrue(b"\r\n".join(self.pop3(server).retr(1)[1] + [b""]).endswith(b"Hello.\r\n.dot\r\n"))

    def test_what_is_no_maildir(self):
        """Nothing is made there, and the sum does not sound as if all were good."""
        server, folder = self.filled()
        for options in ((), ("--repair",)):
            before = tree(os.path.join(server.dir, "mail"))
            result = self.look(server, *options, os.path.join(server.dir, "mail"), "/nonexistent", server.dir)
            self.assertEqual(tree(os.path.join(server.dir, "mail")), before)
            self.assertEqual(result.returncode, 66)
            self.assertIn("is no Maildir: it has no folders cur and new; but in it are Maildirs, name one of them: ",
                          result.stderr)
            self.assertIn(os.path.basename(folder), result.stderr)
            self.assertIn("%s is no Maildir: it has no folders cur and new; name the folder that has them" % server.dir,
                          result.stderr)
            self.assertIn("/nonexistent: it is not there", result.stderr)
            self.assertNotIn("good", result.stdout)
            self.assertIn("0 accounts looked at, 0 problems", result.stdout)
            self.assertTrue(result.stdout.endswith("; 3 accounts could not be looked at\n"), result.stdout)
        result = run("check-mail", server.dir, folder)
        self.assertEqual(result.returncode, 66)
        self.assertIn("1 account looked at, 0 problems; 1 account could not be looked at\n", result.stdout)

    def test_unreadable(self):
        """As a user who may not read it: that is told, and is not good."""
        server, folder = self.filled()
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        index = os.path.join(folder, "mailproto/index.sqlite")
        os.chmod(index, 0)
        self.addCleanup(os.chmod, index, 0o600)
        result = self.look(server, folder)
        self.assertEqual(result.returncode, 66)
        self.assertIn("permission denied", result.stderr)

    def test_private(self):
        """What the server makes is its user's alone, whatever the umask is."""
        before = os.umask(0o022)
        try:
            server, folder = self.filled(running=True)
            self.pop3(server)
        finally:
            os.umask(before)
        for suffix in ("", "-wal", "-shm"):
            self.assertTrue(os.path.exists(os.path.join(folder, "mailproto/index.sqlite" + suffix)))
        for path, _, names in os.walk(os.path.dirname(folder)):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o700, path)
            for name in names:
                self.assertEqual(stat.S_IMODE(os.stat(os.path.join(path, name)).st_mode), 0o600, name)


if __name__ == "__main__":
    main()
