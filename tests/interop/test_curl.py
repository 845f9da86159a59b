"""curl sends to mailprotod and reads and deletes by POP3 (RFC 5321, 1939, 2449)."""

import harness
import serving

USER = "alice@example.test:secret"


class Curl(serving.ServerCase):
    def curl(self, url, *options, stdin=b""):
        return harness.run([harness.need_tool("curl"), "--silent", "--show-error", "--verbose",
                            "--max-time", "60", "--url", url, *options], stdin=stdin)

    def send(self, text, *recipients, service="smtp", options=()):
        command = ["--mail-from", "bob@example.test"]
        for name in recipients or ("alice@example.test",):
            command += ["--mail-rcpt", name]
        path = self.folder.file("message", harness.crlf(text))
        return self.curl(self.url("smtp", service) + "/client.example.test", *command,
                         "--upload-file", path, *options)

    def pop3(self, path="", *options):
        return self.curl(self.url("pop3") + "/" + path, "--user", USER, *options)


class Sending(Curl):
    def test_send(self):
        body = b"Sent by curl.\n"
        self.assertRan(self.send(harness.message("curl-plain", body)))
        self.assertArrived("alice", "curl-plain", body)

    def test_eight_bit(self):
        self.assertRan(self.send(harness.message("curl-8bit", harness.BODY_8BIT)))
        self.assertArrived("alice", "curl-8bit", harness.BODY_8BIT)

    def test_leading_dots(self):
        self.assertRan(self.send(harness.message("curl-dots", harness.BODY_DOTS)))
        self.assertArrived("alice", "curl-dots", harness.BODY_DOTS)

    def test_50_megabytes(self):
        body = harness.big_body(50_000_000)
        self.assertRan(self.send(harness.message("curl-large", body)))
        self.assertArrived("alice", "curl-large", body)
        self.server.empty("alice")

    def test_refused_recipient_among_good_ones(self):
        names = ("alice@example.test", "nosuch@example.test", "bob@example.test")
        result = self.send(harness.message("curl-refused"), *names,
                           options=["--mail-rcpt-allowfails"])
        self.assertRan(result)
        self.assertRegex(result.err, r"(?m)^< 55\d ")
        self.arrived("alice", "curl-refused")
        self.arrived("bob", "curl-refused")

    def test_too_many_recipients(self):
        # RFC 5321, 4.5.3.1.10: 1,000 are accepted, the next is answered 452, and the message goes to the 1,000.
        names = ["alice+%d@example.test" % n for n in range(1000)]
        result = self.send(harness.message("curl-many"), *names, "bob@example.test",
                           options=["--mail-rcpt-allowfails"])
        self.assertRan(result)
        lines = result.err.splitlines()
        first = lines.index("> RCPT TO:<alice+0@example.test>")
        replies = [line[2:5] for line in lines[first:lines.index("> DATA")] if line.startswith("< ")]
        self.assertEqual(replies, ["250"] * 1000 + ["452"])
        self.arrived("alice", "curl-many")
        self.assertEqual(self.found("bob", "curl-many"), [])

    def test_refused_recipient_ends_it(self):
        # Without the option curl gives up: nobody may get the message.
        result = self.send(harness.message("curl-gave-up"), "alice@example.test",
                           "nosuch@example.test")
        self.assertRan(result, 55)
        self.assertEqual(self.found("alice", "curl-gave-up"), [])

    def test_submission_with_password(self):
        for mechanism in ("PLAIN", "LOGIN"):
            subject = "curl-auth-" + mechanism
            result = self.send(harness.message(subject), "bob@example.test", service="submission",
                               options=["--user", "bob@example.test:secret",
                                        "--login-options", "AUTH=" + mechanism])
            self.assertRan(result)
            self.assertIn("AUTH " + mechanism, result.err)
            self.arrived("bob", subject)

    def test_submission_with_wrong_password(self):
        result = self.send(harness.message("curl-wrong"), "bob@example.test", service="submission",
                           options=["--user", "alice@example.test:wrong"])
        self.assertRan(result, 67)
        self.assertEqual(self.found("bob", "curl-wrong"), [])

    def test_verify(self):
        # RFC 5321, 3.5.3: a server that does not verify answers 252, which is a success.
        result = self.curl(self.url("smtp"), "--mail-rcpt", "alice@example.test")
        self.assertRan(result)
        self.assertRegex(result.err, r"(?m)^> VRFY alice@example\.test")
        self.assertRegex(result.err, r"(?m)^< 25[0-2] ")


class Reading(Curl):
    def setUp(self):
        super().setUp()
        self.server.empty("alice")

    def test_list(self):
        self.deliver("alice", [harness.message("curl-list-%d" % n) for n in range(3)])
        result = self.assertRan(self.pop3())
        numbers = [line.split()[0] for line in result.out.splitlines()]
        self.assertEqual(numbers, ["1", "2", "3"], str(result))

    def test_unique_ids(self):
        self.deliver("alice", [harness.message("curl-uidl-%d" % n) for n in range(3)])
        first = self.assertRan(self.pop3("", "--request", "UIDL")).out
        ids = [line.split()[1] for line in first.splitlines()]
        self.assertEqual(len(set(ids)), 3, first)
        self.assertEqual(self.assertRan(self.pop3("", "--request", "UIDL")).out, first)

    def test_retrieve(self):
        text = harness.message("curl-retr", harness.BODY_DOTS + harness.BODY_8BIT)
        self.deliver("alice", [text])
        listed = self.assertRan(self.pop3()).out.split()
        result = self.assertRan(self.pop3("1", "--output", self.folder.path + "/got"))
        with open(self.folder.path + "/got", "rb") as f:
            got = f.read()
        self.assertTrue(got.endswith(harness.crlf(text)), got)
        self.assertEqual(listed, ["1", str(len(got))], str(result))
        self.assertNotIn(b"\n", got.replace(b"\r\n", b""))

    def test_retrieve_50_megabytes(self):
        body = harness.big_body(50_000_000)
        self.deliver("alice", [harness.message("curl-retr-large", body)])
        self.assertRan(self.pop3("1", "--output", self.folder.path + "/got"))
        with open(self.folder.path + "/got", "rb") as f:
            got = f.read()
        self.assertTrue(got.endswith(harness.crlf(body)), len(got))
        self.assertEqual(self.assertRan(self.pop3()).out.split(), ["1", str(len(got))])
        self.server.empty("alice")

    def test_top(self):
        self.deliver("alice", [harness.message("curl-top", b"first\nsecond\nthird\n")])
        out = self.assertRan(self.pop3("", "--request", "TOP 1 1")).out
        self.assertIn("curl-top", out)
        self.assertIn("first", out)
        self.assertNotIn("second", out)

    def test_delete(self):
        self.deliver("alice", [harness.message("curl-dele-%d" % n) for n in range(3)])
        second = self.assertRan(self.pop3("", "--request", "TOP 2 0")).out
        self.assertRan(self.pop3("2", "--request", "DELE", "--head"))
        self.assertEqual(len(self.assertRan(self.pop3()).out.splitlines()), 2)
        for n in range(3):
            subject = "curl-dele-%d" % n
            self.assertEqual(len(self.found("alice", subject)), int(subject not in second), subject)

    def test_no_such_message(self):
        self.assertNotEqual(self.pop3("7").status, 0)

    def test_mechanisms(self):
        for mechanism in ("PLAIN", "LOGIN"):
            result = self.assertRan(self.pop3("", "--login-options", "AUTH=" + mechanism))
            self.assertIn("> AUTH " + mechanism, result.err)

    def test_wrong_password(self):
        result = self.curl(self.url("pop3") + "/", "--user", "alice@example.test:wrong")
        self.assertRan(result, 67)


if __name__ == "__main__":
    harness.main()
