/* password.c - the password: from a file, from standard input, or asked for on the terminal without echo.
 * POSIX.1-2008, termios. */
#include "password.h"

#include "interrupt.h"
#include "options.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_MAX = 1024, TOKEN_MAX = sizeof((struct password *)0)->text - 1 };

void password_wipe(struct password *password)
{
    volatile char *p = password->text;

    for (size_t i = 0; i < sizeof password->text; i++)
        p[i] = 0;
    password->len = 0;
}

/* Reads a line an octet at a time: what follows it on standard input may be the message. */
static int read_line(struct password *password, int fd)
{
    ssize_t n;
    char c = 0;

    while ((n = read(fd, &c, 1)) == 1 && c != '\n') {
        if (password->len == password->most) {
            errno = EMSGSIZE;
            return -1;
        }
        password->text[password->len++] = c;
    }
    if (password->len && password->text[password->len - 1] == '\r')
        password->len--;
    password->text[password->len] = 0;
    return n < 0 ? -1 : 0;
}

static int ask(struct password *password, const char *whose)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY), result;
    struct termios before, silent;

    if (fd < 0) {
        report("there is no terminal to ask for the password of %s on: use --password-file", whose);
        return -1;
    }
    if (tcgetattr(fd, &before)) {
        report("the terminal cannot be used: %s", strerror(errno));
        close(fd);
        return -1;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ECHONL;
    tcsetattr(fd, TCSAFLUSH, &silent);
    report("password of %s:", whose);
    result = read_line(password, fd);
    tcsetattr(fd, TCSAFLUSH, &before);
    close(fd);
    if (result && !interrupted())
        report("the password could not be read: %s", strerror(errno));
    return result;
}

static int read_file(struct password *password, const char *path)
{
    int input = !strcmp(path, "-");
    int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), result;

    result = fd < 0 ? -1 : read_line(password, fd);
    if (result)
        report("the password could not be read from %s: %s", input ? "standard input" : path, strerror(errno));
    if (fd < 0)
        report_hint("--password-file takes the name of a file that holds it, or - for standard input.");
    if (fd >= 0 && !input)
        close(fd);
    return result;
}

static int read_secret(struct password *password, const char *path, const char *whose)
{
    if (!path || (!strcmp(path, "-") && isatty(STDIN_FILENO)))
        return ask(password, whose);
    if (read_file(password, path))
        return -1;
    if (!password->len) {
        report("the password file %s is empty, or begins with an empty line", path);
        return -1;
    }
    if (memchr(password->text, 0, password->len)) {
        report("the password file %s holds a NUL octet", path);
        return -1;
    }
    return 0;
}

int password_get(struct password *password, const struct common_options *common)
{
    const char *path = common->token_file ? common->token_file : common->password_file;

    memset(password, 0, sizeof *password);
    password->most = common->token_file ? TOKEN_MAX : PASSWORD_MAX;
    return read_secret(password, path, common->user ? common->user : common->url.where);
}
