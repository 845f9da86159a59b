/* client_reply.c - the client's replies: lines are checked, put together, and handed to the phase that waits for them.
 * RFC 5321 section 4.2; RFC 2034 section 4 (enhanced codes). */
#include <string.h>

#include "core/ascii.h"
#include "smtp/client.h"
#include "smtp/grammar.h"

/* ---- the text that is kept ---- */

/* Makes room for n octets more, or as many as may be kept. */
static void grow(struct mailproto_smtp_client *c, size_t n)
{
    struct mp_client_reply *reply = &c->reply;
    size_t capacity = 2 * (reply->len + n) + 64;
    char *text;

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
static void keep(struct mailproto_smtp_client *c, const char *text, size_t n)
{
    struct mp_client_reply *reply = &c->reply;

    if (n > reply->capacity - reply->len) {
        grow(c, n);
        if (n > reply->capacity - reply->len)
            n = reply->capacity - reply->len;
    }
    if (n)
        memcpy(reply->text + reply->len, text, n);
    reply->len += (uint32_t)n;
}

MP_OUTLINE static void forget(struct mp_client_reply *reply)
{
    reply->len = reply->lines = 0;
    reply->code = reply->class = reply->more = reply->enhanced_len = 0;
}

MP_OUTLINE static void free_reply(struct mailproto_smtp_client *c, struct mp_client_reply *reply)
{
    mp_free(&c->base.allocator, reply->text, reply->capacity);
    reply->text = NULL;
    reply->capacity = 0;
    forget(reply);
}

void mp_client_free_replies(struct mailproto_smtp_client *c)
{
    free_reply(c, &c->reply);
    free_reply(c, &c->final);
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

const mailproto_smtp_response *mp_client_response(struct mailproto_smtp_client *c, const struct mp_client_reply *reply)
{
    static const struct mp_client_reply none;
    mailproto_smtp_response *response = &c->response;

    if (!reply)
        reply = &none;
    response->struct_size = sizeof *response;
    response->code = reply->code;
    response->lines = reply->lines;
    response->enhanced = (mailproto_text){reply->enhanced, reply->enhanced_len};
    response->text = (mailproto_text){reply->text, reply->len};
    return response;
}

/* ---- a line ---- */

/* Text that the client's phase takes literally has no enhanced codes: greeting, EHLO and challenges (RFC 2034 4). */
static int has_enhanced(const struct mailproto_smtp_client *c)
{
    return c->reply.class != 3 && (c->phase > MP_CLIENT_HELO || c->reply.class != 2);
}

/* How long the enhanced code is at the beginning of a line's text. The first line's is the reply's; its class is the code's. */
MP_OUTLINE static size_t take_enhanced(struct mp_client_reply *reply, const char *text, size_t n)
{
    size_t len = mp_smtp_read_enhanced(text, n);

    if (!len || len >= MP_CLIENT_ENHANCED_MAX || (len < n && text[len] != ' ') || text[0] - '0' != reply->class)
        return 0;
    if (!reply->lines) {
        memcpy(reply->enhanced, text, len);
        reply->enhanced_len = (uint8_t)len;
    }
    return len < n ? len + 1 : len;
}

static void take_text(struct mailproto_smtp_client *c, const char *text, size_t n)
{
    if (has_enhanced(c)) {
        size_t skip = take_enhanced(&c->reply, text, n);

        text += skip;
        n -= skip;
    }
    if (c->reply.lines)
        keep(c, "\n", 1);
    keep(c, text, n);
    if (c->phase == MP_CLIENT_HELLO && c->reply.class == 2 && c->reply.lines)
        mp_client_extension(c, text, n);
}

/* Adds a line. 1: the reply is complete; 0: more lines follow, or the session ends. Only 2yz to 5yz are replies. */
static int take_line(struct mailproto_smtp_client *c, const struct mp_line *line)
{
    struct mp_client_reply *reply = &c->reply;
    size_t rest = line->len > 4 ? line->len - 4 : 0;
    char behind = line->len > 3 ? line->ptr[3] : ' ';
    uint64_t code = 0;

    if (!reply->more)
        forget(reply);
    if (mp_ascii_read_decimal(line->ptr, line->len < 3 ? 0 : 3, &code) != 3 || code < 200 || code > 599 ||
        (behind != ' ' && behind != '-')) {
        mp_client_broken(c, "the server sent a line that is no reply");
    } else if (reply->more && code != reply->code) {
        mp_client_broken(c, "the lines of a reply have different codes");
    } else if (reply->lines == c->config.max_reply_lines) {
        mp_engine_end(&c->base, MAILPROTO_ERR_LIMIT, "a reply has more lines than max_reply_lines");
    } else {
        reply->code = (uint16_t)code;
        reply->class = (uint8_t)(line->ptr[0] - '0');
        reply->more = behind == '-';
        take_text(c, line->ptr + line->len - rest, rest);
        reply->lines++;
    }
    return !c->base.ending && !reply->more;
}

/* ---- a reply ---- */

int mp_client_read(struct mailproto_smtp_client *c)
{
    struct mp_line line;

    if (!mp_line_find(&c->base, c->config.max_reply_line, &line))
        return c->base.ending;
    /* challenges: with those of SCRAM, and the name, passwords can be tried */
    mp_line_take(&c->base, &line,
                 c->phase == MP_CLIENT_AUTH && line.len && line.ptr[0] == '3' ? MAILPROTO_TRACE_PRIVATE
                                                                              : MAILPROTO_TRACE_LINE);
    if (take_line(c, &line)) {
        mp_peer_clock_reset(&c->base);
        mp_client_replied(c);
    }
    return 1;
}
