"""The peers themselves: fetched, unpacked and started, they work with the distribution's clients.

Run first, this fetches the packages that the other tests unpack, and tells a peer that does not
work here from a fault of ours.
"""

import os
import subprocess

import harness
import packages
from aiosmtpd_peer import AioSmtpd
from dovecot import Dovecot
from postfix import Postfix, smtp_sink, smtp_source

ALICE = "alice@example.test"


def installed():
    """What the system says of the packages that peers come from."""
    names = ["postfix*", "dovecot*", "fakeroot", "fakechroot"]
    try:
        return subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    except FileNotFoundError:
        return ""


BEFORE = installed()


class Peers(harness.Case):
    def start(self, server):
        self.addCleanup(server.stop)
        try:
            return server.start()
        except packages.Unavailable as reason:
            self.skipTest(str(reason))

    def swaks(self, port, text, *options):
        return self.assertRan(harness.run([
            harness.need_tool("swaks"), "--server", "%s:%d" % (harness.HOST, port),
            "--helo", "client.example.test", "--from", "bob@example.test", "--to", ALICE,
            "--data", "@" + self.folder.file("message", text), *options]))

    def test_postfix(self):
        server = self.start(Postfix(self.folder.path))
        text = harness.message("peers-postfix", harness.BODY_8BIT)
        self.swaks(server.port, text, "--pipeline")
        got = harness.wait_until(lambda: harness.maildir_messages(server.maildir("alice")))
        self.assertEqual([text.rstrip() in message for message in got or []], [True],
                         server.read_log())

    def test_dovecot(self):
        server = self.start(Dovecot(self.folder.path))
        text = harness.message("peers-dovecot", harness.BODY_8BIT)
        self.swaks(server.port["lmtp"], text, "--protocol", "LMTP")
        config = self.folder.file("fetchmailrc", (
            'set no bouncemail\npoll %s protocol pop3 service %d auth password\n'
            'user alice password "%s" sslproto "" mda "cat > %s/got"\n'
            % (harness.HOST, server.port["pop3"], harness.PASSWORD, self.folder.path)))
        self.assertRan(harness.run(
            [harness.need_tool("fetchmail"), "--nosyslog", "--nodetach", "--fetchmailrc", config,
             "--pidfile", self.folder.path + "/pid"],
            env={"HOME": self.folder.path, "FETCHMAILHOME": self.folder.path, "LOGNAME": "test"}))
        with open(self.folder.path + "/got", "rb") as f:
            self.assertIn(harness.BODY_8BIT, f.read())
        self.assertEqual(harness.maildir_files(server.maildir("alice")), [])

    def test_aiosmtpd(self):
        server = self.start(AioSmtpd())
        self.swaks(server.port, harness.message("peers-aiosmtpd"))
        self.assertEqual([e.rcpt_tos for e in server.envelopes], [[ALICE]])

    def test_smtp_source_and_sink(self):
        try:
            sink, environment = smtp_sink()
            source, _ = smtp_source()
        except packages.Unavailable as reason:
            self.skipTest(str(reason))
        port = harness.free_port()
        # As root the sink would want a user to become; it is told one.
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        process = subprocess.Popen([sink, "-4", *user, "%s:%d" % (harness.HOST, port), "100"],
                                   env=environment, stdin=subprocess.DEVNULL)
        self.addCleanup(harness.stop_process, process)
        harness.wait_for_port(port, process)
        self.assertRan(harness.run([source, "-4", "-s", "4", "-m", "100", "-l", "1024",
                                    "-f", "bob@example.test", "-t", ALICE,
                                    "%s:%d" % (harness.HOST, port)], env=environment))


class System(harness.Case):
    def test_nothing_was_installed(self):
        # After the others by its name: they are fetched and unpacked, and the system knows nothing of it.
        self.assertEqual(installed(), BEFORE)


if __name__ == "__main__":
    harness.main()
