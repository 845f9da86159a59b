/* config_values.c - how single values of the configuration are written.
 * Host names are those of RFC 1123 2.1; addresses are numbers, for nothing is looked up at the start. */
#include "config_values.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

static const char no_memory[] = "there is no memory left";

/* Digits at the front of text; what follows them is at *rest. */
static int digits(uint64_t *out, const char *text, const char **rest)
{
    uint64_t value = 0;

    if (*text < '0' || *text > '9')
        return -1;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (value > (UINT64_MAX >> 24) / 10)
            return -1;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *out = value;
    *rest = text;
    return 0;
}

const char *value_count(uint64_t *out, const char *text)
{
    const char *rest;

    if (digits(out, text, &rest) || *rest || !*out || *out > 1000000000)
        return "must be a number from 1 on";
    return NULL;
}

const char *value_size(uint64_t *out, const char *text)
{
    static const char units[] = "KMG";
    const char *rest, *unit;

    if (digits(out, text, &rest) || !*out)
        return "must be a size like 64K, 50M or 1G";
    if (!*rest)
        return NULL;
    unit = strchr(units, *rest);
    if (!unit || rest[1])
        return "must be a size like 64K, 50M or 1G";
    *out <<= 10 * (unit - units + 1);
    return NULL;
}

const char *value_time(uint64_t *out, const char *text)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    const char *rest;

    if (!digits(out, text, &rest) && *out && *out < 1000000)
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (!strcmp(rest, units[i].name)) {
                *out *= units[i].ms;
                if (*out < 0x7fffffff)
                    return NULL;
            }
    return "must be a time like 500ms, 30s, 5m or 1h";
}

const char *value_text(char **out, const char *text)
{
    if (!*text)
        return "must not be empty";
    *out = strdup(text);
    return *out ? NULL : no_memory;
}

static int is_hostname(const char *text)
{
    size_t label = 0, len = strlen(text);

    if (!len || len > 253)
        return 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        int alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (c == '.') {
            if (!label || text[i - 1] == '-')
                return 0;
            label = 0;
        } else if (!(alnum || (c == '-' && label)) || ++label > 63) {
            return 0;
        }
    }
    return label && text[len - 1] != '-';
}

const char *value_hostname(char **out, const char *text)
{
    return is_hostname(text) ? value_text(out, text) : "must be a host name like mail.example.org";
}

/* RFC 5321 4.1.2: a Dot-string, in UTF-8 too (RFC 6531 3.3). What needs quotes is no user's name here. */
static int is_local_part(const char *text, size_t len)
{
    static const char atext[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";

    if (!len || len > 64)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.' && i && i + 1 < len && text[i - 1] != '.')
            continue;
        if (!strchr(atext, text[i]) && !((unsigned char)text[i] & 0x80))
            return 0;
    }
    return 1;
}

const char *value_address(const char *text)
{
    const char *at = strrchr(text, '@');

    return at && is_local_part(text, (size_t)(at - text)) && is_hostname(at + 1)
               ? NULL
               : "is not an address like alice@example.org";
}

const char *value_maildir(char **out, const char *text)
{
    for (const char *at = text; *at != '/' && *at;) {
        size_t len = strcspn(at, "/");

        if ((len == 1 && *at == '.') || (len == 2 && !strncmp(at, "..", 2)))
            return "must be below mail, without . and .., or begin with a slash";
        at += len;
        at += strspn(at, "/");
    }
    return value_text(out, text);
}

/* The place of text among names, or -1. */
static int choice(const char *text, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(text, names[i]))
            return i;
    return -1;
}

const char *value_log(enum log_level *out, const char *text)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    int at = choice(text, names, 4);

    if (at < 0)
        return "must be error, warning, info or debug";
    *out = (enum log_level)at;
    return NULL;
}

const char *value_cleartext(enum cleartext *out, const char *text)
{
    static const char *const names[] = {"no", "loopback", "yes"};
    int at = choice(text, names, 3);

    if (at < 0)
        return "must be no, loopback or yes";
    *out = (enum cleartext)at;
    return NULL;
}

const char *value_senders(enum senders *out, const char *text)
{
    static const char *const names[] = {"own", "any"};
    int at = choice(text, names, 2);

    if (at < 0)
        return "must be own or any";
    *out = (enum senders)at;
    return NULL;
}

const char *value_sync(uint32_t *out, const char *text)
{
    static const char *const names[] = {"full", "file", "none"}; /* in the order of MAILPROTO_MAILDIR_SYNC_* */
    int at = choice(text, names, 3);

    if (at < 0)
        return "must be full, file or none";
    *out = (uint32_t)at;
    return NULL;
}

const char *value_tls_version(uint32_t *out, const char *text)
{
    static const char *const names[] = {"1.2", "1.3"};
    int at = choice(text, names, 2);

    if (at < 0)
        return "must be 1.2 or 1.3: older versions are not safe";
    *out = 0x0303 + (uint32_t)at;
    return NULL;
}

/* ---- lists ---- */

/* The next word of a list into `word`, which has `size` octets. 1; 0: there is none; -1: it is too long. */
static int next_word(const char **at, char *word, size_t size)
{
    size_t len;

    *at += strspn(*at, " \t,");
    len = strcspn(*at, " \t,");
    if (!len)
        return 0;
    if (len >= size)
        return -1;
    memcpy(word, *at, len);
    word[len] = 0;
    *at += len;
    return 1;
}

const char *endpoints_add(struct endpoints *endpoints, const char *text)
{
    const char *wrong;

    if (endpoints->count == ENDPOINTS_MAX)
        return "may have 8 addresses at most";
    wrong = endpoint_read(endpoints->items[endpoints->count], text);
    if (!wrong)
        endpoints->count++;
    return wrong;
}

const char *value_endpoints(struct endpoints *out, const char *text)
{
    char word[ENDPOINT_TEXT + 1];
    const char *wrong;
    int more;

    while ((more = next_word(&text, word, sizeof word)) > 0)
        if ((wrong = endpoints_add(out, word)))
            return wrong;
    if (more)
        return "has an address that is too long";
    return out->count ? NULL : endpoint_read(word, ""); /* which says how they are written */
}

const char *value_domains(struct users *out, const char *text)
{
    char word[256];
    int more, added;

    while ((more = next_word(&text, word, sizeof word)) > 0) {
        if (!is_hostname(word))
            break;
        added = users_add_domain(out, word);
        if (added < 0)
            return no_memory;
        if (added)
            return "names a domain twice";
    }
    return more || !out->domain_count ? "must be domains like example.org example.net" : NULL;
}
