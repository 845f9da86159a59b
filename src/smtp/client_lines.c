/* client_lines.c - MAIL and RCPT as they go on the wire, each text checked at submission and encoded here.
 * RFC 5321 sections 4.1.1.2 and 4.1.1.3; RFC 1870, RFC 6152, RFC 6531, RFC 8689, RFC 3461 section 4, RFC 4954 section 5. */
#include <string.h>

#include "core/ascii.h"
#include "smtp/client.h"
#include "smtp/grammar.h"

/* A line in the making. */
struct line {
    char text[MP_CLIENT_LINE_MAX];
    char *end;
};

static void put(struct line *line, const char *text, size_t n)
{
    if (n)
        memcpy(line->end, text, n);
    line->end += n;
}

static void put_word(struct line *line, const char *word)
{
    put(line, word, strlen(word));
}

static int finish(struct mailproto_smtp_client *c, struct line *line)
{
    put_word(line, "\r\n");
    if (mp_out_put(&c->base, line->text, (size_t)(line->end - line->text), MAILPROTO_TRACE_LINE))
        return -1;
    mp_client_await(c);
    return 0;
}

/* ---- MAIL ---- */

static void put_size(struct line *line, uint64_t size)
{
    put_word(line, " SIZE=");
    line->end += mp_ascii_write_decimal(line->end, size);
}

static void put_dsn_of_mail(struct line *line, const struct mp_client_command *message)
{
    const char *envid = message->text + message->sender_len;

    if (message->ret)
        put_word(line, message->ret == MAILPROTO_SMTP_RET_FULL ? " RET=FULL" : " RET=HDRS");
    if (!message->envid_len)
        return;
    put_word(line, " ENVID=");
    line->end += mp_xtext_encode(line->end, envid, message->envid_len);
}

static void put_auth(struct line *line, const struct mp_client_command *message)
{
    const char *auth = message->text + message->sender_len + message->envid_len;

    put_word(line, message->auth_len ? " AUTH=" : " AUTH=<>");
    line->end += mp_xtext_encode(line->end, auth, message->auth_len);
}

int mp_client_put_mail(struct mailproto_smtp_client *c)
{
    const struct mp_client_command *message = c->active;
    uint32_t offers = c->peer.offers;
    struct line line;

    line.end = line.text;
    put_word(&line, "MAIL FROM:<");
    put(&line, message->text, message->sender_len);
    put_word(&line, ">");
    if (message->size && offers & MAILPROTO_SMTP_EXT_SIZE)
        put_size(&line, message->size);
    if (message->body != MAILPROTO_SMTP_BODY_7BIT)
        put_word(&line, message->body == MAILPROTO_SMTP_BODY_8BITMIME ? " BODY=8BITMIME" : " BODY=BINARYMIME");
    if (message->flags & MAILPROTO_SMTP_MAIL_SMTPUTF8)
        put_word(&line, " SMTPUTF8");
    if (message->flags & MAILPROTO_SMTP_MAIL_REQUIRETLS)
        put_word(&line, " REQUIRETLS");
    if (offers & MAILPROTO_SMTP_EXT_DSN)
        put_dsn_of_mail(&line, message);
    if (message->has_auth && offers & MAILPROTO_SMTP_EXT_AUTH)
        put_auth(&line, message);
    return finish(c, &line);
}

/* ---- RCPT ---- */

static void put_notify(struct line *line, uint32_t notify)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{MAILPROTO_SMTP_NOTIFY_NEVER, "NEVER"},
                 {MAILPROTO_SMTP_NOTIFY_SUCCESS, "SUCCESS"},
                 {MAILPROTO_SMTP_NOTIFY_FAILURE, "FAILURE"},
                 {MAILPROTO_SMTP_NOTIFY_DELAY, "DELAY"}};
    const char *before = " NOTIFY=";

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (notify & names[i].bit) {
            put_word(line, before);
            put_word(line, names[i].name);
            before = ",";
        }
}

static void put_orcpt(struct line *line, const struct mp_client_command *message,
                      const struct mp_client_recipient *recipient)
{
    mailproto_text type = {recipient->text + recipient->path_len, recipient->type_len};
    const char *orcpt = type.ptr + type.len;
    uint32_t flags = message->flags & MAILPROTO_SMTP_MAIL_SMTPUTF8 ? MP_SMTP_UTF8 : 0;

    put_word(line, " ORCPT=");
    put(line, type.ptr, type.len);
    put_word(line, ";");
    line->end += mp_orcpt_encode(line->end, type, orcpt, recipient->orcpt_len, flags);
}

int mp_client_put_rcpt(struct mailproto_smtp_client *c, const struct mp_client_recipient *recipient)
{
    struct line line;

    line.end = line.text;
    put_word(&line, "RCPT TO:<");
    put(&line, recipient->text, recipient->path_len);
    put_word(&line, ">");
    if (c->peer.offers & MAILPROTO_SMTP_EXT_DSN) {
        put_notify(&line, recipient->notify);
        if (recipient->orcpt_len)
            put_orcpt(&line, c->active, recipient);
    }
    return finish(c, &line);
}
