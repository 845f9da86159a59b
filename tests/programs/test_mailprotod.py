"""mailprotod as a person runs it: arguments, configuration, signals, limits, logs."""

import os
import poplib
import pwd
import random
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import unittest

from mailprotod import HOST, PROGRAM, TIMEOUT, Line, free_port, has_tls, secret_line, wait_until
from certificates import Authority
from mailprotod_case import ALICE, BOB, BODY, SENDER, Case, main, read, run

CAROL_SECTION = "[user carol@example.test]\n%s\n"


class Arguments(unittest.TestCase):
    def test_help(self):
        for command in ((), ("demo",), ("serve",), ("check",), ("passwd",), ("check-mail",)):
            result = run(*command, "--help")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertTrue(result.stdout.startswith("usage: mailprotod "))

    def test_version(self):
        for command in ((), ("demo",), ("serve",), ("check",), ("passwd",), ("check-mail",)):
            result = run(*command, "--version")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertRegex(result.stdout, r"^mailprotod \d+\.\d+\.\d+( \(without TLS\))?\n$")

    def test_mistakes(self):
        for arguments, said in (
                ((), "say what to do"), (("dmeo",), 'no command "dmeo"'), (("serve",), "needs --config FILE"),
                (("check",), "needs --config FILE"), (("check-mail",), "needs --config FILE or folders"),
                (("check-mail", "--config", "a", "b"), "not both"), (("serve", "--repair"), "unrecognized option"), (("demo", "--port-base", "64001"), "from 0 to 64000"),
                (("demo", "--port-base", "x"), "from 0 to 64000"), (("demo", "--prot"), "unrecognized option"),
                (("demo", "here"), 'no argument "here"'), (("serve", "--config"), "requires an argument"),
                (("check", "--config", "a", "--config", "b"), '--config is said twice: "a" and "b"'),
                (("serve", "--config", "a", "--config", "a"), "--config is said twice"),
                (("demo", "--dir", "a", "--dir", "b"), "--dir is said twice")):
            result = run(*arguments)
            self.assertEqual((result.returncode, result.stdout), (64, ""), arguments)
            self.assertIn(said, result.stderr)
            self.assertIn("--help", result.stderr)
            for line in result.stderr.splitlines():
                self.assertTrue(line.startswith("mailprotod: "), line)

    def test_help_tells_every_exit_status(self):
        for command, codes in (("demo", (0, 64, 69, 71, 73)), ("serve", (0, 64, 66, 67, 69, 71, 73, 77, 78)),
                               ("check", (0, 64, 66, 67, 78)),
                               ("passwd", (0, 64, 65, 66, 67, 69, 71, 73, 75)), ("check-mail", (0, 1, 64, 66, 67, 77, 78))):
            told = run(command, "--help").stdout.split("Exit status: ")[1]
            self.assertEqual(tuple(int(part.split()[0]) for part in told.split(";")), codes)

    def test_a_folder_is_no_configuration(self):
        result = run("check", "--config", "/tmp")
        self.assertEqual((result.returncode, result.stderr), (66, "/tmp: cannot be read: Is a directory\n"))

    def test_configuration_that_is_not_there(self):
        for command in ("serve", "check", "check-mail"):
            result = run(command, "--config", "/nonexistent/file")
            self.assertEqual(result.returncode, 66)
            self.assertIn("/nonexistent/file: cannot be read: No such file", result.stderr)


def can_bind(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((HOST, port))
        except OSError:
            return False
        return True


class Demo(unittest.TestCase):
    """`mailprotod demo` on ports of its own."""

    def start(self, name="mail"):
        folder = tempfile.mkdtemp(prefix="mailprotod-demo-")
        self.addCleanup(shutil.rmtree, folder)
        for base in random.sample(range(2000, 10000, 40), 200):
            if not all(can_bind(base + usual) for usual in (24, 25, 110, 465, 587, 995)):
                continue
            process = subprocess.Popen([PROGRAM, "demo", "--dir", os.path.join(folder, name), "--port-base", str(base)],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.wait, TIMEOUT)
            self.addCleanup(process.terminate)
            while process.poll() is None:
                try:
                    socket.create_connection((HOST, base + 24), timeout=TIMEOUT).close()
                    return process, base, os.path.join(folder, name)
                except ConnectionRefusedError:
                    pass
            self.assertEqual(process.returncode, 69)  # another program has one of the ports
        raise AssertionError("no range of ports is free")

    def test_mailboxes_are_there_before_anybody_is_let_in(self):
        for _ in range(5):
            _, _, folder = self.start()
            for user in (ALICE, BOB):
                self.assertEqual(sorted(os.listdir(os.path.join(folder, user))), ["cur", "new", "tmp"])

    def test_folders_above_the_mail_are_made(self):
        _, _, folder = self.start("some/where/else")
        self.assertEqual(sorted(os.listdir(folder)), [*([".mailprotod-secret", ".tls"] if has_tls(PROGRAM) else []), ALICE, BOB])

    def test_ends_in_good_order_as_soon_as_a_port_is_open(self):
        for _ in range(5):
            process, _, _ = self.start()
            process.terminate()
            self.assertEqual(process.wait(TIMEOUT), 0)

    def test_one_folder_is_for_one_demo(self):
        process, _, folder = self.start()
        second = subprocess.run([PROGRAM, "demo", "--dir", folder, "--port-base", "0"], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual((second.returncode, second.stdout), (73, ""))
        self.assertIn(folder, second.stderr)
        self.assertIn("--dir", second.stderr)
        process.terminate()
        process.wait(TIMEOUT)

    def test_explains_itself(self):
        process, base, folder = self.start()
        said = ""
        while "Ready." not in said:
            line = process.stdout.readline().decode()
            self.assertTrue(line, said)
            said += line
        for text in (folder, ALICE, BOB, '"secret"', *(str(base + usual) for usual in (24, 25, 110, 587))):
            self.assertIn(text, said)


class Configuration(Case):
    def test_check(self):
        server = self.serve()
        result = run("check", "--config", server.config)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("2 users", result.stdout)

    def test_example(self):
        server = self.serve()
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, "../../examples/server/mailprotod.conf")) as f:
            example = f.read()
        if not has_tls(PROGRAM):
            self.skipTest("it has keys and a certificate, and this mailprotod was built without TLS")
        folder = Authority(os.path.join(server.dir, "ca")).issue(server.dir, ["DNS:mail.example.org"])
        own = pwd.getpwuid(os.geteuid()).pw_name  # not every machine has a user `mail`
        with open(server.config, "w") as f:
            f.write(example.replace("run_as = mail\n", "run_as = %s\n" % own).replace("/etc/mailprotod", folder))
        result = run("check", "--config", server.config)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_mistakes_end_it(self):
        server = self.serve()
        server.write_config(server="nonsense = 1")
        for command in ("check", "serve"):
            result = run(command, "--config", server.config)
            self.assertEqual((result.returncode, result.stdout), (78, ""))
            self.assertIn(":6: nonsense: there is no such key", result.stderr)

    def test_one_user(self):
        server = self.serve()
        text = read(server.config).decode()
        with open(server.config, "w") as f:
            f.write(text[:text.index("[user bob")])
        self.assertIn(server.config + ": good; 1 user\n", run("check", "--config", server.config).stdout)

    def test_run_as_nobody_there(self):
        server = self.serve()
        server.end()
        server.write_config(server="run_as = no-such-user-here")
        for command in ("check", "serve"):
            result = run(command, "--config", server.config)
            self.assertEqual((result.returncode, result.stdout), (67, ""))
            self.assertIn("run_as: there is no user no-such-user-here on this machine", result.stderr)
        server.write_config(server="run_as = no-such-user-here\nshoe = 1")
        result = run("check", "--config", server.config)
        self.assertEqual(result.returncode, 78)
        self.assertIn("run_as: there is no user", result.stderr)  # all at once

    def test_folders_are_made(self):
        server = self.serve()
        server.end()
        text = read(server.config).decode().replace(server.dir + "/mail", server.dir + "/a/b//c/")
        with open(server.config, "w") as f:
            f.write(text + "maildir = d/e\n")  # bob's
        server.start()
        self.smtp(server).sendmail(SENDER, [BOB], BODY)
        self.assertEqual(len(os.listdir(server.dir + "/a/b/c/d/e/new")), 1)
        self.assertEqual(os.stat(server.dir + "/a").st_mode & 0o777, 0o700)

    def test_folder_that_cannot_be_made(self):
        server = self.serve()
        server.end()
        own = pwd.getpwuid(os.geteuid()).pw_name
        text = read(server.config).decode().replace(server.dir + "/mail", "/dev/null/a/b")
        for run_as, said in (("", "cannot make the folder /dev/null/a/b: looking at /dev/null/a/b: a part of the path is a file, "
                              "not a folder"),
                             ("run_as = %s\n" % own,
                              "cannot make the folder /dev/null/a/b as %s (run_as): looking at /dev/null/a/b: a part of the "
                              "path is a file, not a folder" % own)):
            with open(server.config, "w") as f:
                f.write(text.replace("[server]\n", "[server]\n" + run_as))
            result = run("serve", "--config", server.config)
            self.assertEqual(result.returncode, 73)
            self.assertIn(said, result.stderr)

    def test_port_that_is_taken(self):
        server = self.serve()
        result = run("serve", "--config", server.config)
        self.assertEqual(result.returncode, 69)
        self.assertIn("cannot listen on 127.0.0.1:%d" % server.port["smtp"], result.stderr)
        self.assertIn("address already in use", result.stderr)

    def test_maildir_that_cannot_be_made(self):
        server = self.serve()
        server.end()
        with open(server.folder("carol").rstrip("/"), "w"):
            pass
        server.write_config(users=CAROL_SECTION % secret_line(PROGRAM, "x"))
        result = run("serve", "--config", server.config)
        self.assertEqual(result.returncode, 73)
        self.assertIn("carol@example.test", result.stderr)


class Signals(Case):
    def test_end_in_good_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve()
            smtp, pop3 = self.line(server, "smtp"), self.line(server, "pop3")
            smtp.reply()
            pop3.read()
            server.process.send_signal(number)
            self.assertRegex(smtp.reply(), "^421 ")
            self.assertRegex(pop3.read(), "^-ERR ")
            smtp.close()
            pop3.close()
            self.assertEqual(server.end(0), 0)
            self.assertTrue(server.log().endswith(" ended\n"))

    def test_second_signal(self):
        server = self.serve(limits="shutdown_time = 1h")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA"):
            smtp.ask(command)
        smtp.socket.sendall(b"0123456789\r\n" * 5000)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("ending: 1 session\n")
        self.assertEqual(server.end(), 0)
        self.assertIn(" 1 session is cut off\n", server.log())
        self.assertEqual((server.files("alice"), server.files("alice", "tmp")), ([], []))

    def test_patience_is_limited(self):
        server = self.serve(limits="shutdown_time = 1ms")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>", "DATA"):
            smtp.ask(command)
        self.assertEqual(server.end(), 0)

    def test_hangup_reads_the_users_again(self):
        server = self.serve()
        smtp = self.smtp(server)
        carol = "carol@example.test"
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail(SENDER, [carol], BODY)
        server.write_config(users=CAROL_SECTION % secret_line(PROGRAM, "new"))
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("3 users")
        smtp.sendmail(SENDER, [carol], BODY)
        self.assert_one(server, "carol", BODY)
        self.assertEqual(self.pop3(server, "carol", "new").stat()[0], 1)
        server.wait_for_log("login carol@example.test, 1 message, ")

    def test_hangup_with_a_mistake_changes_nothing(self):
        server = self.serve()
        server.write_config(users="[user carol@example.test]\n")
        server.write_config(users="[user carol@example.test]\nshoe = 1")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("the users stay as they were")
        self.assertIn("shoe: there is no such key", server.log())
        self.smtp(server).sendmail(SENDER, [ALICE], BODY)

    def test_hangup_with_a_maildir_that_cannot_be_made(self):
        server = self.serve()
        server.write_config(users=CAROL_SECTION % secret_line(PROGRAM, "x") + "maildir = /dev/null/carol")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("the users stay as they were")
        self.assertIn("cannot use the Maildir of carol@example.test, /dev/null/carol: looking at /dev/null/carol: a part "
                      "of the path is a file", server.log())

    def test_hangup_changes_what_is_listened_on(self):
        """A session in the midst of its message is not cut; between commands it ends; others go on."""
        server = self.serve()
        sending, idle, lmtp = self.line(server, "smtp"), self.line(server, "smtp"), self.line(server, "lmtp")
        for line in (sending, idle, lmtp):
            self.assertRegex(line.reply(), "^220 ")
        for command in ("EHLO client.example.test", "MAIL FROM:<>", "RCPT TO:<alice@example.test>"):
            self.assertRegex(sending.ask(command), "^250")
        self.assertRegex(sending.ask("DATA"), "^354 ")
        sending.socket.sendall(BODY[:20])
        gone = server.port["smtp"]
        server.hangup_with_port("smtp")
        self.assertIn("smtp is not taken on 127.0.0.1:%d any more: 2 sessions end\n" % gone, server.log())
        self.assertIn("2 users, 4 listening sockets; what else changed", server.log())
        self.assertRegex(idle.reply(), "^421 ")
        self.assertEqual(idle.read(), "")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((HOST, gone), timeout=TIMEOUT)
        self.smtp(server).sendmail(SENDER, [BOB], BODY)
        self.assert_one(server, "bob", BODY)
        sending.socket.sendall(BODY[20:].replace(b"\r\n.", b"\r\n.."))
        self.assertRegex(sending.ask("."), "^250 ")
        self.assert_one(server, "alice", BODY)
        self.assertRegex(sending.reply(), "^421 ")
        self.assertEqual(sending.read(), "")
        self.assertRegex(lmtp.ask("NOOP"), "^250 ")
        self.assertEqual(server.end(), 0)

    def test_hangup_gives_a_port_to_another_service(self):
        server = self.serve()
        smtp = self.line(server, "smtp")
        smtp.reply()
        server.port["smtp"], server.port["lmtp"] = server.port["lmtp"], server.port["smtp"]
        server.write_config()
        server.hangup("the configuration was read again")
        self.assertRegex(smtp.reply(), "^421 ")
        self.smtp(server, "lmtp").sendmail(SENDER, [ALICE], BODY)
        self.smtp(server).sendmail(SENDER, [BOB], BODY)
        self.assert_one(server, "alice", BODY)

    def test_hangup_with_a_port_that_is_taken_changes_nothing(self):
        server = self.serve()
        smtp = self.line(server, "smtp")
        smtp.reply()
        before = server.port.copy()
        with socket.create_server((HOST, 0)) as taken:
            server.port["pop3"] = taken.getsockname()[1]
            server.port["smtp"] = free_port()
            server.write_config(users=CAROL_SECTION % secret_line(PROGRAM, "x"))
            server.hangup("the users stay as they were")
        self.assertIn("cannot listen on 127.0.0.1:%d for pop3: address already in use" % server.port["pop3"],
                      server.log())
        with self.assertRaises(ConnectionRefusedError):
            server.connect("smtp")
        server.port = before
        self.assertRegex(smtp.ask("NOOP"), "^250 ")
        self.smtp(server).sendmail(SENDER, [ALICE], BODY)
        self.pop3(server, "alice")
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.smtp(server).sendmail(SENDER, ["carol@example.test"], BODY)
        server.write_config()
        server.hangup("2 users, 4 listening sockets")  # it goes on to obey

    def test_hangup_takes_no_new_descriptor(self):
        server = self.serve()
        server.write_listen("smtp = 127.0.0.1:%d fd:0" % server.port["smtp"])
        server.hangup("the users stay as they were")
        self.assertIn("cannot listen on fd:0 for smtp: a descriptor is taken at the start only", server.log())
        self.smtp(server, "lmtp").sendmail(SENDER, [ALICE], BODY)


# The service manager: passes the sockets whose descriptors and names it is given, and becomes the server.
MANAGER = """
import fcntl, os, sys
names, fds, command = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in fds]
for number, fd in enumerate(high):
    os.dup2(fd, 3 + number)
    os.close(fd)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


class Passed(Case):
    """Sockets that are not addresses of this machine."""

    def test_service_manager(self):
        server = self.serve()
        server.end()
        sockets = [socket.create_server((HOST, 0)) for _ in range(3)]
        for passed in sockets:
            self.addCleanup(passed.close)
        server.write_listen("smtp = inherited:mail inherited:mail\nlmtp = inherited:2")
        server.start(manager=[sys.executable, "-c", MANAGER, "mail:mail:other",
                              ",".join(str(passed.fileno()) for passed in sockets)],
                     pass_fds=[passed.fileno() for passed in sockets])
        self.assertIn(" ready: 2 users, 3 listening sockets\n", server.log())
        for passed, service in zip(sockets, ("smtp", "smtp", "lmtp")):
            server.port[service] = passed.getsockname()[1]
            self.smtp(server, service).sendmail(SENDER, [ALICE], BODY)
        self.assertEqual(len(server.files("alice")), 3)
        server.hangup("the configuration was read again")  # what is there stays, and is not taken a second time
        self.smtp(server, "lmtp").sendmail(SENDER, [BOB], BODY)
        self.assertEqual(server.end(), 0)

    def test_descriptor(self):
        server = self.serve()
        server.end()
        with socket.create_server((HOST, 0)) as passed:
            server.port["smtp"] = passed.getsockname()[1]
            server.write_listen("smtp = fd:%d" % passed.fileno())
            server.start(pass_fds=[passed.fileno()])
            self.smtp(server).sendmail(SENDER, [ALICE], BODY)
        self.assert_one(server, "alice", BODY)

    def test_unix_socket(self):
        server = self.serve()
        path = os.path.join(server.dir, "lmtp")
        server.write_listen("lmtp = unix:%s" % path)
        server.hangup("2 users, 1 listening socket;")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(TIMEOUT)
            client.connect(path)
            line = Line(client)
            self.assertRegex(line.reply(), "^220 ")
            self.assertRegex(line.ask("LHLO client.example.test"), "^250-")
            line.close()
        self.assertEqual(server.end(), 0)
        self.assertFalse(os.path.exists(path))

    def test_nothing_was_passed(self):
        server = self.serve()
        server.end()
        server.write_listen("smtp = inherited:mail")
        done = run("serve", "--config", server.config)
        self.assertEqual(done.returncode, 69)
        self.assertIn("cannot listen on inherited:mail for smtp: the service manager has passed no socket \"mail\"",
                      done.stderr)


class Limits(Case):
    def test_sessions_of_an_address(self):
        server = self.serve(limits="sessions_per_address = 2")
        first, second = self.line(server, "smtp"), self.line(server, "pop3")
        first.reply()
        second.read()
        self.assertRegex(self.line(server, "smtp").reply(), r"^421 4\.3\.2 .*from this address")
        self.assertRegex(self.line(server, "pop3").read(), r"^-ERR \[SYS/TEMP\] .*from this address")
        first.ask("QUIT")
        first.close()

        def taken():
            with Line(server.connect("smtp")) as line:
                return line.reply().startswith("220 ")
        wait_until(taken, "a place is free again")

    def test_sessions(self):
        server = self.serve(limits="sessions = 1")
        first = self.line(server, "smtp")
        self.assertRegex(first.reply(), "^220 ")
        self.assertRegex(self.line(server, "smtp").reply(), "^421 4.3.2 .*too many connections,")

    def test_recipients(self):
        server = self.serve(limits="recipients = 100")
        smtp = self.line(server, "smtp")
        smtp.reply()
        for command in ("EHLO client.example.test", "MAIL FROM:<>"):
            smtp.ask(command)
        for _ in range(100):
            self.assertRegex(smtp.ask("RCPT TO:<alice@example.test>"), "^250 ")
        self.assertRegex(smtp.ask("RCPT TO:<alice@example.test>"), r"^452 4\.5\.3 ")

    def test_idle_sessions_end(self):
        server = self.serve(limits="greeting_time = 50ms\ncommand_time = 50ms")
        smtp, pop3 = self.line(server, "smtp"), self.line(server, "pop3")
        self.assertRegex(smtp.reply(), "^220 ")
        self.assertRegex(smtp.reply(), "^421 4.4.2 ")
        self.assertEqual(smtp.read(), "")
        pop3.read()
        self.assertEqual(pop3.read()[:4] or "-ERR", "-ERR")
        self.assertEqual(pop3.read(), "")

    def test_no_file_is_left(self):
        """EMFILE at accept: the server goes on, and serves again when files are free."""
        command = 'ulimit -n 40; exec "$0" "$@"'
        server = self.serve(limits="sessions = 1000")
        server.end()
        with open(server.log_path, "ab") as log:
            server.process = subprocess.Popen(
                ["/bin/sh", "-c", command, PROGRAM, "serve", "--config", server.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: server.log().count(" ready: ") == 2, "it is ready again")
        self.assertIn("sessions are limited to 20", server.log())
        lines = [Line(server.connect("smtp")) for _ in range(60)]
        answers = [line.reply()[:3] for line in lines[:20]]
        self.assertEqual(answers, ["220"] * 20)
        for line in lines:
            line.close()

        def served():
            with Line(server.connect("smtp")) as line:
                return line.reply().startswith("220 ")
        wait_until(served, "it serves again")


class Log(Case):
    def test_credentials_are_never_logged(self):
        server = self.serve(arguments=["--trace"])
        smtp = self.smtp(server, "submission")
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            smtp.login("alice", "hunter22")
        smtp.login("alice", "secret")
        with self.assertRaises(poplib.error_proto):
            self.pop3(server, "bob", "hunter22")
        pop3 = self.pop3(server)
        pop3.quit()
        smtp.quit()
        log = server.log()
        self.assertIn("C: ehlo client.example.test", log)
        self.assertIn("C: USER bob", log)
        self.assertIn("hidden", log)
        for secret in ("hunter22", "secret", "AGFsaWNlAHNlY3JldA", "c2VjcmV0", "aHVudGVyMjI"):
            self.assertNotIn(secret, log)

    def test_lines_cannot_be_forged(self):
        server = self.serve(arguments=["--trace"])
        smtp = self.line(server, "smtp")
        smtp.reply()
        smtp.ask("HELO \x1b[31mred")
        self.assertIn("\\x1b[31mred", server.log())
        self.assertNotIn("\x1b", server.log())


if __name__ == "__main__":
    main()
