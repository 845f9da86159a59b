/* recipients.c - whom a message is for: the list, and the choice for each transaction.
 * RFC 5321 section 4.5.3.1.8; RFC 9422 section 4 (RCPTMAX, RCPTDOMAINMAX). */
#include "recipients.h"

#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int recipients_add(struct recipients *all, const char *address)
{
    if (all->count == all->room) {
        unsigned room = all->room ? all->room * 2 : 16;
        struct recipient *list = realloc(all->list, room * sizeof *list);

        if (!list) {
            report_no_memory();
            return -1;
        }
        all->list = list;
        all->room = room;
    }
    all->list[all->count++] = (struct recipient){.address = address};
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

/* ---- the choice ---- */

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at ? at + 1 : "";
}

static int same_domain(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a, y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;

        if (x != y)
            return 0;
    }
    return *a == *b;
}

/* The domains chosen so far are in `seen`: the choice keeps within max_domains. */
static int domain_fits(const char *domain, const char **seen, unsigned *count, unsigned max_domains)
{
    for (unsigned i = 0; i < *count; i++)
        if (same_domain(seen[i], domain))
            return 1;
    if (*count == max_domains)
        return 0;
    seen[(*count)++] = domain;
    return 1;
}

unsigned recipients_choose(struct recipients *all, unsigned max, unsigned max_domains, unsigned transaction)
{
    const char **seen = max_domains ? calloc(all->count, sizeof *seen) : NULL;
    unsigned domains = 0;

    if (!all->chosen)
        all->chosen = calloc(all->count, sizeof *all->chosen);
    all->chosen_count = 0;
    if (all->chosen && (seen || !max_domains))
        for (unsigned i = 0; i < all->count && all->chosen_count < max; i++) {
            struct recipient *r = &all->list[i];

            if (r->state != RECIPIENT_WAITING ||
                (max_domains && !domain_fits(domain_of(r->address), seen, &domains, max_domains)))
                continue;
            r->state = RECIPIENT_CHOSEN;
            r->transaction = transaction;
            r->stage = NULL;
            reply_clear(&r->reply);
            all->chosen[all->chosen_count++] = i;
        }
    free(seen);
    return all->chosen_count;
}

unsigned recipients_in(const struct recipients *all, int state)
{
    unsigned n = 0;

    for (unsigned i = 0; i < all->count; i++)
        n += all->list[i].state == state;
    return n;
}

void recipients_free(struct recipients *all)
{
    for (unsigned i = 0; i < all->count; i++)
        reply_clear(&all->list[i].reply);
    free(all->list);
    free(all->chosen);
    memset(all, 0, sizeof *all);
}
