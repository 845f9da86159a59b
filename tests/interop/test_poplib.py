"""Python's poplib against mailprotod (RFC 1939, 2449)."""

import base64
import poplib
import socket

import harness
import serving

ALICE = "alice@example.test"


class Poplib(serving.ServerCase):
    def setUp(self):
        super().setUp()
        self.server.empty("alice")

    def connect(self):
        pop = poplib.POP3(harness.HOST, self.server.port["pop3"], timeout=harness.RUN_TIMEOUT)
        self.addCleanup(pop.close)
        return pop

    def login(self):
        pop = self.connect()
        pop.user(ALICE)
        pop.pass_(harness.PASSWORD)
        return pop

    def test_capabilities(self):
        pop = self.connect()
        capabilities = pop.capa()
        for name in ("TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES"):
            self.assertIn(name, capabilities)
        self.assertLessEqual({"PLAIN", "LOGIN"}, set(capabilities["SASL"]))

    def test_empty_maildrop(self):
        pop = self.login()
        self.assertEqual(pop.stat(), (0, 0))
        self.assertEqual(pop.list()[1], [])
        self.assertEqual(pop.uidl()[1], [])
        with self.assertRaises(poplib.error_proto):
            pop.retr(1)
        pop.quit()

    def test_sizes_are_exact(self):
        # RFC 1939, 11: octets as they go over the wire, each line end two.
        bodies = [harness.BODY_DOTS, harness.BODY_8BIT, b"", b"\n\n\n"]
        self.deliver("alice", [harness.message("poplib-size-%d" % n, body)
                               for n, body in enumerate(bodies)])
        pop = self.login()
        count, total = pop.stat()
        sizes = [int(line.split()[1]) for line in pop.list()[1]]
        self.assertEqual((len(sizes), sum(sizes)), (count, total))
        for number, size in enumerate(sizes, 1):
            lines = pop.retr(number)[1]
            self.assertEqual(sum(len(line) + 2 for line in lines), size, number)
            self.assertEqual(pop.list(number).split()[1:], [b"%d" % number, b"%d" % size])
        pop.quit()

    def test_retrieve(self):
        text = harness.message("poplib-retr", harness.BODY_DOTS + harness.BODY_8BIT)
        self.deliver("alice", [text])
        pop = self.login()
        got = b"\n".join(pop.retr(1)[1]) + b"\n"
        self.assertTrue(got.endswith(text), got)
        pop.quit()

    def test_top(self):
        self.deliver("alice", [harness.message("poplib-top", b"one\n..two\nthree\n")])
        pop = self.login()
        for count in range(5):
            lines = pop.top(1, count)[1]
            body = lines[lines.index(b"") + 1:]
            self.assertEqual(body, [b"one", b"..two", b"three"][:count])
        pop.quit()

    def test_unique_ids_stay(self):
        self.deliver("alice", [harness.message("poplib-uidl-%d" % n) for n in range(5)])
        pop = self.login()
        before = [line.split()[1] for line in pop.uidl()[1]]
        self.assertEqual(len(set(before)), 5)
        self.assertEqual(pop.uidl(3).split()[2], before[2])
        pop.dele(2)
        pop.quit()
        pop = self.login()
        after = [line.split()[1] for line in pop.uidl()[1]]
        self.assertEqual(after, before[:1] + before[2:])
        pop.quit()

    def test_delete_takes_effect_at_quit(self):
        self.deliver("alice", [harness.message("poplib-dele-%d" % n) for n in range(3)])
        pop = self.login()
        pop.dele(1)
        with self.assertRaises(poplib.error_proto):
            pop.retr(1)
        with self.assertRaises(poplib.error_proto):
            pop.dele(1)
        self.assertEqual(pop.stat()[0], 2)
        self.assertEqual([line.split()[0] for line in pop.list()[1]], [b"2", b"3"])
        self.assertEqual(len(harness.maildir_files(self.server.maildir("alice"))), 3)
        pop.quit()
        pop = self.login()
        self.assertEqual(pop.stat()[0], 2)
        pop.quit()

    def test_reset(self):
        self.deliver("alice", [harness.message("poplib-rset-%d" % n) for n in range(2)])
        pop = self.login()
        pop.dele(1)
        pop.rset()
        self.assertEqual(pop.stat()[0], 2)
        pop.quit()
        self.assertEqual(len(harness.maildir_files(self.server.maildir("alice"))), 2)

    def test_a_lost_connection_deletes_nothing(self):
        # RFC 1939, 6: only QUIT enters the UPDATE state.
        self.deliver("alice", [harness.message("poplib-lost-%d" % n) for n in range(2)])
        pop = self.login()
        pop.dele(1)
        pop.dele(2)
        pop.sock.shutdown(socket.SHUT_RDWR)
        pop.close()

        def count():
            try:
                again = self.login()
            except poplib.error_proto:  # the maildrop may still be locked by the lost session
                return None
            found = again.stat()[0]
            again.quit()
            return found

        self.assertEqual(harness.wait_until(count), 2)

    def test_commands_out_of_order(self):
        # A server may hang up on a peer that says little else, so each connection errs a little.
        for commands in (("STAT", "LIST"), ("RETR 1", "DELE 1"), ("PASS secret", "NOSUCH")):
            pop = self.connect()
            self.assert_refused(pop, commands)
            pop.quit()
        for commands in (("USER alice", "RETR"), ("RETR 0", "RETR 1"), ("RETR -1", "RETR x"),
                         ("TOP 1", "NOSUCH"), ("DELE 99999999999999999999", "LIST 1")):
            pop = self.login()
            self.assert_refused(pop, commands)
            self.assertTrue(pop.noop().startswith(b"+OK"))
            pop.quit()

    def assert_refused(self, pop, commands):
        for command in commands:
            with self.assertRaisesRegex(poplib.error_proto, "-ERR", msg=command):
                pop._shortcmd(command)

    def test_wrong_password_then_right(self):
        pop = self.connect()
        pop.user(ALICE)
        with self.assertRaisesRegex(poplib.error_proto, "-ERR"):
            pop.pass_("wrong")
        pop.user(ALICE)
        pop.pass_(harness.PASSWORD)
        pop.quit()

    def test_an_unknown_user_looks_like_a_wrong_password(self):
        answers = []
        for user in (ALICE, "nosuch@example.test"):
            pop = self.connect()
            try:
                answers.append(pop.user(user))
                pop.pass_("wrong")
            except poplib.error_proto as error:
                answers.append(str(error))
        self.assertEqual(answers[:2], answers[2:])

    def test_sasl(self):
        # RFC 5034: with and without an initial response.
        response = base64.b64encode(b"\0alice@example.test\0secret").decode()
        pop = self.connect()
        pop._shortcmd("AUTH PLAIN " + response)
        self.assertEqual(pop.stat(), (0, 0))
        pop.quit()
        pop = self.connect()
        self.assertTrue(pop._shortcmd("AUTH PLAIN").startswith(b"+ "))
        self.assertTrue(pop._shortcmd(response).startswith(b"+OK"))
        pop.quit()

    def test_pipelining(self):
        # RFC 2449, 6.8: all commands in one go; USER and PASS, too.
        self.deliver("alice", [harness.message("poplib-pipe-%d" % n) for n in range(3)])
        pop = self.connect()
        pop.sock.sendall(b"USER alice@example.test\r\nPASS secret\r\nSTAT\r\nRETR 1\r\nDELE 1\r\n"
                         b"RETR 1\r\nTOP 2 0\r\nQUIT\r\n")
        for prefix in (b"+OK", b"+OK", b"+OK 3 "):
            self.assertTrue(pop._getline()[0].startswith(prefix))
        self.assertIn(b"MIME-Version: 1.0", pop._getlongresp()[1])
        self.assertTrue(pop._getline()[0].startswith(b"+OK"))
        self.assertTrue(pop._getline()[0].startswith(b"-ERR"))
        self.assertIn(b"MIME-Version: 1.0", pop._getlongresp()[1])
        self.assertTrue(pop._getline()[0].startswith(b"+OK"))
        pop.close()
        self.assertTrue(harness.wait_until(
            lambda: len(harness.maildir_files(self.server.maildir("alice"))) == 2, 10))


if __name__ == "__main__":
    harness.main()
