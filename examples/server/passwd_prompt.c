/* passwd_prompt.c - asks for a new password.
 * POSIX.1-2008, termios. */
#include "passwd_prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "passwd_file.h"

/* A line, an octet at a time. */
static int read_line(int fd, char *out, size_t *len)
{
    ssize_t n;
    char c = 0;

    *len = 0;
    while ((n = read(fd, &c, 1)) == 1 && c != '\n') {
        if (*len == PASSWD_PROMPT - 1) {
            fprintf(stderr, "mailprotod: the password is longer than 1024 octets\n");
            return -1;
        }
        out[(*len)++] = c;
    }
    if (*len && out[*len - 1] == '\r')
        --*len;
    out[*len] = 0;
    if (n < 0)
        fprintf(stderr, "mailprotod: the password could not be read: %s\n", strerror(errno));
    return n < 0 ? -1 : 0;
}

static int ask(int fd, const char *text, const char *whose, char *out, size_t *len)
{
    fprintf(stderr, "%s %s: ", text, whose);
    fflush(stderr);
    return read_line(fd, out, len);
}

static int ask_twice(int fd, char *password, size_t *len, const char *whose)
{
    char again[PASSWD_PROMPT];
    size_t again_len = 0;
    int failed = ask(fd, "new password of", whose, password, len) || ask(fd, "again, for", whose, again, &again_len);

    if (!failed && (*len != again_len || memcmp(password, again, again_len))) {
        fprintf(stderr, "mailprotod: they are not the same: nothing is changed\n");
        failed = -1;
    }
    passwd_wipe(again, sizeof again);
    return failed;
}

int passwd_prompt(char password[PASSWD_PROMPT], size_t *len, const char *whose)
{
    struct termios before, silent;
    sigset_t signals, old;
    int failed;

    if (tcgetattr(STDIN_FILENO, &before)) /* no terminal */
        return read_line(STDIN_FILENO, password, len);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ECHONL;
    sigemptyset(&signals); /* a terminal must not stay without echo */
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGTSTP);
    sigprocmask(SIG_BLOCK, &signals, &old);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    failed = ask_twice(STDIN_FILENO, password, len, whose);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return failed;
}
