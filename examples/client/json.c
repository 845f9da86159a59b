/* json.c - --json with jansson: the writers, and the values that they share.
 * RFC 8259; https://jansson.readthedocs.io. */
#include "json_values.h"

#include "text.h"
#include "tls.h"

#include <stdlib.h>
#include <string.h>

const struct json_writers *json_writers(void)
{
    static const struct json_writers writers = {json_send, json_pop3, json_mime};

    return &writers;
}

/* Invalid octets become U+FFFD, three octets each. */
json_t *json_words(mailproto_text text)
{
    char *valid = text.ptr ? malloc(3 * text.len + 1) : NULL;
    json_t *value;
    size_t made = 0;

    if (!valid)
        return json_null();
    for (size_t i = 0; i < text.len;) {
        size_t step = text_utf8(text.ptr + i, text.len - i);

        memcpy(valid + made, step ? text.ptr + i : "\xef\xbf\xbd", step ? step : 3);
        made += step ? step : 3;
        i += step ? step : 1;
    }
    value = json_stringn(valid, made);
    free(valid);
    return value;
}

json_t *json_filled(mailproto_text text)
{
    return text.len ? json_words(text) : json_null();
}

static json_t *tls_object(void)
{
    const struct tls_seen *seen = tls_seen();
    json_t *object;

    if (!seen)
        return json_null();
    object = json_object();
    json_put(object, "version", json_words(text_of(tls_version_name(seen->version))));
    json_put(object, "cipher", json_words(text_of(seen->cipher)));
    json_put(object, "verified", json_boolean(seen->verified));
    json_put(object, "pinned", json_boolean(seen->pinned));
    json_put(object, "sha256", json_filled(text_of(seen->fingerprint)));
    return object;
}

json_t *json_server(const mailproto_host_url *url, mailproto_text address, mailproto_text greeting)
{
    json_t *object = json_object();

    json_put(object, "scheme", json_words(text_of(url->scheme)));
    json_put(object, "host", json_words(text_of(url->host)));
    json_put(object, "port", url->port ? json_integer(url->port) : json_null());
    json_put(object, "address", json_filled(address));
    json_put(object, "greeting", json_filled(greeting));
    json_put(object, "tls", tls_object());
    return object;
}

json_t *json_error(int32_t why, mailproto_text text)
{
    json_t *object;

    if (!why)
        return json_null();
    object = json_object();
    json_put(object, "name", json_words(text_of(mailproto_result_name(why))));
    json_put(object, "text", json_words(text.len ? text : text_of(mailproto_result_text(why))));
    return object;
}

json_t *json_bits(uint32_t set, const struct json_bit *names, unsigned count)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < count; i++)
        if (set & names[i].bit)
            json_array_append_new(list, json_words(text_of(names[i].name)));
    return list;
}

void json_put(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value);
}

int json_print(json_t *object)
{
    int failed = json_dumpf(object, stdout, JSON_COMPACT);

    json_decref(object);
    putchar('\n');
    return failed || fflush(stdout) ? -1 : 0;
}
