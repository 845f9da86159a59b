"""mailprotod receives: SMTP, LMTP and submission into Maildirs."""

import os
import smtplib
import socket
import time

from mailprotod import wait_until
from mailprotod_case import ALICE, BOB, BODY, SENDER, Case, main, read


class Delivery(Case):
    def test_message(self):
        server = self.serve()
        self.smtp(server).sendmail(SENDER, [ALICE], BODY)
        path = self.assert_one(server, "alice", b"\r\n" + BODY)
        content = read(path)
        self.assertTrue(content.startswith(
            b"Return-Path: <carol@elsewhere.test>\r\nReceived: from client.example.test "))
        self.assertIn(b"127.0.0.1", content[:content.index(b"Subject")])
        self.assertTrue(path.endswith(",S=%d,W=%d" % (len(content), len(content))), path)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_empty_sender(self):
        server = self.serve()
        self.smtp(server).sendmail("", [ALICE], BODY)
        self.assertTrue(read(self.assert_one(server, "alice", BODY)).startswith(b"Return-Path: <>\r\n"))

    def test_one_copy_a_user(self):
        server = self.serve()
        names = [ALICE, "ALICE@Example.Test", "alice+lists@example.test", BOB]
        self.assertEqual(self.smtp(server).sendmail(SENDER, names, BODY), {})
        first, second = self.assert_one(server, "alice", BODY), self.assert_one(server, "bob", BODY)
        self.assertEqual(os.stat(first).st_ino, os.stat(second).st_ino)

    def test_postmaster(self):
        server = self.serve(server="postmaster = bob@example.test")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("HELO client.example.test", "MAIL FROM:<>", "RCPT TO:<Postmaster>",
                        "RCPT TO:<postmaster@example.test>"):
            self.assertRegex(smtp.ask(command), "^250 ", command)
        self.assertRegex(smtp.ask("DATA"), "^354 ")
        self.assertRegex(smtp.ask("Subject: x\r\n\r\nx\r\n."), "^250 ")
        self.assert_one(server, "bob", b"\r\nx\r\n")

    def test_refused_recipients(self):
        server = self.serve()
        names = ["nobody@example.test", ALICE, "alice@elsewhere.test"]
        refused = self.smtp(server).sendmail(SENDER, names, BODY)
        self.assertEqual({name: code for name, (code, _) in refused.items()}, {names[0]: 550, names[2]: 550})
        self.assertEqual(refused[names[0]][1], b"5.1.1 No such user here")
        self.assertEqual(refused[names[2]][1], b"5.7.1 Relaying denied")
        self.assert_one(server, "alice", BODY)

    def test_messages_in_one_session(self):
        server = self.serve()
        smtp = self.smtp(server)
        for n in range(20):
            smtp.sendmail(SENDER, [ALICE, BOB], b"%d\r\n" % n + BODY)
        self.assertEqual((len(server.files("alice")), len(server.files("bob"))), (20, 20))

    def test_large_message(self):
        server = self.serve()
        content = b"Subject: large\r\n\r\n" + b"".join(b"%07d %s\r\n" % (n, b"." * (n % 60)) for n in range(150000))
        self.smtp(server).sendmail(SENDER, [ALICE], content)
        self.assert_one(server, "alice", b"\r\n" + content)

    def test_too_large_message(self):
        server = self.serve(limits="message_size = 64K")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>"):
            smtp.ask(command)
        smtp.ask("DATA")
        smtp.socket.sendall(b"0123456789\r\n" * 10000)
        self.assertRegex(smtp.ask("."), "^552 ")
        self.assertRegex(smtp.ask("NOOP"), "^250 ")
        wait_until(lambda: not server.files("alice", "tmp"), "tmp is empty")
        self.assertEqual(server.files("alice"), [])

    def test_why_a_message_was_refused_is_logged(self):
        server = self.serve(limits="message_size = 64K")
        malformed = "message from <eve@elsewhere.test> refused: malformed text (a bare CR or LF, a NUL, or a line"
        for text, reply, said in (
                (b"one\ntwo\r\n", "^554 5.6.0 ", malformed), (b"one\rtwo\r\n", "^554 5.6.0 ", malformed),
                (b"\0\r\n", "^554 5.6.0 ", malformed),
                (b"0123456789\r\n" * 10000, "^552 5.3.4 ", "refused: larger than the limit of 65536 octets"),
                (b"Received: x\r\n" * 102 + b"\r\n", "^554 5.4.6 ", "or with too many Received fields")):
            smtp = self.line(server, "smtp")
            smtp.reply()
            for command in ("EHLO client.example.test", "MAIL FROM:<eve@elsewhere.test>",
                            "RCPT TO:<alice@example.test>", "DATA"):
                smtp.ask(command)
            before = server.log().count(said)
            smtp.socket.sendall(text)
            self.assertRegex(smtp.ask("."), reply)
            self.assertRegex(smtp.ask("NOOP"), "^250 ")  # the session goes on
            server.wait_for_log(said, before + 1)
        self.assertNotIn("cannot go on", server.log())

    def test_why_a_message_was_given_up_is_logged(self):
        patient, hasty = self.serve(), self.serve(limits="body_time = 50ms")
        for last, said in (("close", "the client has gone before its end"), ("RSET", "the client has begun anew"),
                           ("", "the client was too slow")):
            server = patient if last else hasty
            smtp = self.line(server, "smtp")
            smtp.reply()
            for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>"):
                smtp.ask(command)
            smtp.ask("BDAT 3\r\nx" if last == "RSET" else "DATA")
            if last == "close":
                smtp.close()
            elif last:
                smtp.ask(last)
            server.wait_for_log("message from <> given up: " + said)

    def test_line_feeds_of_their_own(self):
        """BDAT (RFC 3030) brings octets as they are; W of the name is what POP3 sends."""
        server = self.serve()
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<bob@example.test>"):
            smtp.ask(command)
        content = "Subject: x\r\n\r\none\r\ntwo\r\n"
        smtp.socket.sendall(b"BDAT %d LAST\r\n%s" % (len(content), content.encode()))
        self.assertRegex(smtp.reply(), "^250 ")
        self.assert_one(server, "bob", content.encode())

    def test_cut_off_in_the_message(self):
        for begun in (10, 100000):
            with self.subTest(begun=begun):
                server = self.serve()
                smtp = self.line(server, "smtp")
                smtp.reply()
                for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA"):
                    smtp.ask(command)
                smtp.socket.sendall(b"0123456789\r\n" * (begun // 12))
                smtp.close()
                server.wait_for_log("given up")
                wait_until(lambda: not server.files("alice", "tmp"), "tmp is empty")
                self.assertEqual(server.files("alice"), [])

    def test_half_closed_sender(self):
        """All of a session at once, then the end of the stream: every command is still answered."""
        server = self.serve()
        smtp = self.line(server, "smtp")
        smtp.socket.sendall(b"EHLO client.example.test\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n" +
                            b"0123456789\r\n" * 50000 + b".\r\nQUIT\r\n")
        smtp.socket.shutdown(socket.SHUT_WR)
        codes = [smtp.reply()[:3] for _ in range(7)]
        self.assertEqual(codes, ["220", "250", "250", "250", "354", "250", "221"])
        self.assertEqual(smtp.read(), "")
        self.assert_one(server, "alice", b"0123456789\r\n" * 50000)

    def spoil(self, server, user, name):
        """Makes delivery to the user fail: at the beginning (tmp) or at the very end (new)."""
        os.rmdir(server.folder(user, name))
        with open(server.folder(user, name), "w"):
            pass

    def test_all_or_none(self):
        server = self.serve()
        self.spoil(server, "bob", "tmp")
        with self.assertRaises(smtplib.SMTPDataError) as caught:
            self.smtp(server).sendmail(SENDER, [ALICE, BOB], BODY)
        self.assertEqual(caught.exception.smtp_code, 451)
        self.assertTrue(caught.exception.smtp_error.startswith(b"4.3.0 "))
        wait_until(lambda: not server.files("alice", "tmp"), "tmp is empty")
        self.assertEqual(server.files("alice"), [])
        server.wait_for_log("message from <carol@elsewhere.test> could not be stored: ")

    def test_rather_twice_than_not_at_all(self):
        """What one mailbox has cannot be taken back when another fails at last: the client sends it again."""
        server = self.serve()
        self.spoil(server, "bob", "new")
        with self.assertRaises(smtplib.SMTPDataError) as caught:
            self.smtp(server).sendmail(SENDER, [ALICE, BOB], BODY)
        self.assertEqual(caught.exception.smtp_code, 451)
        self.assert_one(server, "alice", BODY)

    def test_lmtp_answers_for_each(self):
        server = self.serve()
        self.spoil(server, "bob", "new")
        lmtp = self.line(server, "lmtp")
        lmtp.reply()
        for command in ("LHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>",
                        "RCPT TO:<bob@example.test>", "RCPT TO:<ALICE@example.test>"):
            self.assertRegex(lmtp.ask(command), "^250")
        self.assertRegex(lmtp.ask("RCPT TO:<nobody@example.test>"), r"^550 5\.1\.1 ")
        self.assertRegex(lmtp.ask("DATA"), "^354 ")
        lmtp.say("Subject: x\r\n\r\nx\r\n.")
        self.assertRegex(lmtp.reply(), r"^250 2\.")
        self.assertRegex(lmtp.reply(), r"^451 4\.3\.0 ")
        self.assertRegex(lmtp.reply(), r"^250 2\.")
        self.assertRegex(lmtp.ask("QUIT"), "^221 ")
        self.assert_one(server, "alice", b"\r\nx\r\n")

    def test_the_start_leaves_what_lies_in_tmp(self):
        """It may be what a commit has decided to place: the store alone knows."""
        server = self.serve()
        server.end()
        for name in ("old", "fresh"):
            with open(server.folder("alice", "tmp/" + name), "w"):
                pass
        os.utime(server.folder("alice", "tmp/old"), (time.time() - 37 * 3600,) * 2)
        server.start()
        self.assertEqual(sorted(os.path.basename(path) for path in server.files("alice", "tmp")), ["fresh", "old"])


class Submission(Case):
    def test_password(self):
        for method in ("PLAIN", "LOGIN"):
            server = self.serve()
            smtp = self.smtp(server, "submission")
            smtp.ehlo()
            smtp.user, smtp.password = "alice@example.test", "secret"
            smtp.auth(method, getattr(smtp, "auth_" + method.lower()))
            smtp.sendmail(ALICE, [BOB], BODY)
            self.assertIn(b" with ESMTPA", read(self.assert_one(server, "bob", BODY)))

    def test_wrong_password(self):
        server = self.serve()
        smtp = self.smtp(server, "submission")
        for name, password in (("alice", "Secret"), ("nobody", "secret"), ("alice", "secretsecret")):
            with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                smtp.login(name, password)
            self.assertEqual(caught.exception.smtp_code, 535)

    def test_no_password(self):
        server = self.serve()
        smtp = self.smtp(server, "submission")
        smtp.ehlo()
        self.assertEqual(smtp.mail(ALICE)[0], 530)

    def test_senders(self):
        """Of the own domains a login has its own address; the rest of the world's is none of this server's business."""
        server = self.serve(server="postmaster = alice@example.test")
        smtp = self.smtp(server, "submission")
        smtp.login("alice", "secret")
        smtp.ehlo()
        for sender in (ALICE, "Alice@Example.TEST", "alice+lists@example.test", "postmaster@example.test", "", SENDER):
            self.assertEqual(smtp.mail(sender)[0], 250, sender)
            smtp.rset()
        for sender in (BOB, "bob+x@example.test", '"bob"@example.test', "nobody@example.test"):
            code, text = smtp.mail(sender)
            self.assertEqual(code, 553, sender)
            for said in (b"5.7.1 ", sender.encode(), ALICE.encode()):
                self.assertIn(said, text)
        self.assertIn("refused sender <%s>: it is not of login %s" % (BOB, ALICE), server.log())
        smtp.sendmail(ALICE, [BOB], BODY)  # the session goes on
        self.assertEqual(self.smtp(server).sendmail(BOB, [ALICE], BODY), {})  # port 25 is for everybody

    def test_senders_any(self):
        server = self.serve(server="senders = any")
        smtp = self.smtp(server, "submission")
        smtp.login("alice", "secret")
        smtp.sendmail(BOB, [BOB], BODY)
        self.assert_one(server, "bob", BODY)

    def test_nothing_is_sent_on(self):
        server = self.serve()
        smtp = self.smtp(server, "submission")
        smtp.login("alice", "secret")
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as caught:
            smtp.sendmail(ALICE, [SENDER], BODY)
        code, text = caught.exception.recipients[SENDER]
        self.assertEqual(code, 550)
        self.assertIn(b"its own users only", text)


if __name__ == "__main__":
    main()
