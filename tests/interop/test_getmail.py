"""getmail reads and deletes by POP3 from mailprotod (RFC 1939)."""

import os

import harness
import serving

MESSAGES = 20

CONFIG = """\
[retriever]
type = SimplePOP3Retriever
server = {host}
port = {port}
username = alice@example.test
password = {password}
timeout = 30
[destination]
type = Maildir
path = {target}/
[options]
delete = {delete}
read_all = false
delivered_to = false
received = false
"""


class Getmail(serving.ServerCase):
    def setUp(self):
        super().setUp()
        self.server.empty("alice")
        self.target = os.path.join(self.folder.path, "target")
        for part in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(self.target, part))

    def getmail(self, delete=True, password=harness.PASSWORD):
        config = self.folder.file("getmailrc", CONFIG.format(
            host=harness.HOST, port=self.server.port["pop3"], password=password,
            target=self.target, delete=str(delete).lower()))
        # getmail delivers for nobody but an ordinary user.
        return harness.run([harness.need_tool("getmail"), "--getmaildir", self.folder.path,
                            "--rcfile", config], env={"HOME": self.folder.path},
                           user=self.folder.give_up())

    def test_read_and_delete(self):
        texts = [harness.message("getmail-%d" % n, harness.BODY_DOTS + b"%d\n" % n)
                 for n in range(MESSAGES)]
        self.deliver("alice", texts)
        result = self.assertRan(self.getmail())
        got = sorted(harness.maildir_messages(self.target), key=lambda m: int(m.split(b"\n")[-2]))
        self.assertEqual(len(got), MESSAGES, str(result))
        for text, message in zip(texts, got):
            self.assertEqual(harness.body_of(message), harness.body_of(text))
        self.assertEqual(harness.maildir_files(self.server.maildir("alice")), [])

    def test_keep_and_only_new(self):
        self.deliver("alice", [harness.message("getmail-keep-0")])
        for count in (1, 2):
            result = self.assertRan(self.getmail(delete=False))
            self.assertEqual(len(harness.maildir_files(self.target)), count, str(result))
            self.deliver("alice", [harness.message("getmail-keep-%d" % count)])
        self.assertEqual(len(harness.maildir_files(self.server.maildir("alice"))), 3)

    def test_wrong_password(self):
        result = self.getmail(password="wrong")
        self.assertIn("failed", (result.out + result.err).lower(), str(result))
        self.assertEqual(harness.maildir_files(self.target), [])


if __name__ == "__main__":
    harness.main()
