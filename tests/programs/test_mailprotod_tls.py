"""mailprotod with TLS: STARTTLS and STLS, TLS from the beginning, its certificate and what is wrong with one, SIGHUP."""

import os
import poplib
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import unittest

from mailprotod import HOST, PROGRAM, TIMEOUT, Line, Server, has_tls, wait_until
from mailprotod_case import ALICE, BOB, BODY, SENDER, Case, main, read, run
from certificates import Authority, describe, fingerprint

NAMES = ["DNS:mail.example.test", "DNS:localhost", "IP:127.0.0.1"]


class TlsCase(Case):
    """An authority for all tests of the class, and a certificate of it for servers."""

    @classmethod
    def setUpClass(cls):
        if not has_tls(PROGRAM):
            raise unittest.SkipTest("this mailprotod was built without TLS")
        cls.folder = tempfile.mkdtemp(prefix="mailprotod-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.authority = Authority(os.path.join(cls.folder, "ca"))
        cls.certificate = cls.authority.issue(os.path.join(cls.folder, "server"), NAMES)

    def trust(self, file=None, own=None):
        context = ssl.create_default_context(cafile=file or self.authority.file)
        if own:
            context.load_cert_chain(os.path.join(own, "certificate.pem"), os.path.join(own, "key.pem"))
        return context

    def serve(self, **options):
        return super().serve(**{"tls": self.certificate, **options})

    def smtps(self, server, context=None):
        smtp = smtplib.SMTP_SSL(HOST, server.port["submissions"], local_hostname="client.example.test",
                                timeout=TIMEOUT, context=context or self.trust())
        self.addCleanup(smtp.close)
        return smtp

    def pop3s(self, server, context=None):
        pop3 = poplib.POP3_SSL(HOST, server.port["pop3s"], timeout=TIMEOUT, context=context or self.trust())
        self.addCleanup(pop3.close)
        return pop3

    def starttls(self, server, service="submission", context=None):
        smtp = self.smtp(server, service)
        smtp.starttls(context=context or self.trust())
        return smtp


class Sessions(TlsCase):
    def test_starttls(self):
        server = self.serve()
        for service in ("smtp", "submission", "lmtp"):
            smtp = self.starttls(server, service)
            self.assertIn(smtp.sock.version(), ("TLSv1.2", "TLSv1.3"))
            smtp.ehlo_or_helo_if_needed()
            self.assertNotIn("starttls", smtp.esmtp_features)
            if service == "submission":
                smtp.login("alice", "secret")
            smtp.sendmail(ALICE, [BOB], BODY)
        self.assertEqual([[word for word in (b" ESMTPS\r\n", b" ESMTPSA\r\n", b" LMTPS\r\n") if word in read(file)]
                          for file in server.files("bob")], [[b" ESMTPS\r\n"], [b" ESMTPSA\r\n"], [b" LMTPS\r\n"]])

    def test_from_the_beginning(self):
        server = self.serve()
        smtp = self.smtps(server)
        smtp.login("alice", "secret")
        smtp.sendmail(ALICE, [BOB], BODY)
        pop3 = self.pop3s(server)
        self.assertNotIn("STLS", pop3.capa())
        pop3.user("bob")
        pop3.pass_("secret")
        self.assertTrue(b"\r\n".join(pop3.retr(1)[1]).endswith(BODY.rstrip(b"\r\n").replace(b"\r\n..dot", b"\r\n.dot")))
        pop3.quit()

    def test_stls(self):
        server = self.serve()
        pop3 = poplib.POP3(HOST, server.port["pop3"], timeout=TIMEOUT)
        self.addCleanup(pop3.close)
        self.assertIn("STLS", pop3.capa())
        pop3.stls(self.trust())
        self.assertNotIn("STLS", pop3.capa())
        pop3.user("bob")
        pop3.pass_("secret")
        self.assertEqual(pop3.stat(), (0, 0))

    def test_no_login_without_tls(self):
        server = self.serve()
        with open(server.config, encoding="utf-8") as f:
            text = f.read().replace("cleartext_auth = loopback\n", "")
        server.end()
        with open(server.config, "w", encoding="utf-8") as f:
            f.write(text)
        server.start()
        smtp = self.line(server, "submission")
        smtp.reply()
        offered = smtp.ask("EHLO client.example.test")
        self.assertNotIn("PLAIN", offered)
        self.assertIn("STARTTLS", offered)
        self.assertRegex(smtp.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA=="), r"^5(04|30|38) ")
        self.assertRegex(smtp.ask("MAIL FROM:<alice@example.test>"), "^530 ")
        pop3 = self.line(server, "pop3")
        pop3.read()
        pop3.say("USER alice")
        self.assertRegex(pop3.read(), "^-ERR ")
        pop3.say("AUTH PLAIN AGFsaWNlAHNlY3JldA==")
        self.assertRegex(pop3.read(), "^-ERR ")
        self.starttls(server).login("alice", "secret")

    def test_what_was_said_before_tls_is_forgotten(self):
        """Commands behind STARTTLS in clear text are not answered within TLS (RFC 3207 section 4.2)."""
        server = self.serve()
        for service, command, ready in (("smtp", "STARTTLS", "220 "), ("pop3", "STLS", "+OK")):
            line = self.line(server, service)
            line.reply() if service == "smtp" else line.read()
            if service == "smtp":
                line.ask("EHLO client.example.test")
            line.socket.sendall((command + "\r\nQUIT\r\nNOOP\r\n").encode())
            self.assertEqual(line.read()[:len(ready)].rstrip(), ready.rstrip())
            with self.assertRaises((ssl.SSLError, OSError)):
                self.trust().wrap_socket(line.socket, server_hostname=HOST).recv(1)

    def test_a_handshake_that_is_none(self):
        server = self.serve()
        with socket.create_connection((HOST, server.port["pop3s"]), timeout=TIMEOUT) as client:
            client.sendall(b"USER alice\r\nPASS secret\r\n")
            while client.recv(100):
                pass
        server.wait_for_log("pop3s 1 ")
        with socket.create_connection((HOST, server.port["submissions"]), timeout=TIMEOUT) as client:
            client.sendall(b"\x16\x03\x01")
        self.pop3s(server).quit()

    def test_a_client_that_does_not_trust(self):
        server = self.serve()
        other = Authority(os.path.join(server.dir, "other"))
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.smtps(server, self.trust(other.file))
        server.wait_for_log(" ended: ")  # how a client says it in TLS 1.3 not every server can read

    def test_old_versions_are_refused(self):
        server = self.serve()
        context = self.trust()
        with self.assertWarns(DeprecationWarning):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises(ssl.SSLError):
            self.smtps(server, context)

    def test_a_large_message(self):
        server = self.serve()
        text = b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" + b"".join(b"%062d\r\n" % n for n in range(100000))
        smtp = self.smtps(server)
        smtp.login("alice", "secret")
        smtp.sendmail(ALICE, [BOB], text)
        pop3 = self.pop3s(server)
        pop3.user("bob")
        pop3.pass_("secret")
        got = b"\r\n".join(pop3.retr(1)[1]) + b"\r\n"
        self.assertTrue(got.endswith(text))


class Reload(TlsCase):
    def shown(self, server):
        """The fingerprint of what it shows now."""
        with socket.create_connection((HOST, server.port["pop3s"]), timeout=TIMEOUT) as plain:
            with self.trust().wrap_socket(plain, server_hostname="localhost") as tls:
                with open(os.path.join(server.dir, "shown.pem"), "w") as f:
                    f.write(ssl.DER_cert_to_PEM_cert(tls.getpeercert(True)))
        return fingerprint(os.path.join(server.dir, "shown.pem"))

    def test_a_new_certificate(self):
        folder = self.authority.issue(os.path.join(self.folder, "first"), NAMES)
        server = self.serve(tls=folder)
        before = self.shown(server)
        old = self.pop3s(server)
        waits = self.smtp(server, "submission")  # begins TLS later
        self.authority.issue(folder, NAMES)
        server.hangup("the configuration was read again")
        after = self.shown(server)
        self.assertNotEqual(before, after)
        self.assertEqual(after, fingerprint(os.path.join(folder, "certificate.pem")))
        old.user("bob")
        old.pass_("secret")
        old.quit()
        waits.starttls(context=self.trust())
        waits.login("alice", "secret")

    def test_a_wrong_one_changes_nothing(self):
        folder = self.authority.issue(os.path.join(self.folder, "second"), NAMES)
        server = self.serve(tls=folder)
        before = self.shown(server)
        with open(os.path.join(folder, "key.pem"), "w") as f:
            f.write("this is no key\n")
        server.hangup("the configuration was not taken")
        self.assertIn("key.pem", server.log())
        self.assertEqual(self.shown(server), before)

    def test_tls_comes_and_goes(self):
        server = self.serve(tls=None)
        self.assertNotIn("starttls", self.features(server))
        server.tls = self.certificate
        server.write_config()
        server.hangup("the configuration was read again")
        self.assertIn("starttls", self.features(server))
        self.pop3s(server).quit()
        server.tls = None
        server.write_config()
        server.hangup("the configuration was read again")
        self.assertNotIn("starttls", self.features(server))

    def features(self, server):
        smtp = self.smtp(server)
        smtp.ehlo()
        return smtp.esmtp_features


class Configuration(TlsCase):
    """What `check` says of certificates and keys."""

    def check(self, tls, *said, status=78):
        server = Server(tls=None)
        self.addCleanup(server.remove)
        server.write_config(more=tls)
        result = run("check", "--config", server.config)
        self.assertEqual(result.returncode, status, result.stderr)
        for text in said:
            self.assertIn(text, result.stderr)
        return result

    def path(self, name, folder=None):
        return os.path.join(folder or self.certificate, name)

    def tls(self, certificate, key, more=""):
        return "[tls]\ncertificate = %s\nkey = %s\n%s" % (certificate, key, more)

    def test_good(self):
        result = self.check(self.tls(self.path("certificate.pem"), self.path("key.pem")), status=0)
        self.assertEqual(result.stderr, "")

    def test_one_file(self):
        both = os.path.join(self.folder, "both.pem")
        with open(both, "wb") as f:
            f.write(read(self.path("certificate.pem")) + read(self.path("key.pem")))
        self.check("[tls]\ncertificate = %s\n" % both, status=0)

    def test_not_there(self):
        self.check(self.tls("/nonexistent/c.pem", self.path("key.pem")), "[tls]: ", "/nonexistent/c.pem")
        self.check(self.tls(self.path("certificate.pem"), "/nonexistent/k.pem"), "[tls]: ", "/nonexistent/k.pem")

    def test_not_the_key_of_it(self):
        other = self.authority.issue(os.path.join(self.folder, "third"), NAMES)
        self.check(self.tls(self.path("certificate.pem"), self.path("key.pem", other)), "[tls]: ", "key.pem")

    def test_garbage(self):
        garbage = os.path.join(self.folder, "garbage.pem")
        with open(garbage, "w") as f:
            f.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.check(self.tls(garbage, self.path("key.pem")), "[tls]: ", garbage)

    def test_keys_of_the_section(self):
        self.check("[tls]\nkey = %s\n" % self.path("key.pem"), "certificate is missing in [tls]")
        self.check(self.tls(self.path("certificate.pem"), self.path("key.pem"), "min_version = 1.0\n"),
                   "min_version: must be 1.2 or 1.3")
        self.check(self.tls(self.path("certificate.pem"), self.path("key.pem"), "shoe = 1\n"), "shoe: there is no such key")
        self.check(self.tls(self.path("certificate.pem"), self.path("key.pem"), "client_ca = /nonexistent/ca.pem\n"),
                   "/nonexistent/ca.pem")

    def test_soon_expired(self):
        short = self.authority.issue(os.path.join(self.folder, "short"), NAMES, days=5)
        self.check(self.tls(self.path("certificate.pem", short), self.path("key.pem", short)),
                   "warning: the certificate", "expires in", status=0)

    def test_key_that_everybody_may_read(self):
        server = self.serve(tls=self.certificate)
        key = os.path.join(self.certificate, "key.pem")
        self.addCleanup(os.chmod, key, 0o600)
        for mode, warned in ((0o644, True), (0o640, False)):
            os.chmod(key, mode)
            result = run("check", "--config", server.config)
            self.assertEqual((result.returncode, key + ": warning: everybody may read it" in result.stderr), (0, warned))

    def test_ports_that_need_one(self):
        server = Server(tls=None)
        self.addCleanup(server.remove)
        server.write_listen("submissions = 127.0.0.1:1465\npop3s = 127.0.0.1:1995")
        result = run("check", "--config", server.config)
        self.assertEqual(result.returncode, 78)
        for service in ("submissions", "pop3s"):
            self.assertIn("%s begins with TLS: add a [tls] section" % service, result.stderr)


class Demo(TlsCase):
    def test_certificate_is_kept(self):
        folder = tempfile.mkdtemp(prefix="mailprotod-demo-")
        self.addCleanup(shutil.rmtree, folder)
        told = [self.demo(folder), self.demo(folder)]
        self.assertEqual(told[0], told[1])
        self.assertEqual(told[0], fingerprint(os.path.join(folder, "mail/.tls/certificate.pem")))
        self.assertEqual(os.stat(os.path.join(folder, "mail/.tls/key.pem")).st_mode & 0o777, 0o600)
        os.unlink(os.path.join(folder, "mail/.tls/key.pem"))
        self.assertNotEqual(self.demo(folder), told[0])

    def test_certificate_can_sign_nothing(self):
        """Whoever trusts it trusts this one server, and not what its key could sign for others."""
        folder = tempfile.mkdtemp(prefix="mailprotod-demo-")
        self.addCleanup(shutil.rmtree, folder)
        self.demo(folder)
        certificate = os.path.join(folder, "mail/.tls/certificate.pem")
        shown = describe(certificate)
        for words in (r"Basic Constraints:.*\s+CA:FALSE", r"Key Usage: critical\s+Digital Signature\n",
                      r"Extended Key Usage: *\s+TLS Web Server Authentication\n"):
            self.assertRegex(shown, words)

    def demo(self, folder):
        """Runs it, talks to it with TLS, and answers the fingerprint that it tells."""
        for base in range(3000, 9000, 300):
            process = subprocess.Popen([PROGRAM, "demo", "--dir", os.path.join(folder, "mail"), "--port-base", str(base)],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       text=True)
            said = ""
            for line in process.stdout:
                said += line
                if line.startswith("Ready."):
                    break
            if "Ready." in said:
                break
            process.stdout.close()
            self.assertEqual(process.wait(TIMEOUT), 69)  # another program has one of the ports
        try:
            context = self.trust(os.path.join(folder, "mail/.tls/certificate.pem"))
            pop3 = poplib.POP3_SSL(HOST, base + 995, timeout=TIMEOUT, context=context)
            pop3.user("bob@example.test")
            pop3.pass_("secret")
            pop3.quit()
        finally:
            process.terminate()
            process.wait(TIMEOUT)
            process.stdout.close()
        return said.split("SHA-256 ")[1].split()[0]


class Without(Case):
    def test_it_says_so(self):
        if has_tls(PROGRAM):
            self.skipTest("this mailprotod was built with TLS")
        server = self.serve()
        self.assertIn("built without TLS", run("check", "--config", server.config).stdout)
        server.write_config(more="[tls]\ncertificate = /tmp/c.pem\n")
        result = run("check", "--config", server.config)
        self.assertEqual(result.returncode, 78)
        self.assertIn("built without TLS", result.stderr)
        result = run("passwd", "--config", server.config, ALICE)
        self.assertEqual(result.returncode, 69)
        self.assertIn("built without TLS", result.stderr)


if __name__ == "__main__":
    main()
