/* bench_smtp_engine.c - the SMTP server engine in memory: message data a second, and whole small transactions.
 * RFC 5321 3.3. The host accepts all and throws it away; what is left is the engine's own cost. */
#include <mailproto/smtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

enum { FEED = 65536, TRANSACTIONS_FEED = 16384 };

static const char hello[] = "EHLO client.example.test\r\n";
static const char group[] = "MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n";
static const char header[] = "From: <bob@example.test>\r\nTo: <alice@example.test>\r\nSubject: a large message\r\n\r\n";
static const char small[] = "MAIL FROM:<bob@example.test>\r\n"
                            "RCPT TO:<alice@example.test>\r\n"
                            "DATA\r\n"
                            "From: <bob@example.test>\r\n"
                            "To: <alice@example.test>\r\n"
                            "Subject: a small message\r\n"
                            "\r\n"
                            "Two lines of text,\r\n"
                            "and that is all.\r\n"
                            ".\r\n";

struct host {
    mailproto_smtp_server *server;
    mailproto_session *session;
    uint64_t octets, messages, replies;
    char *copy; /* where the bodies go while what arrives is checked; else NULL */
};

struct work {
    char *data;
    size_t len, feeds;
};

static void wrong(const char *what)
{
    fprintf(stderr, "bench_smtp_engine: %s\n", what);
    exit(1);
}

/* ---- the host ---- */

static int32_t on_rcpt(mailproto_smtp_server *server, const mailproto_smtp_rcpt *rcpt, void *user)
{
    (void)user;
    return mailproto_smtp_server_accept(server, rcpt->head.token);
}

static int32_t on_body(mailproto_smtp_server *server, const mailproto_smtp_body *body, void *user)
{
    struct host *h = user;

    (void)server;
    if (h->copy)
        memcpy(h->copy + h->octets, body->bytes.ptr, body->bytes.len);
    h->octets += body->bytes.len;
    return 0;
}

static int32_t on_message_end(mailproto_smtp_server *server, const mailproto_smtp_message_end *end, void *user)
{
    ((struct host *)user)->messages++;
    return mailproto_smtp_server_accept(server, end->head.token);
}

/* Takes the replies away as a socket would, and counts their lines. */
static void drain(struct host *h)
{
    const uint8_t *data;
    size_t len;

    while (mailproto_session_wants(h->session) & MAILPROTO_WANTS_WRITE) {
        mailproto_session_output(h->session, &data, &len);
        for (const uint8_t *at = data, *end = data + len; at < end; at++) {
            at = memchr(at, '\n', (size_t)(end - at));
            if (!at)
                break;
            h->replies++;
        }
        mailproto_session_output_ack(h->session, len);
    }
}

static void feed(struct host *h, const char *data, size_t len)
{
    while (len) {
        size_t taken = 0;

        if (mailproto_session_feed(h->session, data, len, 1, &taken) || !taken)
            wrong("the session failed or takes nothing");
        data += taken;
        len -= taken;
        drain(h);
    }
}

static void begin(struct host *h)
{
    mailproto_smtp_server_config config;
    mailproto_smtp_server_callbacks callbacks;

    mailproto_smtp_server_config_init(&config, sizeof config);
    config.hostname = (mailproto_text){"mail.example.test", 17};
    config.max_message = MAILPROTO_UNLIMITED_64;
    mailproto_smtp_server_callbacks_init(&callbacks, sizeof callbacks);
    callbacks.on_rcpt = on_rcpt;
    callbacks.on_body = on_body;
    callbacks.on_message_end = on_message_end;
    *h = (struct host){0};
    if (mailproto_smtp_server_new(&h->server, &config, &callbacks, NULL, h, NULL))
        wrong("no session");
    h->session = mailproto_smtp_server_session(h->server);
    drain(h);
    feed(h, hello, sizeof hello - 1);
}

/* ---- message data ---- */

/* Lines of 60 to 76 columns and CRLF, as mail has them. */
static void write_lines(char *p, size_t n)
{
    uint32_t random = 1;

    while (n > 0) {
        size_t len;

        random = random * 1664525 + 1013904223;
        len = 60 + (random >> 16) % 17;
        if (n < len + 2 + 3)
            len = n - 2;
        memset(p, 'a', len);
        memcpy(p + len, "\r\n", 2);
        p += len + 2;
        n -= len + 2;
    }
}

static double data_through_engine(void *user)
{
    const struct work *w = user;
    struct host h;
    uint64_t start, time;

    begin(&h);
    feed(&h, group, sizeof group - 1);
    feed(&h, header, sizeof header - 1);
    h.octets = 0;
    start = measure_cpu();
    for (size_t i = 0; i < w->feeds; i++)
        feed(&h, w->data, w->len);
    feed(&h, ".\r\n", 3);
    time = measure_cpu() - start;
    if (h.octets != w->feeds * w->len || h.messages != 1)
        wrong("the message is not what was sent");
    mailproto_session_free(h.session);
    return (double)h.octets / (double)time;
}

static double data_by_memcpy(void *user)
{
    static char copy[FEED + 64];
    const struct work *w = user;
    uint64_t start = measure_cpu();

    for (size_t i = 0; i < w->feeds; i++) {
        memcpy(copy, w->data, w->len);
        __asm__ volatile("" : : "r"(copy) : "memory");
    }
    return (double)(w->feeds * w->len) / (double)(measure_cpu() - start);
}

static double data_by_memchr(void *user)
{
    const struct work *w = user;
    uint64_t start = measure_cpu();

    for (size_t i = 0; i < w->feeds; i++)
        for (const char *at = w->data, *end = at + w->len; at < end; at++) {
            at = memchr(at, '\n', (size_t)(end - at));
            if (!at)
                break;
            __asm__ volatile("" : : "r"(at) : "memory");
        }
    return (double)(w->feeds * w->len) / (double)(measure_cpu() - start);
}

/* ---- transactions ---- */

static double transactions(void *user)
{
    const struct work *w = user;
    size_t each = w->len / (sizeof small - 1);
    struct host h;
    uint64_t start, time;

    begin(&h);
    h.replies = 0;
    start = measure_cpu();
    for (size_t i = 0; i < w->feeds; i++)
        feed(&h, w->data, w->len);
    time = measure_cpu() - start;
    if (h.messages != w->feeds * each || h.replies != 4 * h.messages)
        wrong("not every message got its four replies");
    mailproto_session_free(h.session);
    return (double)time / (double)h.messages;
}

/* ---- the program ---- */

/* What arrives is what was sent, octet for octet. */
static void verify(const struct work *w)
{
    struct host h;

    begin(&h);
    h.copy = malloc(w->len);
    if (!h.copy)
        wrong("no memory");
    feed(&h, group, sizeof group - 1);
    feed(&h, w->data, w->len);
    feed(&h, ".\r\n", 3);
    if (h.messages != 1 || h.octets != w->len || memcmp(h.copy, w->data, w->len) != 0)
        wrong("the message that arrived differs");
    free(h.copy);
    mailproto_session_free(h.session);
}

int main(int count, char **words)
{
    struct measure_options options;
    struct work message = {.len = FEED}, one, many = {0};
    struct measure_row data = {"smtp-engine/data",
                               "GB/s",
                               "more",
                               15,
                               {{"ours", "", data_through_engine, &message},
                                {"floor", "memcpy", data_by_memcpy, &message},
                                {"floor", "memchr of each line end", data_by_memchr, &message}}};
    struct measure_row alone = {"smtp-engine/transaction-alone", "ns", "less", 300, {{"ours", "", transactions, &one}}};
    struct measure_row piped = {"smtp-engine/transaction", "ns", "less", 300, {{"ours", "", transactions, &many}}};

    if (measure_options_read(&options, count, words))
        return 2;
    message.data = malloc(FEED);
    many.data = malloc(TRANSACTIONS_FEED);
    one.data = malloc(sizeof small);
    if (!message.data || !many.data || !one.data)
        wrong("no memory");
    write_lines(message.data, message.len);
    memcpy(one.data, small, sizeof small);
    one.len = sizeof small - 1;
    for (; many.len + one.len <= TRANSACTIONS_FEED; many.len += one.len)
        memcpy(many.data + many.len, small, one.len);
    message.feeds = options.smoke ? 16 : 16384;
    one.feeds = options.smoke ? 100 : 100000;
    many.feeds = options.smoke ? 2 : 1500;
    verify(&message);
    measure(&data, &options);
    measure(&alone, &options);
    measure(&piped, &options);
    free(message.data);
    free(many.data);
    free(one.data);
    return 0;
}
