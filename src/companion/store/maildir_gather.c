/* maildir_gather.c - gathers the names of a mailbox's files and what the index knows of them, in linear time.
 * https://cr.yp.to/proto/maildir.html: new/ is read before cur/, so that what moves meanwhile is found twice, not never. */
#include <stdlib.h>
#include <string.h>

#include "maildir_scan.h"

static int32_t no_memory(mp_maildir *m)
{
    return mp_maildir_error(m, MAILPROTO_ERR_NOMEM, "there is no memory");
}

size_t mp_texts_add(mp_texts *texts, const char *text, size_t len)
{
    size_t at = texts->used;

    if (texts->room - texts->used < len + 1) {
        size_t room = texts->room ? 2 * texts->room : 4096;
        char *more;

        while (room - texts->used < len + 1)
            room *= 2;
        more = realloc(texts->text, room);
        if (!more)
            return SIZE_MAX;
        texts->text = more;
        texts->room = room;
    }
    memcpy(texts->text + at, text, len);
    texts->text[at + len] = 0;
    texts->used += len + 1;
    return at;
}

const char *mp_scan_text(const mp_scan *scan, size_t at)
{
    return scan->texts.text + at;
}

static void *grown(void *items, size_t count, size_t *room, size_t size)
{
    size_t wanted = *room ? 2 * *room : 64;
    void *more;

    if (count < *room)
        return items;
    more = realloc(items, wanted * size);
    if (more)
        *room = wanted;
    return more;
}

/* ---- files ---- */

struct lister {
    mp_scan *scan;
    int in_new;
};

static int one_name(void *context, const char *name)
{
    struct lister *lister = context;
    mp_scan *scan = lister->scan;
    size_t len = strlen(name);
    mp_found *more;

    if (name[0] == '.' || len >= MP_NAME_MAX)
        return 0;
    more = grown(scan->found, scan->found_count, &scan->found_room, sizeof *more);
    if (!more)
        return 1;
    scan->found = more;
    more += scan->found_count;
    more->in_new = lister->in_new;
    more->name = mp_texts_add(&scan->texts, name, len);
    if (more->name == SIZE_MAX)
        return 1;
    scan->found_count++;
    return 0;
}

int32_t mp_scan_list(mp_scan *scan, int in_new)
{
    struct lister lister = {scan, in_new};
    mp_maildir *m = scan->m;
    char path[MP_PATH_MAX];
    int error;

    if (!mp_maildir_path(m, path, scan->box->directory, in_new ? "new" : "cur", ""))
        return MAILPROTO_ERR_LIMIT;
    error = m->files.list(m->files.user, path, one_name, &lister);
    if (error > 0)
        return no_memory(m);
    return error ? mp_maildir_file_error(m, error, "reading", path) : 0;
}

/* ---- what is known ---- */

static size_t hash(const char *text, size_t len)
{
    uint64_t value = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < len; i++)
        value = (value ^ (unsigned char)text[i]) * UINT64_C(1099511628211); /* FNV-1a */
    return (size_t)(value ^ value >> 29);
}

static void enter(mp_scan *scan, size_t index)
{
    const char *base = mp_scan_text(scan, scan->known[index].base);
    size_t at = hash(base, strlen(base));

    while (scan->slots[at & (scan->slot_count - 1)])
        at++;
    scan->slots[at & (scan->slot_count - 1)] = index + 1;
}

static int more_slots(mp_scan *scan)
{
    size_t count = scan->slot_count ? 2 * scan->slot_count : 256;
    size_t *slots = calloc(count, sizeof *slots);

    if (!slots)
        return 0;
    free(scan->slots);
    scan->slots = slots;
    scan->slot_count = count;
    for (size_t i = 0; i < scan->known_count; i++)
        enter(scan, i);
    return 1;
}

mp_known *mp_scan_find(const mp_scan *scan, const char *base, size_t len)
{
    size_t at = hash(base, len), index;

    if (!scan->slot_count)
        return NULL;
    for (; (index = scan->slots[at & (scan->slot_count - 1)]); at++) {
        mp_known *known = &scan->known[index - 1];
        const char *its = mp_scan_text(scan, known->base);

        if (!strncmp(its, base, len) && !its[len])
            return known;
    }
    return NULL;
}

int32_t mp_scan_know(mp_scan *scan, const mp_known *known)
{
    mp_known *more = grown(scan->known, scan->known_count, &scan->known_room, sizeof *more);

    if (!more)
        return no_memory(scan->m);
    scan->known = more;
    if (2 * (scan->known_count + 1) > scan->slot_count && !more_slots(scan))
        return no_memory(scan->m);
    more[scan->known_count] = *known;
    enter(scan, scan->known_count++);
    return 0;
}

static size_t column(mp_scan *scan, sqlite3_stmt *s, int at)
{
    const void *text = sqlite3_column_text(s, at);

    return mp_texts_add(&scan->texts, text ? text : "", text ? (size_t)sqlite3_column_bytes(s, at) : 0);
}

static int32_t load_messages(mp_scan *scan)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(scan->m, MP_SQL_MESSAGES_SCAN, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)scan->box->id);
    while ((result = mp_sql_step(scan->m, s)) > 0) {
        mp_known known = {.uid = (uint32_t)sqlite3_column_int64(s, 0), .flags = (uint32_t)sqlite3_column_int64(s, 3)};

        known.base = column(scan, s, 1);
        known.info = column(scan, s, 2);
        known.in_new = sqlite3_column_type(s, 2) == SQLITE_NULL;
        result = known.base == SIZE_MAX || known.info == SIZE_MAX ? no_memory(scan->m) : mp_scan_know(scan, &known);
        if (result)
            break;
    }
    sqlite3_reset(s);
    return result;
}

static int32_t load_removed(mp_scan *scan)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(scan->m, MP_SQL_REMOVED, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)scan->box->id);
    while ((result = mp_sql_step(scan->m, s)) > 0) {
        mp_known known = {.base = column(scan, s, 0)};

        result = known.base == SIZE_MAX ? no_memory(scan->m) : mp_scan_know(scan, &known);
        if (result)
            break;
    }
    sqlite3_reset(s);
    return result;
}

int32_t mp_scan_load(mp_scan *scan)
{
    int32_t result = load_messages(scan);

    return result ? result : load_removed(scan);
}

/* One base name: 1, it is known. */
static int32_t ask(mp_scan *scan, unsigned which, const char *base, size_t len, mp_known *known)
{
    int32_t result;
    sqlite3_stmt *s = mp_sql(scan->m, which, &result);

    if (!s)
        return result;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)scan->box->id);
    sqlite3_bind_text(s, 2, base, (int)len, SQLITE_TRANSIENT);
    result = mp_sql_step(scan->m, s);
    if (result > 0 && which == MP_SQL_MESSAGE_BY_BASE) {
        known->uid = (uint32_t)sqlite3_column_int64(s, 0);
        known->in_new = sqlite3_column_type(s, 1) == SQLITE_NULL;
        known->info = column(scan, s, 1);
        known->flags = (uint32_t)sqlite3_column_int64(s, 2);
    }
    if (result > 0 && known->info == SIZE_MAX)
        result = no_memory(scan->m);
    sqlite3_reset(s);
    return result;
}

int32_t mp_scan_load_found(mp_scan *scan)
{
    int32_t result = 0;

    for (size_t i = scan->found_start; i < scan->found_count && result >= 0; i++) {
        char base[MP_NAME_MAX];
        mp_known known = {0};
        size_t len = mp_maildir_base_length(mp_scan_text(scan, scan->found[i].name));

        memcpy(base, mp_scan_text(scan, scan->found[i].name), len);
        if (mp_scan_find(scan, base, len))
            continue;
        result = ask(scan, MP_SQL_MESSAGE_BY_BASE, base, len, &known);
        if (!result)
            result = ask(scan, MP_SQL_REMOVED_ONE, base, len, &known);
        if (result <= 0)
            continue;
        known.base = mp_texts_add(&scan->texts, base, len);
        result = known.base == SIZE_MAX ? no_memory(scan->m) : mp_scan_know(scan, &known);
    }
    return result < 0 ? result : 0;
}

void mp_scan_free(mp_scan *scan)
{
    free(scan->texts.text);
    free(scan->found);
    free(scan->known);
    free(scan->slots);
    free(scan->fresh);
}
