"""mailproto against mailprotod: a message travels to a mailbox and back."""

import os

import harness
import serving
from client import SOME, ClientCase, url

ALICE, BOB = "alice@example.test", "bob@example.test"


class Both(ClientCase, serving.ServerCase):
    def setUp(self):
        super().setUp()
        for user in ("alice", "bob"):
            self.server.empty(user)

    def port(self, service):
        return self.server.port[service]

    def test_there_and_back(self):
        for service, scheme in (("smtp", "smtp"), ("lmtp", "lmtp")):
            subject = "both-" + service
            text = harness.message(subject, harness.BODY_DOTS + harness.BODY_8BIT)
            self.assertRan(self.send(url(scheme, self.port(service)), [ALICE, BOB], text))
            for user in ("alice", "bob"):
                self.arrived(user, subject)
                out = self.assertRan(self.pop3(self.port("pop3"), "retr", "1", user=user)).out
                self.assertTrue(out.replace("\r\n", "\n").endswith(text.decode()), out)
                self.assertRan(self.pop3(self.port("pop3"), "dele", "1", user=user))
                self.assertEqual(harness.maildir_files(self.server.maildir(user)), [])

    def test_submission(self):
        text = harness.message("both-submission")
        result = self.send(url("smtp", self.port("submission")), [BOB], text, "--trace",
                           *self.login(ALICE))
        self.assertRan(result)
        self.assertHidden(result, user=ALICE)
        self.assertArrived("bob", "both-submission", harness.body_of(text))

    def test_refused_recipient(self):
        result = self.send(url("smtp", self.port("smtp")), [ALICE, "nosuch@example.test"],
                           harness.message("both-refused"))
        self.assertFailed(result, SOME, "nosuch@example.test", "550")
        self.arrived("alice", "both-refused")

    def test_fetch_all(self):
        texts = [harness.message("both-all-%02d" % n) for n in range(30)]
        self.deliver("alice", texts)
        target = os.path.join(self.folder.path, "got")
        self.assertRan(self.pop3(self.port("pop3"), "fetch-all", "--maildir", target))
        got = sorted(m[m.index(b"From: <bob"):] for m in harness.maildir_messages(target))
        self.assertEqual(got, sorted(texts))


class Many(ClientCase, serving.ServerCase):
    def test_a_thousand_recipients_and_more(self):
        # The server takes 1,000 a transaction; the client goes on in a second one.
        names = ["alice+%d@example.test" % n for n in range(1200)]
        self.assertRan(self.send(url("smtp", self.server.port["smtp"]), names,
                                 harness.message("both-many")))
        self.arrived("alice", "both-many", 2)  # one copy a transaction, for all these names are hers


if __name__ == "__main__":
    harness.main()
