"""Running `mailproto`, the example client, in a test."""

import base64
import json

import harness

FROM = "sender@client.example.test"

# The exit codes that `mailproto --help` documents.
ALL, SOME, USAGE, TEMPORARY, REFUSED, UNKNOWN, LOGIN, LOCAL, TLS = range(9)


class ClientCase(harness.Case):
    tls = ()  # options of TLS that every call gets

    def peer(self, server):
        """Starts a peer of this test's own and has it stopped at the end."""
        self.addCleanup(server.stop)
        try:
            return server.start()
        except harness.packages.Unavailable as reason:
            self.skipTest(str(reason))

    def mailproto(self, *arguments, stdin=b""):
        return harness.run([harness.program("MAILPROTO"), *arguments], stdin=stdin)

    def password(self, text=harness.PASSWORD):
        return self.folder.file("password", text + "\n")

    def send(self, url, recipients, text, *options, sender=FROM):
        """`mailproto send` with the message in a file, which has LF line ends as files do."""
        arguments = ["send", url, "--from", sender]
        for name in recipients:
            arguments += ["--to", name]
        return self.mailproto(*arguments, *self.tls, *options, self.folder.file("outgoing", text))

    def login(self, user="alice", password=harness.PASSWORD):
        return ["--user", user, "--password-file", self.password(password)]

    def pop3(self, port, *command, user="alice", password=harness.PASSWORD):
        return self.mailproto("pop3", "pop3://%s@%s:%d" % (user, harness.HOST, port), *command, *self.tls,
                              "--password-file", self.password(password))

    def assertFailed(self, result, status, *said):
        """It ended with this status, and said these things to the person at the terminal."""
        self.assertEqual(result.status, status, str(result))
        for text in said:
            self.assertIn(text, result.out + result.err, str(result))

    def assertHidden(self, result, user="alice", password=harness.PASSWORD):
        """No form of the password is in what the program printed."""
        for secret in (password, base64.b64encode(password.encode()).decode(),
                       base64.b64encode(b"\0%b\0%b" % (user.encode(), password.encode())).decode()):
            self.assertNotIn(secret, result.out + result.err)

    def json(self, result):
        """What --json printed: one value, or one a line."""
        try:
            return json.loads(result.out)
        except ValueError:
            return [json.loads(line) for line in result.out.splitlines()]


def url(scheme, port):
    return "%s://%s:%d" % (scheme, harness.HOST, port)
