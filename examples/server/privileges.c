/* privileges.c - what the operating system lets the process have.
 * Root is needed for ports below 1024 only, and given up as soon as they are bound. */
#define _DEFAULT_SOURCE /* initgroups */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"

enum { EXIT_NO_USER = 67, EXIT_NO_PERMISSION = 77 };

uint64_t privileges_raise_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return 256;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

void privileges_no_core(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
}

int privileges_exist(const char *name)
{
    return getpwnam(name) != NULL;
}

int privileges_become(const char *name)
{
    const struct passwd *user = getpwnam(name);

    if (!user) {
        log_line(LOG_ERROR, "run_as: there is no user %s on this machine", name);
        return EXIT_NO_USER;
    }
    if (user->pw_uid == geteuid())
        return 0;
    if (initgroups(name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid)) {
        log_line(LOG_ERROR, "run_as: cannot become %s: %s; start as root, or leave run_as out", name, strerror(errno));
        return EXIT_NO_PERMISSION;
    }
    return 0;
}
