/* inherit.c - sockets that the service manager has opened and passed on: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES.
 * sd_listen_fds(3) tells how; nothing of systemd's is needed for it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/ascii.h"
#include "internal.h"

enum { FIRST = 3, MOST = 1024 }; /* SD_LISTEN_FDS_START; more than any unit has */

struct mp_host_inherited {
    uint32_t count;
    size_t size;     /* of this piece of memory */
    char *names;     /* of LISTEN_FDNAMES, behind `taken`: parted by ':' */
    uint8_t taken[]; /* one for each */
};

static uint32_t number_of(const char *variable)
{
    const char *text = getenv(variable);
    uint64_t value;

    if (!text || !mp_ascii_parse_decimal(text, strlen(text), &value) || value > INT32_MAX)
        return 0;
    return (uint32_t)value;
}

/* Reads the environment, once. NULL: no memory. */
static struct mp_host_inherited *get(mailproto_host *host)
{
    const char *names = getenv("LISTEN_FDNAMES");
    uint32_t count = number_of("LISTEN_PID") == (uint32_t)getpid() ? number_of("LISTEN_FDS") : 0;
    struct mp_host_inherited *found = host->inherited;
    size_t size;

    if (found)
        return found;
    count = count < MOST ? count : MOST;
    size = sizeof *found + count + (names ? strlen(names) : 0) + 1;
    found = mp_host_alloc(host, size);
    if (!found)
        return NULL;
    found->count = count;
    found->size = size;
    found->names = (char *)found->taken + count;
    if (names)
        memcpy(found->names, names, strlen(names));
    for (uint32_t i = 0; i < count; i++)
        fcntl(FIRST + (int)i, F_SETFD, FD_CLOEXEC); /* they are not for our children */
    host->inherited = found;
    return found;
}

static mailproto_text name_of(const struct mp_host_inherited *all, uint32_t index)
{
    const char *at = all->names, *end;

    for (; index && at; index--) {
        at = strchr(at, ':');
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return (mailproto_text){"", 0};
    end = strchr(at, ':');
    return (mailproto_text){at, end ? (size_t)(end - at) : strlen(at)};
}

uint32_t mailproto_host_inherited(mailproto_host *host, uint32_t index, mailproto_text *name)
{
    const struct mp_host_inherited *all = host ? get(host) : NULL;

    if (name)
        *name = all && index < all->count ? name_of(all, index) : (mailproto_text){"", 0};
    return all ? all->count : 0;
}

static int take(struct mp_host_inherited *all, uint32_t index)
{
    if (index >= all->count || all->taken[index])
        return -1;
    all->taken[index] = 1;
    return FIRST + (int)index;
}

int mp_host_inherit(mailproto_host *host, mailproto_text what)
{
    struct mp_host_inherited *all = get(host);
    uint64_t index;

    if (!all)
        return -1;
    for (uint32_t i = 0; i < all->count; i++) {
        mailproto_text name = name_of(all, i);

        if (what.len && name.len == what.len && !memcmp(name.ptr, what.ptr, what.len) && !all->taken[i])
            return take(all, i);
    }
    if (mp_ascii_parse_decimal(what.ptr, what.len, &index) && index < all->count)
        return take(all, (uint32_t)index);
    return -1;
}

void mp_host_inherit_free(mailproto_host *host)
{
    if (host->inherited)
        mp_host_release(host, host->inherited, host->inherited->size);
    host->inherited = NULL;
}
