"""examples/openssl/submit against a server with Python's TLS: implicit and by STARTTLS, and whom it does not send to.

usage: test_submit.py SUBMIT MAKE_CERTIFICATES
"""

import os
import socket
import ssl
import subprocess
import sys
import threading
import unittest

SUBMIT, MAKE_CERTIFICATES = sys.argv[1:3]
MESSAGE = b"From: a@example.test\r\nSubject: in TLS\r\n\r\n.a line with a dot\r\nand the end\r\n"


class Server(threading.Thread):
    """One connection: what came as message, after how much of TLS."""

    def __init__(self, certificate, implicit, starttls=True, least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.TLSv1_3):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version, self.context.maximum_version = least, most
        self.context.load_cert_chain(certificate)
        self.implicit, self.starttls = implicit, starttls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(60)
        self.port = self.listener.getsockname()[1]
        self.message, self.commands, self.version = None, [], None
        self.start()

    def run(self):
        with self.listener:
            connection, _ = self.listener.accept()
        connection.settimeout(60)
        try:
            if self.implicit:
                connection = self.secure(connection)
            self.talk(connection)
        except OSError:
            pass  # the client refused
        finally:
            connection.close()

    def secure(self, connection):
        connection = self.context.wrap_socket(connection, server_side=True)
        self.version = connection.version()
        return connection

    def talk(self, connection, greeting=b"220 mx.example.test ESMTP\r\n"):
        lines = connection.makefile("rb")
        connection.sendall(greeting)
        for line in lines:
            word = line.split()[0].upper()
            self.commands.append((word, self.version is not None))
            if word == b"EHLO":
                offer = self.starttls and not self.version
                connection.sendall(b"250-mx.example.test\r\n250-STARTTLS\r\n250 8BITMIME\r\n" if offer
                                   else b"250-mx.example.test\r\n250 8BITMIME\r\n")
            elif word == b"STARTTLS":
                connection.sendall(b"220 go ahead\r\n")
                with self.secure(connection) as secured:
                    self.talk(secured, greeting=b"")
                return
            elif word == b"DATA":
                connection.sendall(b"354 go on\r\n")
                self.message = b"".join(iter(lines.readline, b".\r\n"))
                connection.sendall(b"250 2.0.0 taken\r\n")
            elif word == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 2.0.0 yes\r\n")


class Submit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.maker = subprocess.Popen([MAKE_CERTIFICATES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.folder = cls.maker.stdout.readline().strip()

    @classmethod
    def tearDownClass(cls):
        cls.maker.communicate(timeout=60)

    def certificate(self, name):
        return os.path.join(self.folder, name + ".pem")

    def submit(self, server, *options, trust="ca", host="127.0.0.1"):
        trusted = ["--trust", self.certificate(trust)]
        result = subprocess.run([SUBMIT, *options, *trusted, host, str(server.port), "a@example.test", "b@example.test"],
                                input=MESSAGE, stderr=subprocess.PIPE, timeout=60)
        server.join(60)
        self.assertFalse(server.is_alive())
        return result.returncode, result.stderr.decode()

    def test_sent(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for options in ([], ["--starttls"]):
                with self.subTest(version=version, options=options):
                    server = Server(self.certificate("server"), not options, least=version, most=version)
                    status, said = self.submit(server, *options)
                    self.assertEqual((status, said), (0, "250 taken\n"))
                    self.assertEqual(server.message, MESSAGE.replace(b"\r\n.a", b"\r\n..a"))
                    self.assertEqual(server.version, "TLSv1.2" if version == ssl.TLSVersion.TLSv1_2 else "TLSv1.3")
                    self.assertEqual([word for word, secure in server.commands if not secure],
                                     [b"EHLO", b"STARTTLS"] if options else [])

    def test_not_sent(self):
        for options in ([], ["--starttls"]):
            for certificate, trust, sentence in (
                    ("server", "stranger", "the certificate of imap.example.test is signed by nobody that is trusted"),
                    ("expired", "ca", "the certificate of imap.example.test expired on 2020-01-31"),
                    ("second", "ca", "the certificate is for pop.example.test, not for 127.0.0.1")):
                with self.subTest(options=options, certificate=certificate, trust=trust):
                    server = Server(self.certificate(certificate), not options)
                    status, said = self.submit(server, *options, trust=trust)
                    self.assertEqual((status, said), (1, "not sent: %s\n" % sentence))
                    self.assertIsNone(server.message)

    def test_no_tls(self):
        server = Server(self.certificate("server"), False, starttls=False)
        status, _ = self.submit(server, "--starttls")
        self.assertEqual(status, 1)
        self.assertIsNone(server.message)
        self.assertNotIn(b"MAIL", [word for word, _ in server.commands])
        server = Server(self.certificate("server"), False)
        status, said = self.submit(server)
        self.assertEqual((status, said), (1, "not sent: what the peer sends is not TLS\n"))

    def test_words(self):
        result = subprocess.run([SUBMIT, "one"], stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"usage: submit", result.stderr)
        result = subprocess.run([SUBMIT, "--trust", "/nowhere.pem", "127.0.0.1", "1", "a", "b"], stderr=subprocess.PIPE,
                                timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"submit: no certificate to trust can be read from /nowhere.pem", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
