"""How a configuration of mailprotod has a password: as keys of SCRAM (RFC 5803), computed here by other means than its own."""

import base64
import functools
import hashlib
import hmac
import os
import subprocess


def scram_keys(password, name="sha256", iterations=4096):
    """The value of a line `keys =`."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations)
    client, server = (hmac.new(salted, word, name).digest() for word in (b"Client Key", b"Server Key"))
    return "SCRAM-%s$%d:%s$%s:%s" % ({"sha256": "SHA-256", "sha1": "SHA-1"}[name], iterations, *(
        base64.b64encode(octets).decode() for octets in (salt, hashlib.new(name, client).digest(), server)))


@functools.lru_cache(None)
def has_tls(program):
    """Whether this mailprotod or mailproto was built with mbedTLS."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30)
    return "without TLS" not in done.stdout


@functools.lru_cache(None)
def secret_line(program, password="secret"):
    """The line of a user: a mailprotod without mbedTLS can compute no keys, and takes passwords as they are."""
    return "keys = " + scram_keys(password) if has_tls(program) else "password = " + password
