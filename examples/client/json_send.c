/* json_send.c - the JSON object of `mailproto send`.
 * mailproto(1) lists its members. */
#include "json_values.h"

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

static json_t *reply_object(const struct reply *reply)
{
    json_t *object;

    if (!reply->code)
        return json_null();
    object = json_object();
    json_put(object, "code", json_integer(reply->code));
    json_put(object, "enhanced", json_words(*reply->enhanced ? reply->enhanced : NULL));
    json_put(object, "text", json_words(reply_text(reply)));
    return object;
}

static json_t *recipient_object(const struct recipient *r)
{
    json_t *object = json_object();

    json_put(object, "address", json_words(r->address));
    json_put(object, "outcome", json_words(outcome_state(r->state)));
    json_put(object, "transaction", r->transaction ? json_integer(r->transaction) : json_null());
    json_put(object, "command", json_words(r->stage));
    json_put(object, "reply", reply_object(&r->reply));
    return object;
}

static json_t *transaction_object(const struct transaction *t)
{
    json_t *object = json_object();

    json_put(object, "outcome", json_words(outcome_word(t->outcome)));
    json_put(object, "recipients", json_integer(t->recipients));
    json_put(object, "command", json_words(t->stage ? outcome_stage(t->stage) : NULL));
    json_put(object, "reply", reply_object(&t->reply));
    json_put(object, "error", json_error(t->why, t->text));
    return object;
}

static json_t *server_object(const struct send_result *result)
{
    json_t *object = json_server(&result->server, result->greeting);

    json_put(object, "extensions", json_bits(result->offers, extensions, sizeof extensions / sizeof *extensions));
    json_put(object, "max_message", result->max_message ? json_integer((json_int_t)result->max_message) : json_null());
    json_put(object, "authenticated", json_boolean(result->authenticated));
    return object;
}

int json_send(const struct send_result *result)
{
    json_t *object = json_object(), *recipients = json_array(), *transactions = json_array();

    for (unsigned i = 0; i < result->to->count; i++)
        json_array_append_new(recipients, recipient_object(&result->to->list[i]));
    for (const struct transaction *t = result->first; t; t = t->next)
        json_array_append_new(transactions, transaction_object(t));
    json_put(object, "command", json_words("send"));
    json_put(object, "status", json_integer(result->status));
    json_put(object, "server", server_object(result));
    json_put(object, "sender", json_words(result->sender));
    json_put(object, "size", json_integer((json_int_t)result->source.size));
    json_put(object, "recipients", recipients);
    json_put(object, "transactions", transactions);
    json_put(object, "error", json_error(result->why, result->no_connection ? result->server.wrong : result->text));
    return json_print(object);
}
