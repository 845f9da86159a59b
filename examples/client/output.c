/* output.c - --output: a file that appears only when it is whole, or standard output.
 * Made beside the file that it will be, so that rename can put it there (POSIX rename). */
#include "output.h"

#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int create(struct output *output)
{
    size_t n = strlen(output->path) + sizeof ".XXXXXX";
    mode_t mask = umask(0);
    int fd;

    umask(mask);
    output->temporary = malloc(n);
    if (!output->temporary)
        return -1;
    snprintf(output->temporary, n, "%s.XXXXXX", output->path);
    fd = mkstemp(output->temporary);
    if (fd >= 0)
        fchmod(fd, (mode_t)(0666 & ~mask));
    return fd;
}

int output_open(struct output *output, const char *path)
{
    struct stat about;

    memset(output, 0, sizeof *output);
    output->path = path;
    output->fd = STDOUT_FILENO;
    if (path)
        output->fd = !stat(path, &about) && !S_ISREG(about.st_mode) ? open(path, O_WRONLY | O_CLOEXEC) : create(output);
    if (output->fd >= 0)
        return 0;
    output_report(output);
    free(output->temporary);
    return -1;
}

int output_done(struct output *output)
{
    if (!output->temporary)
        return 0;
    if (fsync(output->fd) || rename(output->temporary, output->path))
        return -1;
    free(output->temporary);
    output->temporary = NULL;
    return 0;
}

void output_report(const struct output *output)
{
    report("cannot write to %s: %s", output->path ? output->path : "standard output", strerror(errno));
}

void output_close(struct output *output)
{
    if (output->temporary)
        unlink(output->temporary);
    if (output->fd > STDERR_FILENO)
        close(output->fd);
    free(output->temporary);
}
