"""Ports of 127.0.0.1 for the servers of tests: nothing listens there, below those that outgoing connections are given."""

import random
import socket
import sys

HOST = "127.0.0.1"
_marks = []


def can_bind(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((HOST, port))
        except OSError:
            return False
    return True


def _mark(port):
    """The name of an abstract socket keeps the port from tests that run at the same time, until this one ends."""
    if sys.platform != "linux":
        return True
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind("\0mailproto-port-%d" % port)
    except OSError:
        mark.close()
        return False
    _marks.append(mark)
    return True


def free_port():
    while True:
        port = random.randrange(11000, 20000)
        if _mark(port) and can_bind(port):
            return port
