/* recipients.c - whom a message is for: from the command line, and from a file.
 * RFC 5321 section 4.1.2 says what an address is; the engine holds them to it.
 */
#include "recipients.h"

#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int recipients_add(struct recipients *all, const char *address)
{
    if (all->count == all->room) {
        uint32_t room = all->room ? all->room * 2 : 16;
        mailproto_host_recipient *list = realloc(all->list, room * sizeof *list);

        if (!list) {
            report_no_memory();
            return -1;
        }
        all->list = list;
        all->room = room;
    }
    mailproto_host_recipient_init(&all->list[all->count], sizeof *all->list);
    all->list[all->count++].address = text_of(address);
    return 0;
}

/* ---- from a file ---- */

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL, *more;
    size_t n = 0, room = 0, got = 1;

    while (file && got) {
        if (room - n < 2) {
            room = room ? room * 2 : 4096;
            more = realloc(text, room);
            if (!more)
                break;
            text = more;
        }
        got = fread(text + n, 1, room - n - 1, file);
        n += got;
        text[n] = 0;
    }
    if (!file || got || ferror(file) || memchr(text, 0, n)) {
        report("cannot read the recipients in %s: %s", path,
               file && !got && !ferror(file) ? "there is a NUL octet in it" : strerror(errno));
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

static char *trimmed(char *line)
{
    size_t n = strlen(line);

    while (n && (line[n - 1] == '\r' || line[n - 1] == ' ' || line[n - 1] == '\t'))
        line[--n] = 0;
    return line + strspn(line, " \t");
}

int recipients_add_file(struct recipients *all, const char *path, char **text)
{
    char *line, *next;

    *text = read_whole(path);
    if (!*text)
        return -1;
    for (line = *text; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        line = trimmed(line);
        if (*line && *line != '#' && recipients_add(all, line))
            return -1;
    }
    return 0;
}

const mailproto_host_recipient *recipients_link(struct recipients *all, uint32_t notify)
{
    for (uint32_t i = 0; i < all->count; i++) {
        all->list[i].notify = notify;
        all->list[i].next = i + 1 < all->count ? &all->list[i + 1] : NULL;
    }
    return all->list;
}
