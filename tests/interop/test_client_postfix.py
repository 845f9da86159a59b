"""mailproto sends to Postfix: PIPELINING, CHUNKING, limits, AUTH (RFC 5321, 2920, 3030, 4954)."""

import re

import harness
from client import LOGIN, REFUSED, SOME, ClientCase, url
from dovecot import Dovecot
from postfix import Postfix

ALICE, BOB = "alice@example.test", "bob@example.test"
MANY = ["user%d" % n for n in range(25)]


def arrived(server, user, count=1):
    """Waits until the user has so many messages and returns them."""
    found = harness.wait_for_items(
        lambda: harness.maildir_messages(server.maildir(user)), count)
    if len(found) != count:
        raise AssertionError("%s has not got %d messages\n%s" % (user, count, server.read_log()))
    return found


class One(ClientCase):
    """A Postfix with all its extensions."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.start_shared(
            cls, lambda folder: Postfix(folder, users=["u%02d" % n for n in range(20)]))
        cls.unused = iter("u%02d" % n for n in range(20))

    def setUp(self):
        super().setUp()
        self.user, self.other = next(self.unused), next(self.unused)
        self.to = [name + "@example.test" for name in (self.user, self.other)]

    def test_send(self):
        text = harness.message("postfix-plain", harness.BODY_DOTS)
        self.assertRan(self.send(url("smtp", self.server.port), self.to, text))
        for user in (self.user, self.other):
            self.assertTrue(arrived(self.server, user)[0].endswith(text))

    def test_eight_bit(self):
        text = harness.message("postfix-8bit", harness.BODY_8BIT)
        self.assertRan(self.send(url("smtp", self.server.port), self.to[:1], text))
        self.assertTrue(arrived(self.server, self.user)[0].endswith(text))

    def test_refused_recipient_among_good_ones(self):
        result = self.send(url("smtp", self.server.port),
                           [self.to[0], "nosuch@example.test", self.to[1]],
                           harness.message("postfix-refused"))
        self.assertFailed(result, SOME, "nosuch@example.test", "550", "User unknown")
        arrived(self.server, self.user)
        arrived(self.server, self.other)

    def test_no_recipient_left(self):
        result = self.send(url("smtp", self.server.port), ["nosuch@example.test"],
                           harness.message("postfix-none"))
        self.assertFailed(result, REFUSED, "nosuch@example.test", "550")

    def test_50_megabytes(self):
        text = harness.message("postfix-large", harness.big_body(50_000_000))
        self.assertRan(self.send(url("smtp", self.server.port), self.to[:1], text))
        self.assertTrue(arrived(self.server, self.user)[0].endswith(text))

    def test_null_reverse_path(self):
        self.assertRan(self.send(url("smtp", self.server.port), self.to[:1],
                                 harness.message("postfix-null"), sender=""))
        self.assertIn(b"Return-Path: <>\n", arrived(self.server, self.user)[0])

    def test_international_sender(self):
        self.assertRan(self.send(url("smtp", self.server.port), self.to[:1],
                                 harness.message("postfix-utf8", harness.BODY_8BIT),
                                 sender="jürgen@exämple.test"))
        self.assertIn("jürgen@exämple.test".encode(), arrived(self.server, self.user)[0])


class Masked(ClientCase):
    """The message arrives whole, whatever the server leaves out of its greeting."""

    def check(self, keywords, body):
        server = self.peer(Postfix(self.folder.path, smtpd_discard_ehlo_keywords=keywords))
        text = harness.message("postfix-masked", body)
        self.assertRan(self.send(url("smtp", server.port), [ALICE, BOB], text))
        for user in ("alice", "bob"):
            self.assertTrue(arrived(server, user)[0].endswith(text))

    def test_without_chunking(self):
        self.check("chunking", harness.BODY_8BIT + harness.BODY_DOTS)

    def test_without_pipelining(self):
        self.check("chunking, pipelining", harness.BODY_8BIT + harness.BODY_DOTS)

    def test_without_anything(self):
        self.check("chunking, pipelining, 8bitmime, smtputf8, dsn, size, enhancedstatuscodes",
                   harness.BODY_DOTS)


class Limits(ClientCase):
    def test_continues_where_recipients_are_limited(self):
        server = self.peer(Postfix(self.folder.path, users=MANY, smtpd_recipient_limit="10"))
        text = harness.message("postfix-limit")
        self.assertRan(self.send(url("smtp", server.port), [u + "@example.test" for u in MANY],
                                 text))
        for user in MANY:
            self.assertTrue(arrived(server, user)[0].endswith(text))
        transactions = re.findall(r"smtpd\[\d+\]: \w+: client=", server.read_log())
        self.assertEqual(len(transactions), 3, server.read_log())

    def test_larger_than_the_server_takes(self):
        server = self.peer(Postfix(self.folder.path, message_size_limit="20000"))
        result = self.send(url("smtp", server.port), [ALICE],
                           harness.message("postfix-size", harness.big_body(100_000)))
        self.assertFailed(result, REFUSED)
        self.assertEqual(harness.maildir_files(server.maildir("alice")), [])


class Passwords(ClientCase):
    @classmethod
    def setUpClass(cls):
        accounts = harness.start_shared(cls, Dovecot)
        cls.server = harness.start_shared(
            cls, lambda folder: Postfix(folder, sasl=accounts.port["sasl"]))

    def test_login(self):
        text = harness.message("postfix-auth")
        result = self.send(url("smtp", self.server.submission_port), [BOB], text, "--trace",
                           *self.login())
        self.assertRan(result)
        self.assertIn("235", result.out + result.err)
        self.assertHidden(result)
        self.assertTrue(arrived(self.server, "bob")[0].endswith(text))

    def test_wrong_password(self):
        result = self.send(url("smtp", self.server.submission_port), [ALICE],
                           harness.message("postfix-wrong"), "--trace",
                           *self.login(password="a-wrong-one"))
        self.assertFailed(result, LOGIN, "535")
        self.assertHidden(result, password="a-wrong-one")
        self.assertEqual(harness.maildir_files(self.server.maildir("alice")), [])

    def test_login_is_needed(self):
        result = self.send(url("smtp", self.server.submission_port), [ALICE],
                           harness.message("postfix-anonymous"))
        self.assertFailed(result, REFUSED, ALICE, "554")
        self.assertEqual(harness.maildir_files(self.server.maildir("alice")), [])


if __name__ == "__main__":
    harness.main()
