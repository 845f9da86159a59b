#!/usr/bin/env python3
"""Brings the peers to the command line.

usage: peers.py fetch                     fetches and unpacks every server package
       peers.py run PROGRAM [ARGUMENT...] becomes smtp-sink or smtp-source of Postfix

$MAILPROTO_PEERS names the folder they are unpacked in.
"""

import os
import sys

import dovecot
import packages
import postfix

PROGRAMS = {"smtp-sink": postfix.smtp_sink, "smtp-source": postfix.smtp_source}


def main(arguments):
    try:
        if arguments == ["fetch"]:
            for folder in (postfix.tree(), dovecot.tree(), *map(packages.fake, packages.FAKES)):
                print(folder)
            return 0
        if len(arguments) > 1 and arguments[0] == "run" and arguments[1] in PROGRAMS:
            path, environment = PROGRAMS[arguments[1]]()
            os.execve(path, [path] + arguments[2:], environment)
    except packages.Unavailable as reason:
        print("peers.py: %s" % reason, file=sys.stderr)
        return 77
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
