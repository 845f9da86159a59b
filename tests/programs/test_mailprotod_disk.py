"""mailprotod with a disk that is slow, or full: a library beneath it plays one."""

import select
import signal
import socket
import struct
import unittest

from mailprotod import DISK_GATE, TIMEOUT, wait_until
from mailprotod_case import ALICE, BODY, SENDER, Case, main, read


@unittest.skipUnless(DISK_GATE, "$DISK_GATE_LIBRARY names no library")
class Disk(Case):
    def begin(self, server):
        """A session up to the 354 of DATA."""
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA"):
            smtp.ask(command)
        return smtp

    def test_slow_disk(self):
        """What a disk does not take yet waits in the network, not in memory."""
        sessions = 48
        server = self.serve(limits="sessions_per_address = 100")
        server.gated()
        content = b"0123456789abcde\r\n" * 200000
        lines = [self.begin(server) for _ in range(sessions)]
        before = server.memory()
        server.gate("wait")
        left = {line.socket: memoryview(content) for line in lines}
        for sender in left:
            sender.setblocking(False)
        while True:
            writable = select.select([], list(left), [], 0.2)[1]
            if not writable:
                break
            for sender in writable:
                left[sender] = left[sender][sender.send(left[sender][:100000]):]
                self.assertTrue(left[sender], "a message went into memory whole")
        self.assertLess((server.memory() - before) / sessions, 65536)
        server.gate("")
        for line in lines:
            line.socket.settimeout(TIMEOUT)
            line.socket.sendall(left[line.socket])
            self.assertRegex(line.ask("."), "^250 ")
        self.assertEqual(len(server.files("alice")), sessions)
        for path in server.files("alice"):
            self.assertTrue(read(path).endswith(b"\r\n" + content))

    def test_others_are_served_meanwhile(self):
        server = self.serve()
        server.gated()
        server.gate("wait")
        first = self.begin(server)
        first.say("Subject: x\r\n\r\nx\r\n.")
        other = self.line(server, "smtp")
        self.assertRegex(other.reply(), "^220 ")
        self.assertRegex(other.ask("NOOP"), "^250 ")
        server.gate("")
        self.assertRegex(first.reply(), "^250 ")

    def test_full_disk(self):
        """RFC 3463 3.4: 4.3.1; at the end of a small message, in the middle of a large one, for LMTP each."""
        server = self.serve()
        server.gated()
        server.gate("full")
        for size in (10, 1000000):
            smtp = self.begin(server)
            smtp.socket.sendall(b"0123456789\r\n" * (size // 12))
            self.assertRegex(smtp.ask("."), r"^452 4\.3\.1 ")
            self.assertRegex(smtp.ask("NOOP"), "^250 ")
        lmtp = self.line(server, "lmtp")
        lmtp.reply()
        for command in ("LHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>",
                        "RCPT TO:<bob@example.test>", "DATA"):
            lmtp.ask(command)
        self.assertRegex(lmtp.ask("x\r\n."), r"^452 4\.3\.1 ")
        self.assertRegex(lmtp.reply(), r"^452 4\.3\.1 ")
        wait_until(lambda: not server.files("alice", "tmp"), "tmp is empty")
        self.assertEqual((server.files("alice"), server.files("bob")), ([], []))
        server.gate("")
        self.smtp(server).sendmail(SENDER, [ALICE], BODY)

    def test_gone_while_the_disk_works(self):
        """Who is not there to hear the answer sends again; what was stored stays (RFC 1047)."""
        server = self.serve()
        server.gated()
        server.gate("wait")
        smtp = self.begin(server)
        smtp.say("Subject: x\r\n\r\nx\r\n.")
        wait_until(lambda: server.files("alice", "tmp"), "the file is begun")
        smtp.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        smtp.close()
        server.wait_for_log("nobody is left to be told")
        server.gate("")
        wait_until(lambda: server.files("alice"), "it is delivered")

    def test_end_waits_for_the_disk(self):
        server = self.serve(limits="shutdown_time = 1h")
        server.gated()
        server.gate("wait")
        smtp = self.begin(server)
        smtp.say("Subject: x\r\n\r\nx\r\n.")
        wait_until(lambda: server.files("alice", "tmp"), "the file is begun")
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("ending: 1 session")
        server.gate("")
        self.assertRegex(smtp.reply(), "^250 ")
        self.assertRegex(smtp.reply(), "^421 ")
        smtp.close()
        self.assertEqual(server.end(0), 0)
        self.assert_one(server, "alice", b"\r\nx\r\n")


if __name__ == "__main__":
    main()
