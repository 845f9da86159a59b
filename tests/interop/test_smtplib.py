"""Python's smtplib against mailprotod: SMTP, submission and LMTP (RFC 5321, 6409, 2033)."""

import smtplib
import socket

import harness
import serving

ALICE, BOB = "alice@example.test", "bob@example.test"


class Connections(serving.ServerCase):
    def connect(self, service="smtp", kind=smtplib.SMTP):
        smtp = kind(harness.HOST, self.server.port[service], timeout=harness.RUN_TIMEOUT,
                    local_hostname="client.example.test")
        self.addCleanup(smtp.close)
        return smtp

    def need_extension(self, smtp, keyword):
        """mailprotod has it; of those that stand in for it not each does."""
        if not smtp.has_extn(keyword) and serving.is_standin():
            self.skipTest("the server does not offer " + keyword)
        self.assertTrue(smtp.has_extn(keyword), keyword)


class Smtp(Connections):
    def test_send(self):
        text = harness.message("smtplib-plain", b"One.\n\nTwo.\n")
        with self.connect() as smtp:
            refused = smtp.sendmail(BOB, [ALICE], harness.crlf(text))
        self.assertEqual(refused, {})
        self.assertTrue(self.arrived("alice", "smtplib-plain").endswith(text))

    def test_two_messages_on_one_connection(self):
        with self.connect() as smtp:
            for n in (1, 2):
                smtp.sendmail(BOB, [ALICE], harness.crlf(harness.message("smtplib-two-%d" % n)))
        self.arrived("alice", "smtplib-two-1")
        self.arrived("alice", "smtplib-two-2")

    def test_eight_bit_announced(self):
        # RFC 6152; SIZE of RFC 1870 is sent by smtplib of its own accord.
        text = harness.message("smtplib-8bit", harness.BODY_8BIT)
        with self.connect() as smtp:
            smtp.sendmail(BOB, [ALICE], harness.crlf(text), mail_options=["BODY=8BITMIME"])
        self.assertTrue(self.arrived("alice", "smtplib-8bit").endswith(text))

    def test_smtputf8(self):
        # RFC 6531: an address of the sender beyond ASCII.
        text = harness.message("smtplib-utf8", harness.BODY_8BIT)
        with self.connect() as smtp:
            smtp.ehlo()
            self.need_extension(smtp, "smtputf8")
            smtp.sendmail("jürgen@exämple.test", [ALICE], harness.crlf(text),
                          mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        got = self.arrived("alice", "smtplib-utf8")
        self.assertIn("jürgen@exämple.test".encode(), got)
        self.assertTrue(got.endswith(text))

    def test_delivery_status_parameters(self):
        # RFC 3461: RET and ENVID with MAIL, NOTIFY and ORCPT with RCPT. mailprotod makes no reports and does not
        # offer it; then the parameters are refused (RFC 5321, 4.1.1.11), and the transaction goes on without.
        with self.connect() as smtp:
            smtp.ehlo()
            if not smtp.has_extn("dsn"):
                self.assertEqual(smtp.mail(BOB, ["RET=HDRS"])[0], 555)
                self.assertEqual(smtp.mail(BOB)[0], 250)
                self.assertEqual(smtp.rcpt(ALICE, ["NOTIFY=NEVER"])[0], 555)
                self.assertEqual(smtp.rcpt(ALICE)[0], 250)
                self.assertEqual(smtp.data(harness.crlf(harness.message("smtplib-dsn")))[0], 250)
                self.arrived("alice", "smtplib-dsn")
                return
            smtp.sendmail(BOB, [ALICE], harness.crlf(harness.message("smtplib-dsn")),
                          mail_options=["RET=HDRS", "ENVID=QQ314159"],
                          rcpt_options=["NOTIFY=NEVER", "ORCPT=rfc822;alice@example.test"])
        self.arrived("alice", "smtplib-dsn")

    def test_refused_recipient_among_good_ones(self):
        with self.connect() as smtp:
            refused = smtp.sendmail(BOB, [ALICE, "nosuch@example.test", BOB],
                                    harness.crlf(harness.message("smtplib-refused")))
        self.assertEqual(list(refused), ["nosuch@example.test"])
        code, reason = refused["nosuch@example.test"]
        self.assertIn(code, (550, 551, 553, 554))
        self.assertRegex(reason, rb"^5\.\d+\.\d+ ")
        self.arrived("alice", "smtplib-refused")
        self.arrived("bob", "smtplib-refused")

    def test_thousand_recipients_and_one(self):
        with self.connect() as smtp:
            smtp.ehlo()
            self.assertEqual(smtp.mail(BOB)[0], 250)
            codes = [smtp.rcpt("alice+%d@example.test" % n)[0] for n in range(1000)]
            self.assertEqual(set(codes), {250})
            code, reason = smtp.rcpt(ALICE)
            self.assertEqual(code, 452, reason)
            self.assertEqual(smtp.data(harness.crlf(harness.message("smtplib-many")))[0], 250)
        self.assertTrue(harness.wait_until(lambda: self.found("alice", "smtplib-many"), 60))

    def test_too_large_is_refused_at_mail(self):
        # RFC 1870, 6.1: the server names its limit, and what is announced as larger is refused.
        with self.connect() as smtp:
            smtp.ehlo()
            self.assertTrue(smtp.has_extn("size"))
            limit = int(smtp.esmtp_features["size"] or 0)
            self.assertGreater(limit, 0)
            code, _ = smtp.docmd("MAIL FROM:<%s> SIZE=%d" % (BOB, limit + 1))
            self.assertEqual(code, 552)
            self.assertEqual(smtp.noop()[0], 250)

    def test_commands(self):
        with self.connect() as smtp:
            self.assertEqual(smtp.docmd("MAIL FROM:<%s>" % BOB)[0] // 100, 5)  # before EHLO
            self.assertEqual(smtp.helo("client.example.test")[0], 250)
            self.assertEqual(smtp.ehlo("client.example.test")[0], 250)
            self.assertEqual(smtp.noop()[0], 250)
            self.assertEqual(smtp.docmd("RCPT TO:<%s>" % ALICE)[0], 503)
            self.assertEqual(smtp.docmd("DATA")[0] // 100, 5)
            self.assertIn(smtp.docmd("HELP")[0], (211, 214, 500, 502))
            self.assertIn(smtp.verify(ALICE)[0], (250, 251, 252))
            self.assertIn(smtp.expn("list")[0], (250, 252, 500, 502, 550))
            self.assertIn(smtp.docmd("NOSUCH")[0], (500, 502))
            self.assertEqual(smtp.mail(BOB)[0], 250)
            self.assertEqual(smtp.docmd("MAIL FROM:<%s>" % BOB)[0], 503)
            self.assertEqual(smtp.rset()[0], 250)
            self.assertEqual(smtp.docmd("RCPT TO:<%s>" % ALICE)[0], 503)
            self.assertEqual(smtp.quit()[0], 221)

    def test_null_reverse_path(self):
        with self.connect() as smtp:
            smtp.sendmail("", [ALICE], harness.crlf(harness.message("smtplib-null")))
        self.assertIn(b"Return-Path: <>\n", self.arrived("alice", "smtplib-null"))

    def test_no_transfer_without_an_end(self):
        # RFC 5321, 4.1.1.4: a connection lost in the data leaves no message behind.
        smtp = self.connect()
        smtp.ehlo()
        smtp.mail(BOB)
        smtp.rcpt(ALICE)
        self.assertEqual(smtp.docmd("DATA")[0], 354)
        smtp.send(harness.crlf(harness.message("smtplib-cut")))
        smtp.sock.shutdown(socket.SHUT_RDWR)
        smtp.close()
        with self.connect() as second:
            second.sendmail(BOB, [ALICE], harness.crlf(harness.message("smtplib-after-cut")))
        self.arrived("alice", "smtplib-after-cut")
        self.assertEqual(self.found("alice", "smtplib-cut"), [])

    def test_bare_lf_ends_no_message(self):
        # SMTP smuggling: <LF>.<LF> and its kin are not the end of the data (RFC 5321, 2.3.8).
        for number, end in enumerate((b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r")):
            smtp = self.connect()
            smtp.ehlo()
            smtp.mail(BOB)
            smtp.rcpt(ALICE)
            self.assertEqual(smtp.docmd("DATA")[0], 354)
            smtp.send(harness.crlf(harness.message("smuggle-outer-%d" % number)) + b"x" + end +
                      b"MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n" +
                      harness.crlf(harness.message("smuggle-inner-%d" % number)) + b"\r\n.\r\n")
            try:
                smtp.getreply()  # a refusal, or for what is not a line end at all a success
            except (smtplib.SMTPServerDisconnected, ConnectionError):
                pass  # it may hang up on such a client
            smtp.close()
        with self.connect() as smtp:
            smtp.sendmail(BOB, [ALICE], harness.crlf(harness.message("smuggle-done")))
        self.arrived("alice", "smuggle-done")
        for number in range(4):
            self.assertEqual(self.found("alice", "smuggle-inner-%d" % number), [], number)


class Submission(Connections):
    def test_login(self):
        for mechanism in ("auth_plain", "auth_login"):
            subject = "smtplib-" + mechanism
            with self.connect("submission") as smtp:
                smtp.ehlo()
                smtp.user, smtp.password = ALICE, harness.PASSWORD
                name = mechanism.partition("_")[2].upper()
                self.assertIn(name, smtp.esmtp_features["auth"].split())
                self.assertEqual(smtp.auth(name, getattr(smtp, mechanism))[0], 235)
                smtp.sendmail(ALICE, [BOB], harness.crlf(harness.message(subject)))
            self.arrived("bob", subject)

    def test_login_without_initial_response(self):
        with self.connect("submission") as smtp:
            smtp.ehlo()
            smtp.user, smtp.password = ALICE, harness.PASSWORD
            self.assertEqual(smtp.auth("PLAIN", smtp.auth_plain, initial_response_ok=False)[0], 235)

    def test_wrong_password_then_right(self):
        with self.connect("submission") as smtp:
            smtp.ehlo()
            with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                smtp.login(ALICE, "wrong")
            self.assertEqual(caught.exception.smtp_code, 535)
            self.assertEqual(smtp.login(ALICE, harness.PASSWORD)[0], 235)
            self.assertEqual(smtp.docmd("AUTH PLAIN AGFAYQBh")[0], 503)  # RFC 4954, 4: once

    def test_nothing_without_login(self):
        with self.connect("submission") as smtp:
            smtp.ehlo()
            with self.assertRaises(smtplib.SMTPException):
                smtp.sendmail(ALICE, [BOB], harness.crlf(harness.message("smtplib-no-login")))
        self.assertEqual(self.found("bob", "smtplib-no-login"), [])


class Lmtp(Connections):
    def test_lmtp(self):
        # smtplib reads one reply after the data; the second recipient's stands behind it.
        with self.connect("lmtp", smtplib.LMTP) as lmtp:
            lmtp.ehlo()
            lmtp.mail(BOB)
            self.assertEqual(lmtp.rcpt(ALICE)[0], 250)
            self.assertEqual(lmtp.rcpt("nosuch@example.test")[0], 550)
            self.assertEqual(lmtp.rcpt(BOB)[0], 250)
            code, _ = lmtp.data(harness.crlf(harness.message("smtplib-lmtp")))
            self.assertEqual(code, 250)
            self.assertEqual(lmtp.getreply()[0], 250)
            self.assertEqual(lmtp.noop()[0], 250)
        self.arrived("alice", "smtplib-lmtp")
        self.arrived("bob", "smtplib-lmtp")

    def test_no_recipient_no_data(self):
        # RFC 2033, 4.2: without an accepted recipient DATA is refused with 503.
        with self.connect("lmtp", smtplib.LMTP) as lmtp:
            lmtp.ehlo()
            lmtp.mail(BOB)
            self.assertEqual(lmtp.rcpt("nosuch@example.test")[0], 550)
            self.assertEqual(lmtp.docmd("DATA")[0], 503)


if __name__ == "__main__":
    harness.main()
