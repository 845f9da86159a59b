"""mailproto with TLS: when it is used, whom it trusts, what it says when that fails, and what it never says before it."""

import base64
import json
import os
import shutil
import ssl
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from certificates import Authority, fingerprint  # noqa: E402
from keys import has_tls  # noqa: E402
from mail_peers import HOST, Cut, Pop3, Smtp, wait_until  # noqa: E402
from mailproto_case import (ALICE, ALL, BOB, LETTER, LOCAL, LOGIN, PROGRAM, REFUSED, TEMPORARY, USAGE,  # noqa: E402
                            Case, crlf, run)

TLS = 8
KEYWORDS = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "STARTTLS")
CAPABILITIES = ("USER", "UIDL", "TOP", "SASL PLAIN", "STLS")


class TlsCase(Case):
    @classmethod
    def setUpClass(cls):
        if not has_tls(PROGRAM):
            raise unittest.SkipTest("this mailproto was built without TLS")
        cls.certificates = tempfile.mkdtemp(prefix="mailproto-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.certificates)
        cls.authority = Authority(os.path.join(cls.certificates, "ca"))
        cls.own = cls.authority.issue(os.path.join(cls.certificates, "server"), ["DNS:localhost", "IP:127.0.0.1"])
        cls.other = cls.authority.issue(os.path.join(cls.certificates, "other"), ["DNS:other.example.test"])
        cls.ca = ("--ca", cls.authority.file)

    def context(self, folder=None, clients=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = folder or self.own
        context.load_cert_chain(os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem"))
        if clients:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def smtp(self, implicit=False, folder=None, clients=None, keywords=KEYWORDS, cls=Smtp, **options):
        kind = type("TlsSmtp", (cls,), {"context": self.context(folder, clients), "implicit": implicit})
        return self.peer(kind(keywords=list(keywords), **options))

    def pop3_server(self, implicit=False, folder=None, capabilities=CAPABILITIES, **options):
        kind = type("TlsPop3", (Pop3,), {"context": self.context(folder), "implicit": implicit})
        return self.peer(kind(capabilities=list(capabilities), **options))

    def fetch(self, server, *words, scheme="pop3", user=BOB):
        return run("pop3", "%s://%s@%s:%d" % (scheme, user, HOST, server.port), *words, "--password-file", self.password())

    def assertNothingBeforeTls(self, server):
        """What crossed in clear text is the way to TLS, and nothing of ours."""
        for line in server.log[:server.before_tls]:
            self.assertIn(line.split(" ")[0], ("EHLO", "LHLO", "STARTTLS", "CAPA", "STLS"), server.log)


class Send(TlsCase):
    def test_where_it_is_offered(self):
        server = self.smtp()
        self.check(self.send(server, [BOB], *self.ca), ALL, "accepted the message")
        self.assertEqual(server.messages[0][2], crlf(LETTER))
        self.assertEqual([line.split(" ")[0] for line in server.log[:3]], ["EHLO", "STARTTLS", "EHLO"])
        self.assertEqual(server.before_tls, 2)

    def test_from_the_beginning(self):
        for scheme in ("smtps", "submissions"):
            server = self.smtp(implicit=True, keywords=KEYWORDS[:3])
            self.check(self.send(server, [BOB], *self.ca, scheme=scheme), ALL)
            self.assertEqual(server.before_tls, 0)

    def test_json_tells_of_it(self):
        self.needs_json()
        told = json.loads(self.check(self.send(self.smtp(), [BOB], "--json", *self.ca), ALL).out)["server"]["tls"]
        self.assertIn(told.pop("version"), ("TLS 1.2", "TLS 1.3"))
        self.assertIn("TLS", told.pop("cipher"))
        self.assertEqual(told, {"verified": True, "pinned": False,
                                "sha256": fingerprint(os.path.join(self.own, "certificate.pem"))})
        told = json.loads(self.check(self.send(self.smtp(), [BOB], "--json", "--tls", "never"), ALL).out)
        self.assertIsNone(told["server"]["tls"])

    def test_trace_tells_of_it(self):
        result = self.check(self.send(self.smtp(), [BOB], "--trace", *self.ca), ALL)
        self.assertRegex(result.err, r"mailproto: TLS 1\.[23], .*, the certificate is verified; its SHA-256 is [0-9a-f]{64}\n")

    def test_signed_by_nobody_that_is_trusted(self):
        server = self.smtp()
        self.check(self.send(server, [BOB]), TLS, "signed by nobody that is trusted", "--ca FILE", "--pin SHA256")
        self.assertEqual([line.split(" ")[0] for line in server.log], ["EHLO", "STARTTLS"])
        self.assertTrue(wait_until(lambda: server.tls_failures))

    def test_for_another_name(self):
        server = self.smtp(folder=self.other)
        self.check(self.send(server, [BOB], *self.ca), TLS,
                   "the certificate is for other.example.test, not for 127.0.0.1")
        self.assertEqual(server.messages, [])

    def test_pin(self):
        good = fingerprint(os.path.join(self.other, "certificate.pem"))
        for pin in (good, good.upper(), ":".join(good[n:n + 2] for n in range(0, 64, 2))):
            self.check(self.send(self.smtp(folder=self.other), [BOB], "--pin", pin), ALL)
        server = self.smtp()
        self.check(self.send(server, [BOB], "--pin", good), TLS, "not the one of --pin",
                   fingerprint(os.path.join(self.own, "certificate.pem")))
        self.assertEqual(server.messages, [])
        for pin in (good[:-1], good + "0", good[:-1] + "x", "", good.replace(good[:3], good[0] + ":" + good[1:3])):
            self.check(self.send(server, [BOB], "--pin", pin), USAGE, "--pin")

    def test_insecure_is_loud(self):
        result = self.check(self.send(self.smtp(folder=self.other), [BOB], "--insecure-no-verification", "--quiet"), ALL)
        self.assertIn("WARNING: --insecure-no-verification", result.err)

    def test_never(self):
        server = self.smtp()
        self.check(self.send(server, [BOB], "--tls", "never"), ALL)
        self.assertEqual(server.said("STARTTLS"), [])

    def test_required_and_not_offered(self):
        for words in (("--tls", "required"), ("--tls", "required", "--user", ALICE, "--password-file", self.password())):
            server = self.smtp(keywords=KEYWORDS[:3], users={ALICE: "secret"})
            self.check(self.send(server, [BOB], *self.ca, *words), TLS, "STARTTLS")
            self.assertEqual((server.said("AUTH"), server.said("MAIL"), server.messages), ([], [], []))
        self.check(self.send(self.smtp(keywords=KEYWORDS[:3]), [BOB], "--tls", "may"), ALL)

    def test_refused(self):
        class Refusing(Smtp):
            def on_starttls(self, rest):
                self.say("454 4.7.0 not now")
        server = self.smtp(cls=Refusing)
        self.check(self.send(server, [BOB], "--tls", "required", *self.ca), TEMPORARY, "454")
        self.assertEqual(server.messages, [])

    def test_answers_ahead_of_tls_are_no_answers(self):
        """A reply that somebody put behind 220 is not taken for one of the server (RFC 3207 section 6)."""
        class Injected(Smtp):
            def on_starttls(self, rest):
                self.socket.sendall(b"220 go\r\n250-mx.example.test\r\n250 AUTH PLAIN\r\n")
                self.begin_tls()
        server = self.smtp(cls=Injected)
        self.assertNotEqual(self.send(server, [BOB], *self.ca).status, ALL)
        self.assertEqual(server.messages, [])

    def test_cut_in_the_handshake(self):
        class Cutting(Smtp):
            def on_starttls(self, rest):
                self.say("220 go")
                raise Cut
        server = self.smtp(cls=Cutting)
        self.assertIn(self.send(server, [BOB], *self.ca).status, (TLS, TEMPORARY))
        self.assertEqual(server.messages, [])

    def test_cut_without_close_notify(self):
        """The end of the connection behind the last reply costs nothing; in the middle of it nobody knows."""
        class Cutting(Smtp):
            def on_quit(self, rest):
                self.socket.unwrap = None
                os.close(self.socket.detach())
                raise Cut
        self.check(self.send(self.smtp(cls=Cutting), [BOB], *self.ca), ALL)

    def test_certificate_of_ours(self):
        mine = self.authority.issue(os.path.join(self.folder, "mine"), ["email:" + ALICE], usage="clientAuth")
        show = ("--certificate", os.path.join(mine, "certificate.pem"), "--key", os.path.join(mine, "key.pem"))
        server = self.smtp(clients=self.authority.file)
        self.check(self.send(server, [BOB], *self.ca, *show), ALL)
        server = self.smtp(clients=self.authority.file)
        self.assertIn(self.send(server, [BOB], *self.ca).status, (TLS, TEMPORARY))
        self.assertEqual(server.messages, [])

    def test_login(self):
        server = self.smtp(users={ALICE: "secret"})
        self.check(self.send(server, [BOB], *self.ca, "--user", ALICE, "--password-file", self.password()), ALL)
        self.assertNothingBeforeTls(server)

    def test_lmtp(self):
        server = self.smtp(lmtp=True)
        self.check(self.send(server, [BOB], *self.ca, scheme="lmtp"), ALL)
        self.assertEqual(server.before_tls, 2)


class Fetch(TlsCase):
    def test_where_it_is_offered(self):
        server = self.pop3_server()
        self.check(self.fetch(server, "stat", *self.ca), ALL, "message")
        self.assertNothingBeforeTls(server)
        self.assertTrue(server.said("STLS"))

    def test_from_the_beginning(self):
        server = self.pop3_server(implicit=True, capabilities=CAPABILITIES[:4])
        self.check(self.fetch(server, "list", *self.ca, scheme="pop3s"), ALL)
        self.assertEqual(server.before_tls, 0)

    def test_json_tells_of_it(self):
        self.needs_json()
        told = json.loads(self.check(self.fetch(self.pop3_server(), "stat", "--json", *self.ca), ALL).out)
        self.assertTrue(told["server"]["tls"]["verified"])
        self.assertEqual(told["mechanism"], "PLAIN")

    def test_not_trusted(self):
        server = self.pop3_server()
        self.check(self.fetch(server, "stat"), TLS, "signed by nobody that is trusted", "--ca FILE")
        self.assertNothingBeforeTls(server)
        server = self.pop3_server(folder=self.other)
        self.check(self.fetch(server, "stat", *self.ca), TLS, "not for 127.0.0.1")

    def test_required_and_not_offered(self):
        server = self.pop3_server(capabilities=CAPABILITIES[:4])
        self.check(self.fetch(server, "stat", "--tls", "required", *self.ca), TLS, "STLS")
        self.assertEqual((server.said("AUTH"), server.said("USER"), server.said("PASS")), ([], [], []))

    def test_refused(self):
        server = self.pop3_server(refuse={"STLS": "-ERR not now"})
        self.assertIn(self.fetch(server, "stat", "--tls", "required", *self.ca).status, (TLS, REFUSED))
        self.assertEqual((server.said("AUTH"), server.said("USER")), ([], []))

    def test_only_what_auth_names(self):
        server = self.pop3_server()
        self.check(self.fetch(server, "stat", *self.ca, "--auth", "SCRAM-SHA-256,CRAM-MD5"), LOGIN)
        self.assertEqual((server.said("AUTH"), server.said("USER")), ([], []))
        server = self.pop3_server()
        self.check(self.fetch(server, "stat", *self.ca, "--auth", "USER"), ALL)
        self.assertEqual((server.said("AUTH"), server.said("USER")), ([], ["USER " + BOB]))


class ScramSmtp(Smtp):
    """Says what it is told to the first message of SCRAM, with the client's nonce in the place of {}."""

    answers = ()

    def on_auth(self, rest):
        said = base64.b64decode(rest.split(" ")[1]).decode()
        nonce = said.split(",r=")[1]
        for answer in self.answers:
            if answer is Cut:
                raise Cut
            self.say(answer if answer[:3].isdigit() else b"334 " + base64.b64encode(answer.format(nonce).encode()))
            if not answer[:3].isdigit():
                self.hear()


class Scram(TlsCase):
    """Servers that do not do what SCRAM asks of them (RFC 5802 sections 3 and 5)."""

    def scram(self, *answers):
        server = self.smtp(keywords=("AUTH SCRAM-SHA-256",), cls=type("OwnScram", (ScramSmtp,), {"answers": answers}))
        result = self.send(server, [BOB], "--user", ALICE, "--password-file", self.password())
        self.assertEqual(server.messages, [])
        return server, result

    def test_success_without_proof(self):
        challenge = "r={}x,s=QUFBQUFBQUE=,i=4096"
        for answers in (["235 2.7.0 Welcome"], [challenge, "235 2.7.0 Welcome"],
                        [challenge, "v=QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "235 2.7.0 Welcome"]):
            self.check(self.scram(*answers)[1], LOGIN, "has not proven that it knows the password")

    def test_a_challenge_that_is_not_for_us(self):
        for challenge in ("r=x,s=QUFBQUFBQUE=,i=4096", "r={},s=QUFBQUFBQUE=,i=4096", "r={}x,s=QUFBQUFBQUE=,i=1",
                          "r={}x,s=QUFBQUFBQUE=,i=2000000000", "m=x,r={}x,s=QUFBQUFBQUE=,i=4096", "r={}x,i=4096"):
            server, result = self.scram(challenge, "501 5.5.2 Cancelled")
            self.assertEqual(result.status, LOGIN, str(result))
            self.assertNotIn("c=", "".join(server.log))
            self.assertEqual(server.log[server.log.index(server.said("AUTH")[0]) + 1], "*", server.log)

    def test_success_without_proof_of_pop3(self):
        class Lying(Pop3):
            def on_auth(self, rest):
                self.say("+OK welcome")
        for capabilities in (("SASL SCRAM-SHA-256",), ("SASL SCRAM-SHA-256", "STLS")):
            kind = type("OwnPop3", (Lying,), {"context": self.context()})
            server = self.peer(kind(capabilities=list(capabilities)))
            result = self.fetch(server, "stat", *self.ca)
            self.check(result, LOGIN, "did not prove that it knows the password")
            self.assertEqual(server.said("STAT"), [])

    def test_cut_while_the_key_is_derived(self):
        class Cutting(ScramSmtp):
            def on_auth(self, rest):
                nonce = base64.b64decode(rest.split(" ")[1]).decode().split(",r=")[1]
                self.say(b"334 " + base64.b64encode(("r=%sx,s=QUFBQUFBQUE=,i=999999" % nonce).encode()))
                raise Cut
        server = self.smtp(keywords=("AUTH SCRAM-SHA-256",), cls=Cutting)
        self.check(self.send(server, [BOB], "--user", ALICE, "--password-file", self.password()), TEMPORARY)


class Options(TlsCase):
    def test_mistakes(self):
        for words, said in ((["--tls", "always"], "may, required or never"), (["--tls", "never", "--ca", "x"], "--tls never"),
                            (["--insecure-no-verification", *self.ca], "--insecure-no-verification"),
                            (["--pin", "0" * 64, *self.ca], "--pin"), (["--key", "x"], "--certificate"),
                            (["--auth", "SCRAM-SHA-3"], "SCRAM-SHA-3"), (["--auth", ""], "--auth"),
                            (["--auth", "USER"], "POP3"), (["--token-file", "x"], "user")):
            self.check(run("send", "smtp://127.0.0.1:1", "--from", ALICE, "--to", BOB, *words), USAGE, said)
        self.check(run("send", "smtps://127.0.0.1:1", "--from", ALICE, "--to", BOB, "--tls", "never"), USAGE, "smtps://")

    def test_files(self):
        for words in (["--ca", "/nonexistent/ca.pem"], ["--certificate", "/nonexistent/c.pem"]):
            self.check(run("send", "smtp://127.0.0.1:1", "--from", ALICE, "--to", BOB, *words, self.file("letter", LETTER)),
                       LOCAL, words[1])


class Without(Case):
    def test_it_says_so(self):
        if has_tls(PROGRAM):
            self.skipTest("this mailproto was built with TLS")
        for words in (["--tls", "required"], ["--ca", "x"]):
            self.check(run("send", "smtp://127.0.0.1:1", "--from", ALICE, "--to", BOB, *words, self.file("letter", LETTER)),
                       LOCAL, "built without TLS")
        self.check(run("send", "smtps://127.0.0.1:1", "--from", ALICE, "--to", BOB), USAGE, "there is no TLS here")


if __name__ == "__main__":
    unittest.main(verbosity=2)
