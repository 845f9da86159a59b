/* maildir_names.c - names of mailboxes, their keys in the index and their directories, both ways; and paths.
 * Maildir++: ".A.B" is A/B. Components are in modified UTF-7 (RFC 9051 appendix A.1), in which '.' is encoded too. */
#include <stdio.h>
#include <string.h>

#include "core/ascii.h"
#include "maildir.h"

enum { BETWEEN = 1 }; /* the octet between the components of a key: below all that names hold */

/* One character of UTF-8; the octets it takes, 0: it is none. */
static size_t utf8(const char *text, size_t len, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t c = len ? (uint8_t)*text : 0xff;
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    uint32_t value = n == 1 ? c : n == 2 ? c & 0x1f : n == 3 ? c & 0x0f : c & 0x07;

    if (!n || n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | ((uint8_t)text[i] & 0x3f);
    }
    if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 0;
    *out = value;
    return n;
}

/* UTF-8 without control characters and empty components; `separator` stands between these. */
static int is_name(const char *text, size_t len, char separator)
{
    uint32_t c;
    size_t n;
    int empty = 1;

    for (size_t at = 0; at < len; at += n) {
        n = utf8(text + at, len - at, &c);
        if (!n || c < 0x20 || (c >= 0x7f && c < 0xa0))
            return 0;
        if (c == (uint8_t)separator && empty)
            return 0;
        empty = c == (uint8_t)separator;
    }
    return !empty;
}

/* INBOX in any case, and names below it in any case, are one. */
static void same_inbox(char *key)
{
    if (strlen(key) >= 5 && mp_ascii_same(key, "INBOX", 5) && (!key[5] || key[5] == BETWEEN))
        memcpy(key, "INBOX", 5);
}

int32_t mp_maildir_key(mp_maildir *m, mailproto_text name, char *key, size_t size)
{
    if (!name.len || !is_name(name.ptr, name.len, '/'))
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT,
                                "the mailbox's name is no UTF-8, or holds an empty component or a control character");
    if (name.len >= size)
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the mailbox's name is too long");
    for (size_t i = 0; i < name.len; i++)
        key[i] = name.ptr[i] == '/' ? BETWEEN : name.ptr[i];
    key[name.len] = 0;
    same_inbox(key);
    return 0;
}

void mp_maildir_name_of(char *key)
{
    for (; *key; key++)
        if (*key == BETWEEN)
            *key = '/';
}

/* ---- modified UTF-7 ---- */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

struct out {
    char *at, *end;
    uint32_t bits;
    unsigned have; /* bits that wait */
    int inside;    /* of "&...-" */
    int full;
};

static void put(struct out *out, char c)
{
    if (out->at == out->end)
        out->full = 1;
    else
        *out->at++ = c;
}

static void put_unit(struct out *out, uint32_t unit)
{
    out->bits = out->bits << 16 | unit;
    for (out->have += 16; out->have >= 6; out->have -= 6)
        put(out, base64[out->bits >> (out->have - 6) & 63]);
}

static void leave(struct out *out)
{
    if (!out->inside)
        return;
    if (out->have)
        put(out, base64[out->bits << (6 - out->have) & 63]);
    put(out, '-');
    out->inside = 0;
    out->have = 0;
}

static void put_character(struct out *out, uint32_t c)
{
    if (c >= 0x20 && c < 0x7f && c != '.') {
        leave(out);
        put(out, (char)c);
        if (c == '&')
            put(out, '-');
        return;
    }
    if (!out->inside)
        put(out, '&');
    out->inside = 1;
    if (c >= 0x10000) {
        put_unit(out, 0xd800 + ((c - 0x10000) >> 10));
        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    put_unit(out, c);
}

int32_t mp_maildir_directory_of(mp_maildir *m, const char *key, char *directory, size_t size)
{
    struct out out = {.at = directory, .end = directory + size - 1};
    size_t len = strlen(key), n;
    uint32_t c;

    directory[0] = 0;
    if (!strcmp(key, "INBOX"))
        return 0;
    put(&out, '.');
    for (size_t at = 0; at < len; at += n) {
        n = utf8(key + at, len - at, &c);
        if (!n)
            return mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the mailbox's name is no UTF-8");
        if (c == BETWEEN) {
            leave(&out);
            put(&out, '.');
        } else {
            put_character(&out, c);
        }
    }
    leave(&out);
    *out.at = 0;
    if (out.full)
        return mp_maildir_error(m, MAILPROTO_ERR_LIMIT,
                                "the mailbox's name is too long for a folder of the file system");
    return 0;
}

static void put_utf8(struct out *out, uint32_t c)
{
    if (c < 0x80) {
        put(out, (char)c);
    } else if (c < 0x800) {
        put(out, (char)(0xc0 | c >> 6));
        put(out, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        put(out, (char)(0xe0 | c >> 12));
        put(out, (char)(0x80 | (c >> 6 & 0x3f)));
        put(out, (char)(0x80 | (c & 0x3f)));
    } else {
        put(out, (char)(0xf0 | c >> 18));
        put(out, (char)(0x80 | (c >> 12 & 0x3f)));
        put(out, (char)(0x80 | (c >> 6 & 0x3f)));
        put(out, (char)(0x80 | (c & 0x3f)));
    }
}

/* A unit of UTF-16; *high keeps the first of a pair. 0: no such text. */
static int take_unit(struct out *out, uint32_t unit, uint32_t *high)
{
    if (unit >= 0xdc00 && unit < 0xe000) {
        if (!*high)
            return 0;
        put_utf8(out, 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00));
        *high = 0;
        return 1;
    }
    if (*high)
        return 0;
    if (unit >= 0xd800 && unit < 0xdc00)
        *high = unit;
    else
        put_utf8(out, unit);
    return 1;
}

/* What stands between '&' and '-'. Its length, with '-'; 0: it is not modified UTF-7. */
static size_t decode_run(struct out *out, const char *text)
{
    uint32_t bits = 0, high = 0;
    unsigned have = 0;
    size_t at = 0;

    for (; text[at] && text[at] != '-'; at++) {
        const char *digit = strchr(base64, text[at]);

        if (!digit)
            return 0;
        bits = bits << 6 | (uint32_t)(digit - base64);
        have += 6;
        if (have < 16)
            continue;
        have -= 16;
        if (!take_unit(out, bits >> have & 0xffff, &high))
            return 0;
    }
    return text[at] == '-' && at && !high && have < 6 && !(bits & ((1U << have) - 1)) ? at + 1 : 0;
}

/* The rest of a directory's name behind its first '.'. */
static int decode(const char *text, char *key, size_t size)
{
    struct out out = {.at = key, .end = key + size - 1};

    while (*text) {
        size_t run;

        if (*text == '&' && text[1] == '-') {
            put(&out, '&');
            text += 2;
        } else if (*text == '&') {
            run = decode_run(&out, text + 1);
            if (!run)
                return 0;
            text += run + 1;
        } else {
            if ((uint8_t)*text >= 0x80)
                return 0;
            put(&out, *text == '.' ? BETWEEN : *text);
            text++;
        }
    }
    *out.at = 0;
    return !out.full;
}

/* A key as it is asked for by name: no control characters, no '/' in a component. */
static int good_key(const char *key)
{
    char name[MP_MAILBOX_MAX];
    size_t len = strlen(key);

    if (!len || len >= sizeof name || strchr(key, '/'))
        return 0;
    memcpy(name, key, len + 1);
    mp_maildir_name_of(name);
    return is_name(name, len, '/');
}

int mp_maildir_key_of(const char *directory, char *key, size_t size)
{
    size_t len = strlen(directory);

    if (!len) {
        memcpy(key, "INBOX", 6);
        return 1;
    }
    if (directory[0] != '.' || len < 2 || len >= size)
        return 0;
    if (!decode(directory + 1, key, size)) {
        memcpy(key, directory + 1, len); /* other programs write UTF-8 there as it is */
        for (char *at = key; *at; at++)
            if (*at == '.')
                *at = BETWEEN;
    }
    same_inbox(key);
    return good_key(key) && strcmp(key, "INBOX");
}

/* ---- paths ---- */

const char *mp_maildir_path(mp_maildir *m, char *out, const char *directory, const char *folder, const char *name)
{
    int n = snprintf(out, MP_PATH_MAX, "%s%s%s%s%s%s%s", m->root, *directory ? "/" : "", directory, *folder ? "/" : "",
                     folder, *name ? "/" : "", name);

    if (n > 0 && n < MP_PATH_MAX)
        return out;
    mp_maildir_error(m, MAILPROTO_ERR_LIMIT, "the path of the account is too long");
    return NULL;
}

const char *mp_maildir_own(mp_maildir *m, char *out, const char *name)
{
    return mp_maildir_path(m, out, "mailproto", name, "");
}
