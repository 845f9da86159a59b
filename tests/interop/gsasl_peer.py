"""The GNU SASL tool as the server of a login: an SMTP server whose AUTH is `gsasl --server`."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import harness  # noqa: E402
from mail_peers import Smtp  # noqa: E402


class GsaslSmtp(Smtp):
    """Offers these mechanisms, which are SCRAM without a channel binding; the password of everybody is `secret`."""

    def __init__(self, mechanisms, **options):
        self.mechanisms = mechanisms
        self.users = None
        super().__init__(keywords=["PIPELINING", "AUTH " + " ".join(mechanisms)], **options)

    def on_auth(self, rest):
        mechanism, _, said = rest.partition(" ")
        process = subprocess.Popen(
            [harness.need_tool("gsasl"), "--server", "--quiet", "--no-cb", "--mechanism", mechanism, "--password",
             harness.PASSWORD, "--service", "smtp", "--hostname", "mx.example.test"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        try:
            fine = self.converse(process, said)
        finally:
            if not process.stdin.closed:
                process.stdin.close()
            process.stdout.close()
            process.kill()
            process.wait(10)
        self.authenticated = fine
        self.say("235 2.7.0 Welcome" if fine else "535 5.7.8 Not you")

    def converse(self, process, said):
        """Lines of base64, both ways: the client's first, a challenge, its proof, the server's; and its verdict."""
        process.stdout.readline()  # the mechanism
        process.stdout.readline()  # and that the client begins
        for _ in range(2):
            process.stdin.write(said + "\n")
            process.stdin.flush()
            challenge = process.stdout.readline().strip()
            if not challenge:
                return False
            self.say("334 " + challenge)
            said = self.lines.readline().decode().strip()
        process.stdin.write("\n")  # behind its last word it waits for data to pass through
        process.stdin.close()
        return process.wait(10) == 0
