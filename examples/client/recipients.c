/* recipients.c - whom a message is for: from the command line, and from files.
 * RFC 5321 section 4.1.2 says what an address is; the engine holds them to it. */
#include "recipients.h"

#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more. 0, or -1. */
static int grow(struct recipients *all)
{
    uint32_t room = all->room ? all->room * 2 : 16;
    mailproto_host_recipient *list;

    if (all->count < all->room)
        return 0;
    list = realloc(all->list, room * sizeof *list);
    if (!list)
        return -1;
    all->list = list;
    all->room = room;
    return 0;
}

int recipients_add(struct recipients *all, const char *address)
{
    const char *copy = grow(all) ? NULL : strdup(address);

    if (!copy) {
        report_no_memory();
        return -1;
    }
    mailproto_host_recipient_init(&all->list[all->count], sizeof *all->list);
    all->list[all->count++].address = text_of(copy);
    return 0;
}

/* Without the white space at both its ends. */
static char *trimmed(char *line, size_t n)
{
    while (n && strchr("\r\n \t", line[n - 1]))
        line[--n] = 0;
    return line + strspn(line, " \t");
}

int recipients_add_file(struct recipients *all, const char *path)
{
    FILE *file = fopen(path, "r");
    const char *wrong = file ? NULL : strerror(errno);
    char *line = NULL, *address;
    size_t room = 0;
    ssize_t n;
    int failed = 0;

    while (!wrong && !failed && (n = getline(&line, &room, file)) >= 0) {
        if (memchr(line, 0, (size_t)n))
            wrong = "there is a NUL octet in it";
        address = trimmed(line, (size_t)n);
        if (*address && *address != '#')
            failed = recipients_add(all, address);
    }
    if (!wrong && !failed && ferror(file))
        wrong = strerror(errno);
    if (wrong)
        report("cannot read the recipients in %s: %s", path, wrong);
    if (file)
        fclose(file);
    free(line);
    return wrong || failed ? -1 : 0;
}

const mailproto_host_recipient *recipients_link(struct recipients *all, uint32_t notify)
{
    for (uint32_t i = 0; i < all->count; i++) {
        all->list[i].notify = notify;
        all->list[i].next = i + 1 < all->count ? &all->list[i + 1] : NULL;
    }
    return all->list;
}

void recipients_free(struct recipients *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        char *copy;

        memcpy(&copy, &all->list[i].address.ptr, sizeof copy); /* which is const, but strdup made it */
        free(copy);
    }
    free(all->list);
}
