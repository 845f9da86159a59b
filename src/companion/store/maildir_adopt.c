/* maildir_adopt.c - files that the index does not know become messages: exact size, date, a place in cur/, a UID.
 * RFC 9051 2.3.1.1 (UIDs rise as messages appear), 2.3.3 (internal date: the file's time), 2.3.4 (size). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maildir_scan.h"

/* Of two files of one base name that of cur/ is first. */
static int in_order(const mp_scan *scan, size_t left, size_t right)
{
    const char *names[] = {mp_scan_text(scan, scan->found[left].name), mp_scan_text(scan, scan->found[right].name)};
    size_t len = mp_maildir_base_length(names[0]);

    if (len == mp_maildir_base_length(names[1]) && !memcmp(names[0], names[1], len))
        return scan->found[left].in_new - scan->found[right].in_new;
    return mp_maildir_name_order(names[0], names[1]);
}

/* Merge sort, bottom up: qsort has no place for the texts that the indices lead to. */
static int32_t sort(mp_scan *scan)
{
    size_t count = scan->fresh_count, *from = scan->fresh, *to, *other = malloc((count + 1) * sizeof *other);

    if (!other)
        return mp_maildir_error(scan->m, MAILPROTO_ERR_NOMEM, "there is no memory");
    to = other;
    for (size_t width = 1; width < count; width *= 2) {
        size_t *swap;

        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = middle + width < count ? middle + width : count, i = start, j = middle;

            for (size_t at = start; at < end; at++)
                to[at] = j == end || (i < middle && in_order(scan, from[i], from[j]) <= 0) ? from[i++] : from[j++];
        }
        swap = from;
        from = to;
        to = swap;
    }
    if (from != scan->fresh)
        memcpy(scan->fresh, from, count * sizeof *from);
    free(other);
    return 0;
}

/* Its size, as its name says it, if that agrees with the file; else counted. 1: it is no message, or is gone. */
static int32_t look_at(mp_scan *scan, const char *path, const char *name, mp_message *message)
{
    mp_maildir *m = scan->m;
    mp_file_status status;
    uint64_t said;
    int error = m->files.stat(m->files.user, path, &status), fd;

    if (error == -ENOENT || (!error && status.kind != MP_FILE_REGULAR))
        return 1;
    if (error)
        return mp_maildir_file_error(m, error, "looking at", path);
    message->octets = status.size;
    message->date = status.mtime;
    if (mp_maildir_said_sizes(name, &said, &message->size) && said == status.size)
        return 0;
    fd = m->files.open(m->files.user, path, MP_FILE_READ);
    scan->left_out |= fd == -EACCES;
    if (fd == -ENOENT || fd == -EACCES || fd == -ELOOP) /* one that we may not read does not hide the others */
        return 1;
    if (fd < 0)
        return mp_maildir_file_error(m, fd, "opening", path);
    error = mp_maildir_measure(m, fd, status.size, &message->size);
    m->files.close(m->files.user, fd);
    message->state = MP_STATE_COUNTED;
    scan->left_out |= error == -EILSEQ;
    if (error == -EILSEQ) /* it is still being written, against the rules */
        return 1;
    return error ? mp_maildir_file_error(m, error, "reading", path) : 0;
}

/* new/NAME becomes cur/NAME:2, so that new/ stays small and a delivery costs no look at all the others. */
static int move_to_cur(mp_scan *scan, const char *path, mp_message *message)
{
    char to[MP_PATH_MAX];
    mp_maildir *m = scan->m;

    mp_file_status status;

    mp_maildir_info_make(message->info, message->info, message->flags);
    message->in_new = 0;
    if (mp_maildir_message_path(m, to, scan->box, message) && m->files.stat(m->files.user, to, &status) == -ENOENT &&
        !m->files.rename(m->files.user, path, to)) {
        scan->took = scan->own = 1;
        return 1;
    }
    message->in_new = 1;
    return 0;
}

static int32_t know(mp_scan *scan, size_t index, const mp_message *message)
{
    mp_known known = {.uid = message->uid, .flags = message->flags, .in_new = message->in_new, .seen = 1};

    known.seen_as = index;
    known.base = mp_texts_add(&scan->texts, message->base, strlen(message->base));
    known.info = mp_texts_add(&scan->texts, message->info, strlen(message->info));
    if (known.base == SIZE_MAX || known.info == SIZE_MAX)
        return mp_maildir_error(scan->m, MAILPROTO_ERR_NOMEM, "there is no memory");
    return mp_scan_know(scan, &known);
}

static int32_t adopt_one(mp_scan *scan, size_t index, int64_t now)
{
    mp_message message = {.saved = now};
    char path[MP_PATH_MAX], name[MP_NAME_MAX];
    const mp_found *found = &scan->found[index];
    size_t len;
    int32_t result;

    snprintf(name, sizeof name, "%s", mp_scan_text(scan, found->name));
    if (!mp_maildir_path(scan->m, path, scan->box->directory, found->in_new ? "new" : "cur", name))
        return MAILPROTO_ERR_LIMIT;
    result = look_at(scan, path, name, &message);
    if (result)
        return result > 0 ? 0 : result;
    scan->adopted++;
    len = mp_maildir_base_length(name);
    memcpy(message.base, name, len);
    snprintf(message.info, sizeof message.info, "%s", name + len);
    message.flags = mp_maildir_info_flags(message.info);
    if (found->in_new && !move_to_cur(scan, path, &message) && message.info[0])
        message.in_new = 1;
    result = mp_scan_modseq(scan);
    message.modseq = scan->modseq;
    if (!result)
        result = mp_maildir_message_add(scan->m, scan->box, &message);
    return result ? result : know(scan, index, &message);
}

int32_t mp_scan_adopt(mp_scan *scan)
{
    int64_t now = mp_maildir_now_ns(scan->m) / 1000000000;
    int32_t result = scan->fresh_count > 1 ? sort(scan) : 0;

    for (size_t i = 0; i < scan->fresh_count && !result; i++) {
        const char *name = mp_scan_text(scan, scan->found[scan->fresh[i]].name);

        /* twice among the new ones: the other is taken now, and this one is looked at by the next pass */
        if (scan->limit && scan->adopted == scan->limit)
            scan->limited = scan->left_out = 1;
        else if (mp_scan_find(scan, name, mp_maildir_base_length(name)))
            scan->took = scan->own = 1;
        else
            result = adopt_one(scan, scan->fresh[i], now);
    }
    scan->fresh_count = 0;
    return result;
}
