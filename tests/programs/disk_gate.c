/* disk_gate.c - preloaded into mailprotod by its tests: a disk that stands still, or is full, while a file says so.
 * $DISK_GATE names the file: "wait" in it lets writes to regular files wait, "full" lets them fail with ENOSPC. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

ssize_t write(int fd, const void *data, size_t len);

/* The first letter in the file; 0: it is not there. */
static char gate(void)
{
    const char *path = getenv("DISK_GATE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char letter = 0;

    if (fd < 0)
        return 0;
    if (read(fd, &letter, 1) != 1)
        letter = 0;
    close(fd);
    return letter;
}

ssize_t write(int fd, const void *data, size_t len)
{
    static ssize_t (*real)(int, const void *, size_t);
    const struct timespec pause = {0, 1000000};
    struct stat status;

    if (!real) {
        void *found = dlsym(RTLD_NEXT, "write");

        memcpy(&real, &found, sizeof real);
    }
    if (fd > 2 && !fstat(fd, &status) && S_ISREG(status.st_mode)) {
        while (gate() == 'w')
            nanosleep(&pause, NULL);
        if (gate() == 'f') {
            errno = ENOSPC;
            return -1;
        }
    }
    return real(fd, data, len);
}
