"""SCRAM (RFC 5802, RFC 7677) as a client says it, by the standard library alone: a peer that is not the library under test."""

import base64
import hashlib
import hmac
import os


def _b64(octets):
    return base64.b64encode(octets).decode()


class ScramClient:
    """first(), then final(challenge), then verify(last)."""

    def __init__(self, user, password, name="sha256", binding=None, flag=None):
        """binding: (its type, its octets) for -PLUS; flag: what is said of bindings instead of what is true."""
        self.user, self.password, self.name = user, password, name
        self.gs2 = (flag or ("p=%s" % binding[0] if binding else "n")) + ",,"
        self.bound = binding[1] if binding and not flag else b""
        self.nonce = _b64(os.urandom(18))

    def first(self):
        self.first_bare = "n=%s,r=%s" % (self.user.replace("=", "=3D").replace(",", "=2C"), self.nonce)
        return (self.gs2 + self.first_bare).encode()

    def _hmac(self, key, text):
        return hmac.new(key, text, self.name).digest()

    def final(self, challenge):
        challenge = challenge.decode()
        parts = dict(part.split("=", 1) for part in challenge.split(","))
        assert parts["r"].startswith(self.nonce) and parts["r"] != self.nonce, challenge
        salted = hashlib.pbkdf2_hmac(self.name, self.password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
        without = "c=%s,r=%s" % (_b64(self.gs2.encode() + self.bound), parts["r"])
        said = ",".join((self.first_bare, challenge, without)).encode()
        key = self._hmac(salted, b"Client Key")
        signature = self._hmac(hashlib.new(self.name, key).digest(), said)
        self.server_signature = self._hmac(self._hmac(salted, b"Server Key"), said)
        return (without + ",p=" + _b64(bytes(a ^ b for a, b in zip(key, signature)))).encode()

    def verify(self, last):
        return last == b"v=" + _b64(self.server_signature).encode()
