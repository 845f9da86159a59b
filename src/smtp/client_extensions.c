/* client_extensions.c - what the server says it can: the lines of its reply to EHLO.
 * RFC 5321 section 4.1.1.1; RFC 1870, RFC 4954, RFC 9422 for those with values. */
#include <string.h>

#include "core/ascii.h"
#include "smtp/client.h"

/* The next word at *p, which it moves behind it; len 0: there is none. */
static mailproto_text next_word(const char **p, const char *end)
{
    const char *word = *p, *behind;

    while (word < end && *word == ' ')
        word++;
    for (behind = word; behind < end && *behind != ' ';)
        behind++;
    *p = behind;
    return (mailproto_text){word, (size_t)(behind - word)};
}

/* ---- keywords ---- */

/* In the order of their bits. */
static const char keywords[][20] = {
    "SIZE", "8BITMIME", "PIPELINING", "STARTTLS", "AUTH",       "ENHANCEDSTATUSCODES",
    "DSN",  "CHUNKING", "BINARYMIME", "SMTPUTF8", "REQUIRETLS", "LIMITS",
    "VRFY", "EXPN",     "HELP",
};

/* The bit of the line's keyword, or 0; *p is then behind it. "AUTH=LOGIN PLAIN" is how servers said it before RFC 2554, and
   many say it still. */
static uint32_t read_keyword(const char **p, const char *end, mailproto_text *keyword)
{
    size_t old = mp_ascii_begins(*p, (size_t)(end - *p), "AUTH=");

    *p += old;
    if (old)
        return MAILPROTO_SMTP_EXT_AUTH;
    *keyword = next_word(p, end);
    for (uint32_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (mp_ascii_equal(keyword->ptr, keyword->len, keywords[i]))
            return UINT32_C(1) << i;
    return 0;
}

/* NAME=value words; those of names or values that mean nothing here are passed over (RFC 9422 3). */
static void read_limit(mailproto_smtp_ready *peer, mailproto_text word)
{
    static const struct {
        uint8_t offset;
        char name[15];
    } limits[] = {{offsetof(mailproto_smtp_ready, max_recipients), "RCPTMAX="},
                  {offsetof(mailproto_smtp_ready, max_transactions), "MAILMAX="},
                  {offsetof(mailproto_smtp_ready, max_domains), "RCPTDOMAINMAX="}};

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        size_t n = mp_ascii_begins(word.ptr, word.len, limits[i].name);
        uint64_t value;
        uint32_t most;

        if (!n || !mp_ascii_parse_decimal(word.ptr + n, word.len - n, &value))
            continue;
        most = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
        memcpy((char *)peer + limits[i].offset, &most, sizeof most);
    }
}

/* SIZE 0 says that there is no fixed limit (RFC 1870 5). */
void mp_client_extension(struct mailproto_smtp_client *c, const char *line, size_t n)
{
    mailproto_smtp_ready *peer = &c->peer;
    const char *end = line + n;
    mailproto_text word;
    uint32_t bit = read_keyword(&line, end, &word);

    peer->peer_offers |= bit;
    if (bit == MAILPROTO_SMTP_EXT_SIZE) {
        word = next_word(&line, end);
        mp_ascii_parse_decimal(word.ptr, word.len, &peer->max_message);
    }
    if (!(bit & (MAILPROTO_SMTP_EXT_AUTH | MAILPROTO_SMTP_EXT_LIMITS)))
        return;
    while ((word = next_word(&line, end)).len) {
        if (bit == MAILPROTO_SMTP_EXT_AUTH)
            peer->peer_mechanisms |= mp_sasl_client_offered(mp_client_sasl(c), word.ptr, word.len);
        else
            read_limit(peer, word);
    }
}

/* ---- what READY shows ---- */

void mp_client_forget_peer(struct mailproto_smtp_client *c)
{
    memset(&c->peer, 0, sizeof c->peer);
    mp_client_free_hello(c);
}

void mp_client_keep_hello(struct mailproto_smtp_client *c)
{
    struct mp_client_reply *reply = &c->reply;

    mp_client_free_hello(c);
    c->hello = reply->text;
    c->hello_len = reply->len;
    c->hello_capacity = reply->capacity;
    c->hello_lines = reply->lines;
    memset(reply, 0, sizeof *reply);
}

void mp_client_free_hello(struct mailproto_smtp_client *c)
{
    mp_free(&c->base.allocator, c->hello, c->hello_capacity);
    mp_free(&c->base.allocator, c->unknown, c->unknown_size);
    c->hello = NULL;
    c->unknown = NULL;
    c->hello_len = 0;
}

/* There is room for all lines but the first, of which each takes an octet at least. */
int mp_client_list_unknown(struct mailproto_smtp_client *c)
{
    const char *p, *end, *lf;
    size_t lines = c->hello_lines < c->hello_len ? c->hello_lines : c->hello_len;
    mailproto_smtp_parameter *list;
    const mailproto_smtp_parameter **link = &c->peer.unknown;

    if (lines < 2)
        return 0;
    c->unknown_size = lines * sizeof *list;
    list = c->unknown = mp_alloc_zero(&c->base.allocator, c->unknown_size);
    if (!list) {
        mp_engine_nomem(&c->base);
        return -1;
    }
    end = c->hello + c->hello_len;
    lf = memchr(c->hello, '\n', c->hello_len);
    while (lf) {
        const char *end_of_line;

        p = lf + 1;
        lf = memchr(p, '\n', (size_t)(end - p));
        end_of_line = lf ? lf : end;
        if (read_keyword(&p, end_of_line, &list->keyword) || !list->keyword.len)
            continue;
        while (p < end_of_line && *p == ' ')
            p++;
        list->struct_size = sizeof *list;
        list->value.len = (size_t)(end_of_line - p);
        if (list->value.len)
            list->value.ptr = p;
        *link = list;
        link = &list++->next;
    }
    return 0;
}
