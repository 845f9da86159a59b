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

    def test_list_and_retrieve(self):
        server = self.filled()
        pop3 = self.pop3(server)
        files = server.files("bob")
        sizes = [os.path.getsize(path) for path in files]
        self.assertEqual(pop3.stat(), (3, sum(sizes)))
        self.assertEqual(pop3.list()[1], [b"%d %d" % (n + 1, size) for n, size in enumerate(sizes)])
        self.assertEqual(pop3.uidl()[1],
                         [b"%d %s" % (n + 1, os.path.basename(path).encode()) for n, path in enumerate(files)])
        for n, path in enumerate(files):
            self.assertEqual(b"\r\n".join(pop3.retr(n + 1)[1]) + b"\r\n", read(path))
        self.assertEqual(pop3.top(1, 0)[1][-1], b"")

    def test_dele_takes_effect_at_quit(self):
        server = self.filled()
        first, second, third = server.files("bob")
        pop3 = self.pop3(server)
        pop3.retr(2)
        pop3.dele(1)
        self.assertEqual(pop3.stat()[0], 2)
        self.assertEqual(server.files("bob"), [first, second, third])
        pop3.quit()
        self.assertEqual(server.files("bob"), [third])
        self.assertEqual(server.files("bob", "cur"), [second.replace("/new/", "/cur/") + ":2,S"])
        pop3 = self.pop3(server)
        self.assertEqual(pop3.stat()[0], 2)
        self.assertIn(os.path.basename(second).encode(), pop3.uidl(1))

    def test_lost_without_quit_deletes_nothing(self):
        server = self.filled()
        pop3 = self.pop3(server)
        pop3.retr(1)
        pop3.dele(1)
        pop3.close()
        wait_until(
            lambda: len(server.files("bob", "cur")) == 1, "what was read is in cur")
        self.assertEqual(len(server.files("bob")), 2)
        self.assertEqual(self.pop3(server).stat()[0], 3)

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
        path = self.assert_one(server, "bob", content)
        self.assertEqual(b"\r\n".join(self.pop3(server).retr(1)[1]) + b"\r\n", read(path))

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
