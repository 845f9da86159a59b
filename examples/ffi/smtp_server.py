#!/usr/bin/python3
"""An SMTP server session on standard input and output, by cffi from the public headers: callbacks.

usage: smtp_server.py LIBRARY INCLUDE-FOLDER >REPLIES <COMMANDS     (try: swaks --pipe "smtp_server.py ...")
Messages that arrive are shown on standard error.
"""

import os
import subprocess
import sys
import time

from cffi import FFI

HEADERS = ("base", "session", "crypto", "sasl", "smtp", "smtp_server")


if len(sys.argv) != 3:
    sys.exit(__doc__)


def declarations(folder):
    """The headers as cffi reads them: preprocessed, without what they include."""
    text = "".join(open(f"{folder}/mailproto/{name}.h", encoding="utf-8").read() for name in HEADERS)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#include"))
    return subprocess.run(["cc", "-E", "-P", "-DMAILPROTO_API=", "-"], input=text, stdout=subprocess.PIPE,
                          text=True, check=True).stdout


ffi = FFI()
ffi.cdef(declarations(sys.argv[2]))
lib = ffi.dlopen(sys.argv[1])


@ffi.callback("int32_t(mailproto_smtp_server *, const mailproto_smtp_rcpt *, void *)", error=-12)
def on_rcpt(server, rcpt, user):
    return lib.mailproto_smtp_server_accept(server, rcpt.head.token)


@ffi.callback("int32_t(mailproto_smtp_server *, const mailproto_smtp_body *, void *)", error=-12)
def on_body(server, body, user):
    os.write(2, ffi.buffer(body.bytes.ptr, body.bytes.len)[:])
    return 0


@ffi.callback("int32_t(mailproto_smtp_server *, const mailproto_smtp_message_end *, void *)", error=-12)
def on_message_end(server, end, user):
    return lib.mailproto_smtp_server_reply(server, end.head.token, 250, b"2.0.0", 5, b"shown", 5)


def main():
    hostname = ffi.new("char[]", b"mx.example.test")
    config = ffi.new("mailproto_smtp_server_config *", {"struct_size": ffi.sizeof("mailproto_smtp_server_config")})
    config.hostname.ptr, config.hostname.len = hostname, len(hostname) - 1
    table = ffi.new("mailproto_smtp_server_callbacks *", {
        "struct_size": ffi.sizeof("mailproto_smtp_server_callbacks"),
        "on_rcpt": on_rcpt, "on_body": on_body, "on_message_end": on_message_end})
    out = ffi.new("mailproto_smtp_server **")
    if lib.mailproto_smtp_server_new(out, config, table, ffi.NULL, ffi.NULL, ffi.NULL):
        sys.exit("no session")
    session = lib.mailproto_smtp_server_session(out[0])
    consumed, length, buffer = ffi.new("size_t *"), ffi.new("size_t *"), ffi.new("char[4096]")
    received, ended = b"", False
    while not lib.mailproto_session_wants(session) & lib.MAILPROTO_WANTS_CLOSE:
        now = time.monotonic_ns() // 1000000
        if lib.mailproto_session_deadline(session) <= now:
            lib.mailproto_session_tick(session, now)
        lib.mailproto_session_read_output(session, buffer, len(buffer), length)
        if length[0]:
            os.write(1, ffi.buffer(buffer, length[0])[:])
        elif received:
            lib.mailproto_session_feed(session, received, len(received), now, consumed)
            received = received[consumed[0]:]
        elif lib.mailproto_session_wants(session) & lib.MAILPROTO_WANTS_READ and not ended:
            received = os.read(0, 65536)
            ended = not received
            if ended:
                lib.mailproto_session_eof(session, now)
    lib.mailproto_session_free(session)


main()
