/* client_reply.c - the client's replies: lines are checked, put together, and handed to the phase that waits for them.
 * RFC 5321 section 4.2; RFC 2034 section 4 (enhanced codes). */
#include <string.h>

#include "core/ascii.h"
#include "smtp/client.h"
#include "smtp/grammar.h"

/* ---- the text that is kept ---- */

static void grow(struct mailproto_smtp_client *c, struct mp_client_reply *reply, size_t n)
{
    size_t capacity = reply->capacity ? reply->capacity : 128;
    char *text;

    while (capacity < reply->len + n)
        capacity *= 2;
    if (capacity > c->config.max_reply)
        capacity = c->config.max_reply;
    if (capacity <= reply->capacity)
        return;
    text = mp_resize(&c->base.allocator, reply->text, reply->capacity, capacity);
    if (!text) {
        mp_engine_nomem(&c->base);
        return;
    }
    reply->text = text;
    reply->capacity = (uint32_t)capacity;
}

/* Appends as much as may be kept; the rest is dropped. */
static void keep(struct mailproto_smtp_client *c, struct mp_client_reply *reply, const char *text, size_t n)
{
    if (n > reply->capacity - reply->len)
        grow(c, reply, n);
    if (n > reply->capacity - reply->len)
        n = reply->capacity - reply->len;
    if (!n)
        return;
    memcpy(reply->text + reply->len, text, n);
    reply->len += (uint32_t)n;
}

static void forget(struct mp_client_reply *reply)
{
    reply->code = reply->lines = reply->len = 0;
    reply->enhanced_len = reply->more = 0;
}

void mp_client_free_reply(struct mailproto_smtp_client *c, struct mp_client_reply *reply)
{
    mp_free(&c->base.allocator, reply->text, reply->capacity);
    *reply = (struct mp_client_reply){.text = NULL};
}

void mp_client_keep_reply(struct mailproto_smtp_client *c)
{
    struct mp_client_reply before = c->final;

    c->final = c->reply;
    c->reply = before;
    forget(&c->reply);
}

void mp_client_clear_final(struct mailproto_smtp_client *c)
{
    forget(&c->final);
}

const mailproto_smtp_response *mp_client_response(struct mp_client_reply *reply)
{
    reply->response = (mailproto_smtp_response){
        .struct_size = sizeof reply->response,
        .code = reply->code,
        .lines = reply->lines,
        .enhanced = {reply->enhanced, reply->enhanced_len},
        .text = {reply->text, reply->len},
    };
    return &reply->response;
}

/* ---- a line ---- */

/* The code the line begins with, 0: there is none. Only 2yz to 5yz are replies. */
static uint32_t code_of(const struct mp_line *line)
{
    const char *p = line->ptr;

    if (line->len < 3 || p[0] < '2' || p[0] > '5' || !mp_ascii_is_digit(p[1]) || !mp_ascii_is_digit(p[2]))
        return 0;
    return (uint32_t)(p[0] - '0') * 100 + (uint32_t)(p[1] - '0') * 10 + (uint32_t)(p[2] - '0');
}

/* Text that the client's phase takes literally has no enhanced codes: greeting, EHLO and challenges (RFC 2034 4). */
static int has_enhanced(const struct mailproto_smtp_client *c, const struct mp_client_reply *reply)
{
    if (reply->code / 100 == 3)
        return 0;
    return c->phase > MP_CLIENT_HELO || reply->code / 100 != 2;
}

/* Takes the enhanced code off the text of a line. The first line's is the reply's; its class is the code's. */
static size_t strip_enhanced(struct mp_client_reply *reply, const char *text, size_t n)
{
    size_t len = mp_smtp_read_enhanced(text, n);

    if (!len || len >= MP_CLIENT_ENHANCED_MAX || (len < n && text[len] != ' ') ||
        (uint32_t)(text[0] - '0') != reply->code / 100)
        return 0;
    if (!reply->lines) {
        memcpy(reply->enhanced, text, len);
        reply->enhanced_len = (uint8_t)len;
    }
    return len < n ? len + 1 : len;
}

static void take_text(struct mailproto_smtp_client *c, const char *text, size_t n)
{
    struct mp_client_reply *reply = &c->reply;

    if (has_enhanced(c, reply)) {
        size_t skip = strip_enhanced(reply, text, n);

        text += skip;
        n -= skip;
    }
    if (reply->lines)
        keep(c, reply, "\n", 1);
    keep(c, reply, text, n);
    if (c->phase == MP_CLIENT_HELLO && reply->code / 100 == 2 && reply->lines)
        mp_client_extension(&c->peer, text, n);
}

/* Adds a line. 1: the reply is complete; 0: more lines follow, or the session ends. */
static int take_line(struct mailproto_smtp_client *c, const struct mp_line *line)
{
    struct mp_client_reply *reply = &c->reply;
    uint32_t code = code_of(line);
    char behind = line->len > 3 ? line->ptr[3] : ' ';

    if (!reply->more)
        forget(reply);
    if (!code || (behind != ' ' && behind != '-')) {
        mp_client_broken(c, "the server sent a line that is no reply");
    } else if (reply->more && code != reply->code) {
        mp_client_broken(c, "the lines of a reply have different codes");
    } else if (reply->lines == c->config.max_reply_lines) {
        mp_engine_end(&c->base, MAILPROTO_ERR_LIMIT, "a reply has more lines than max_reply_lines");
    } else {
        reply->code = code;
        reply->more = behind == '-';
        take_text(c, line->len > 4 ? line->ptr + 4 : "", line->len > 4 ? line->len - 4 : 0);
        reply->lines++;
    }
    return !c->base.ending && !reply->more;
}

/* ---- a reply ---- */

int mp_client_read(struct mailproto_smtp_client *c)
{
    struct mp_line line;

    if (!mp_line_peek(&c->base, c->config.max_reply_line, &line))
        return c->base.ending;
    mp_line_take(&c->base, &line, MAILPROTO_TRACE_LINE);
    if (take_line(c, &line)) {
        mp_peer_clock_reset(&c->base);
        mp_client_replied(c);
    }
    return 1;
}
