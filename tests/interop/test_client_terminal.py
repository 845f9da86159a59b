"""mailproto shows how far a long transfer is, on a terminal only."""

import os
import pty
import socket
import subprocess
import threading

import harness
from client import ClientCase, url


class SlowServer:
    """An SMTP server that reads a message a little at a time until it is told to hurry."""

    def __init__(self):
        self.hurry = threading.Event()
        self.received = 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind((harness.HOST, 0))
        self.listener.listen(1)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def _serve(self):
        connection, _ = self.listener.accept()
        connection.settimeout(harness.RUN_TIMEOUT)
        with connection, connection.makefile("rb") as lines:
            def say(text):
                connection.sendall(text + b"\r\n")

            say(b"220 slow.example.test")
            for line in lines:
                verb = line[:4].upper().strip()
                if verb == b"DATA":
                    say(b"354 Go on")
                    self._read_message(lines)
                say(b"221 Bye" if verb == b"QUIT" else b"250 Fine")
                if verb == b"QUIT":
                    return

    def _read_message(self, lines):
        for line in lines:
            self.received += len(line)
            if line == b".\r\n":
                return
            # A line in 10 ms as long as nothing was seen, but not for ever.
            self.hurry.wait(0.01 if self.received < 200_000 else 0)

    def stop(self):
        self.hurry.set()
        self.listener.close()


class Terminal(ClientCase):
    def test_progress_is_shown(self):
        server = self.peer(SlowServer())
        text = harness.message("terminal", harness.big_body(20_000_000))
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [harness.program("MAILPROTO"), "send", url("smtp", server.port),
             "--from", "bob@example.test", "--to", "alice@example.test",
             self.folder.file("outgoing", text)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave,
            env={**os.environ, "TERM": "xterm"})
        self.addCleanup(harness.stop_process, process)
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the program has closed its end
                break
            if not piece:
                break
            shown += piece
            if b"%" in shown:
                server.hurry.set()
        os.close(master)
        self.assertEqual(process.wait(harness.RUN_TIMEOUT), 0, shown)
        self.assertIn(b"%", shown)
        self.assertGreater(server.received, len(text))

    def test_progress_is_not_shown_elsewhere(self):
        server = self.peer(SlowServer())
        server.hurry.set()
        text = harness.message("terminal", harness.big_body(20_000_000))
        result = self.assertRan(self.send(url("smtp", server.port), ["alice@example.test"], text))
        self.assertNotIn("\r", result.out + result.err)
        self.assertNotIn("%", result.err)


if __name__ == "__main__":
    harness.main()
