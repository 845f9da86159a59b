"""The GNU SASL tool as the server of a login: an SMTP server whose AUTH is `gsasl --server`."""

import base64
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import harness  # noqa: E402
from mail_peers import Smtp  # noqa: E402


class GsaslSmtp(Smtp):
    """Offers these mechanisms, which are SCRAM; the password of everybody is `secret`.

    context: of TLS 1.2, whose tls-unique is what the tool knows and Python can tell it; change: what is made of it first.
    """

    def __init__(self, mechanisms, context=None, change=lambda binding: binding, **options):
        self.context, self.change = context, change
        super().__init__(keywords=["PIPELINING", "AUTH " + " ".join(mechanisms), *(["STARTTLS"] if context else [])], **options)

    def on_auth(self, rest):
        mechanism, _, said = rest.partition(" ")
        binding = None
        if mechanism.endswith("-PLUS"):
            binding = base64.b64encode(self.change(self.socket.get_channel_binding("tls-unique"))).decode()
        process = subprocess.Popen(
            [harness.need_tool("gsasl"), "--server", "--quiet", "--mechanism", mechanism, "--password", harness.PASSWORD,
             # it asks for a channel binding if it is told neither
             "--service", "smtp", *([] if binding else ["--no-cb", "--hostname", "mx.example.test"])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        try:
            fine = self.converse(process, said, binding)
        finally:
            if not process.stdin.closed:
                process.stdin.close()
            process.stdout.close()
            process.kill()
            process.wait(10)
        self.authenticated = fine
        self.say("235 2.7.0 Welcome" if fine else "535 5.7.8 Not you")

    def converse(self, process, said, binding):
        """Lines of base64, both ways: the client's first, a challenge, its proof, the server's; and its verdict."""
        process.stdout.readline()  # the mechanism
        process.stdout.readline()  # and that the client begins
        for _ in range(2):
            process.stdin.write(said + "\n")
            process.stdin.flush()
            if binding:
                self.bind(process, binding)
                binding = None
            challenge = process.stdout.readline().strip()
            if not challenge:
                return False
            self.say("334 " + challenge)
            said = self.lines.readline().decode().strip()
        process.stdin.write("\n")  # behind its last word it waits for data to pass through
        process.stdin.close()
        return process.wait(10) == 0

    @staticmethod
    def bind(process, binding):
        """Answers the question for the channel binding, which has no line end."""
        asked = ""
        while not asked.endswith("tls-unique channel binding: "):
            more = process.stdout.read(1)
            if not more:
                return
            asked += more
        process.stdin.write(binding + "\n")
        process.stdin.flush()
