/* maildir_filenames.c - names of files that hold messages: SECONDS.MmicrosecondsPpidQcounter.HOST,S=octets,W=octets:2,FLAGS.
 * https://cr.yp.to/proto/maildir.html. S is the size of the file, W its size with CRLF line ends. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/ascii.h"
#include "maildir.h"

/* Two handles of one process may meet in the same microsecond: each has a random number of its own. */
void mp_maildir_unique(mp_maildir *m, char name[MP_NAME_MAX])
{
    int64_t seconds;
    int32_t nanoseconds;

    m->files.now(m->files.user, &seconds, &nanoseconds);
    snprintf(name, MP_NAME_MAX, "%lld.M%06ldP%ldQ%uR%08lx.%.120s", (long long)seconds, (long)(nanoseconds / 1000),
             (long)getpid(), m->counter++, (unsigned long)m->salt, m->host);
}

size_t mp_maildir_base_length(const char *name)
{
    return strcspn(name, ":");
}

static const struct {
    char letter;
    uint32_t flag;
} letters[] = {
    {'D', MAILPROTO_FLAG_DRAFT}, {'F', MAILPROTO_FLAG_FLAGGED}, {'R', MAILPROTO_FLAG_ANSWERED},
    {'S', MAILPROTO_FLAG_SEEN},  {'T', MAILPROTO_FLAG_DELETED},
};
enum { LETTERS = sizeof letters / sizeof *letters };

uint32_t mp_maildir_info_flags(const char *info)
{
    uint32_t flags = 0;

    if (strncmp(info, ":2,", 3))
        return 0;
    for (const char *at = info + 3; *at; at++)
        for (size_t i = 0; i < LETTERS; i++)
            if (*at == letters[i].letter)
                flags |= letters[i].flag;
    return flags;
}

/* Letters are in the order of ASCII. Those that are not ours ('P', passed; small ones of other programs) stay. */
void mp_maildir_info_make(char out[MP_NAME_MAX], const char *info, uint32_t flags)
{
    char made[MP_NAME_MAX] = ":2,";
    size_t len = 3;

    for (int c = 'A'; c <= 'z'; c++) {
        int wanted = !strncmp(info, ":2,", 3) && strchr(info + 3, c);

        for (size_t i = 0; i < LETTERS; i++)
            if (c == letters[i].letter)
                wanted = !!(flags & letters[i].flag);
        if (wanted && mp_ascii_is_alpha(c))
            made[len++] = (char)c;
    }
    made[len] = 0;
    memcpy(out, made, len + 1);
}

static int number_behind(const char *name, const char *mark, uint64_t *out)
{
    const char *at = strstr(name, mark);
    size_t digits;

    if (!at)
        return 0;
    at += strlen(mark);
    digits = mp_ascii_read_decimal(at, strlen(at), out);
    return digits && (!at[digits] || at[digits] == ',' || at[digits] == ':');
}

int mp_maildir_said_sizes(const char *name, uint64_t *octets, uint64_t *size)
{
    return number_behind(name, ",S=", octets) && number_behind(name, ",W=", size) && *size >= *octets &&
           *size <= 2 * *octets;
}

static void read_time(const char *name, uint64_t *second, uint64_t *micro)
{
    size_t digits = mp_ascii_read_decimal(name, strlen(name), second);

    *micro = 0;
    if (!digits)
        *second = UINT64_MAX;
    else if (name[digits] == '.' && name[digits + 1] == 'M')
        (void)mp_ascii_read_decimal(name + digits + 2, strlen(name + digits + 2), micro);
}

int mp_maildir_name_order(const char *left, const char *right)
{
    uint64_t second[2], micro[2];

    read_time(left, &second[0], &micro[0]);
    read_time(right, &second[1], &micro[1]);
    if (second[0] != second[1])
        return second[0] < second[1] ? -1 : 1;
    if (micro[0] != micro[1])
        return micro[0] < micro[1] ? -1 : 1;
    return strcmp(left, right);
}

const char *mp_maildir_message_path(mp_maildir *m, char *out, const mp_mailbox *box, const mp_message *message)
{
    char name[2 * MP_NAME_MAX];

    snprintf(name, sizeof name, "%s%s", message->base, message->in_new ? "" : message->info);
    return mp_maildir_path(m, out, box->directory, message->in_new ? "new" : "cur", name);
}
