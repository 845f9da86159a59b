/* maildir_keywords.c - keywords of a mailbox by number, and the sets of numbers that messages have.
 * RFC 9051 2.3.2: compared without case, kept as first written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "maildir.h"

static int keep(mp_keywords *keywords, unsigned number, const char *name, size_t len)
{
    char *copy;

    if (number > keywords->room) {
        unsigned room = number + 16;
        char **names = realloc(keywords->names, room * sizeof *names);

        if (!names)
            return 0;
        for (unsigned i = keywords->room; i < room; i++)
            names[i] = NULL;
        keywords->names = names;
        keywords->room = room;
    }
    copy = malloc(len + 1);
    if (!copy)
        return 0;
    memcpy(copy, name, len);
    copy[len] = 0;
    free(keywords->names[number - 1]);
    keywords->names[number - 1] = copy;
    if (number > keywords->count)
        keywords->count = number;
    return 1;
}

int32_t mp_keywords_load(mp_maildir *m, uint64_t mailbox, mp_keywords *out)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(m, MP_SQL_KEYWORDS, &result);

    *out = (mp_keywords){0};
    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)mailbox);
    while ((result = mp_sql_step(m, s)) > 0) {
        sqlite3_int64 number = sqlite3_column_int64(s, 0);
        const void *name = sqlite3_column_text(s, 1);

        if (number < 1 || number > MP_KEYWORDS_MAX || !name)
            continue;
        if (!keep(out, (unsigned)number, name, (size_t)sqlite3_column_bytes(s, 1))) {
            sqlite3_reset(s);
            result = mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
            break;
        }
    }
    if (result < 0)
        mp_keywords_free(out);
    return result;
}

void mp_keywords_free(mp_keywords *keywords)
{
    for (unsigned i = 0; i < keywords->count; i++)
        free(keywords->names[i]);
    free(keywords->names);
    *keywords = (mp_keywords){0};
}

int32_t mp_keywords_number(mp_maildir *m, uint64_t mailbox, mp_keywords *keywords, const char *name, size_t len,
                           int add, unsigned *number)
{
    int32_t result;
    sqlite3_stmt *s;

    *number = 0;
    for (unsigned i = 0; i < keywords->count; i++) {
        const char *known = keywords->names[i];

        if (known && strlen(known) == len && mp_ascii_same(known, name, len)) {
            *number = i + 1;
            return 0;
        }
    }
    if (!add)
        return 0;
    if (keywords->count >= MP_KEYWORDS_MAX)
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the mailbox has as many keywords as it can have");
    s = mp_sql(m, MP_SQL_KEYWORD_INSERT, &result);
    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)mailbox);
    sqlite3_bind_int64(s, 2, keywords->count + 1);
    sqlite3_bind_text(s, 3, name, (int)len, SQLITE_STATIC);
    result = mp_sql_run(m, s);
    if (result)
        return result;
    if (!keep(keywords, keywords->count + 1, name, len))
        return mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
    *number = keywords->count;
    return 0;
}

/* ---- sets: " 1 4 " ---- */

static char *find(const char *set, unsigned number, size_t *len)
{
    char mark[16];

    *len = (size_t)snprintf(mark, sizeof mark, " %u ", number);
    return strstr(set, mark);
}

int mp_keywords_has(const char *set, unsigned number)
{
    size_t len;

    return find(set, number, &len) != NULL;
}

int mp_keywords_add(char *set, size_t size, unsigned number)
{
    size_t len = strlen(set);

    if (mp_keywords_has(set, number))
        return 1;
    if (len + 16 > size)
        return 0;
    snprintf(set + len, size - len, "%s%u ", len ? "" : " ", number);
    return 1;
}

void mp_keywords_remove(char *set, unsigned number)
{
    size_t len;
    char *at = find(set, number, &len);

    if (!at)
        return;
    memmove(at + 1, at + len, strlen(at + len) + 1);
    if (!set[1])
        set[0] = 0;
}

const mailproto_store_keyword *mp_keywords_items(const mp_keywords *keywords, const char *set,
                                                 mailproto_store_keyword *nodes)
{
    size_t count = 0, digits;
    uint64_t number;

    for (const char *at = set; at && *at == ' ' && at[1]; at += digits + 1) {
        digits = mp_ascii_read_decimal(at + 1, strlen(at + 1), &number);
        if (!digits || count == MP_KEYWORDS_MAX)
            break;
        if (number < 1 || number > keywords->count || !keywords->names[number - 1])
            continue;
        nodes[count] = (mailproto_store_keyword){.struct_size = sizeof *nodes};
        nodes[count].name.ptr = keywords->names[number - 1];
        nodes[count].name.len = strlen(keywords->names[number - 1]);
        if (count)
            nodes[count - 1].next = &nodes[count];
        count++;
    }
    return count ? nodes : NULL;
}
