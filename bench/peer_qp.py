"""Quoted-printable by binascii: OPERATION INPUT OUTPUT CALLS. A round for each line that comes; nanoseconds of CPU a
call go out."""

import binascii
import os
import sys
import time

operation, source, result, calls = sys.argv[1:]
with open(source, "rb") as file:
    text = file.read()
if "encode" in operation:
    def work():
        return binascii.b2a_qp(text, istext=True)
else:
    def work():
        return binascii.a2b_qp(text)
with open(result, "wb") as file:
    file.write(work())
print("ready", flush=True)
for _ in sys.stdin:
    start = time.process_time_ns()
    for _ in range(int(calls)):
        work()
    try:
        print("%.1f" % ((time.process_time_ns() - start) / int(calls)), flush=True)
    except BrokenPipeError:  # enough was measured
        os._exit(0)
