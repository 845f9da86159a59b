/* json_pop3.c - the JSON object of `mailproto pop3`.
 * mailproto(1) lists its members. */
#include "json_values.h"

#include "text.h"

static json_t *capability_object(const struct item *item)
{
    json_t *object = json_object();

    json_put(object, "name", json_words(text_of(item->name)));
    json_put(object, "arguments", json_words(text_of(item->text)));
    return object;
}

static const char *state_word(int state)
{
    static const char *const words[] = {"listed", "done", "known", "refused", "failed"};

    return words[state];
}

static json_t *message_object(const struct pop3_result *result, const struct item *item)
{
    enum pop3_verb verb = result->options->verb;
    json_t *object = json_object();

    json_put(object, "number", json_integer(item->number));
    if (item->has_size)
        json_put(object, "size", json_integer((json_int_t)item->size));
    if (item->text)
        json_put(object, "uid", json_words(text_of(item->text)));
    if (verb == POP3_LIST || verb == POP3_UIDL)
        return object;
    json_put(object, "outcome", json_words(text_of(state_word(item->state))));
    if (item->reply)
        json_put(object, "reply", json_words(text_of(item->reply)));
    if (verb != POP3_DELE)
        json_put(object, "octets", json_integer((json_int_t)item->octets));
    if (verb == POP3_FETCH_ALL)
        json_put(object, "deleted", json_boolean(item->marked && result->update == MAILPROTO_POP3_UPDATE_DONE));
    return object;
}

static json_t *update_word(const struct pop3_result *result)
{
    static const char *const words[] = {NULL, "done", "refused", "none", "unknown"};

    return result->deleted ? json_words(text_of(words[result->update < 5 ? result->update : 0])) : json_null();
}

static json_t *refused_object(const struct pop3_result *result)
{
    json_t *object;

    if (!result->refused_at)
        return json_null();
    object = json_object();
    json_put(object, "command", json_words(text_of(result->refused_at)));
    json_put(object, "text", json_words(text_of(result->refused)));
    return object;
}

int json_pop3(const struct pop3_result *result)
{
    json_t *object = json_object(), *items = json_array();
    int capa = result->options->verb == POP3_CAPA;

    for (uint32_t i = 0; i < result->count; i++)
        json_array_append_new(items,
                              capa ? capability_object(&result->items[i]) : message_object(result, &result->items[i]));
    json_put(object, "command", json_words(text_of(result->options->verb_name)));
    json_put(object, "status", json_integer(result->status));
    json_put(object, "server",
             json_server(&result->options->common.url, text_host(text_of(result->address)), text_of(result->greeting)));
    json_put(object, "mechanism", json_words(text_of(auth_name(result->authenticated))));
    if (result->options->verb == POP3_STAT) {
        json_put(object, "count", json_integer(result->messages));
        json_put(object, "octets", json_integer((json_int_t)result->octets));
        json_decref(items);
    } else {
        json_put(object, capa ? "capabilities" : "messages", items);
    }
    if (result->options->verb == POP3_DELE || result->options->remove)
        json_put(object, "update", update_word(result));
    json_put(object, "refused", refused_object(result));
    json_put(object, "error", json_error(result->why, text_of(result->text)));
    return json_print(object);
}
