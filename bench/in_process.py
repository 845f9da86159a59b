"""Rows of the programs that measure in their own process: they print their rounds, a JSON object a row."""

import json
import os
import subprocess

from frame import Candidate, Row


def rows(context, program):
    command = [os.path.join(context.build, "bench", program), "--rounds", str(context.rounds)]
    if context.smoke:
        command.append("--smoke")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            said = json.loads(line)
            yield Row(said["name"], said["unit"], said["better"],
                      [Candidate(c["role"], c["name"], c["figures"]) for c in said["candidates"]],
                      aim_figure=said["aim"] or None)
    if process.returncode != 0:
        raise RuntimeError("%s failed with status %d" % (program, process.returncode))
