"""mailproto against mailprotod: a message travels to a mailbox and back."""

import os
import sys

import harness
import serving
from certificates import Authority
from client import LOGIN, SOME, ClientCase, url

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import mailprotod  # noqa: E402

ALICE, BOB = "alice@example.test", "bob@example.test"


class TrustingCase(ClientCase, serving.ServerCase):
    """Trusts the certificate that the demo has made for itself."""

    def setUp(self):
        super().setUp()
        self.tls = ("--ca", self.server.certificate) if self.server.has_tls else ()


class Both(TrustingCase):
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


class Tls(TrustingCase):
    """Both ends, in every way that they have in common."""

    def setUp(self):
        super().setUp()
        if not self.server.has_tls:
            self.skipTest("mailprotod was built without TLS")
        self.server.empty("bob")

    def test_every_way_in(self):
        for service, scheme in (("smtp", "smtp"), ("lmtp", "lmtp"), ("submission", "submission"),
                                ("submissions", "smtps"), ("submissions", "submissions")):
            login = self.login(ALICE) if service.startswith("submission") else []
            text = harness.message("tls-%s-%s" % (service, scheme))
            result = self.assertRan(self.send(url(scheme, self.server.port[service]), [BOB], text, "--json",
                                              "--tls", "required", *login))
            told = self.json(result)["server"]
            self.assertTrue(told["tls"]["verified"])
            self.assertEqual(told["mechanism"], "SCRAM-SHA-256-PLUS" if login else None)
            self.arrived("bob", "tls-%s-%s" % (service, scheme))

    def test_every_mechanism(self):
        for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"):
            for tls in ("required", "never"):
                bound = mechanism.endswith("-PLUS")
                options = ["--auth", mechanism, "--json", *([*self.tls] if tls == "required" else [])]
                smtp = self.mailproto(
                    "send", url("submission", self.server.port["submission"]), "--from", ALICE, "--to", BOB, "--tls", tls,
                    *options, *self.login(ALICE), self.folder.file("letter", harness.message("by-" + mechanism)))
                pop3 = self.mailproto(
                    "pop3", "pop3://%s@%s:%d" % (BOB, harness.HOST, self.server.port["pop3"]), "stat", "--tls", tls,
                    *options, "--password-file", self.password())
                for result in (smtp, pop3):
                    if bound and tls == "never":
                        self.assertEqual(result.status, LOGIN, str(result))
                        continue
                    self.assertRan(result)
                    told = self.json(result)
                    self.assertEqual(told["server"].get("mechanism", told.get("mechanism")), mechanism)

    def test_wrong_password(self):
        for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"):
            result = self.send(url("submission", self.server.port["submission"]), [BOB], harness.message("never"),
                               "--auth", mechanism, *self.login(ALICE, "a-wrong-one"))
            self.assertFailed(result, LOGIN, "535")
            self.assertHidden(result, user=ALICE, password="a-wrong-one")


class WithoutPasswords(ClientCase):
    """Certificates and tokens, with a mailprotod that has a configuration."""

    def setUp(self):
        super().setUp()
        if not mailprotod.has_tls(harness.program("MAILPROTOD")) or not mailprotod.has_tls(harness.program("MAILPROTO")):
            self.skipTest("mailprotod or mailproto was built without TLS")
        self.authority = Authority(os.path.join(self.folder.path, "ca"))
        own = self.authority.issue(os.path.join(self.folder.path, "own"), ["DNS:localhost", "IP:127.0.0.1"])
        tokens = self.folder.file("tokens", "%s t0ken never\n" % ALICE)
        self.own = mailprotod.Server(tls=own, tls_more="client_ca = " + self.authority.file,
                                     more="[oauth]\ntokens = " + tokens)
        self.addCleanup(self.own.remove)
        self.tls = ("--ca", self.authority.file)

    def sent(self, *options):
        return self.send(url("submissions", self.own.port["submissions"]), [BOB], harness.message("own"), "--json", *options,
                         sender=ALICE)

    def stat(self, user, *options):
        return self.mailproto("pop3", "pop3s://%s%s:%d" % (user and user + "@", harness.HOST, self.own.port["pop3s"]), "stat",
                              "--json", *self.tls, *options)

    def test_certificate(self):
        for name, status in ((ALICE, 0), ("nobody@example.test", LOGIN)):
            mine = self.authority.issue(os.path.join(self.folder.path, name), ["email:" + name], usage="clientAuth")
            show = ("--auth", "EXTERNAL", "--certificate", os.path.join(mine, "certificate.pem"), "--key",
                    os.path.join(mine, "key.pem"))
            for result in (self.sent(*show), self.stat("", *show)):
                self.assertEqual(result.status, status, str(result))
        self.assertEqual(self.sent("--auth", "EXTERNAL").status, LOGIN)  # nothing was shown

    def test_token(self):
        for token, status in (("t0ken", 0), ("another", LOGIN)):
            file = self.folder.file("token", token + "\n")
            for options in ([], ["--auth", "XOAUTH2"], ["--auth", "OAUTHBEARER"]):
                result = self.sent("--user", ALICE, "--token-file", file, *options)
                self.assertEqual(result.status, status, str(result))
                self.assertEqual(self.stat(ALICE, "--token-file", file, *options).status, status)
                self.assertHidden(result, user=ALICE, password=token)


class Many(TrustingCase):
    def test_a_thousand_recipients_and_more(self):
        # The server takes 1,000 a transaction; the client goes on in a second one.
        names = ["alice+%d@example.test" % n for n in range(1200)]
        self.assertRan(self.send(url("smtp", self.server.port["smtp"]), names,
                                 harness.message("both-many")))
        self.arrived("alice", "both-many", 2)  # one copy a transaction, for all these names are hers


if __name__ == "__main__":
    harness.main()
