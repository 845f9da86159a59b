"""mailproto hands messages to Dovecot by LMTP and reads them by POP3 (RFC 2033, 1939, 2449)."""

import os

import harness
from client import LOGIN, REFUSED, SOME, ClientCase, url
from dovecot import Dovecot

ALICE, BOB = "alice@example.test", "bob@example.test"

QUOTA = """\
mail_plugins = quota
plugin {
  quota = maildir:User quota
}
"""


def fresh_users(prefix, count):
    return ["%s%02d" % (prefix, n) for n in range(count)]


class DovecotCase(ClientCase):
    """One Dovecot; each test has a user of its own."""

    @classmethod
    def setUpClass(cls):
        users = fresh_users("u", 30)
        cls.server = harness.start_shared(
            cls, lambda folder: Dovecot(folder, users=users + ["full"], extra=QUOTA,
                                        fields={"full": "userdb_quota_rule=*:bytes=200"}))
        cls.unused = iter(users)

    def setUp(self):
        super().setUp()
        self.user = next(self.unused)
        self.lmtp = url("lmtp", self.server.port["lmtp"])

    def hand_over(self, texts):
        for text in texts:
            self.assertRan(self.send(self.lmtp, [self.user + "@example.test"], text))

    def read(self, *command, **options):
        return self.pop3(self.server.port["pop3"], *command, user=self.user, **options)

    def kept(self, user=None):
        return harness.maildir_messages(self.server.maildir(user or self.user))


class Lmtp(DovecotCase):
    def test_send(self):
        text = harness.message("dovecot-plain", harness.BODY_DOTS + harness.BODY_8BIT)
        self.hand_over([text])
        self.assertTrue(self.kept()[0].endswith(text))

    def test_a_reply_for_each_recipient(self):
        # Refused at RCPT, refused after the message, accepted: three things to tell apart.
        text = harness.message("dovecot-each")
        result = self.send(self.lmtp, ["nosuch@example.test", "full@example.test",
                                       self.user + "@example.test"], text)
        self.assertFailed(result, SOME, "nosuch@example.test", "550", "full@example.test",
                          "552")
        self.assertTrue(self.kept()[0].endswith(text))
        self.assertEqual(self.kept("full"), [])

    def test_each_recipient_in_json(self):
        result = self.send(self.lmtp, ["full@example.test", self.user + "@example.test"],
                           harness.message("dovecot-json"), "--json")
        self.assertFailed(result, SOME)
        said = repr(self.json(result))
        for text in ("full@example.test", "552", self.user + "@example.test", "250"):
            self.assertIn(text, said)

    def test_50_megabytes_there_and_back(self):
        text = harness.message("dovecot-large", harness.big_body(50_000_000))
        self.hand_over([text])
        self.assertTrue(self.kept()[0].endswith(text))
        target = os.path.join(self.folder.path, "back")
        self.assertRan(self.read("fetch-all", "--maildir", target))
        self.assertEqual([m.endswith(text) for m in harness.maildir_messages(target)], [True])


class Pop3(DovecotCase):
    def fill(self, count=3):
        texts = [harness.message("%s-%d" % (self.user, n), harness.BODY_DOTS + b"%d\n" % n)
                 for n in range(count)]
        self.hand_over(texts)
        return texts

    def test_capabilities(self):
        result = self.assertRan(self.read("capa"))
        for name in ("TOP", "UIDL", "PIPELINING"):
            self.assertIn(name, result.out)

    def test_stat(self):
        self.fill()
        result = self.assertRan(self.read("stat"))
        total = sum(len(harness.crlf(m)) for m in self.kept())
        self.assertRegex(result.out, r"\b3\b")
        self.assertRegex(result.out, r"\b%d\b" % total)

    def test_list_and_unique_ids(self):
        self.fill()
        sizes = [len(harness.crlf(m)) for m in self.kept()]
        result = self.assertRan(self.read("list"))
        for size in sizes:
            self.assertRegex(result.out, r"\b%d\b" % size)
        first = self.assertRan(self.read("uidl")).out
        self.assertEqual(len(first.splitlines()), 3, first)
        self.assertEqual(self.assertRan(self.read("uidl")).out, first)

    def test_lists_in_json(self):
        self.fill()
        sizes = [len(harness.crlf(m)) for m in self.kept()]
        said = repr(self.json(self.assertRan(self.read("list", "--json"))))
        for size in sizes:
            self.assertIn(str(size), said)

    def test_retrieve(self):
        texts = self.fill()
        result = self.assertRan(self.read("retr", "2"))
        self.assertIn(texts[1].decode(), result.out.replace("\r\n", "\n"))

    def test_top(self):
        self.hand_over([harness.message("dovecot-top", b"first\n.second\nthird\n")])
        out = self.assertRan(self.read("top", "1", "2")).out.replace("\r\n", "\n")
        self.assertIn("Subject: dovecot-top\n", out)
        self.assertIn("\n\nfirst\n.second\n", out)
        self.assertNotIn("third", out)

    def test_delete(self):
        texts = self.fill()
        self.assertRan(self.read("dele", "2"))
        left = self.kept()
        self.assertEqual(len(left), 2)
        self.assertTrue(left[0].endswith(texts[0]) and left[1].endswith(texts[2]))

    def test_fetch_all(self):
        texts = self.fill(25)
        target = os.path.join(self.folder.path, "got")
        self.assertRan(self.read("fetch-all", "--maildir", target))
        got = sorted(harness.maildir_messages(target), key=lambda m: int(m.split(b"\n")[-2]))
        self.assertEqual(len(got), 25)
        for text, message in zip(texts, got):
            self.assertTrue(message.endswith(text))
        self.assertEqual(os.listdir(os.path.join(target, "tmp")), [])

    def test_no_such_message(self):
        for command in (("retr", "1"), ("dele", "7"), ("top", "1", "0")):
            self.assertFailed(self.read(*command), REFUSED)

    def test_empty_maildrop(self):
        target = os.path.join(self.folder.path, "got")
        self.assertRan(self.read("fetch-all", "--maildir", target))
        self.assertEqual(harness.maildir_files(target), [])

    def test_trace_hides_the_password(self):
        result = self.assertRan(self.read("stat", "--trace"))
        self.assertIn("STAT", result.out + result.err)
        self.assertIn("QUIT", result.out + result.err)
        self.assertHidden(result, user=self.user)

    def test_wrong_password(self):
        result = self.read("stat", "--trace", password="a-wrong-one")
        self.assertFailed(result, LOGIN, "Authentication failed")
        self.assertHidden(result, user=self.user, password="a-wrong-one")


if __name__ == "__main__":
    harness.main()
