"""Certificates of a test's own, made by the openssl program: an authority, and what it signs."""

import os
import shutil
import subprocess
import unittest

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(*words):
    if shutil.which("openssl") is None:
        raise unittest.SkipTest("openssl is not installed, which makes the certificates")
    done = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError("openssl %s\n%s" % (" ".join(words), done.stderr))
    return done.stdout


class Authority:
    """Who signs. `file` is its own certificate: whom to trust."""

    def __init__(self, folder, name="Test Authority"):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.file, self.key = os.path.join(folder, "ca.pem"), os.path.join(folder, "ca-key.pem")
        _openssl("req", "-x509", *KEY, "-keyout", self.key, "-out", self.file, "-days", "30", "-subj", "/CN=" + name,
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, folder, names, days=30, usage="serverAuth", signed=True):
        """certificate.pem and key.pem in a folder, for names such as DNS:localhost, IP:127.0.0.1, email:a@example.test."""
        os.makedirs(folder, exist_ok=True)
        paths = {name: os.path.join(folder, name) for name in ("certificate.pem", "key.pem", "request", "extensions")}
        subject = names[0].split(":", 1)[1]
        with open(paths["extensions"], "w", encoding="ascii") as f:
            f.write("subjectAltName = %s\nextendedKeyUsage = %s\n" % (",".join(names), usage))
        _openssl("req", "-new", *KEY, "-keyout", paths["key.pem"], "-out", paths["request"], "-subj", "/CN=" + subject)
        by = ["-CA", self.file, "-CAkey", self.key, "-CAcreateserial"] if signed else ["-signkey", paths["key.pem"]]
        _openssl("x509", "-req", "-in", paths["request"], "-out", paths["certificate.pem"], "-days", str(days),
                 "-extfile", paths["extensions"], *by)
        return folder


def fingerprint(path):
    """The SHA-256 of a certificate, 64 small hexadecimal digits."""
    return _openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256").split("=")[1].strip().replace(":", "").lower()


def describe(path):
    """A certificate in words."""
    return _openssl("x509", "-in", path, "-noout", "-text")
