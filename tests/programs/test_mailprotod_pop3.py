"""mailprotod gives out what is in its Maildirs by POP3."""

import os
import poplib

from mailprotod import wait_until
from mailprotod_case import BOB, SENDER, Case, main, read


class Pop3(Case):
    def filled(self, count=3):
        server = self.serve()
        smtp = self.smtp(server)
        for n in range(count):
            smtp.sendmail(SENDER, [BOB], b"Subject: %d\r\n\r\n%d\r\n" % (n, n))
        return server

    def files(self, server):
        """The names of bob's messages up to their flags: those that nobody has listed are in new, all others in cur."""
        return sorted(os.path.basename(path).split(":")[0]
                      for name in ("new", "cur") for path in server.files("bob", name))

    def test_list_and_retrieve(self):
        server = self.filled()
        messages = [read(path) for path in server.files("bob")]
        pop3 = self.pop3(server)
        self.assertEqual(pop3.stat(), (3, sum(len(message) for message in messages)))
        self.assertEqual(pop3.list()[1], [b"%d %d" % (n + 1, len(message)) for n, message in enumerate(messages)])
        for n, message in enumerate(messages):
            self.assertEqual(b"\r\n".join(pop3.retr(n + 1)[1]) + b"\r\n", message)
        self.assertEqual(pop3.top(1, 0)[1][-1], b"")

    def test_unique_ids(self):
        """They stay what they are: in another session, in another run of the server."""
        server = self.filled()
        uids = self.pop3(server).uidl()[1]
        self.assertEqual(len({line.split()[1] for line in uids}), 3)
        server.end()
        server.start()
        self.assertEqual(self.pop3(server).uidl()[1], uids)

    def test_dele_takes_effect_at_quit(self):
        server = self.filled()
        pop3 = self.pop3(server)
        kept = [line.split()[1] for line in pop3.uidl()[1]][1:]
        first, second, third = self.files(server)
        pop3.retr(2)
        pop3.dele(1)
        self.assertEqual(pop3.stat()[0], 2)
        self.assertEqual(self.files(server), [first, second, third])
        pop3.quit()
        server.wait_for_log("deleted 1 messages of bob@example.test, 0 failed")
        self.assertEqual(self.files(server), [second, third])
        pop3 = self.pop3(server)
        self.assertEqual([line.split()[1] for line in pop3.uidl()[1]], kept)

    def test_lost_without_quit_deletes_nothing(self):
        server = self.filled()
        pop3 = self.pop3(server)
        pop3.retr(1)
        pop3.dele(1)
        pop3.close()
        def free():
            try:
                return self.pop3(server).stat()[0] == 3
            except poplib.error_proto as error:
                self.assertIn("[IN-USE]", str(error))
                return False
        wait_until(free, "all three are there")
        self.assertEqual(len(self.files(server)), 3)

    def test_line_ends_of_other_programs(self):
        server = self.serve()
        with open(server.folder("bob", "new/1.foreign"), "wb") as f:
            f.write(b"Subject: x\n\n" + b"line\n.dot\n" * 10000 + b"no end")
        pop3 = self.pop3(server)
        size = len("Subject: x\r\n\r\n") + 10000 * len("line\r\n.dot\r\n") + len("no end")
        self.assertEqual(pop3.stat(), (1, size))
        lines = pop3.retr(1)[1]
        self.assertEqual(lines, [b"Subject: x", b""] + [b"line", b".dot"] * 10000 + [b"no end"])

    def test_large_message(self):
        server = self.serve()
        content = b"Subject: large\r\n\r\n" + b"".join(b"%07d %s\r\n" % (n, b"." * (n % 60)) for n in range(100000))
        self.smtp(server).sendmail(SENDER, [BOB], content)
        stored = read(self.assert_one(server, "bob", content))
        self.assertEqual(b"\r\n".join(self.pop3(server).retr(1)[1]) + b"\r\n", stored)

    def test_one_session_a_maildrop(self):
        server = self.filled(1)
        first = self.pop3(server)
        with self.assertRaises(poplib.error_proto) as caught:
            self.pop3(server)
        self.assertIn(b"[IN-USE]", caught.exception.args[0])
        self.pop3(server, "alice").quit()
        first.quit()
        self.pop3(server).quit()  # at once: the lock went before the answer to QUIT

    def test_one_session_among_processes(self):
        server = self.filled(1)
        other = self.serve()
        other.end()
        os.rename(other.dir + "/mail", other.dir + "/before")
        os.symlink(server.dir + "/mail", other.dir + "/mail")
        other.start()
        first = self.pop3(server)
        with self.assertRaises(poplib.error_proto) as caught:
            self.pop3(other)
        self.assertIn(b"[IN-USE]", caught.exception.args[0])
        first.quit()
        self.assertEqual(self.pop3(other).stat()[0], 1)

    def test_wrong_password(self):
        server = self.serve()
        for name, password in (("bob", "Secret"), ("nobody", "secret")):
            with self.assertRaises(poplib.error_proto) as caught:
                self.pop3(server, name, password)
            self.assertIn(b"[AUTH]", caught.exception.args[0])


if __name__ == "__main__":
    main()
