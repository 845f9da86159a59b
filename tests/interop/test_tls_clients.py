"""swaks, curl, the GNU SASL tool and Python's own clients against mailprotod: STARTTLS, TLS from the beginning, AUTH.

Each with every mechanism that it and the server have in common (RFC 3207, 2595, 8314, 4954, 5034, 5802, 7677).
"""

import os
import poplib
import re
import smtplib
import socket
import ssl
import sys
import threading

import harness
import keys
import serving
from certificates import Authority

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
from mailprotod import Server  # noqa: E402

ALICE, BOB = "alice@example.test", "bob@example.test"


class TlsCase(serving.ServerCase):
    def setUp(self):
        super().setUp()
        if not self.server.has_tls:
            self.skipTest("mailprotod was built without TLS")
        self.ca = self.server.certificate
        for user in ("alice", "bob"):
            self.server.empty(user)


class Swaks(TlsCase):
    def swaks(self, service, *options, user=ALICE, password=harness.PASSWORD):
        path = harness.need_tool("swaks")
        if "TLS supported" not in harness.run([path, "--support"]).out:
            self.skipTest("swaks has no TLS: Net::SSLeay is not installed")
        return harness.run([path, "--server", self.address(service), "--from", ALICE, "--to", BOB, "--tls-verify",
                            "--tls-ca-path", self.ca, "--auth-user", user, "--auth-password", password, *options,
                            *(["--tls-on-connect"] if service == "submissions" else ["--tls"])])

    def test_mechanisms(self):
        for service in ("submission", "submissions"):
            for mechanism in ("PLAIN", "LOGIN"):
                result = self.assertRan(self.swaks(service, "--auth", mechanism))
                self.assertRegex(result.out, r"TLSv1\.[23]")
                self.assertIn("235 2.7.0", result.out)
        self.assertEqual(len(harness.maildir_files(self.server.maildir("bob"))), 4)

    def test_what_needs_the_password_itself_is_not_offered(self):
        """CRAM-MD5, DIGEST-MD5 and NTLM: the server keeps keys, of which the password cannot be had."""
        for mechanism in ("CRAM-MD5", "DIGEST-MD5", "CRAM-SHA1"):
            result = self.swaks("submission", "--auth", mechanism)
            self.assertEqual(result.status, 28, str(result))  # "Auth not attempted, requested type not available"
            self.assertRegex(result.out, r"(?s)TLS started with .*<~  250-AUTH .*PLAIN")
            self.assertNotIn(" ~> AUTH", result.out)

    def test_wrong_password(self):
        result = self.swaks("submissions", "--auth", "PLAIN", password="wrong")
        self.assertEqual(result.status, 28, str(result))
        self.assertIn("535 5.7.8", result.out)


class Curl(TlsCase):
    def curl(self, *options):
        return harness.run([harness.need_tool("curl"), "--silent", "--show-error", "--verbose", "--cacert", self.ca, *options])

    def features(self):
        return harness.run([harness.need_tool("curl"), "--version"]).out

    def mechanisms(self):
        return ["PLAIN", "LOGIN", *(["SCRAM-SHA-256", "SCRAM-SHA-1"] if "GSASL" in self.features().upper() else [])]

    def test_send(self):
        file = self.folder.file("letter", harness.crlf(harness.message("curl-tls")))
        for scheme, service in (("smtp", "submission"), ("smtps", "submissions")):
            for mechanism in self.mechanisms():
                result = self.assertRan(self.curl(
                    self.url(scheme, service) + "/client.example.test", "--ssl-reqd", "--mail-from", ALICE, "--mail-rcpt", BOB,
                    "--user", "%s:%s" % (ALICE, harness.PASSWORD), "--login-options", "AUTH=" + mechanism, "--upload-file", file))
                self.assertIn("AUTH " + mechanism, result.err)
        self.assertEqual(len(harness.maildir_files(self.server.maildir("bob"))), 2 * len(self.mechanisms()))

    def test_fetch(self):
        self.deliver("bob", [harness.message("curl-fetch")])
        for scheme in ("pop3", "pop3s"):
            for mechanism in self.mechanisms():
                result = self.assertRan(self.curl(
                    self.url(scheme) + "/1", "--ssl-reqd", "--user", "%s:%s" % (BOB, harness.PASSWORD), "--login-options",
                    "AUTH=" + mechanism))
                self.assertIn("Subject: curl-fetch", result.out)

    def test_not_trusted(self):
        result = harness.run([harness.need_tool("curl"), "--silent", self.url("pop3s") + "/", "--user", "bob:secret"])
        self.assertEqual(result.status, 60, str(result))  # CURLE_PEER_FAILED_VERIFICATION


class NoOauthbearer:
    """Between a client and a port: one connection in clear text, in which OAUTHBEARER is not offered."""

    def __init__(self, port):
        self.to = port
        self.listening = socket.create_server((harness.HOST, 0))
        self.listening.settimeout(harness.RUN_TIMEOUT)
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with self.listening.accept()[0] as client, socket.create_connection((harness.HOST, self.to)) as server:
            forth = threading.Thread(target=self.copy, args=(client, server), daemon=True)
            forth.start()
            try:
                with server.makefile("rb") as lines:
                    for line in lines:
                        client.sendall(line.replace(b" OAUTHBEARER", b""))
                client.shutdown(socket.SHUT_WR)
            except OSError:  # the client left
                pass
            forth.join(harness.RUN_TIMEOUT)

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(4096):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.thread.join(harness.RUN_TIMEOUT)
        self.listening.close()


class CurlLogins(harness.Case):
    """Tokens and certificates: they need a server that is told of them."""

    def setUp(self):
        super().setUp()
        if serving.is_standin() or not keys.has_tls(harness.program("MAILPROTOD")):
            self.skipTest("mailprotod was built without TLS, or is not what is tested")
        self.authority = Authority(os.path.join(self.folder.path, "ca"))
        own = self.authority.issue(os.path.join(self.folder.path, "server"), ["DNS:localhost", "IP:127.0.0.1"])
        tokens = self.folder.file("tokens", b"%s t0ken never\n" % ALICE.encode())
        self.server = Server(tls=own, tls_more="client_ca = " + self.authority.file, more="[oauth]\ntokens = " + tokens)
        self.addCleanup(self.server.remove)
        self.letter = self.folder.file("letter", harness.crlf(harness.message("curl-login")))

    def curl(self, service, mechanism, *options, port=None):
        """A message sent, or the list of messages."""
        scheme = "smtp" if service.startswith("submission") else "pop3"
        url = "%s%s://%s:%d/" % (scheme, "s" * service.endswith("s"), harness.HOST, port or self.server.port[service])
        what = ["--mail-from", ALICE, "--mail-rcpt", BOB, "--upload-file", self.letter] if scheme == "smtp" else []
        return harness.run([harness.need_tool("curl"), "--silent", "--show-error", "--verbose", "--cacert", self.authority.file,
                            "--login-options", "AUTH=" + mechanism, *options, *what, url])

    def assertLogins(self, count):
        """So many said who they are and had what they came for: alice's name is in the server's log."""
        self.assertEqual(len(re.findall(r":\d+ login alice@example\.test\b", self.server.log())), count)
        self.assertEqual(len(self.server.files("bob")), count // 2)

    def test_oauthbearer(self):
        for service in ("submission", "submissions", "pop3", "pop3s"):
            words = ("OAUTHBEARER", "--ssl-reqd", "--user", ALICE, "--oauth2-bearer")
            self.assertIn("> AUTH OAUTHBEARER", self.assertRan(self.curl(service, *words, "t0ken")).err)
            self.assertRegex(self.assertRan(self.curl(service, *words, "another"), 67).err, r"< (535 5\.7\.8|-ERR \[AUTH\]) ")
        self.assertLogins(4)

    def test_xoauth2(self):
        """curl takes OAUTHBEARER where it is offered, whatever it is told; within TLS nobody can take it out."""
        for service in ("submission", "pop3"):
            for token, status in (("t0ken", 0), ("another", 67)):
                between = NoOauthbearer(self.server.port[service])
                try:
                    result = self.curl(service, "XOAUTH2", "--user", ALICE, "--oauth2-bearer", token, port=between.port)
                finally:
                    between.close()
                self.assertIn("> AUTH XOAUTH2", self.assertRan(result, status).err)
        self.assertLogins(2)

    def test_external(self):
        mine = self.authority.issue(os.path.join(self.folder.path, "alice"), ["email:" + ALICE], usage="clientAuth")
        words = ("EXTERNAL", "--ssl-reqd", "--user", ALICE + ":")
        shown = ("--cert", os.path.join(mine, "certificate.pem"), "--key", os.path.join(mine, "key.pem"))
        for service in ("submission", "submissions", "pop3", "pop3s"):
            self.assertIn("> AUTH EXTERNAL", self.assertRan(self.curl(service, *words, *shown)).err)
            without = self.curl(service, *words)
            self.assertRan(without, 67)
            self.assertNotIn("> AUTH EXTERNAL", without.err)
            another = self.curl(service, "EXTERNAL", "--ssl-reqd", "--user", BOB + ":", *shown)
            self.assertRegex(self.assertRan(another, 67).err, r"(?s)> AUTH EXTERNAL.*< (535 5\.7\.8|-ERR \[AUTH\]) ")
        self.assertLogins(4)


class Gsasl(TlsCase):
    """The GNU SASL tool, which has SCRAM with a channel binding (tls-unique) on TLS 1.2."""

    def gsasl(self, mechanism, *options, password=harness.PASSWORD):
        return harness.run([harness.need_tool("gsasl"), "--client", "--smtp", "--verbose", "--mechanism", mechanism,
                            "--connect", self.address("submission"), "--authentication-id", ALICE, "--password", password,
                            "--x509-ca-file", self.ca, "--hostname", harness.HOST, "--service", "smtp", *options])

    def test_mechanisms(self):
        for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"):
            # without --no-cb it does not do SCRAM without a binding where it has one
            result = self.assertRan(self.gsasl(mechanism, *([] if mechanism.endswith("PLUS") else ["--no-cb"])))
            said = result.out + result.err
            self.assertIn("235 2.7.0", said)
            self.assertIn("AUTH " + mechanism, said)
            self.assertIn("server trusted", said)

    def test_wrong_password(self):
        for mechanism in ("SCRAM-SHA-256-PLUS", "PLAIN"):
            result = self.gsasl(mechanism, password="wrong")
            self.assertNotEqual(result.status, 0)
            self.assertRegex(result.out, r"(?s)STARTTLS\n220 .*AUTH %s\n.*535 5\.7\.8 " % mechanism)
            self.assertNotIn("235 ", result.out)
            self.assertNotIn("server trusted", result.out + result.err)


class Python(TlsCase):
    def test_smtplib(self):
        context = ssl.create_default_context(cafile=self.ca)
        with smtplib.SMTP_SSL(harness.HOST, self.server.port["submissions"], context=context) as smtp:
            smtp.login(ALICE, harness.PASSWORD)
            smtp.sendmail(ALICE, [BOB], harness.crlf(harness.message("python-tls")))
        with smtplib.SMTP(harness.HOST, self.server.port["submission"]) as smtp:
            smtp.starttls(context=context)
            smtp.login(ALICE, harness.PASSWORD)
            smtp.sendmail(ALICE, [BOB], harness.crlf(harness.message("python-tls")))
        self.assertEqual(len(harness.maildir_files(self.server.maildir("bob"))), 2)

    def test_poplib(self):
        context = ssl.create_default_context(cafile=self.ca)
        pop3 = poplib.POP3(harness.HOST, self.server.port["pop3"])
        pop3.stls(context)
        pop3.user(BOB)
        pop3.pass_(harness.PASSWORD)
        self.assertEqual(pop3.stat()[0], 0)
        pop3.quit()

    def test_openssl_sees_a_session_ticket(self):
        """A second handshake that is a short one."""
        path = harness.need_tool("openssl")
        saved = os.path.join(self.folder.path, "session")
        words = [path, "s_client", "-connect", self.address("pop3s"), "-CAfile", self.ca, "-verify_return_error", "-crlf",
                 "-ign_eof"]  # else it takes the Q of QUIT for a word to itself
        first = self.assertRan(harness.run([*words, "-sess_out", saved], stdin="QUIT\n"))
        second = self.assertRan(harness.run([*words, "-sess_in", saved], stdin="QUIT\n"))
        self.assertTrue(re.search(r"^New, TLSv1\.[23]", first.out, re.M), first.out)
        self.assertTrue(re.search(r"^Reused, TLSv1\.[23]", second.out, re.M), second.out)


if __name__ == "__main__":
    harness.main()
