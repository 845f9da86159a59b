"""mpop reads and deletes by POP3 from mailprotod (RFC 1939, 2449)."""

import os

import harness
import serving

MESSAGES = 60


class Mpop(serving.ServerCase):
    def setUp(self):
        super().setUp()
        self.server.empty("alice")

    def mpop(self, *options, password=harness.PASSWORD, **settings):
        target = os.path.join(self.folder.path, "target")
        for part in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(target, part), exist_ok=True)
        lines = {"host": harness.HOST, "port": self.server.port["pop3"],
                 "user": "alice@example.test", "password": password, "auth": "user", "tls": "off",
                 "timeout": 30, "delivery": "maildir " + target,
                 "uidls_file": os.path.join(self.folder.path, "uidls"), **settings}
        text = "defaults\naccount test\n" + "".join("%s %s\n" % item for item in lines.items())
        config = self.folder.file("mpoprc", text + "account default : test\n")
        return harness.run([harness.need_tool("mpop"), "--file=" + config, *options]), target

    def check(self, **settings):
        texts = [harness.message("mpop-%d" % n, harness.BODY_DOTS + b"%d\n" % n)
                 for n in range(MESSAGES)]
        self.deliver("alice", texts)
        result, target = self.mpop("--keep=off", **settings)
        self.assertRan(result)
        got = sorted(harness.maildir_messages(target), key=lambda m: int(m.split(b"\n")[-2]))
        self.assertEqual(len(got), MESSAGES, str(result))
        for text, message in zip(texts, got):
            self.assertTrue(message.endswith(text), message)
        self.assertEqual(harness.maildir_files(self.server.maildir("alice")), [])

    def test_one_command_at_a_time(self):
        self.check(pipelining="off")

    def test_pipelining(self):
        self.check(pipelining="on")

    def test_pipelining_when_announced(self):
        self.check(pipelining="auto", auth="plain")

    def test_login(self):
        self.check(auth="login")

    def test_keep_and_only_new(self):
        self.deliver("alice", [harness.message("mpop-keep-0")])
        for count in (1, 2):
            result, target = self.mpop("--keep=on")
            self.assertRan(result)
            self.assertEqual(len(harness.maildir_files(target)), count, str(result))
            self.deliver("alice", [harness.message("mpop-keep-%d" % count)])
        self.assertEqual(len(harness.maildir_files(self.server.maildir("alice"))), 3)

    def test_server_information(self):
        result, _ = self.mpop("--serverinfo")
        self.assertRan(result)
        for name in ("PIPELINING", "TOP", "UIDL"):
            self.assertIn(name, result.out)

    def test_wrong_password(self):
        result, _ = self.mpop(password="wrong")
        self.assertNotEqual(result.status, 0, str(result))


if __name__ == "__main__":
    harness.main()
