"""tools/demo and tools/test as a person starts them: in a copy of the tree, and on machines that lack what they need.

usage: test_tools.py TREE
"""

import email
import email.header
import hashlib
import os
import pathlib
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ports import can_bind  # noqa: E402

TREE = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else pathlib.Path(".")
TIMEOUT = 600
BASH = shutil.which("bash")

# What the programs in tools/ may count on before they have looked: a shell and the tools of any Unix.
MINIMAL = ("bash", "env", "basename", "cat", "cut", "dirname", "grep", "head", "id", "mkdir", "mktemp", "nproc", "rm",
           "sed", "sh", "sleep", "tail", "tr", "uname")
GREETINGS = ("你好，鲍勃！", "こんにちは", "Grüß dich, Bob!")


def tracked(tree):
    """The files that a clone would have, those that are not committed yet included."""
    if not (tree / ".git").exists() or not shutil.which("git"):
        return [path.relative_to(tree) for path in tree.rglob("*")
                if path.is_file() and path.relative_to(tree).parts[0] not in (".git", "build")]
    listed = subprocess.run(["git", "-C", tree, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True).stdout
    return [pathlib.Path(os.fsdecode(name)) for name in listed.split(b"\0") if name]


def contents(folder):
    """Of each file below the folder, its path and what is in it."""
    return {path.relative_to(folder): hashlib.sha256(path.read_bytes()).digest()
            for path in folder.rglob("*") if path.is_file()}


def session_of(pid):
    """The session that a process belongs to; 0: it is gone, or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            state, _, _, session = f.read().rpartition(")")[2].split()[:4]
    except OSError:
        return 0
    return 0 if state == "Z" else int(session)


class Case(unittest.TestCase):
    """A copy of the tree, with a home and a temporary folder of its own."""

    below = ""  # what of the tree is copied

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mailproto-tools-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.copy, self.home, self.temporary, self.bin = (self.folder / name for name in ("tree", "home", "tmp", "bin"))
        for folder in (self.home, self.temporary, self.bin):
            folder.mkdir()
        for name in tracked(TREE):
            if str(name).startswith(self.below) and (TREE / name).is_file():
                (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(TREE / name, self.copy / name)
        self.before = contents(self.copy)

    def program(self, name, text):
        """A program of the test's own, in front of all others."""
        path = self.bin / name
        path.write_text(f"#!{BASH}\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def forbid(self, *names):
        """These leave a mark if they are started at all."""
        for name in names:
            self.program(name, f'echo "$0 $*" >>"{self.folder}/forbidden"; exit 97')

    def start(self, name, *arguments, path):
        """Runs a program of tools/ in a session of its own; (status, output, errors). Nothing of it may stay."""
        process = subprocess.Popen(
            [BASH, self.copy / "tools" / name, *arguments], cwd=self.folder, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PATH": path, "HOME": str(self.home), "TMPDIR": str(self.temporary), "LC_ALL": "C.UTF-8"})
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
            process.wait()
        left = [pid for pid in os.listdir("/proc") if pid.isdigit() and session_of(pid) == process.pid]
        for pid in left:
            os.kill(int(pid), signal.SIGKILL)
        self.assertEqual(left, [], "processes that run on")
        return process.returncode, out, err

    def check_nothing_but_build(self):
        """Nothing was written but below build/ of the copy."""
        after = {path: digest for path, digest in contents(self.copy).items() if path.parts[0] != "build"}
        self.assertEqual(after, self.before)
        self.assertEqual(list(self.home.iterdir()), [])
        self.assertEqual(list(self.temporary.iterdir()), [])
        self.assertFalse((self.folder / "forbidden").exists(), "something was to be installed or fetched")


class Demo(Case):
    def missing(self):
        words = "program=test; . tools/lib/common.sh; . tools/lib/packages.sh; missing build demo"
        return subprocess.run([BASH, "-c", words], cwd=self.copy, check=True, capture_output=True, text=True).stdout

    def test_message_comes_back(self):
        if self.missing():
            self.skipTest("not all is installed that the demo needs: " + self.missing().replace("\n", "; "))
        self.forbid("apt-get", "apt", "dpkg", "sudo", "curl", "wget", "git")
        status, out, err = self.start("demo", path=f"{self.bin}:{os.environ['PATH']}")
        self.assertEqual((status, err), (0, ""), out + err)
        command = out.rindex("\n$ mailproto pop3 ")
        self.assertIn(" retr 1\n", out[command:])
        message = out[command:].split("\n", 2)[2]
        self.check_message(message)
        self.check_readme()
        self.check_nothing_but_build()
        self.assertEqual({path.parts[1] for path in contents(self.copy) if path.parts[0] == "build"}, {"demo"})

    def check_readme(self):
        """What the README says of both programs works in any shell, as it stands but for the ports."""
        readme = (self.copy / "README.md").read_text("utf-8")
        block = readme[readme.index("    PATH=$PWD/build/demo/"):].partition("\n\n")[0]
        words = "\n".join(line[4:] for line in block.split("\n"))
        for shell in {shutil.which(name) for name in ("bash", "dash", "sh", "zsh")} - {None}:
            base = next(base for base in random.sample(range(2000, 10000, 40), 200)
                        if all(can_bind(base + usual) for usual in (24, 25, 110, 465, 587, 995)))
            said = words.replace("demo --dir", "demo --port-base %d --dir" % base)
            for service in (25, 995):
                said = said.replace("127.0.0.1:%d" % (10000 + service), "127.0.0.1:%d" % (base + service))
            done = subprocess.run([shell, "-c", said], cwd=self.copy, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=TIMEOUT, env={**os.environ, "TMPDIR": str(self.temporary)})
            self.assertEqual((done.returncode, done.stderr), (0, ""), shell + ": " + done.stdout + done.stderr)
            self.assertIn("accepted the message for bob@example.test", done.stdout)
            self.assertIn("\nSubject: hello\n\nHello Bob.\n", done.stdout)
            self.assertIn(" 0 problems", done.stdout)
            self.assertEqual(list(self.temporary.iterdir()), [])

    def check_message(self, text):
        """It is the one that was sent, with a trace of the way it went, in three languages."""
        sent = (self.copy / "examples" / "messages" / "greetings.eml").read_text("utf-8")
        self.assertTrue(text.rstrip("\n").endswith(sent.rstrip("\n")), text)
        added = text[:text.index(sent[:60])]
        self.assertIn("Return-Path: <alice@example.test>\n", added)
        self.assertIn("Received: from ", added)
        message = email.message_from_string(text)
        bodies = [part.get_payload(decode=True).decode(part.get_content_charset())
                  for part in message.walk() if part.get_content_maintype() == "text"]
        self.assertEqual(len(bodies), 3)
        for words, body in zip(GREETINGS, bodies):
            self.assertIn(words, body)
        subject = str(email.header.make_header(email.header.decode_header(message["Subject"])))
        self.assertEqual(subject, "Grüße，你好、こんにちは")


class Missing(Case):
    """Machines that have a shell and little else."""

    below = ("tools/", "examples/messages/", ".ci/")

    def setUp(self):
        super().setUp()
        for name in MINIMAL:
            found = shutil.which(name)
            if found:
                (self.bin / name).symlink_to(found)

    def check_refused(self, name, *said):
        """It ends, says what is missing and what to do, and has done nothing."""
        status, out, err = self.start(name, path=str(self.bin))
        self.assertEqual(status, 1, out + err)
        self.assertEqual(out, "")
        for words in said:
            self.assertIn(words, err)
        self.check_nothing_but_build()
        self.assertFalse((self.copy / "build").exists(), "something was begun")
        return err

    def test_help_needs_nothing(self):
        for name in ("demo", "test"):
            status, out, err = self.start(name, "--help", path=str(self.bin))
            self.assertEqual((status, err), (0, ""))
            self.assertTrue(out.startswith(f"usage: tools/{name} "), out)
        self.check_nothing_but_build()

    def test_wrong_words_are_refused_before_anything_else(self):
        for name, word in (("demo", "--nothing"), ("test", "nothing"), ("demo", "/nonexistent/message")):
            status, out, err = self.start(name, word, path=str(self.bin))
            self.assertIn(status, (1, 2))
            self.assertEqual(out, "")
            self.assertTrue(err)
        self.check_nothing_but_build()
        self.assertFalse((self.copy / "build").exists())

    def test_continuous_integration_runs_all_tests(self):
        """.ci/run is tools/test without names: its output, its status; the mail beside the tree goes along."""
        stub = self.copy / "tools" / "test"
        stub.write_text(f'#!{BASH}\necho "words: $*, corpus: ${{MAILPROTO_CORPUS-none}}, in $PWD"\nexit 3\n')
        self.before = contents(self.copy)
        self.assertEqual(self.start("../.ci/run", path=str(self.bin)),
                         (3, f"words: , corpus: none, in {self.copy}\n", ""))
        corpus = self.folder / "shared" / "corpus"
        corpus.mkdir(parents=True)
        self.assertEqual(self.start("../.ci/run", path=str(self.bin)),
                         (3, f"words: , corpus: {corpus}, in {self.copy}\n", ""))
        self.check_nothing_but_build()

    def as_user(self):
        (self.bin / "id").unlink()
        self.program("id", "echo 1000")

    def needs_debian(self):
        if not os.path.exists("/etc/debian_version"):
            self.skipTest("this is not Debian")

    def test_other_systems_are_told_what_is_missing(self):
        common = ("this system lacks what is listed here; install it, then start", "  command meson ",
                  "the build system, 1.0 or newer", "  command ninja ", "  command gcc ", "  command pkg-config ",
                  "  library libuv ", "  library inih ", "  library jansson ")
        err = self.check_refused("demo", "start demo again", *common)
        self.assertNotIn("cmocka", err)
        err = self.check_refused("test", "start test again", *common, "  library cmocka ", "  command clang ",
                                 "  command x86_64-w64-mingw32-gcc ", "  command luajit ")
        for line in err.splitlines()[1:]:
            self.assertRegex(line, r"^  (command|library|python|header|runtime) \S+ +\S")

    def test_what_is_there_is_not_listed(self):
        for name in ("meson", "gcc"):
            self.program(name, "exit 0")
        err = self.check_refused("demo", "  command ninja ")
        self.assertNotIn("command meson", err)
        self.assertNotIn("command gcc", err)

    def test_debian_without_the_right_to_install(self):
        self.needs_debian()
        self.as_user()
        self.forbid("apt-get")
        said = ("packages are missing and may not be installed by this user; run this, then",
                "  sudo apt-get install --no-install-recommends ", " ninja-build ", " libuv1-dev ")
        self.check_refused("demo", "then demo again", *said)
        self.check_refused("test", "then test again", *said, " libcmocka-dev ")

    def test_sudo_that_asks_is_not_asked(self):
        self.needs_debian()
        self.as_user()
        self.forbid("apt-get")
        self.program("sudo", '[ "$1" = -n ] || echo "sudo $*" >>"%s/forbidden"; exit 1' % self.folder)
        self.check_refused("demo", "  sudo apt-get install ")

    def as_root(self):
        (self.bin / "id").unlink()
        self.program("id", "echo 0")

    def test_installing_that_fails_says_so(self):
        self.needs_debian()
        self.as_root()
        self.program("apt-get", "echo 'E: no such server'; exit 100")
        status, out, err = self.start("demo", path=str(self.bin))
        self.assertEqual(status, 1)
        self.assertIn("installing: meson ", out)
        self.assertIn("E: no such server", err)
        self.assertIn("these packages could not be installed: meson ", err)
        self.check_nothing_but_build()

    def test_installing_asks_for_nothing_else(self):
        self.needs_debian()
        self.as_root()
        self.program("apt-get", 'echo "$*" >>"%s/asked"' % self.folder)
        status, _, err = self.start("demo", path=str(self.bin))
        self.assertEqual(status, 1)
        self.assertIn("installed, and yet not usable: command meson ", err)
        update, install = (self.folder / "asked").read_text().splitlines()
        self.assertRegex(update, " update$")
        self.assertRegex(install, " install --no-install-recommends --no-remove meson ninja-build gcc ")
        for word in ("remove ", "purge", "upgrade", "libcmocka-dev", "swaks"):
            self.assertNotIn(word, install.replace("--no-remove", ""))
        self.check_nothing_but_build()


if __name__ == "__main__":
    if not BASH:
        print("skipped: there is no bash")
        sys.exit(77)
    unittest.main(verbosity=2)
