"""swaks sends to mailprotod: SMTP, submission with AUTH, and LMTP (RFC 5321, 6409, 2033)."""

import harness
import serving


class Swaks(serving.ServerCase):
    def swaks(self, service, *options, text=None):
        command = [harness.need_tool("swaks"), "--server", self.address(service),
                   "--helo", "client.example.test", "--from", "bob@example.test",
                   "--timeout", "30", *options]
        if text is not None:
            command += ["--data", "@" + self.folder.file("message", text)]
        return harness.run(command)

    def test_one_command_at_a_time(self):
        body = b"One command at a time.\n"
        self.assertRan(self.swaks("smtp", "--to", "alice@example.test",
                                  text=harness.message("swaks-plain", body)))
        self.assertArrived("alice", "swaks-plain", body)

    def test_pipelining(self):
        # RFC 2920: MAIL, RCPTs and DATA in one go; the replies are matched by their order.
        body = b"All in one go.\n"
        result = self.swaks("smtp", "--pipeline", "--to", "alice@example.test,bob@example.test",
                            text=harness.message("swaks-pipeline", body))
        self.assertRan(result)
        self.assertIn("PIPELINING", result.out)
        self.assertArrived("alice", "swaks-pipeline", body)
        self.assertArrived("bob", "swaks-pipeline", body)

    def test_received_field(self):
        # RFC 5321, 4.4: the receiver adds Received above what it got, and Return-Path at delivery.
        self.assertRan(self.swaks("smtp", "--to", "alice@example.test",
                                  text=harness.message("swaks-received")))
        head, _, _ = self.arrived("alice", "swaks-received").partition(b"\nFrom:")
        self.assertRegex(head, rb"(?m)^Return-Path: <bob@example\.test>$")
        self.assertRegex(head, rb"(?ms)^Received: from client\.example\.test .*\bwith U?E?L?SMTP")
        self.assertIn(b"127.0.0.1", head)

    def test_eight_bit(self):
        self.assertRan(self.swaks("smtp", "--to", "alice@example.test",
                                  text=harness.message("swaks-8bit", harness.BODY_8BIT)))
        self.assertArrived("alice", "swaks-8bit", harness.BODY_8BIT)

    def test_50_megabytes(self):
        body = harness.big_body(50_000_000)
        self.assertRan(self.swaks("smtp", "--suppress-data", "--to", "alice@example.test",
                                  text=harness.message("swaks-large", body)))
        self.assertArrived("alice", "swaks-large", body)
        self.server.empty("alice")

    def test_leading_dots(self):
        # RFC 5321, 4.5.2. The first line of the body is one dot alone.
        self.assertRan(self.swaks("smtp", "--to", "alice@example.test",
                                  text=harness.message("swaks-dots", harness.BODY_DOTS)))
        self.assertArrived("alice", "swaks-dots", harness.BODY_DOTS)

    def refused_among_good(self, subject, *options):
        result = self.swaks(
            "smtp", *options, "--to", "alice@example.test,nosuch@example.test,bob@example.test",
            text=harness.message(subject))
        self.assertRan(result)
        self.assertRegex(result.out, r"(?m)^<\*\* 55\d ")
        self.arrived("alice", subject)
        self.arrived("bob", subject)

    def test_refused_recipient_among_good_ones(self):
        self.refused_among_good("swaks-refused")

    def test_refused_recipient_pipelined(self):
        self.refused_among_good("swaks-refused-pipeline", "--pipeline")

    def test_no_recipient_left(self):
        # swaks ends with 24 if no recipient was accepted; pipelined, it sent DATA all the same.
        for options in ((), ("--pipeline",)):
            result = self.swaks("smtp", *options, "--to", "nosuch@example.test",
                                text=harness.message("swaks-none"))
            self.assertRan(result, 24)

    def test_too_many_recipients(self):
        # RFC 5321, 4.5.3.1.10: 452, and those accepted before it get the message.
        names = ",".join(["alice@example.test", "bob@example.test"] * 500 + ["bob@example.test"])
        result = self.swaks("smtp", "--pipeline", "--to", names,
                            text=harness.message("swaks-many"))
        self.assertRan(result)
        accepted = [line for line in result.out.splitlines() if line.startswith("<-  250 ")]
        refused = [line for line in result.out.splitlines() if line.startswith("<** 452 ")]
        # MAIL and the message itself are answered with 250, too; so is the end of EHLO's reply.
        self.assertEqual((len(accepted) - 3, len(refused)), (1000, 1), str(result))
        self.assertTrue(harness.wait_until(lambda: self.found("alice", "swaks-many"), 60))

    def test_relaying_is_refused(self):
        self.assertRan(self.swaks("smtp", "--to", "someone@elsewhere.test"), 24)

    def test_submission_with_password(self):
        for mechanism in ("PLAIN", "LOGIN"):
            subject = "swaks-auth-" + mechanism
            result = self.swaks("submission", "--auth", mechanism, "--auth-user",
                                "bob@example.test", "--auth-password", "secret",
                                "--to", "bob@example.test", text=harness.message(subject))
            self.assertRan(result)
            self.assertRegex(result.out, r"(?m)^<-  235 ")
            self.arrived("bob", subject)

    def test_submission_with_wrong_password(self):
        for mechanism in ("PLAIN", "LOGIN"):
            result = self.swaks("submission", "--auth", mechanism, "--auth-user",
                                "alice@example.test", "--auth-password", "wrong",
                                "--to", "bob@example.test", text=harness.message("swaks-wrong"))
            self.assertRan(result, 28)
            self.assertRegex(result.out, r"(?m)^<\*\* 535 ")
        self.assertEqual(self.found("bob", "swaks-wrong"), [])

    def test_submission_needs_a_password(self):
        result = self.swaks("submission", "--to", "bob@example.test",
                            text=harness.message("swaks-anonymous"))
        self.assertNotEqual(result.status, 0, str(result))
        self.assertEqual(self.found("bob", "swaks-anonymous"), [])

    def test_lmtp(self):
        # RFC 2033, 4.2: after the message one reply for each recipient that was accepted.
        result = self.swaks("lmtp", "--protocol", "LMTP", "--to",
                            "alice@example.test,nosuch@example.test,bob@example.test",
                            text=harness.message("swaks-lmtp", harness.BODY_8BIT))
        self.assertRan(result)
        self.assertRegex(result.out, r"(?m)^<\*\* 550 ")
        replies = result.out[result.out.rindex(" -> .\n"):result.out.index(" -> QUIT")]
        self.assertEqual(replies.count("<-  250 "), 2, str(result))
        self.assertArrived("alice", "swaks-lmtp", harness.BODY_8BIT)
        self.assertArrived("bob", "swaks-lmtp", harness.BODY_8BIT)

    def test_extensions_are_announced(self):
        result = self.swaks("smtp", "--quit-after", "EHLO")
        self.assertRan(result)
        for keyword in ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES"):
            self.assertRegex(result.out, r"(?m)^<-  250[- ]%s\b" % keyword)


if __name__ == "__main__":
    harness.main()
