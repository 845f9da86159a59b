"""SMTP and POP3 servers for tests of clients: scripted, on a free port of 127.0.0.1, in a thread of the test."""

import base64
import socket
import threading
import time

HOST = "127.0.0.1"
TIMEOUT = 60


def wait_until(condition):
    """Waits for a true value of the condition and returns it; a false one if it never comes."""
    end = time.monotonic() + TIMEOUT
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.005)
    return value


class Cut(Exception):
    """The server ends the connection here."""


class Peer:
    """Serves one connection after the other until it is stopped; what failed in its thread fails the test in stop()."""

    family = socket.AF_INET
    host = HOST
    context = None  # of TLS (ssl.SSLContext), or
    implicit = False  # TLS from the beginning

    def __init__(self):
        self.listener = socket.socket(self.family)
        self.listener.bind(self.place())
        self.listener.listen(8)
        self.address = self.listener.getsockname()
        self.port = self.address[1]
        self.log = []  # lines from the client, over all connections
        self.before_tls = None  # how many of them came in clear text
        self.tls_failures = []
        self.connections = 0
        self.failure = None
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                self.socket, _ = self.listener.accept()
            except OSError:
                return
            if self.stopping:
                self.socket.close()
                return
            self.connections += 1
            self.socket.settimeout(TIMEOUT)
            self.lines = self.socket.makefile("rb")
            try:
                if self.implicit:
                    self.begin_tls()
                self.serve()
            except (Cut, OSError):
                pass
            except Exception as failure:  # told in stop()
                self.failure = failure
            finally:
                self.lines.close()
                self.socket.close()

    def begin_tls(self):
        self.lines.close()
        self.before_tls = len(self.log)
        try:
            self.socket = self.context.wrap_socket(self.socket, server_side=True)
        except OSError as failure:
            self.tls_failures.append(str(failure))
            raise
        finally:
            self.lines = self.socket.makefile("rb")

    def place(self):
        return self.host, 0

    def stop(self):
        self.stopping = True
        with socket.socket(self.family) as last:
            last.settimeout(1)
            try:
                last.connect(self.address)
            except OSError:
                pass
        self.listener.close()
        self.thread.join(TIMEOUT)
        if self.failure is not None:
            raise self.failure

    def say(self, text):
        data = text.encode() if isinstance(text, str) else text
        self.socket.sendall(data + b"\r\n")

    def hear(self):
        """The next line, without its line end; b'' is the client's end."""
        line = self.lines.readline()
        if not line:
            raise Cut
        assert line.endswith(b"\r\n"), line
        self.log.append(line[:-2].decode(errors="surrogateescape"))
        return self.log[-1]

    def said(self, verb):
        """The lines the client sent that begin so."""
        return [line for line in self.log if line.upper().startswith(verb.upper())]


class Smtp(Peer):
    """An SMTP or LMTP server.

    keywords: of EHLO; refuse: {recipient: reply}; limit: recipients a transaction takes, the next get too_many;
    end: the reply to the message, Cut for none, or a list with one for each transaction (LMTP: a dict by recipient);
    users: {name: password}, AUTH is needed then.
    """

    def __init__(self, keywords=("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"), refuse=None, limit=None,
                 too_many="452 4.5.3 Too many recipients", end="250 2.0.0 Kept", users=None,
                 greeting="220 mx.example.test", mail="250 2.1.0 Sender is fine", lmtp=False, stop_at=None):
        self.keywords, self.refuse, self.limit, self.too_many = keywords, refuse or {}, limit, too_many
        self.end, self.users, self.greeting, self.mail, self.lmtp = end, users, greeting, mail, lmtp
        self.stop_at = stop_at  # a verb before whose reply the connection is cut
        self.messages = []  # (sender, [recipients], octets) of each transaction whose end was seen
        super().__init__()

    def serve(self):
        self.say(self.greeting)
        self.sender, self.recipients, self.data = None, [], b""
        while True:
            line = self.hear()
            verb, _, rest = line.partition(" ")
            if verb == self.stop_at:
                raise Cut
            getattr(self, "on_" + verb.lower(), self.on_other)(rest)

    def on_other(self, rest):
        self.say("250 2.0.0 Fine")

    def on_ehlo(self, rest):
        words = ["mx.example.test at your service", *self.keywords]
        if self.users is not None:
            words.append("AUTH PLAIN LOGIN")
        for n, word in enumerate(words):
            self.say("250%s%s" % ("-" if n + 1 < len(words) else " ", word))

    on_lhlo = on_ehlo

    def on_starttls(self, rest):
        self.say("220 2.0.0 go ahead")
        if self.context:
            self.begin_tls()
            self.keywords = [word for word in self.keywords if word != "STARTTLS"]

    def challenge(self, text):
        self.say(b"334 " + base64.b64encode(text))
        return base64.b64decode(self.lines.readline())

    def on_auth(self, rest):
        mechanism, _, initial = rest.partition(" ")
        if mechanism == "PLAIN":
            _, name, password = base64.b64decode(initial).split(b"\0")
        else:
            name, password = self.challenge(b"User Name"), self.challenge(b"Password")
        fine = self.users.get(name.decode()) == password.decode()
        self.say("235 2.7.0 Welcome" if fine else "535 5.7.8 That is not you")

    def on_mail(self, rest):
        if self.mail.startswith("2"):
            self.sender = rest[rest.index("<") + 1:rest.index(">")]
            self.recipients = []
        self.say(self.mail)

    def on_rcpt(self, rest):
        name = rest[rest.index("<") + 1:rest.index(">")]
        if self.sender is None:
            self.say("503 5.5.1 MAIL first")
        elif name in self.refuse:
            self.say(self.refuse[name])
        elif self.limit is not None and len(self.recipients) >= self.limit:
            self.say(self.too_many)
        else:
            self.recipients.append(name)
            self.say("250 2.1.5 Recipient is fine")

    def on_data(self, rest):
        if not self.recipients:
            self.say("554 5.5.1 No recipients")
            return
        self.say("354 Go on")
        data = []
        while True:
            line = self.lines.readline()
            if not line:
                raise Cut
            if line == b".\r\n":
                break
            data.append(line[1:] if line.startswith(b".") else line)
        self.data = b"".join(data)
        self.message_end()

    def on_bdat(self, rest):
        size, _, last = rest.partition(" ")
        self.data += self.lines.read(int(size))
        if last:
            self.message_end()
        else:
            self.say("250 2.0.0 Chunk")

    def message_end(self):
        end = self.end[len(self.messages)] if isinstance(self.end, list) else self.end
        self.messages.append((self.sender, self.recipients, self.data))
        if end is Cut:
            raise Cut
        for name in self.recipients if self.lmtp else [None]:
            said = end.get(name, "250 2.0.0 Kept") if isinstance(end, dict) else end
            if said is Cut:
                raise Cut
            self.say(said)
        self.sender, self.recipients, self.data = None, [], b""

    def on_rset(self, rest):
        self.sender, self.recipients, self.data = None, [], b""
        self.say("250 2.0.0 Fine")

    def on_quit(self, rest):
        self.say("221 2.0.0 Bye")
        raise Cut


class Pop3(Peer):
    """A POP3 server with one maildrop: messages is a list of (unique id, octets with CRLF).

    capabilities: None for a server without CAPA; refuse: {verb or "VERB ARGUMENT": response};
    cut: (message number, octets) after which the connection ends; quit_reply: None for none.
    """

    def __init__(self, messages=(), users=None,
                 capabilities=("TOP", "UIDL", "USER", "SASL PLAIN", "RESP-CODES", "PIPELINING"),
                 refuse=None, cut=None, quit_reply="+OK Bye"):
        self.messages = list(messages)
        self.users = users or {"bob@example.test": "secret"}
        self.capabilities, self.refuse, self.cut, self.quit_reply = capabilities, refuse or {}, cut, quit_reply
        super().__init__()

    def serve(self):
        self.deleted = set()
        self.name = None
        self.say("+OK pop.example.test")
        while True:
            line = self.hear()
            verb, _, rest = line.partition(" ")
            said = self.refuse.get(line, self.refuse.get(verb))
            if said is Cut:
                raise Cut
            if said is not None:
                self.say(said)
                continue
            getattr(self, "on_" + verb.lower(), self.on_other)(rest)

    def on_other(self, rest):
        self.say("-ERR what is that")

    def on_stls(self, rest):
        self.say("+OK begin")
        if self.context:
            self.begin_tls()
            self.capabilities = [word for word in self.capabilities if word != "STLS"]

    def listing(self, lines):
        self.socket.sendall(b"+OK\r\n" + b"".join(line.encode() + b"\r\n" for line in lines) + b".\r\n")

    def on_capa(self, rest):
        if self.capabilities is None:
            self.say("-ERR what is that")
        else:
            self.listing(self.capabilities)

    def login(self, name, password):
        fine = self.users.get(name) == password
        self.say("+OK welcome" if fine else "-ERR [AUTH] that is not you")

    def on_auth(self, rest):
        _, _, initial = rest.partition(" ")
        if not initial:
            self.say("+ ")
            initial = self.lines.readline().decode().strip()
        _, name, password = base64.b64decode(initial).decode().split("\0")
        self.login(name, password)

    def on_user(self, rest):
        self.name = rest
        self.say("+OK and")

    def on_pass(self, rest):
        self.login(self.name, rest)

    def there(self):
        return [(n, uid, text) for n, (uid, text) in enumerate(self.messages, 1) if n not in self.deleted]

    def one(self, number):
        found = [m for m in self.there() if str(m[0]) == number]
        if not found:
            self.say("-ERR no such message")
        return found[0] if found else None

    def on_stat(self, rest):
        there = self.there()
        self.say("+OK %d %d" % (len(there), sum(len(m[2]) for m in there)))

    def on_list(self, rest):
        if not rest:
            self.listing("%d %d" % (n, len(text)) for n, _, text in self.there())
        elif found := self.one(rest):
            self.say("+OK %d %d" % (found[0], len(found[2])))

    def on_uidl(self, rest):
        if not rest:
            self.listing("%d %s" % (n, uid) for n, uid, _ in self.there())
        elif found := self.one(rest):
            self.say("+OK %d %s" % (found[0], found[1]))

    def send_text(self, number, text):
        lines = text.split(b"\r\n")
        assert lines.pop() == b""
        stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
        if self.cut and self.cut[0] == number:
            self.socket.sendall(stuffed[:self.cut[1]])
            raise Cut
        self.socket.sendall(stuffed + b".\r\n")

    def on_retr(self, rest):
        if found := self.one(rest):
            self.say("+OK %d octets" % len(found[2]))
            self.send_text(found[0], found[2])

    def on_top(self, rest):
        number, _, count = rest.partition(" ")
        if found := self.one(number):
            head, _, body = found[2].partition(b"\r\n\r\n")
            self.say("+OK")
            self.send_text(None, head + b"\r\n\r\n" + b"".join(body.splitlines(True)[:int(count)]))

    def on_dele(self, rest):
        if found := self.one(rest):
            self.deleted.add(found[0])
            self.say("+OK gone")

    def on_quit(self, rest):
        if self.quit_reply is None:
            raise Cut
        if self.quit_reply.startswith("+OK"):
            self.messages = [(uid, text) for _, uid, text in self.there()]
        self.say(self.quit_reply)
        raise Cut
