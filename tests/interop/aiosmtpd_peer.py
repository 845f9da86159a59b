"""aiosmtpd as a peer: SMTP without PIPELINING and CHUNKING; a test decides its answers."""

import harness
import packages

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult
except ImportError:
    Controller = None


class AioSmtpd:
    """Keeps what it received in `envelopes`; runs in a thread of this process.

    refuse: {recipient: reply}; recipient_limit: how many a transaction may have, the next gets 452;
    end: the reply to the message, None for one that never comes because the connection is cut.
    """

    def __init__(self, refuse=None, recipient_limit=None, end="250 2.0.0 Kept", users=None,
                 smtputf8=True, size_limit=0):
        self.refuse = refuse or {}
        self.recipient_limit = recipient_limit
        self.end = end
        self.users = users
        self.smtputf8 = smtputf8
        self.size_limit = size_limit
        self.envelopes = []
        self.logins = []
        self.controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuse:
            return self.refuse[address]
        if self.recipient_limit is not None and len(envelope.rcpt_tos) >= self.recipient_limit:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient is fine"

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        if self.end is None:
            server.transport.abort()
            return "250 2.0.0 Nobody hears this"
        return self.end

    def _authenticate(self, server, session, envelope, mechanism, data):
        login, password = data.login.decode(), data.password.decode()
        self.logins.append((mechanism, login))
        # Not handled: aiosmtpd is to send the reply.
        return AuthResult(success=self.users.get(login) == password, handled=False)

    def start(self):
        if Controller is None:
            raise packages.Unavailable("python3-aiosmtpd is not installed for this Python")
        self.port = harness.free_port()
        options = {}
        if self.users is not None:
            options = {"authenticator": self._authenticate, "auth_require_tls": False,
                       "auth_required": True}
        self.controller = Controller(
            self, hostname=harness.HOST, port=self.port, server_hostname="aiosmtpd.example.test",
            enable_SMTPUTF8=self.smtputf8, data_size_limit=self.size_limit, **options)
        self.controller.start()
        return self

    def stop(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None
