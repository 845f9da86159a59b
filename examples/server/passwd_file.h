/* passwd_file.h - the configuration as lines of text, and its replacement by other lines.
 * The new file is complete and on the disk before it has the name; it keeps the mode and the owner. */
#ifndef MAILPROTOD_PASSWD_FILE_H
#define MAILPROTOD_PASSWD_FILE_H

#include <stddef.h>
#include <sys/stat.h>

enum { EXIT_DATA = 65 };

struct passwd_lines {
    char **items; /* with their line ends */
    size_t count;
};

/* The file while it is changed: nobody else's `passwd` changes it, and what another program did to it is noticed. */
struct passwd_lock {
    int fd; /* -1: none */
    struct stat status;
};

int passwd_lock(struct passwd_lock *lock, const char *path); /* waits for another's. 0, or -1 */
void passwd_unlock(struct passwd_lock *lock);
int passwd_changed(const struct passwd_lock *lock,
                   const char *path); /* whether the file is another since it was locked */

int passwd_lines_read(struct passwd_lines *lines, const char *path); /* 0, or -1 */
void passwd_lines_drop(struct passwd_lines *lines, size_t at); /* it becomes empty, the others keep their places */
int passwd_lines_append(struct passwd_lines *lines, size_t at, const char *text); /* 0; -1: no memory */
int passwd_lines_save(const struct passwd_lines *lines, const char *path);        /* 0, or a sysexit; it was told */
void passwd_lines_clear(struct passwd_lines *lines);                              /* wiped */
void passwd_wipe(void *at, size_t len);

#endif
