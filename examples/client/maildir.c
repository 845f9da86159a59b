/* maildir.c - delivery into a Maildir: tmp, fsync, rename into new, directory fsync.
 * Files have LF line ends, as mail readers of Unix expect them. */
#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int open_folder(int base, const char *name)
{
    if (mkdirat(base, name, 0700) && errno != EEXIST)
        return -1;
    return openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* '/' and ':' mean something in the names of a Maildir. */
static void write_host(char *out, size_t size)
{
    char name[128];
    size_t n = 0;

    if (gethostname(name, sizeof name) || !*name)
        strcpy(name, "localhost");
    name[sizeof name - 1] = 0;
    for (const char *p = name; *p && n + 5 < size; p++) {
        if (*p == '/' || *p == ':')
            n += (size_t)snprintf(out + n, size - n, *p == '/' ? "\\057" : "\\072");
        else
            out[n++] = *p;
    }
    out[n] = 0;
}

/* The names of the folders, and that of the Maildir itself, are as durable as what will lie in them. */
static int sync_names(int base)
{
    int parent = openat(base, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed;

    if (parent < 0)
        return errno == EACCES ? fsync(base) : -1;
    failed = fsync(base) || fsync(parent);
    close(parent);
    return failed ? -1 : 0;
}

int maildir_open(struct maildir *maildir, const char *path)
{
    int cur = -1, saved;

    memset(maildir, 0, sizeof *maildir);
    maildir->tmp = maildir->new = -1;
    write_host(maildir->host, sizeof maildir->host);
    maildir->base = open_folder(AT_FDCWD, path);
    if (maildir->base >= 0)
        maildir->tmp = open_folder(maildir->base, "tmp");
    if (maildir->tmp >= 0)
        maildir->new = open_folder(maildir->base, "new");
    if (maildir->new >= 0)
        cur = open_folder(maildir->base, "cur");
    if (cur >= 0 && !sync_names(maildir->base)) {
        close(cur);
        return 0;
    }
    saved = errno;
    if (cur >= 0)
        close(cur);
    maildir_close(maildir);
    errno = saved;
    return -1;
}

static void make_name(struct maildir *maildir)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(maildir->name, sizeof maildir->name, "%lld.M%06ldP%ldQ%u.%s", (long long)now.tv_sec,
             (long)(now.tv_nsec / 1000), (long)getpid(), ++maildir->counter, maildir->host);
}

int maildir_begin(struct maildir *maildir)
{
    int fd;

    do {
        make_name(maildir);
        fd = openat(maildir->tmp, maildir->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    } while (fd < 0 && errno == EEXIST);
    if (fd < 0)
        return -1;
    writer_begin(&maildir->writer, fd, 1);
    maildir->writing = 1;
    return 0;
}

int maildir_write(struct maildir *maildir, const char *data, size_t len)
{
    return writer_put(&maildir->writer, data, len);
}

void maildir_discard(struct maildir *maildir)
{
    int saved = errno;

    if (!maildir->writing)
        return;
    close(maildir->writer.fd);
    unlinkat(maildir->tmp, maildir->name, 0);
    maildir->writing = 0;
    errno = saved;
}

/* The order is the point: the octets are on the disk before the name is in new/, the name before anyone is told. */
int maildir_commit(struct maildir *maildir)
{
    if (writer_flush(&maildir->writer) || fsync(maildir->writer.fd) ||
        renameat(maildir->tmp, maildir->name, maildir->new, maildir->name)) {
        maildir_discard(maildir);
        return -1;
    }
    close(maildir->writer.fd);
    maildir->writing = 0;
    if (!fsync(maildir->new))
        return 0;
    /* it may be gone after a loss of power, so it was not delivered */
    unlinkat(maildir->new, maildir->name, 0);
    return -1;
}

void maildir_close(struct maildir *maildir)
{
    maildir_discard(maildir);
    if (maildir->base >= 0)
        close(maildir->base);
    if (maildir->tmp >= 0)
        close(maildir->tmp);
    if (maildir->new >= 0)
        close(maildir->new);
    maildir->base = maildir->tmp = maildir->new = -1;
}
