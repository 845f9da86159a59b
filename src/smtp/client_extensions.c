/* client_extensions.c - what the server says it can: the lines of its reply to EHLO.
 * RFC 5321 section 4.1.1.1; RFC 1870, RFC 4954, RFC 9422 for those with values. */
#include <string.h>

#include "core/ascii.h"
#include "sasl/sasl.h"
#include "smtp/client.h"

/* ---- words of a line ---- */

/* The next word of *text, which it moves on; len 0: there is none. */
static mailproto_text next_word(mailproto_text *text)
{
    mailproto_text word;

    while (text->len && *text->ptr == ' ') {
        text->ptr++;
        text->len--;
    }
    word = (mailproto_text){text->ptr, 0};
    while (word.len < text->len && word.ptr[word.len] != ' ')
        word.len++;
    text->ptr += word.len;
    text->len -= word.len;
    return word;
}

/* ---- keywords with values ---- */

/* SIZE 0 says that there is no fixed limit (RFC 1870 5). */
static void read_size(struct mp_client_peer *peer, mailproto_text rest)
{
    mailproto_text number = next_word(&rest);
    uint64_t value;

    if (mp_ascii_parse_decimal(number.ptr, number.len, &value))
        peer->max_message = value;
}

static void read_mechanisms(struct mp_client_peer *peer, mailproto_text rest)
{
    mailproto_text word;

    while ((word = next_word(&rest)).len)
        peer->mechanisms |= mp_sasl_mechanism(word.ptr, word.len);
}

/* NAME=value words; those of names or values that mean nothing here are passed over (RFC 9422 3). */
static void read_limits(struct mp_client_peer *peer, mailproto_text rest)
{
    struct {
        const char *name;
        uint32_t *value;
    } limits[] = {{"RCPTMAX=", &peer->max_recipients},
                  {"MAILMAX=", &peer->max_transactions},
                  {"RCPTDOMAINMAX=", &peer->max_domains}};
    mailproto_text word;

    while ((word = next_word(&rest)).len)
        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
            size_t n = mp_ascii_begins(word.ptr, word.len, limits[i].name);
            uint64_t value;

            if (n && mp_ascii_parse_decimal(word.ptr + n, word.len - n, &value))
                *limits[i].value = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
        }
}

/* ---- the table ---- */

static const struct keyword {
    const char *name;
    uint32_t bit;
    void (*read)(struct mp_client_peer *peer, mailproto_text rest);
} keywords[] = {
    {"SIZE", MAILPROTO_SMTP_EXT_SIZE, read_size},
    {"8BITMIME", MAILPROTO_SMTP_EXT_8BITMIME, NULL},
    {"PIPELINING", MAILPROTO_SMTP_EXT_PIPELINING, NULL},
    {"STARTTLS", MAILPROTO_SMTP_EXT_STARTTLS, NULL},
    {"AUTH", MAILPROTO_SMTP_EXT_AUTH, read_mechanisms},
    {"ENHANCEDSTATUSCODES", MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES, NULL},
    {"DSN", MAILPROTO_SMTP_EXT_DSN, NULL},
    {"CHUNKING", MAILPROTO_SMTP_EXT_CHUNKING, NULL},
    {"BINARYMIME", MAILPROTO_SMTP_EXT_BINARYMIME, NULL},
    {"SMTPUTF8", MAILPROTO_SMTP_EXT_SMTPUTF8, NULL},
    {"REQUIRETLS", MAILPROTO_SMTP_EXT_REQUIRETLS, NULL},
    {"LIMITS", MAILPROTO_SMTP_EXT_LIMITS, read_limits},
    {"VRFY", MAILPROTO_SMTP_EXT_VRFY, NULL},
    {"EXPN", MAILPROTO_SMTP_EXT_EXPN, NULL},
    {"HELP", MAILPROTO_SMTP_EXT_HELP, NULL},
};

static const struct keyword *find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (mp_ascii_equal(name, n, keywords[i].name))
            return &keywords[i];
    return NULL;
}

/* The line's keyword; "AUTH=LOGIN PLAIN" is how servers said it before RFC 2554, and many say it still. */
static mailproto_text keyword_of(mailproto_text *line)
{
    mailproto_text word, rest = *line;

    if (mp_ascii_begins(line->ptr, line->len, "AUTH=")) {
        *line = (mailproto_text){line->ptr + 5, line->len - 5};
        return (mailproto_text){line->ptr - 5, 4};
    }
    word = next_word(&rest);
    *line = rest;
    return word;
}

int mp_client_extension(struct mp_client_peer *peer, const char *line, size_t n)
{
    mailproto_text rest = {line, n}, name = keyword_of(&rest);
    const struct keyword *keyword = find(name.ptr, name.len);

    if (!keyword)
        return 0;
    peer->offers |= keyword->bit;
    if (keyword->read)
        keyword->read(peer, rest);
    return 1;
}

void mp_client_forget_peer(struct mailproto_smtp_client *c)
{
    c->peer = (struct mp_client_peer){0};
    mp_client_free_hello(c);
}

/* ---- what READY shows ---- */

void mp_client_keep_hello(struct mailproto_smtp_client *c)
{
    mp_client_free_hello(c);
    c->hello = c->reply.text;
    c->hello_len = c->reply.len;
    c->hello_capacity = c->reply.capacity;
    c->reply = (struct mp_client_reply){.text = NULL};
}

void mp_client_free_hello(struct mailproto_smtp_client *c)
{
    mp_free(&c->base.allocator, c->hello, c->hello_capacity);
    mp_free(&c->base.allocator, c->unknown, c->unknown_size);
    c->hello = NULL;
    c->unknown = NULL;
    c->hello_len = c->hello_capacity = 0;
    c->unknown_size = 0;
}

/* The next line of what is left of the EHLO reply. 0: there is none. */
static int next_line(mailproto_text *left, mailproto_text *line)
{
    const char *lf;

    if (!left->len)
        return 0;
    lf = memchr(left->ptr, '\n', left->len);
    *line = (mailproto_text){left->ptr, lf ? (size_t)(lf - left->ptr) : left->len};
    left->ptr += line->len + (lf != NULL);
    left->len -= line->len + (lf != NULL);
    return 1;
}

/* Goes through the lines but the first; fills `list` if there is one. Gives how many keywords are unknown. */
static size_t each_unknown(const struct mailproto_smtp_client *c, mailproto_smtp_parameter *list)
{
    mailproto_text left = {c->hello, c->hello_len}, line, name, value;
    size_t n = 0;

    next_line(&left, &line);
    while (next_line(&left, &line)) {
        name = keyword_of(&line);
        if (!name.len || find(name.ptr, name.len))
            continue;
        value = line;
        while (value.len && *value.ptr == ' ') {
            value.ptr++;
            value.len--;
        }
        if (list) {
            list[n] = (mailproto_smtp_parameter){.struct_size = sizeof list[n], .keyword = name};
            if (value.len)
                list[n].value = value;
            if (n)
                list[n - 1].next = &list[n];
        }
        n++;
    }
    return n;
}

int mp_client_list_unknown(struct mailproto_smtp_client *c)
{
    size_t n = each_unknown(c, NULL);

    if (!n)
        return 0;
    c->unknown = mp_alloc(&c->base.allocator, n * sizeof *c->unknown);
    if (!c->unknown) {
        mp_engine_nomem(&c->base);
        return -1;
    }
    c->unknown_size = n * sizeof *c->unknown;
    each_unknown(c, c->unknown);
    return 0;
}
