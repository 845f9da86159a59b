"""Postfix as a peer: smtpd, the queue and delivery to Maildirs, run from an unpacked package."""

import grp
import os
import pwd
import shutil
import subprocess

import harness
import packages

MASTER_CF = """\
{listen} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

SUBMISSION_CF = """\
{submission} inet n - n - - smtpd
 -o smtpd_sasl_auth_enable=yes
 -o smtpd_sasl_type=dovecot
 -o smtpd_sasl_path=inet:127.0.0.1:{sasl}
 -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
 -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""

QUEUE_FOLDERS = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
                 "private", "saved", "trace", "maildrop", "public", "pid")


def tree():
    return packages.fetch("postfix", ["postfix"])


def smtp_sink():
    """(path, environment) of Postfix's smtp-sink."""
    return _tool("smtp-sink")


def smtp_source():
    """(path, environment) of Postfix's smtp-source."""
    return _tool("smtp-source")


def _tool(name):
    root = tree()
    environment = {**os.environ, "LD_LIBRARY_PATH": packages.libraries(root)}
    # The tools read main.cf when they can; an empty one keeps the system's out.
    conf = os.path.join(packages.peers_dir(), "postfix-tools")
    os.makedirs(conf, exist_ok=True)
    main_cf = os.path.join(conf, "main.cf")
    if not os.path.exists(main_cf):
        with open(main_cf, "w", encoding="ascii") as f:
            f.write("inet_protocols = ipv4\n")
    environment["MAIL_CONFIG"] = conf
    return os.path.join(root, "usr/sbin", name), environment


SUBMISSIONS_CF = """\
{submissions} inet n - n - - smtpd
 -o smtpd_tls_wrappermode=yes
 -o smtpd_sasl_auth_enable=yes
 -o smtpd_sasl_type=dovecot
 -o smtpd_sasl_path=inet:127.0.0.1:{sasl}
 -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
 -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""


class Postfix:
    """One Postfix on 127.0.0.1, accepting mail for the users given @example.test."""

    def __init__(self, folder, users=("alice", "bob"), sasl=None, tls=None, **settings):
        """With sasl, the port of a Dovecot that knows passwords, there is a submission port; with tls, a folder with
        certificate.pem and key.pem, STARTTLS; with both, a port for submission that begins with TLS.
        """
        self.tls = tls
        self.folder = os.path.join(folder, "postfix")
        self.users = list(users)
        self.sasl = sasl
        self.settings = settings
        self.process = None
        self.faked = None
        self.port = 0

    def _names(self):
        """The owner of the queue, its group, and who deliveries run as: three that may not be one.

        As root these are accounts that every Debian has; else the owner is the user itself.
        """
        owner = pwd.getpwnam("daemon") if self.is_root else pwd.getpwuid(os.geteuid())
        group = next(grp.getgrnam(name) for name in ("mail", "games")
                     if grp.getgrnam(name).gr_gid != owner.pw_gid)
        privileges = "nobody" if owner.pw_name != "nobody" else "daemon"
        return owner, group, privileges

    def _configure(self, root):
        conf = os.path.join(self.folder, "conf")
        queue = os.path.join(self.folder, "queue")
        self.mail = os.path.join(self.folder, "mail")
        self.log = os.path.join(self.folder, "log/mail.log")
        os.makedirs(conf)
        for name in QUEUE_FOLDERS:
            os.makedirs(os.path.join(queue, name))
        for name in ("mail", "log", "data"):
            os.makedirs(os.path.join(self.folder, name))
        with open(os.path.join(conf, "users"), "w", encoding="ascii") as f:
            for user in self.users:
                f.write("%s@example.test %s/\n" % (user, user))
        main = {
            "compatibility_level": "3.6",
            "queue_directory": queue,
            "data_directory": os.path.join(self.folder, "data"),
            "daemon_directory": os.path.join(root, "usr/lib/postfix/sbin"),
            "command_directory": os.path.join(root, "usr/sbin"),
            "shlib_directory": os.path.join(root, "usr/lib/postfix"),
            "meta_directory": os.path.join(root, "etc/postfix"),
            "import_environment": "MAIL_CONFIG TZ LANG=C LD_LIBRARY_PATH LD_PRELOAD FAKEROOTKEY",
            "mail_owner": self.owner.pw_name,
            "setgid_group": self.group.gr_name,
            "default_privs": self.privileges,
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "postfix.example.test",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "alias_maps": "",
            "alias_database": "",
            "smtputf8_enable": "yes",
            "virtual_mailbox_domains": "example.test",
            "virtual_mailbox_base": self.mail,
            "virtual_mailbox_maps": "texthash:" + os.path.join(conf, "users"),
            "virtual_mailbox_limit": "0",
            "virtual_minimum_uid": "1",
            "virtual_uid_maps": "static:%d" % self.owner.pw_uid,
            "virtual_gid_maps": "static:%d" % self.owner.pw_gid,
            "message_size_limit": "104857600",
            "default_transport": "error:no mail leaves this machine",
            "relay_transport": "error:no mail leaves this machine",
            "smtpd_error_sleep_time": "0",
            "smtpd_peername_lookup": "no",
            "disable_dns_lookups": "yes",
            "maillog_file": self.log,
            "maillog_file_prefixes": self.folder,
        }
        if self.tls:
            main.update(smtpd_tls_security_level="may", smtpd_tls_cert_file=os.path.join(self.tls, "certificate.pem"),
                        smtpd_tls_key_file=os.path.join(self.tls, "key.pem"))
        main.update(self.settings)
        with open(os.path.join(conf, "main.cf"), "w", encoding="ascii") as f:
            f.writelines("%s = %s\n" % item for item in main.items())
        with open(os.path.join(conf, "master.cf"), "w", encoding="ascii") as f:
            f.write(MASTER_CF.format(listen="127.0.0.1:%d" % self.port))
            if self.sasl is not None:
                f.write(SUBMISSION_CF.format(submission="127.0.0.1:%d" % self.submission_port,
                                             sasl=self.sasl))
                if self.tls:
                    f.write(SUBMISSIONS_CF.format(submissions="127.0.0.1:%d" % self.submissions_port, sasl=self.sasl))
        # Postfix waits until its files are a second old, lest they are still being written.
        for name in ("users", "main.cf", "master.cf"):
            os.utime(os.path.join(conf, name), (0, 0))
        self._own(queue)
        return conf

    def _own(self, queue):
        for name in QUEUE_FOLDERS:
            os.chmod(os.path.join(queue, name), 0o700)
        os.chmod(os.path.join(queue, "pid"), 0o755)
        os.chmod(os.path.join(queue, "public"), 0o710)
        os.chmod(os.path.join(queue, "maildrop"), 0o730)
        if not self.is_root:
            return
        owner = self.owner
        for name in QUEUE_FOLDERS:
            if name != "pid":
                shared = name in ("public", "maildrop")
                os.chown(os.path.join(queue, name), owner.pw_uid,
                         self.group.gr_gid if shared else -1)
        for name in ("mail", "data"):
            os.chown(os.path.join(self.folder, name), owner.pw_uid, owner.pw_gid)

    def _fake_root(self):
        """Starts fakeroot's daemon and returns the environment that makes its clients believe it.

        The master insists on being root, yet with every file its own an ordinary user will do.
        """
        library = packages.fake_library("fakeroot", os.path.dirname(self.folder))
        daemon = os.path.join(packages.fake("fakeroot"), "usr/bin/faked-sysv")
        self.faked = subprocess.Popen(
            [daemon, "--unknown-is-real", "--foreground"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        key = self.faked.stdout.readline().partition(":")[0].strip()
        if not key:
            raise packages.Unavailable("fakeroot's daemon does not start")
        return {"LD_PRELOAD": library, "FAKEROOTKEY": key}

    def start(self):
        self.is_root = os.geteuid() == 0
        try:
            self.owner, self.group, self.privileges = self._names()
        except KeyError as missing:
            raise packages.Unavailable("Postfix wants a name that is not here: %s" % missing)
        root = packages.reachable(tree(), os.path.dirname(self.folder))
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)
        self.port, self.submission_port = harness.free_port(), harness.free_port()
        self.submissions_port = harness.free_port() if self.tls else 0
        conf = self._configure(root)
        environment = {"PATH": "/usr/bin:/bin", "MAIL_CONFIG": conf, "LANG": "C",
                       "LD_LIBRARY_PATH": packages.libraries(root)}
        if not self.is_root:
            environment.update(self._fake_root())
        self.process = subprocess.Popen(
            [os.path.join(root, "usr/lib/postfix/sbin/master"), "-c", conf],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        for port in (self.port,) if self.sasl is None else (self.port, self.submission_port):
            harness.wait_for_port(port, self.process, self.read_log)
        return self

    def read_log(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def maildir(self, user):
        return os.path.join(self.mail, user)

    def stop(self):
        if self.process is not None:
            harness.stop_group(self.process)
            self.process = None
        if self.faked is not None:
            harness.stop_process(self.faked)
            self.faked.stdout.close()
            self.faked = None
        shutil.rmtree(self.folder, ignore_errors=True)
