/* server_received.c - header fields before the message: the host's, and the Received field of the engine.
 * RFC 5321 section 4.4; RFC 3848 and RFC 6531 section 4.3 (keywords); RFC 5322 section 3.3 (date). */
#include <string.h>

#include "core/ascii.h"
#include "smtp/grammar.h"
#include "smtp/server.h"

enum { PREPEND_MAX = 8192, DATE_MAX = 40, FOR_MAX = 512 };

static char *put(char *to, const char *text, size_t n)
{
    if (n)
        memcpy(to, text, n);
    return to + n;
}

static char *put_word(char *to, const char *word)
{
    return put(to, word, strlen(word));
}

static char *put_two(char *to, uint32_t number)
{
    *to++ = (char)('0' + number / 10 % 10);
    *to++ = (char)('0' + number % 10);
    return to;
}

/* ---- the date ---- */

/* The Gregorian calendar from days since 1970-01-01, in eras of 400 years that begin in March. */
static char *put_date(char *to, int64_t days)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec", week[] = "SunMonTueWedThuFriSat";
    int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    uint32_t day_of_era = (uint32_t)(shifted - era * 146097);
    uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t shifted_month = (5 * day_of_year + 2) / 153;
    uint32_t month = shifted_month < 10 ? shifted_month + 2 : shifted_month - 10; /* 0 is January */
    uint32_t year = (uint32_t)(era * 400 + year_of_era + (month < 2));
    uint32_t weekday = (uint32_t)((days % 7 + 11) % 7);

    to = put(to, week + 3 * weekday, 3);
    to = put_word(to, ", ");
    to = put_two(to, day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *to++ = ' ';
    to = put(to, months + (size_t)3 * month, 3);
    *to++ = ' ';
    return put_two(put_two(to, year / 100), year % 100);
}

/* date-time in UTC: "Thu, 01 Jan 1970 00:00:00 +0000" */
static char *put_date_time(char *to, int64_t unix_seconds)
{
    const int64_t last = INT64_C(253402300799); /* 9999-12-31: four digits for the year */
    int64_t seconds = unix_seconds < 0 ? 0 : unix_seconds > last ? last : unix_seconds;
    uint32_t of_day = (uint32_t)(seconds % 86400);

    to = put_date(to, seconds / 86400);
    *to++ = ' ';
    to = put_two(to, of_day / 3600);
    *to++ = ':';
    to = put_two(to, of_day / 60 % 60);
    *to++ = ':';
    to = put_two(to, of_day % 60);
    return put_word(to, " +0000");
}

/* ---- what stands before the message ---- */

/* Opens a gap of n octets at the front or the end. NULL: no memory. */
static char *make_room(struct mailproto_smtp_server *s, size_t n, int in_front)
{
    struct mp_smtp_work *w = s->work;

    if (w->prepend_len + n > w->prepend_size) {
        size_t size = w->prepend_len + n;
        char *grown = mp_alloc(&s->base.allocator, size);

        if (!grown)
            return NULL;
        put(grown, w->prepend, w->prepend_len);
        mp_free(&s->base.allocator, w->prepend, w->prepend_size);
        w->prepend = grown;
        w->prepend_size = size;
    }
    if (in_front && w->prepend_len)
        memmove(w->prepend + n, w->prepend, w->prepend_len);
    w->prepend_len += n;
    return in_front ? w->prepend : w->prepend + w->prepend_len - n;
}

/* "from": who the client says it is, and what the host knows about it. */
static char *put_from(char *to, const struct mailproto_smtp_server *s)
{
    mailproto_text address = mp_smtp_peer_address(s), name = mp_smtp_peer_name(s);

    to = put_word(to, "Received: from ");
    to = s->hello_len ? put(to, s->hello, s->hello_len) : put_word(to, "unknown");
    if (!address.len)
        return put_word(to, "\r\n");
    to = put_word(to, " (");
    if (mp_smtp_is_domain(name.ptr, name.len, MP_SMTP_UNDERSCORE)) {
        to = put(to, name.ptr, name.len);
        *to++ = ' ';
    }
    *to++ = '[';
    to = put(to, address.ptr, address.len);
    return put_word(to, "])\r\n");
}

/* "for" gives nobody away who was not the only one (RFC 5321 7.6). */
static int names_recipient(const struct mp_smtp_work *w)
{
    return w->recipient && w->asked == 1 && w->accepted == 1 && w->recipient_len <= FOR_MAX;
}

static char *put_received(char *to, const struct mailproto_smtp_server *s)
{
    mailproto_text host = mp_smtp_hostname(s), protocol = mp_smtp_protocol(s, s->work->utf8);

    to = put_from(to, s);
    to = put_word(to, "\tby ");
    to = put(to, host.ptr, host.len);
    to = put_word(to, " with ");
    to = put(to, protocol.ptr, protocol.len);
    if (names_recipient(s->work)) {
        to = put_word(to, "\r\n\tfor <");
        to = put(to, s->work->recipient, s->work->recipient_len);
        to = put_word(to, ">");
    }
    to = put_word(to, ";\r\n\t");
    to = put_date_time(to, mp_wall(&s->base));
    return put_word(to, "\r\n");
}

static size_t received_size(const struct mailproto_smtp_server *s)
{
    return (size_t)s->hello_len + s->peer_address_len + s->peer_name_len + s->hostname_len + FOR_MAX + DATE_MAX + 128;
}

int mp_smtp_add_received(struct mailproto_smtp_server *s)
{
    size_t room = received_size(s);
    char *to = make_room(s, room, 0);

    if (!to) {
        mp_engine_nomem(&s->base);
        return -1;
    }
    s->work->prepend_len -= room - (size_t)(put_received(to, s) - to);
    return 0;
}

/* ---- fields of the host's (RFC 5322 2.2) ---- */

static int is_field(const char *field, size_t n)
{
    size_t name = 0;

    while (name < n && mp_ascii_is_vchar((uint8_t)field[name]) && field[name] != ':')
        name++;
    if (!name || name == n || field[name] != ':')
        return 0;
    for (size_t i = name; i < n; i++) {
        uint8_t c = (uint8_t)field[i];

        if (c == '\r' && n - i > 2 && field[i + 1] == '\n' && mp_ascii_is_wsp(field[i + 2]))
            i += 2;
        else if ((c < ' ' && c != '\t') || c == 0x7f)
            return 0;
    }
    return 1;
}

int32_t mailproto_smtp_server_prepend(mailproto_smtp_server *s, uint64_t token, const char *field, size_t len)
{
    char *to;

    if (!s || !field || !is_field(field, len))
        return MAILPROTO_ERR_ARG;
    if (!mp_request_find(&s->base, token, MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN))
        return MAILPROTO_ERR_TOKEN;
    if (len > PREPEND_MAX - 2 || s->work->prepend_len > PREPEND_MAX - 2 - len)
        return MAILPROTO_ERR_LIMIT;
    to = make_room(s, len + 2, 1);
    if (!to)
        return MAILPROTO_ERR_NOMEM;
    put(put(to, field, len), "\r\n", 2);
    return MAILPROTO_OK;
}
