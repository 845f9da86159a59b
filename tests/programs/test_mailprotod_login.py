"""Logins of mailprotod: keys in the place of passwords and `passwd`, SCRAM, tokens, certificates of clients, failures."""

import base64
import os
import poplib
import pty
import shutil
import smtplib
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import unittest

from mailprotod import HOST, PROGRAM, TIMEOUT, Line, Server, has_tls
from mailprotod_case import ALICE, BOB, BODY, Case, main, read, run
from certificates import Authority
from keys import scram_keys
from scram import ScramClient

NAMES = ["DNS:localhost", "IP:127.0.0.1"]


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


class LoginCase(Case):
    @classmethod
    def setUpClass(cls):
        if not has_tls(PROGRAM):
            raise unittest.SkipTest("this mailprotod was built without mbedTLS, which keys need")

    def can(self, server, password, user="alice"):
        """Whether the password is good, in every way that says it."""
        smtp = self.smtp(server, "submission")
        smtp.ehlo()
        said = []
        for method in ("PLAIN", "LOGIN"):
            smtp.user, smtp.password = user, password
            try:
                smtp.auth(method, getattr(smtp, "auth_" + method.lower()))
                said.append(True)
                smtp = self.smtp(server, "submission")
                smtp.ehlo()
            except smtplib.SMTPAuthenticationError:
                said.append(False)
        try:
            self.pop3(server, user, password).quit()
            said.append(True)
        except poplib.error_proto:
            said.append(False)
        self.assertEqual(len(set(said)), 1, said)
        return said[0]


class Passwd(LoginCase):
    def passwd(self, server, *words, stdin="", status=0):
        done = subprocess.run([PROGRAM, "passwd", "--config", server.config, *words], input=stdin, capture_output=True,
                              text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def lines(self, server):
        return read(server.config).decode().splitlines()

    def test_from_standard_input(self):
        server = self.serve()
        before = self.lines(server)
        self.passwd(server, ALICE, stdin="a new one\nnot this\n")
        after = self.lines(server)
        changed = [(a, b) for a, b in zip(before, after) if a != b]
        self.assertEqual((len(before), len(changed)), (len(after), 1))
        self.assertRegex(changed[0][1], r"^keys = SCRAM-SHA-256\$10000:[^$]+\$[^:]+:[^:]+$")
        self.assertTrue(self.can(server, "secret"))
        server.hangup("the configuration was read again")
        self.assertTrue(self.can(server, "a new one"))
        self.assertFalse(self.can(server, "secret"))
        self.assertTrue(self.can(server, "secret", "bob"))

    def test_name_without_domain_in_any_case(self):
        server = self.serve()
        self.passwd(server, "Alice", stdin="x1\n")
        server.hangup("the configuration was read again")
        self.assertTrue(self.can(server, "x1"))

    def test_on_a_terminal(self):
        server = self.serve()
        for typed, status in ((("typed", "typed"), 0), (("typed", "tyqed"), 65)):
            master, slave = pty.openpty()
            process = subprocess.Popen([PROGRAM, "passwd", "--config", server.config, ALICE], stdin=slave,
                                       stdout=subprocess.PIPE, stderr=slave, start_new_session=True)
            os.close(slave)
            shown = b""
            for question, answer in zip((b"new password of", b"again"), typed):
                while question not in shown:
                    shown += os.read(master, 1000)
                os.write(master, answer.encode() + b"\n")
            self.assertEqual(process.wait(TIMEOUT), status)
            process.stdout.close()
            while True:
                try:
                    shown += os.read(master, 1000)
                except OSError:
                    break
            os.close(master)
            self.assertNotIn(b"typed", shown)
        server.hangup("the configuration was read again")
        self.assertTrue(self.can(server, "typed"))

    def test_file_keeps_what_it_is(self):
        server = self.serve()
        real = server.config + ".real"
        os.rename(server.config, real)
        os.symlink(real, server.config)
        with open(real, "a") as f:
            f.write("# a comment\n[user carol@example.test]  # hers\n  password =  old \n; maildir = x\nmaildir=carols\n")
        os.chmod(real, 0o640)
        self.passwd(server, "carol@example.test", stdin="new\n")
        self.assertTrue(os.path.islink(server.config))
        self.assertEqual(stat.S_IMODE(os.stat(real).st_mode), 0o640)
        text = read(real).decode()
        self.assertNotIn("old", text)
        for kept in ("# a comment\n", "; maildir = x\n", "maildir=carols\n"):
            self.assertIn(kept, text)
        self.assertEqual([name for name in os.listdir(server.dir) if name.startswith("config.real.")], [])

    def test_convert(self):
        server = self.serve(users="[user carol@example.test]\n" + "keys = " + scram_keys("kept"))
        with open(server.config) as f:
            text = f.read()
        keys = [line for line in text.splitlines() if line.startswith("keys")]
        with open(server.config, "w") as f:
            f.write(text.replace(keys[0], "password = in the clear ; not this"))
        result = run("check", "--config", server.config)
        self.assertEqual(result.returncode, 78)
        self.assertIn("alice@example.test has a password in clear text", result.stderr)
        self.assertIn("mailprotod passwd --convert --config " + server.config, result.stderr)
        said = self.passwd(server, "--convert", "--sha-1", "--iterations", "4096").stdout
        self.assertIn("2 passwords are now keys", said)
        self.assertNotIn("in the clear", read(server.config).decode())
        server.hangup("the configuration was read again")
        self.assertTrue(self.can(server, "in the clear"))
        self.assertTrue(self.can(server, "kept", "carol"))

    def test_mistakes(self):
        server = self.serve()
        before = self.lines(server)
        for words, stdin, status, said in (
                (["carol@example.test"], "x\n", 67, "there is no [user carol@example.test]"),
                ([ALICE], "\n", 65, "cannot be a password"), ([ALICE], "", 65, "cannot be a password"),
                ([ALICE], "\x07\n", 65, "cannot be a password"), ([ALICE], "x" * 2000 + "\n", 65, "longer than 1024"),
                ([], "", 64, "needs one ADDRESS"), (["--convert", ALICE], "", 64, "no ADDRESS with --convert"),
                (["--iterations", "100", ALICE], "", 64, "--iterations must be a number from 4096")):
            self.assertIn(said, self.passwd(server, *words, stdin=stdin, status=status).stderr)
        self.assertEqual(self.lines(server), before)

    def test_keys_that_are_none(self):
        server = self.serve()
        good = scram_keys("x")
        for keys, said in (("x", "must be as \"mailprotod passwd\" writes it"), (good[:-4], "must be as"),
                           (good.replace("256$", "512$"), "must be as"), (good.replace("$4096:", "$1:"), "iterations"),
                           (good + " " + good, "must be as"), (good.replace("$4096:", "$x:"), "must be as")):
            server.write_config(users="[user carol@example.test]\nkeys = " + keys)
            result = run("check", "--config", server.config)
            self.assertEqual(result.returncode, 78)
            self.assertIn(said, result.stderr)
        server.write_config(users="[user carol@example.test]\nkeys = %s\nkeys = %s" % (good, scram_keys("y")))
        self.assertIn("keys: is said twice for this hash", run("check", "--config", server.config).stderr)
        server.write_config(users="[user carol@example.test]\nmaildir = x")
        self.assertIn("carol@example.test has no keys", run("check", "--config", server.config).stderr)


class Scram(LoginCase):
    """By a client that is not ours: tests/support/scram.py."""

    def smtp_login(self, server, client, mechanism, tls=None):
        """The last reply, and whether the server proved that it knows the password."""
        line = self.line(server, "submissions" if tls else "submission")
        if tls:
            tls_socket = tls.wrap_socket(line.socket, server_hostname="localhost")
            client.bound_by(tls_socket)
            line = Line(tls_socket)
            self.addCleanup(line.close)
        line.reply()
        line.ask("EHLO client.example.test")
        challenge = line.ask("AUTH %s %s" % (mechanism, b64(client.first())))
        if not challenge.startswith("334 "):
            return challenge, False
        answer = line.ask(b64(client.final(base64.b64decode(challenge[4:]))))
        if not answer.startswith("334 "):
            return answer, False
        proven = client.verify(base64.b64decode(answer[4:]))
        return line.ask(""), proven

    def test_smtp(self):
        server = self.serve()
        reply, proven = self.smtp_login(server, ScramClient("alice@example.test", "secret"), "SCRAM-SHA-256")
        self.assertEqual((reply[:4], proven), ("235 ", True))
        for user, password in (("alice@example.test", "Secret"), ("nobody", "secret")):
            reply, proven = self.smtp_login(server, ScramClient(user, password), "SCRAM-SHA-256")
            self.assertEqual((reply[:10], proven), ("535 5.7.8 ", False))

    def test_pop3(self):
        server = self.serve()
        for password, fine in (("secret", True), ("wrong", False)):
            client = ScramClient("bob", password)
            line = self.line(server, "pop3")
            line.read()
            line.say("AUTH SCRAM-SHA-256 " + b64(client.first()))
            line.say(b64(client.final(base64.b64decode(line.read()[2:]))))
            answer = line.read()
            if answer.startswith("+ "):
                self.assertEqual(client.verify(base64.b64decode(answer[2:])), fine)
                line.say("")
                answer = line.read()
            self.assertEqual(answer[:4].rstrip(), "+OK" if fine else "-ERR")

    def test_a_hash_is_offered_when_all_have_it(self):
        both = "keys = %s\nkeys = %s" % (scram_keys("secret"), scram_keys("secret", "sha1"))
        server = self.serve()
        self.assertEqual(self.offered(server), {"SCRAM-SHA-256", "PLAIN", "LOGIN"})
        text = read(server.config).decode()
        old = [line for line in text.splitlines() if line.startswith("keys = ")][0]
        with open(server.config, "w") as f:
            f.write(text.replace(old, both, 1))
        server.hangup("the configuration was read again")
        self.assertEqual(self.offered(server), {"SCRAM-SHA-256", "PLAIN", "LOGIN"})
        with open(server.config, "w") as f:
            f.write(text.replace(old, both))
        server.hangup("the configuration was read again")
        self.assertEqual(self.offered(server), {"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"})
        reply, proven = self.smtp_login(server, ScramClient("bob", "secret", "sha1"), "SCRAM-SHA-1")
        self.assertEqual((reply[:4], proven), ("235 ", True))

    def offered(self, server):
        smtp = self.smtp(server, "submission")
        smtp.ehlo()
        return set(smtp.esmtp_features["auth"].split())

    def test_an_unknown_user_gets_a_salt_that_stays(self):
        server = self.serve()
        said = []
        for name in ("nobody", "nobody", "nobody else", "alice@example.test", "alice@example.test"):
            line = self.line(server, "submission")
            line.reply()
            line.ask("EHLO client.example.test")
            answer = line.ask("AUTH SCRAM-SHA-256 " + b64(ScramClient(name, "x").first()))
            said.append(base64.b64decode(answer[4:]).decode().split(",s=")[1])
        self.assertEqual((said[0], said[3]), (said[1], said[4]))
        self.assertEqual(len(set(said)), 3)
        self.assertEqual(len({text.split(",")[1] for text in said}), 1)  # the iterations
        self.assertEqual(len({len(text) for text in said}), 1)
        server.end()
        server.start()
        line = self.line(server, "submission")
        line.reply()
        line.ask("EHLO client.example.test")
        answer = line.ask("AUTH SCRAM-SHA-256 " + b64(ScramClient("nobody", "x").first()))
        self.assertIn(said[0], base64.b64decode(answer[4:]).decode())


class BoundClient(ScramClient):
    """With the channel binding of the connection it is said on."""

    def bound_by(self, tls):
        if tls.version() != "TLSv1.2":
            raise unittest.SkipTest("Python has no channel binding for " + str(tls.version()))
        if not self.gs2.startswith("y"):
            self.gs2, self.bound = "p=tls-unique,,", tls.get_channel_binding("tls-unique")


class Bound(LoginCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(prefix="mailprotod-login-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.authority = Authority(os.path.join(cls.folder, "ca"))
        cls.certificate = cls.authority.issue(os.path.join(cls.folder, "server"), NAMES)

    def context(self, own=None):
        context = ssl.create_default_context(cafile=self.authority.file)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if own:
            context.load_cert_chain(os.path.join(own, "certificate.pem"), os.path.join(own, "key.pem"))
        return context

    def test_plus(self):
        server = self.serve(tls=self.certificate)
        reply, proven = Scram.smtp_login(self, server, BoundClient("alice", "secret"), "SCRAM-SHA-256-PLUS", self.context())
        self.assertEqual((reply[:4], proven), ("235 ", True))

    def test_whoever_is_between_is_noticed(self):
        """Another channel's binding, and a client that was kept from seeing -PLUS (RFC 5802 section 6)."""
        server = self.serve(tls=self.certificate)
        client = BoundClient("alice", "secret")
        client.bound_by = lambda tls: setattr(client, "gs2", "p=tls-unique,,") or setattr(client, "bound", b"x" * 12)
        reply, _ = Scram.smtp_login(self, server, client, "SCRAM-SHA-256-PLUS", self.context())
        self.assertEqual(reply[:3], "535")
        client = BoundClient("alice", "secret", flag="y")
        reply, _ = Scram.smtp_login(self, server, client, "SCRAM-SHA-256", self.context())
        self.assertIn(reply[:3], ("535", "501"))

    def test_certificate_of_a_client(self):
        own = self.authority.issue(os.path.join(self.folder, "alice"), ["email:" + ALICE], usage="clientAuth")
        stranger = Authority(os.path.join(self.folder, "other")).issue(
            os.path.join(self.folder, "stranger"), ["email:" + ALICE], usage="clientAuth")
        server = self.serve(tls=self.certificate, tls_more="client_ca = " + self.authority.file)
        for certificate, name, fine in ((own, "=", True), (own, b64(ALICE), True), (own, b64(BOB), False),
                                        (None, "=", False), (stranger, "=", False)):
            line = Line(self.context(certificate).wrap_socket(server.connect("submissions"), server_hostname="localhost"))
            self.addCleanup(line.close)
            line.reply()
            offered = line.ask("EHLO client.example.test")
            self.assertEqual("EXTERNAL" in offered, certificate == own)
            self.assertEqual(line.ask("AUTH EXTERNAL " + name).startswith("235 "), fine)
            if fine:
                self.assertRegex(line.ask("MAIL FROM:<%s>" % ALICE), "^250 ")


class Tokens(LoginCase):
    def serve_tokens(self, text):
        folder = tempfile.mkdtemp(prefix="mailprotod-tokens-")
        self.addCleanup(shutil.rmtree, folder)
        self.file = os.path.join(folder, "tokens")
        with open(self.file, "w") as f:
            f.write(text)
        return self.serve(more="[oauth]\ntokens = " + self.file)

    def login(self, server, mechanism, message):
        """The last reply; the answer to an error is said."""
        line = self.line(server, "submission")
        line.reply()
        line.ask("EHLO client.example.test")
        reply = line.ask("AUTH %s %s" % (mechanism, b64(message)))
        return line.ask(b64("\x01")) if reply.startswith("334") else reply

    def test_tokens(self):
        server = self.serve_tokens("# who may come in\n%s t0ken %d\n%s old 1\n\n%s for-ever never\n"
                                   % (ALICE, time.time() + 3600, ALICE, BOB))
        for user, token, fine in ((ALICE, "t0ken", True), (ALICE, "old", False), (BOB, "t0ken", False),
                                  (BOB, "for-ever", True), (ALICE, "", False), ("nobody", "t0ken", False)):
            for mechanism, message in (
                    ("XOAUTH2", "user=%s\x01auth=Bearer %s\x01\x01" % (user, token)),
                    ("OAUTHBEARER", "n,a=%s,\x01host=mail.example.test\x01port=587\x01auth=Bearer %s\x01\x01" % (user, token))):
                reply = self.login(server, mechanism, message)
                self.assertEqual(reply[:3] == "235", fine, (mechanism, user, token, reply))
        self.assertNotIn("t0ken", server.log())

    def test_new_tokens_at_hangup(self):
        server = self.serve_tokens("%s one never\n" % ALICE)
        with open(self.file, "w") as f:
            f.write("%s two never\n" % ALICE)
        server.hangup("the configuration was read again")
        for token, code in (("one", "535"), ("two", "235")):
            self.assertEqual(self.login(server, "XOAUTH2", "user=%s\x01auth=Bearer %s\x01\x01" % (ALICE, token))[:3], code)

    def test_mistakes(self):
        server = self.serve_tokens("%s one never\n" % ALICE)
        with open(self.file, "w") as f:
            f.write("%s one soon\n%s\n" % (ALICE, BOB))
        result = run("check", "--config", server.config)
        self.assertEqual(result.returncode, 78)
        for number in (1, 2):
            self.assertIn("%s:%d: this is not ADDRESS TOKEN EXPIRY" % (self.file, number), result.stderr)
        os.unlink(self.file)
        self.assertIn("%s: cannot be read" % self.file, run("check", "--config", server.config).stderr)


class Ends(LoginCase):
    def test_gone_while_keys_are_derived(self):
        """A client that leaves in the middle of a login is forgotten, and the server goes on."""
        many = "keys = " + scram_keys("secret", iterations=1000000)
        server = self.serve(users="[user carol@example.test]\n" + many)
        for _ in range(3):
            line = self.line(server, "pop3")
            line.read()
            line.say("USER carol")
            line.read()
            line.say("PASS secret")
            line.close()
        self.assertTrue(self.can(server, "secret"))
        self.assertEqual(server.end(), 0)


if __name__ == "__main__":
    main()
