/* json_send.c - the JSON object of `mailproto send`.
 * mailproto(1) lists its members. */
#include "json_values.h"

#include "text.h"

static const struct json_bit extensions[] = {
    {MAILPROTO_SMTP_EXT_SIZE, "SIZE"},
    {MAILPROTO_SMTP_EXT_8BITMIME, "8BITMIME"},
    {MAILPROTO_SMTP_EXT_PIPELINING, "PIPELINING"},
    {MAILPROTO_SMTP_EXT_STARTTLS, "STARTTLS"},
    {MAILPROTO_SMTP_EXT_AUTH, "AUTH"},
    {MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES"},
    {MAILPROTO_SMTP_EXT_DSN, "DSN"},
    {MAILPROTO_SMTP_EXT_CHUNKING, "CHUNKING"},
    {MAILPROTO_SMTP_EXT_BINARYMIME, "BINARYMIME"},
    {MAILPROTO_SMTP_EXT_SMTPUTF8, "SMTPUTF8"},
    {MAILPROTO_SMTP_EXT_REQUIRETLS, "REQUIRETLS"},
    {MAILPROTO_SMTP_EXT_LIMITS, "LIMITS"},
};

static const char *outcome_word(uint32_t outcome)
{
    switch (outcome) {
    case MAILPROTO_SMTP_ACCEPTED:
        return "accepted";
    case MAILPROTO_SMTP_REFUSED:
        return "refused";
    case MAILPROTO_SMTP_UNKNOWN:
        return "unknown";
    case MAILPROTO_SMTP_PARTLY:
        return "partly";
    default:
        return "not-sent";
    }
}

/* "RCPT"; NULL: none. */
static const char *stage_word(uint32_t stage)
{
    static const char *const names[] = {NULL, "connect", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "message"};

    return stage < sizeof names / sizeof *names ? names[stage] : NULL;
}

static json_t *reply_object(const mailproto_smtp_response *reply)
{
    json_t *object;

    if (!reply->code)
        return json_null();
    object = json_object();
    json_put(object, "code", json_integer(reply->code));
    json_put(object, "enhanced", json_filled(reply->enhanced));
    json_put(object, "text", json_words(reply->text));
    return object;
}

static json_t *recipient_object(const mailproto_host_result *r)
{
    json_t *object = json_object();

    json_put(object, "address", json_words(r->address));
    json_put(object, "outcome", json_words(text_of(outcome_word(r->outcome))));
    json_put(object, "transaction", r->transaction ? json_integer(r->transaction) : json_null());
    json_put(object, "command", json_words(text_of(stage_word(r->stage))));
    json_put(object, "reply", reply_object(r->reply));
    return object;
}

static json_t *transaction_object(const mailproto_host_transaction *t)
{
    json_t *object = json_object();

    json_put(object, "outcome", json_words(text_of(outcome_word(t->outcome))));
    json_put(object, "recipients", json_integer(t->recipients));
    json_put(object, "command", json_words(text_of(stage_word(t->stage))));
    json_put(object, "reply", reply_object(t->reply));
    json_put(object, "error", json_error(t->why, t->text));
    return object;
}

static json_t *server_object(const mailproto_host_outcome *o, const mailproto_host_url *url)
{
    json_t *object = json_server(url, text_host(o->address), o->greeting);

    json_put(object, "extensions", json_bits(o->peer_offers, extensions, sizeof extensions / sizeof *extensions));
    json_put(object, "max_message", o->peer_max_message ? json_integer((json_int_t)o->peer_max_message) : json_null());
    json_put(object, "authenticated", json_boolean(o->authenticated));
    json_put(object, "mechanism", json_words(text_of(o->authenticated ? auth_name(o->mechanism) : NULL)));
    return object;
}

/* The server's word about a transaction is told with that, and was no early end. */
static json_t *error_object(const mailproto_host_outcome *o)
{
    int answered = o->why == MAILPROTO_ERR_REFUSED && o->stage >= MAILPROTO_SMTP_STAGE_MAIL;

    return answered ? json_null() : json_error(o->why, o->reason.len ? o->reason : o->sentence);
}

int json_send(const mailproto_host_outcome *o, const struct send_options *options, int status)
{
    json_t *object = json_object(), *recipients = json_array(), *transactions = json_array();

    for (const mailproto_host_result *r = o->recipients; r; r = r->next)
        json_array_append_new(recipients, recipient_object(r));
    for (const mailproto_host_transaction *t = o->transactions; t; t = t->next)
        json_array_append_new(transactions, transaction_object(t));
    json_put(object, "command", json_words(text_of("send")));
    json_put(object, "status", json_integer(status));
    json_put(object, "server", server_object(o, &options->common.url));
    json_put(object, "sender", json_words(options->request.sender));
    json_put(object, "size", json_integer((json_int_t)o->size));
    json_put(object, "recipients", recipients);
    json_put(object, "transactions", transactions);
    json_put(object, "error", error_object(o));
    return json_print(object);
}
