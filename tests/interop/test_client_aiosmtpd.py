"""mailproto sends to aiosmtpd, which has neither PIPELINING nor CHUNKING (RFC 5321)."""

import harness
from aiosmtpd_peer import AioSmtpd
from client import LOGIN, REFUSED, SOME, TEMPORARY, UNKNOWN, USAGE, ClientCase, url

ALICE, BOB = "alice@example.test", "bob@example.test"


class Aiosmtpd(ClientCase):
    def start(self, **options):
        return self.peer(AioSmtpd(**options))

    def test_send(self):
        server = self.start()
        text = harness.message("aio-plain", harness.BODY_DOTS)
        self.assertRan(self.send(url("smtp", server.port), [ALICE, BOB], text))
        self.assertEqual(len(server.envelopes), 1)
        envelope = server.envelopes[0]
        self.assertEqual(envelope.mail_from, "sender@client.example.test")
        self.assertEqual(sorted(envelope.rcpt_tos), [ALICE, BOB])
        self.assertEqual(envelope.content, harness.crlf(text))

    def test_eight_bit(self):
        server = self.start()
        text = harness.message("aio-8bit", harness.BODY_8BIT)
        self.assertRan(self.send(url("smtp", server.port), [ALICE], text))
        self.assertEqual(server.envelopes[0].content, harness.crlf(text))
        self.assertIn("BODY=8BITMIME", server.envelopes[0].mail_options)

    def test_from_standard_input(self):
        server = self.start()
        text = harness.message("aio-stdin")
        self.assertRan(self.mailproto("send", url("smtp", server.port), "--from", BOB,
                                      "--to", ALICE, "-", stdin=text))
        self.assertEqual(server.envelopes[0].content, harness.crlf(text))

    def test_line_ends_of_the_wire_stay(self):
        server = self.start()
        text = harness.crlf(harness.message("aio-crlf"))
        self.assertRan(self.send(url("smtp", server.port), [ALICE], text))
        self.assertEqual(server.envelopes[0].content, text)

    def test_refused_recipient_among_good_ones(self):
        server = self.start(refuse={"nosuch@example.test": "550 5.1.1 No mailbox of that name"})
        result = self.send(url("smtp", server.port), [ALICE, "nosuch@example.test", BOB],
                           harness.message("aio-refused"))
        self.assertFailed(result, SOME, "nosuch@example.test", "550", "No mailbox of that name")
        self.assertEqual(sorted(server.envelopes[0].rcpt_tos), [ALICE, BOB])

    def test_all_recipients_refused(self):
        server = self.start(refuse={ALICE: "550 5.7.1 Not to her", BOB: "553 5.1.3 Not to him"})
        result = self.send(url("smtp", server.port), [ALICE, BOB], harness.message("aio-none"))
        self.assertFailed(result, REFUSED, ALICE, "Not to her", BOB, "Not to him")
        self.assertEqual(server.envelopes, [])

    def test_all_recipients_refused_for_now(self):
        server = self.start(refuse={ALICE: "450 4.2.1 Not now"})
        result = self.send(url("smtp", server.port), [ALICE], harness.message("aio-later"))
        self.assertFailed(result, TEMPORARY, ALICE, "450", "Not now")
        self.assertEqual(server.envelopes, [])

    def test_continues_where_recipients_are_limited(self):
        # RFC 5321, 4.5.3.1.10: after 452 the rest goes in further transactions.
        server = self.start(recipient_limit=4)
        names = ["user%d@example.test" % n for n in range(10)]
        self.assertRan(self.send(url("smtp", server.port), names, harness.message("aio-limit")))
        self.assertEqual([len(e.rcpt_tos) for e in server.envelopes], [4, 4, 2])
        self.assertEqual(sorted(n for e in server.envelopes for n in e.rcpt_tos), sorted(names))
        for envelope in server.envelopes:
            self.assertEqual(envelope.content, harness.crlf(harness.message("aio-limit")))

    def test_a_limit_of_none_is_no_reason_to_go_on_for_ever(self):
        server = self.start(recipient_limit=0)
        self.assertFailed(self.send(url("smtp", server.port), [ALICE], harness.message("aio-zero")),
                          TEMPORARY, ALICE, "452")
        self.assertEqual(server.envelopes, [])

    def test_accepted_rejected_and_unknown_are_told_apart(self):
        for end, status, said in (("250 2.0.0 Kept", 0, ""),
                                  ("554 5.6.0 We do not like it", REFUSED, "We do not like it"),
                                  ("451 4.3.0 Come back", TEMPORARY, "Come back"),
                                  (None, UNKNOWN, ALICE)):
            server = self.start(end=end)
            result = self.send(url("smtp", server.port), [ALICE], harness.message("aio-end"))
            self.assertFailed(result, status, said)
            self.assertEqual(len(server.envelopes), 1)

    def test_mechanisms(self):
        server = self.start(users={"alice": "secret"})
        result = self.send(url("smtp", server.port), [BOB], harness.message("aio-auth"), "--trace",
                           *self.login())
        self.assertRan(result)
        self.assertIn("AUTH", result.out + result.err)
        self.assertHidden(result)
        self.assertEqual([login for _, login in server.logins], ["alice"])
        self.assertEqual(len(server.envelopes), 1)

    def test_wrong_password(self):
        server = self.start(users={"alice": "secret"})
        result = self.send(url("smtp", server.port), [BOB], harness.message("aio-wrong"), "--trace",
                           *self.login(password="a-wrong-one"))
        self.assertFailed(result, LOGIN, "535")
        self.assertHidden(result, password="a-wrong-one")
        self.assertEqual(server.envelopes, [])

    def test_international_addresses(self):
        text = harness.message("aio-utf8", harness.BODY_8BIT)
        server = self.start()
        self.assertRan(self.send(url("smtp", server.port), ["jürgen@example.test"], text))
        self.assertEqual(server.envelopes[0].rcpt_tos, ["jürgen@example.test"])
        self.assertTrue(server.envelopes[0].smtp_utf8)
        # RFC 6531, 3.2: to a server without it such an address is not sent.
        server = self.start(smtputf8=False)
        result = self.send(url("smtp", server.port), ["jürgen@example.test"], text)
        self.assertIn(result.status, (USAGE, REFUSED), str(result))
        self.assertEqual(server.envelopes, [])

    def test_larger_than_the_server_takes(self):
        # RFC 1870, 6.2: the client knows from EHLO and need not send it.
        server = self.start(size_limit=20000)
        text = harness.message("aio-size", harness.big_body(100_000))
        self.assertFailed(self.send(url("smtp", server.port), [ALICE], text), REFUSED)
        self.assertEqual(server.envelopes, [])

    def test_json(self):
        server = self.start(refuse={"nosuch@example.test": "550 5.1.1 No mailbox of that name"})
        result = self.send(url("smtp", server.port), [ALICE, "nosuch@example.test"],
                           harness.message("aio-json"), "--json")
        self.assertFailed(result, SOME)
        said = repr(self.json(result))
        for text in (ALICE, "nosuch@example.test", "550", "No mailbox of that name", "Kept"):
            self.assertIn(text, said)

    def test_trace(self):
        server = self.start()
        result = self.assertRan(self.send(url("smtp", server.port), [ALICE],
                                          harness.message("aio-trace"), "--trace"))
        for text in ("EHLO ", "MAIL FROM:<sender@client.example.test>", "RCPT TO:<%s>" % ALICE,
                     "DATA", "354", "2.0.0 Kept", "QUIT", "221"):
            self.assertIn(text, result.err + result.out)

    def test_nobody_listens(self):
        self.assertFailed(self.send(url("smtp", harness.free_port()), [ALICE],
                                    harness.message("aio-nobody")), TEMPORARY, harness.HOST)

    def test_line_ends_in_addresses_are_refused(self):
        server = self.start()
        for name in ("alice@example.test\r\nRCPT TO:<bob@example.test>", "a\nb@example.test"):
            self.assertFailed(self.send(url("smtp", server.port), [name], harness.message("aio")),
                              USAGE)
        self.assertEqual(server.envelopes, [])


if __name__ == "__main__":
    harness.main()
