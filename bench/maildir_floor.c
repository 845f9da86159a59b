/* maildir_floor.c - the least that durable delivery into a Maildir costs: file in tmp, fsync, rename, directory fsync.
 * Prints milliseconds of CPU a message. The messages stay. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int deliver(unsigned number, const char *data, size_t size, int new_folder)
{
    char from[64], to[64];
    int fd;

    snprintf(from, sizeof from, "tmp/%u.%ld", number, (long)getpid());
    snprintf(to, sizeof to, "new/%u.%ld", number, (long)getpid());
    fd = open(from, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || fsync(fd) || close(fd))
        return -1;
    return rename(from, to) || fsync(new_folder) ? -1 : 0;
}

int main(int count, char **words)
{
    unsigned messages = count == 4 ? (unsigned)strtoul(words[2], NULL, 10) : 0;
    size_t size = count == 4 ? strtoul(words[3], NULL, 10) : 0;
    char *data = malloc(size + 1);
    int new_folder;
    double begin;

    if (!messages || !data || chdir(words[1]))
        return fprintf(stderr, "usage: maildir_floor FOLDER MESSAGES OCTETS\n"), 2;
    memset(data, 'a', size);
    mkdir("tmp", 0700);
    mkdir("new", 0700);
    new_folder = open("new", O_RDONLY | O_DIRECTORY);
    if (new_folder < 0)
        return perror("maildir_floor"), 1;
    begin = cpu();
    for (unsigned i = 0; i < messages; i++)
        if (deliver(i, data, size, new_folder))
            return perror("maildir_floor"), 1;
    printf("%.6f\n", (cpu() - begin) / messages);
    return 0;
}
