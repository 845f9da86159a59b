"""Logins of mailprotod: keys in the place of passwords and `passwd`, SCRAM, tokens, certificates of clients, failures."""

import base64
import fcntl
import os
import poplib
import pty
import re
import shutil
import smtplib
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import unittest

from mailprotod import HOST, PROGRAM, TIMEOUT, Line, Server, has_tls, wait_until
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

    def on_terminal(self, server, address, typed, meanwhile):
        """Types a password twice; what happens meanwhile happens after the first question. The exit status."""
        master, slave = pty.openpty()
        process = subprocess.Popen([PROGRAM, "passwd", "--config", server.config, address], stdin=slave,
                                   stdout=subprocess.PIPE, stderr=slave, start_new_session=True)
        os.close(slave)
        shown = b""
        for question in (b"new password of", b"again"):
            while question not in shown:
                shown += os.read(master, 1000)
            meanwhile()
            os.write(master, typed.encode() + b"\n")
        status = process.wait(TIMEOUT)
        process.stdout.close()
        os.close(master)
        return status

    def test_two_at_once(self):
        """What one changes while another is typing is not undone."""
        server = self.serve()
        self.assertEqual(self.on_terminal(server, ALICE, "hers", lambda: self.passwd(server, BOB, stdin="his\n")), 0)
        server.hangup("the configuration was read again")
        self.assertTrue(self.can(server, "hers"))
        self.assertTrue(self.can(server, "his", "bob"))

    def test_sections_that_move_meanwhile(self):
        """Nobody else gets the keys."""
        server = self.serve()
        text = read(server.config).decode()
        start, alice, bob = (text.index(at) for at in ("[server]", "[user alice", "[user bob"))
        moved = text[alice:bob] + text[start:alice] + text[bob:]

        def move():
            with open(server.config, "w") as f:
                f.write(moved)
        self.assertEqual(self.on_terminal(server, ALICE, "hers", move), 0)
        changed = [(a, b) for a, b in zip(moved.splitlines(), self.lines(server)) if a != b]
        self.assertEqual([a for a, _ in changed], [moved.splitlines()[1]])
        server.hangup("the configuration was read again")
        self.assertTrue(self.can(server, "hers"))
        self.assertTrue(self.can(server, "secret", "bob"))

    def test_waits_for_whoever_changes_the_file(self):
        server = self.serve()
        with open(server.config) as old:
            fcntl.flock(old, fcntl.LOCK_EX)
            process = subprocess.Popen([PROGRAM, "passwd", "--config", server.config, ALICE], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, text=True)
            process.stdin.write("hers\n")
            process.stdin.close()

            def waits():
                self.assertIsNone(process.poll(), "it did not wait")
                return re.search(r"-> FLOCK +ADVISORY +WRITE %d " % process.pid, read("/proc/locks").decode())
            wait_until(waits, "passwd waits for the lock")
            with open(server.config + ".new", "w") as f:
                f.write("# new\n" + old.read())
            os.rename(server.config + ".new", server.config)
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(self.lines(server)[0], "# new")
        server.hangup("the configuration was read again")
        self.assertTrue(self.can(server, "hers"))

    def test_keys_that_differ_are_warned_of(self):
        server = self.serve()
        self.assertNotIn("warning", run("check", "--config", server.config).stderr)
        self.passwd(server, "--iterations", "20000", BOB, stdin="x\n")
        result = run("check", "--config", server.config)
        self.assertEqual(result.returncode, 0)
        self.assertIn("warning: the keys of bob@example.test have other hashes or iterations than those of alice", result.stderr)

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

    def challenge_for(self, server, name):
        """Salt and iterations, as the server says them."""
        line = self.line(server, "submission")
        line.reply()
        line.ask("EHLO client.example.test")
        answer = line.ask("AUTH SCRAM-SHA-256 " + b64(ScramClient(name, "x").first()))
        return base64.b64decode(answer[4:]).decode().split(",s=")[1]

    def test_an_unknown_user_gets_a_salt_that_stays(self):
        server = self.serve()
        said = [self.challenge_for(server, name)
                for name in ("nobody", "nobody", "nobody else", "alice@example.test", "alice@example.test")]
        self.assertEqual((said[0], said[3]), (said[1], said[4]))
        self.assertEqual(len(set(said)), 3)
        self.assertEqual(len({text.split(",")[1] for text in said}), 1)  # the iterations
        self.assertEqual(len({len(text) for text in said}), 1)
        server.end()
        server.start()
        self.assertEqual(self.challenge_for(server, "nobody"), said[0])

    def test_that_salt_does_not_hang_on_users(self):
        """Else whoever asks before and after somebody has got a new password knows who is a user."""
        server = self.serve()
        before = self.challenge_for(server, "nobody")
        with open(server.config) as f:
            text = f.read()
        with open(server.config, "w") as f:
            f.write(text.replace("[user bob@example.test]\n" + text.split("[user bob@example.test]\n")[1].split("\n")[0],
                                 "[user bob@example.test]\nkeys = " + scram_keys("new")))
        server.hangup("the configuration was read again")
        self.assertTrue(self.can(server, "new", "bob"))
        self.assertEqual(self.challenge_for(server, "nobody"), before)

    def test_what_it_is_made_of_is_a_secret(self):
        server = self.serve()
        path = os.path.join(server.dir, "mail", ".mailprotod-secret")
        self.assertEqual((len(read(path)), stat.S_IMODE(os.stat(path).st_mode)), (32, 0o600))
        before = self.challenge_for(server, "nobody")
        server.end()
        with open(path, "wb") as f:
            f.write(b"short")
        server.start()
        self.assertIn("cannot keep the file .mailprotod-secret in %s/mail: " % server.dir, server.log())
        self.assertNotEqual(self.challenge_for(server, "nobody"), before)


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
        host = self.authority.issue(os.path.join(self.folder, "host"), ["DNS:alice"], usage="clientAuth")
        server = self.serve(tls=self.certificate, tls_more="client_ca = " + self.authority.file)
        for certificate, name, fine in ((own, "=", True), (own, b64(ALICE), True), (own, b64(BOB), False),
                                        (None, "=", False), (stranger, "=", False), (host, "=", False)):
            line = Line(self.context(certificate).wrap_socket(server.connect("submissions"), server_hostname="localhost"))
            self.addCleanup(line.close)
            line.reply()
            offered = line.ask("EHLO client.example.test")
            self.assertEqual("EXTERNAL" in offered, certificate in (own, host))
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

    def test_others_may_read_them(self):
        server = self.serve_tokens("%s one never\n" % ALICE)
        for mode, warned in ((0o644, True), (0o640, False)):
            os.chmod(self.file, mode)
            result = run("check", "--config", server.config)
            self.assertEqual(result.returncode, 0)
            self.assertEqual("%s: warning: everybody may read it" % self.file in result.stderr, warned, result.stderr)

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


class Guessing(LoginCase):
    WAIT = 0.5

    def serve_slowly(self):
        server = self.serve()
        text = read(server.config).decode()
        with open(server.config, "w") as f:
            f.write(text.replace("auth_delay = 1ms", "auth_delay = %dms" % (1000 * self.WAIT)))
        server.end()
        server.start()
        return server

    def try_out(self, server, user, password, source=HOST):
        """A session that has said its password and not heard the answer."""
        line = Line(socket.create_connection((HOST, server.port["submission"]), TIMEOUT, (source, 0)))
        self.addCleanup(line.close)
        line.reply()
        line.ask("EHLO client.example.test")
        line.say("AUTH PLAIN " + b64("\0%s\0%s" % (user, password)))
        return line

    def guess(self, server, user, source=HOST, times=1):
        """Guesses, and hangs up. When it began."""
        began = time.monotonic()
        line = self.try_out(server, user, "wrong", source)
        server.wait_for_log("login refused for ", times)
        line.close()
        return began

    def assert_waited(self, began, times=1):
        self.assertGreater(time.monotonic() - began, 0.95 * times * self.WAIT)  # clocks have steps

    def test_who_is_right_waits_too(self):
        """By either protocol: else a guess that is not answered at once is known to be wrong."""
        server = self.serve_slowly()
        began = self.guess(server, "alice")
        line = self.try_out(server, "bob", "secret")  # the address alone
        pop3 = self.line(server, "pop3")
        pop3.read()
        pop3.say("USER alice")
        pop3.read()
        pop3.say("PASS secret")
        self.assertTrue(line.reply().startswith("235 2.7.0 "))
        self.assert_waited(began)
        self.assertTrue(pop3.read().startswith("+OK"))
        self.assert_waited(began)
        began = time.monotonic()
        line = self.try_out(server, "bob", "wrong")
        self.assertTrue(line.reply().startswith("535 5.7.8 "))
        self.assert_waited(began, 2)  # neither login has forgiven the address

    def test_a_name_is_the_same_in_any_writing(self):
        server = self.serve_slowly()
        self.guess(server, "alice", "127.0.0.2")
        began = self.guess(server, '"al\\ice"@Example.test', "127.0.0.3", 2)
        self.assertTrue(self.try_out(server, ALICE, "secret").reply().startswith("235 "))
        self.assert_waited(began, 2)


class Failures(LoginCase):
    """Each reply to a wrong password comes later than the one before (RFC 4954 section 9)."""

    def attempt(self, server, service, name):
        """The milliseconds that a wrong password takes, on a connection of its own."""
        line = self.line(server, service)
        line.reply()
        if service == "pop3":
            line.say("USER " + name)
            line.reply()
            what = "PASS wrong"
        else:
            line.ask("EHLO client.example.test")
            what = "AUTH PLAIN " + b64("\0%s\0wrong" % name)
        began = time.monotonic()
        self.assertRegex(line.ask(what), r"^(535 5\.7\.8|-ERR \[AUTH\]) ")
        taken = (time.monotonic() - began) * 1000
        line.close()
        return taken

    def test_each_costs_more(self):
        """The next is on another connection, of another protocol, of another user: the address is the same."""
        server = self.serve()
        text = read(server.config).decode()
        self.assertIn("auth_delay = 1ms\n", text)
        with open(server.config, "w") as f:
            f.write(text.replace("auth_delay = 1ms\n", "auth_delay = 300ms\n"))
        server.end()
        server.start()
        for service, name, least in (("submission", "alice", 300), ("submission", "alice", 600), ("pop3", "bob", 1200)):
            self.assertGreater(self.attempt(server, service, name), 0.95 * least, (service, name))  # clocks have steps
        self.assertTrue(self.can(server, "secret"))


class Secrets(LoginCase):
    def test_no_core_file(self):
        """Passwords and keys would be in it."""
        server = self.serve()
        limits = read("/proc/%d/limits" % server.process.pid).decode()
        self.assertRegex(limits, r"Max core file size +0 +0 ")

    def test_names_in_the_log(self):
        """What is no UTF-8, and what controls a terminal, is shown as its octets."""
        server = self.serve()
        smtp = self.line(server, "submission")
        smtp.reply()
        smtp.ask("EHLO client.example.test")
        smtp.ask("AUTH PLAIN " + b64("\0m\u00fcller\x9b31m\0x"))
        pop3 = self.line(server, "pop3")
        pop3.read()
        pop3.socket.sendall(b"USER al\x9b\xffce\r\nPASS x\r\n")
        pop3.read(), pop3.read()
        self.assertIn("login refused for m\u00fcller\\xc2\\x9b31m (", server.log())
        self.assertIn("login refused for al\\x9b\\xffce (", server.log())


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
