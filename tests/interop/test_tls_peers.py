"""mailproto with TLS and SASL against Postfix, Dovecot and the GNU SASL tool (RFC 3207, 2595, 8314, 4954, 5034, 5802)."""

import json
import os
import ssl

import harness
import packages
from certificates import Authority
from client import LOGIN, TLS, ClientCase, url
from dovecot import Dovecot
from gsasl_peer import GsaslSmtp
from keys import has_tls
from postfix import Postfix

ALICE, BOB = "alice@example.test", "bob@example.test"
SCRAM = ["SCRAM-SHA-256", "SCRAM-SHA-1"]


class PeerCase(ClientCase):
    """Trusts an authority that has signed a certificate for the servers of the class."""

    @classmethod
    def setUpClass(cls):
        if not has_tls(harness.program("MAILPROTO")):
            raise harness.unittest.SkipTest("mailproto was built without TLS")
        folder = harness.Folder()
        cls.addClassCleanup(folder.remove)
        cls.authority = Authority(os.path.join(folder.path, "ca"))
        cls.certificate = cls.authority.issue(os.path.join(folder.path, "server"), ["DNS:localhost", "IP:127.0.0.1"])
        cls.strange = cls.authority.issue(os.path.join(folder.path, "strange"), ["DNS:other.example.test"])
        for name in ("server", "strange"):  # servers read them as the user that they are
            os.chmod(os.path.join(folder.path, name, "key.pem"), 0o600)

    def setUp(self):
        super().setUp()
        self.tls = ("--ca", self.authority.file)

    def told(self, result):
        return json.loads(self.assertRan(result).out)


def dovecot_of(cls, **options):
    return harness.start_shared(cls, lambda folder: Dovecot(
        folder, tls=cls.certificate, mechanisms="plain login cram-md5 " + " ".join(SCRAM).lower(), **options))


class DovecotTls(PeerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = dovecot_of(cls, users=("alice", "bob"))

    def stat(self, scheme, *options, password=harness.PASSWORD, tls=None):
        port = self.server.port["pop3s" if scheme == "pop3s" else "pop3"]
        return self.mailproto("pop3", "%s://alice@%s:%d" % (scheme, harness.HOST, port), "stat", "--json",
                              *(self.tls if tls is None else tls), *options, "--password-file", self.password(password))

    def test_both_ways_in(self):
        for scheme in ("pop3", "pop3s"):
            told = self.told(self.stat(scheme, "--tls", "required"))
            self.assertTrue(told["server"]["tls"]["verified"])
            self.assertIn(told["mechanism"], SCRAM)

    def test_mechanisms(self):
        for mechanism in SCRAM + ["PLAIN", "LOGIN", "CRAM-MD5", "USER"]:
            self.assertEqual(self.told(self.stat("pop3s", "--auth", mechanism))["mechanism"], mechanism)
            result = self.stat("pop3s", "--auth", mechanism, password="a-wrong-one")
            self.assertEqual(result.status, LOGIN, str(result))
            self.assertHidden(result, password="a-wrong-one")

    def test_not_trusted(self):
        result = self.stat("pop3s", tls=())
        self.assertFailed(result, TLS, "signed by nobody that is trusted")
        result = self.stat("pop3", tls=())
        self.assertFailed(result, TLS, "signed by nobody that is trusted")

    def test_lmtp(self):
        text = harness.message("dovecot-lmtps")
        self.assertRan(self.send(url("lmtp", self.server.port["lmtp"]), [BOB], text))
        self.assertIn(text, harness.maildir_messages(self.server.maildir("bob"))[0])

    def test_large(self):
        text = harness.message("dovecot-large", harness.big_body(3 << 20))
        for _ in range(2):
            self.assertRan(self.send(url("lmtp", self.server.port["lmtp"]), [ALICE], text))
        target = os.path.join(self.folder.path, "got")
        self.assertRan(self.mailproto("pop3", "pop3s://alice@%s:%d" % (harness.HOST, self.server.port["pop3s"]), "fetch-all",
                                      "--maildir", target, *self.tls, "--delete", "--password-file", self.password()))
        got = [m for m in harness.maildir_messages(target) if b"Subject: dovecot-large\n" in m]
        self.assertEqual([m[m.index(b"From: <bob"):] for m in got], [text, text])


class PostfixTls(PeerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.logins = dovecot_of(cls, users=("alice",))
        cls.server = harness.start_shared(cls, lambda folder: Postfix(
            folder, users=("alice", "bob"), sasl=cls.logins.port["sasl"], tls=cls.certificate))

    def assertKept(self, user, subject):
        def there():
            return [m for m in harness.maildir_messages(self.server.maildir(user)) if b"Subject: %b\n" % subject.encode() in m]
        self.assertEqual(len(harness.wait_for_items(there, 1)), 1, self.server.read_log()[-3000:])
        return there()[0]

    def test_starttls(self):
        told = self.told(self.send(url("smtp", self.server.port), [BOB], harness.message("postfix-tls"), "--json"))
        self.assertTrue(told["server"]["tls"]["verified"])
        self.assertRegex(self.assertKept("bob", "postfix-tls"), rb"\bwith ESMTPS id ")

    def test_logins(self):
        for scheme, port in (("submission", self.server.submission_port), ("submissions", self.server.submissions_port)):
            for mechanism in SCRAM + ["PLAIN", "LOGIN", "CRAM-MD5"]:
                subject = "postfix-%s-%s" % (scheme, mechanism)
                told = self.told(self.send(url(scheme, port), [BOB], harness.message(subject), "--json", "--auth", mechanism,
                                           "--tls", "required" if scheme == "submission" else "may", *self.login()))
                self.assertEqual(told["server"]["mechanism"], mechanism)
                self.assertKept("bob", subject)
                result = self.send(url(scheme, port), [BOB], harness.message(subject), "--auth", mechanism,
                                   *self.login(password="a-wrong-one"))
                self.assertFailed(result, LOGIN, "535")

    def test_not_trusted(self):
        self.tls = ()
        self.assertFailed(self.send(url("smtp", self.server.port), [BOB], harness.message("never")), TLS,
                          "signed by nobody that is trusted")
        self.assertFailed(self.send(url("submissions", self.server.submissions_port), [BOB], harness.message("never")), TLS,
                          "signed by nobody that is trusted")


class WrongName(PeerCase):
    def test_wrong_name(self):
        server = self.peer(Postfix(self.folder.path, users=("alice",), tls=self.strange))
        self.assertFailed(self.send(url("smtp", server.port), [ALICE], harness.message("never")), TLS,
                          "the certificate is for other.example.test, not for 127.0.0.1")
        self.tls = ("--insecure-no-verification",)
        self.assertFailed(self.send(url("smtp", server.port), [ALICE], harness.message("told")), 0, "WARNING")


class GsaslServer(PeerCase):
    """The GNU SASL tool is the server of the login."""

    def plus(self, mechanism, password=harness.PASSWORD, **options):
        """The exit status, the server, and what was said."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(os.path.join(self.certificate, "certificate.pem"), os.path.join(self.certificate, "key.pem"))
        server = GsaslSmtp([mechanism, mechanism[:-len("-PLUS")]], context=context, **options)
        try:
            result = self.send(url("smtp", server.port), [BOB], harness.message("gsasl"), "--tls", "required",
                               *self.login(password=password))
        finally:
            server.stop()
        self.assertEqual(len(server.said("AUTH " + mechanism + " ")), 1, str(result))
        self.assertEqual(len(server.messages), 1 if result.status == 0 else 0)
        return result.status, server.authenticated

    def test_plus(self):
        """Bound to the channel of both: Python's TLS tells the tool, mbedTLS the client (RFC 5929 section 3)."""
        harness.need_tool("gsasl")
        for mechanism in [name + "-PLUS" for name in SCRAM]:
            self.assertEqual(self.plus(mechanism), (0, True))
            self.assertEqual(self.plus(mechanism, password="a-wrong-one"), (LOGIN, False))
            self.assertEqual(self.plus(mechanism, change=lambda binding: binding[::-1]), (LOGIN, False))

    def test_scram(self):
        harness.need_tool("gsasl")
        for mechanism in SCRAM:
            for password, status in ((harness.PASSWORD, 0), ("a-wrong-one", LOGIN)):
                server = GsaslSmtp([mechanism])
                try:
                    result = self.send(url("smtp", server.port), [BOB], harness.message("gsasl"), *self.login(password=password))
                finally:
                    server.stop()
                self.assertEqual(result.status, status, str(result))
                self.assertEqual(server.authenticated, status == 0)
                self.assertEqual(len(server.messages), 1 if status == 0 else 0)


if __name__ == "__main__":
    harness.main()
