"""Postfix and Dovecot together in the place of `mailprotod demo`.

With MAILPROTO_STANDIN=1 in the environment the tests of the server are run against these two, which
tells a fault of a test from a fault of the server.
"""

import shutil

import dovecot
import postfix


class StandIn:
    def __init__(self, folder):
        self.dovecot = dovecot.Dovecot(folder)
        self.folder = folder
        self.postfix = None
        self.has_tls = False

    def start(self):
        self.dovecot.start()
        self.postfix = postfix.Postfix(
            self.folder, sasl=self.dovecot.port["sasl"],
            virtual_transport="lmtp:inet:127.0.0.1:%d" % self.dovecot.port["lmtp"],
            smtpd_recipient_limit="1000", recipient_delimiter="+", smtpd_helo_required="yes",
            smtpd_forbid_bare_newline="reject", smtpd_forbid_bare_newline_exclusions="",
            # Dovecot's LMTP has no SMTPUTF8.
            smtputf8_enable="no")
        self.postfix.start()
        self.port = {"smtp": self.postfix.port, "submission": self.postfix.submission_port,
                     "lmtp": self.dovecot.port["lmtp"], "pop3": self.dovecot.port["pop3"]}
        return self

    def maildir(self, user):
        return self.dovecot.maildir(user)

    def empty(self, user):
        # Dovecot's own files go, too: they speak of messages that are gone.
        shutil.rmtree(self.maildir(user), ignore_errors=True)

    def read_log(self):
        return self.postfix.read_log() + self.dovecot.read_log()

    def stop(self):
        if self.postfix is not None:
            self.postfix.stop()
        self.dovecot.stop()
