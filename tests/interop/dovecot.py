"""Dovecot as a peer: POP3, LMTP and a SASL service over Maildirs, run from an unpacked package."""

import grp
import os
import pwd
import shutil
import subprocess

import harness
import packages

CONFIG = """\
protocols = {protocols}
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
libexec_dir = {root}/usr/lib/dovecot
mail_plugin_dir = {root}/usr/lib/dovecot/modules
import_environment = TZ LD_LIBRARY_PATH LD_PRELOAD FAKECHROOT FAKECHROOT_BASE \
  FAKECHROOT_EXCLUDE_PATH
log_path = {folder}/log/dovecot.log
hostname = dovecot.example.test
instance_name = mailproto-peer
ssl = {ssl}
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_home = {folder}/home/%n
mail_fsync = never
mailbox_list_index = no
auth_username_format = %Ln
lmtp_client_workarounds =
lmtp_save_to_detail_mailbox = no
postmaster_address = postmaster@example.test
quota_full_tempfail = no
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
}}
service anvil {{
  chroot =
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {sasl}
  }}
}}
service stats {{
  chroot =
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
{extra}
"""


def tree():
    return packages.fetch("dovecot", ["dovecot-core", "dovecot-pop3d", "dovecot-lmtpd"])


def _redirected(root, scratch):
    """Environment in which /usr/lib/dovecot, a path built into Dovecot, is that of the tree."""
    elsewhere = ["/" + name for name in sorted(os.listdir("/")) if name != "usr"]
    return {"LD_PRELOAD": packages.fake_library("fakechroot", scratch),
            "FAKECHROOT": "true", "FAKECHROOT_BASE": root,
            "FAKECHROOT_EXCLUDE_PATH": ":".join(elsewhere),
            "LD_LIBRARY_PATH": packages.libraries(root)}


class Dovecot:
    """One Dovecot on 127.0.0.1 whose users have the password `secret`."""

    def __init__(self, folder, users=("alice", "bob"), extra="", fields=None, tls=None, mechanisms="plain login"):
        """extra is more configuration; fields are further fields of a user, by name; tls is a folder with
        certificate.pem and key.pem, with which there are STLS, LMTP with STARTTLS, and pop3s.
        """
        self.tls, self.mechanisms = tls, mechanisms
        self.folder = os.path.join(folder, "dovecot")
        self.users = list(users)
        self.extra = extra
        self.fields = fields or {}
        self.process = None

    def _accounts(self):
        """Who Dovecot's parts run as: accounts every Debian has, or the user itself."""
        if os.geteuid() == 0:
            return pwd.getpwnam("daemon"), pwd.getpwnam("nobody")
        me = pwd.getpwuid(os.geteuid())
        return me, me

    def _configure(self, root):
        internal, login = self._accounts()
        for name in ("run", "state", "home", "log"):
            os.makedirs(os.path.join(self.folder, name))
        with open(os.path.join(self.folder, "users"), "w", encoding="ascii") as f:
            for user in self.users:
                f.write("%s:{PLAIN}%s:%d:%d::%s/home/%s::%s\n" % (
                    user, harness.PASSWORD, internal.pw_uid, internal.pw_gid, self.folder, user,
                    self.fields.get(user, "")))
        os.chmod(os.path.join(self.folder, "users"), 0o644)
        for user in self.users:
            home = os.path.join(self.folder, "home", user)
            os.makedirs(home)
            os.chown(home, internal.pw_uid, internal.pw_gid)
        config = os.path.join(self.folder, "dovecot.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG.format(folder=self.folder, root=root, internal=internal.pw_name,
                                  group=grp.getgrgid(internal.pw_gid).gr_name,
                                  login=login.pw_name, pop3=self.port["pop3"],
                                  lmtp=self.port["lmtp"], sasl=self.port["sasl"],
                                  protocols="pop3 lmtp", mechanisms=self.mechanisms, ssl="yes" if self.tls else "no",
                                  pop3s=self.port.get("pop3s", 0), extra=self._tls() + self.extra))
        return config

    def _tls(self):
        """Dovecot reads the files as root, or as the user itself."""
        if not self.tls:
            return ""
        return "ssl_cert = <%s/certificate.pem\nssl_key = <%s/key.pem\nssl_dh =\nssl_min_protocol = TLSv1.2\n" % (
            self.tls, self.tls)

    def start(self):
        scratch = os.path.dirname(self.folder)
        root = packages.reachable(tree(), scratch)
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)
        self.port = {name: harness.free_port() for name in ("pop3", "lmtp", "sasl", *(["pop3s"] if self.tls else []))}
        try:
            config = self._configure(root)
        except KeyError as missing:
            raise packages.Unavailable("Dovecot wants a name that is not here: %s" % missing)
        self.output = open(os.path.join(self.folder, "log/start.log"), "wb")
        self.process = subprocess.Popen(
            # dovecot would run /usr/bin/doveconf, so doveconf is run first and runs dovecot.
            [os.path.join(root, "usr/bin/doveconf"), "-f", "service=master", "-c", config,
             "-m", "master", "-e", os.path.join(root, "usr/sbin/dovecot"), "-F", "-c", config],
            env={"PATH": "/usr/bin:/bin", "LANG": "C", **_redirected(root, scratch)},
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            start_new_session=True)
        for port in self.port.values():
            harness.wait_for_port(port, self.process, self.read_log)
        return self

    def command(self, program, *words):
        """What runs one of Dovecot's programs beside the server: its words, and its environment."""
        scratch = os.path.dirname(self.folder)
        root = packages.reachable(tree(), scratch)
        config = os.path.join(self.folder, "dovecot.conf")
        return ([os.path.join(root, "usr/bin/doveconf"), "-f", "service=" + program, "-c", config, "-m", program,
                 "-e", os.path.join(root, "usr/bin", program), "-c", config, *words],
                {"PATH": "/usr/bin:/bin", "LANG": "C", **_redirected(root, scratch)})

    def read_log(self):
        text = ""
        for name in ("start.log", "dovecot.log"):
            try:
                with open(os.path.join(self.folder, "log", name), errors="replace") as f:
                    text += f.read()
            except OSError:
                pass
        return text

    def maildir(self, user):
        return os.path.join(self.folder, "home", user, "Maildir")

    def stop(self):
        if self.process is not None:
            harness.stop_group(self.process)
            self.output.close()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
