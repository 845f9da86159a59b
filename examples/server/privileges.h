/* privileges.h - what the operating system lets the process have: files open at once, and the right to be root.
 * Both are settled before the first client is served. */
#ifndef MAILPROTOD_PRIVILEGES_H
#define MAILPROTOD_PRIVILEGES_H

#include <stdint.h>

/* Raises the number of files that may be open as far as it goes; how many that is. */
uint64_t privileges_raise_files(void);
/* Whether there is such a user on this machine. */
int privileges_exist(const char *name);
/* Becomes that user for good. 0; 67: there is no such user; 77: it is not allowed (logged). */
int privileges_become(const char *name);
/* Passwords and keys are not to be found in the file of a crash. */
void privileges_no_core(void);

#endif
