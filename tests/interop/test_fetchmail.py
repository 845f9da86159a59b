"""fetchmail reads and deletes by POP3 from mailprotod, and hands on by SMTP and LMTP to it."""

import os

import harness
import serving

MESSAGES = 20


class Fetchmail(serving.ServerCase):
    def setUp(self):
        super().setUp()
        self.server.empty("alice")

    def fetchmail(self, options="", password=harness.PASSWORD, arguments=()):
        """Runs fetchmail for alice's maildrop; by default messages go into the file `got`."""
        if not options:
            options = 'mda "cat >> %s/got"' % self.folder.path
        config = self.folder.file("fetchmailrc", (
            "set no bouncemail\n"
            "poll %s protocol pop3 service %d auth password timeout 30\n"
            'user "alice@example.test" password "%s" sslproto "" %s\n'
            % (harness.HOST, self.server.port["pop3"], password, options)), 0o600)
        return harness.run(
            [harness.need_tool("fetchmail"), "--nosyslog", "--nodetach", "--verbose",
             "--fetchmailrc", config, "--pidfile", os.path.join(self.folder.path, "pid"),
             "--idfile", os.path.join(self.folder.path, "ids"), *arguments],
            env={"HOME": self.folder.path, "FETCHMAILHOME": self.folder.path, "LOGNAME": "test"})

    def test_read_and_delete(self):
        self.deliver("alice", [harness.message("fetchmail-%d" % n, harness.BODY_8BIT + b"%d\n" % n)
                               for n in range(MESSAGES)])
        self.assertRan(self.fetchmail())
        with open(self.folder.path + "/got", "rb") as f:
            got = f.read().replace(b"\r\n", b"\n")
        for n in range(MESSAGES):
            self.assertIn(b"\nSubject: fetchmail-%d\n" % n, got)
        self.assertEqual(got.count(harness.BODY_8BIT), MESSAGES)
        self.assertEqual(harness.maildir_files(self.server.maildir("alice")), [])
        self.assertRan(self.fetchmail(), 1)  # there is no mail

    def test_keep_and_only_new(self):
        self.deliver("alice", [harness.message("fetchmail-keep-1")])
        options = 'keep mda "cat >> %s/got"' % self.folder.path
        self.assertRan(self.fetchmail(options, arguments=["--uidl"]))
        self.deliver("alice", [harness.message("fetchmail-keep-2")])
        self.assertRan(self.fetchmail(options, arguments=["--uidl"]))
        with open(self.folder.path + "/got", "rb") as f:
            self.assertEqual(f.read().count(b"Subject: fetchmail-keep-"), 2)
        self.assertEqual(len(harness.maildir_files(self.server.maildir("alice"))), 2)

    def hand_on(self, service, extra=""):
        """From alice's maildrop to bob's: both ends are the server."""
        subject = "fetchmail-" + service
        self.deliver("alice", [harness.message(subject, harness.BODY_DOTS)])
        self.assertRan(self.fetchmail('%s smtphost "%s/%d" smtpname "bob@example.test"' % (
            extra, harness.HOST, self.server.port[service])))
        self.assertArrived("bob", subject, harness.BODY_DOTS)
        self.assertEqual(harness.maildir_files(self.server.maildir("alice")), [])

    def test_hand_on_by_smtp(self):
        self.hand_on("smtp")

    def test_hand_on_by_lmtp(self):
        self.hand_on("lmtp", "lmtp")

    def test_wrong_password(self):
        self.assertRan(self.fetchmail(password="wrong"), 3)


if __name__ == "__main__":
    harness.main()
