/* json_mime.c - the JSON object of a message: its leaves and the fields that tell one message from another.
 * mailproto(1) lists its members. */
#include "json_values.h"

#include "mime.h"
#include "text.h"

#include <string.h>

static json_t *collapsed(struct mime_text *text)
{
    mime_collapse(text);
    return json_words((mailproto_text){text->ptr ? text->ptr : "", text->len});
}

static int is_type(const mailproto_mime_part *part, const struct mime_text *type, const char *name)
{
    mailproto_text wanted = text_of(name);

    return part->kind == MAILPROTO_MIME_LEAF && type->len == wanted.len && !memcmp(type->ptr, wanted.ptr, wanted.len);
}

/* What is in a leaf. */
static int put_body(json_t *object, const struct mime_message *message, uint32_t index, uint64_t *defects)
{
    struct mime_digest digest;

    if (mime_digest(message, index, &digest))
        return -1;
    *defects |= digest.defects;
    json_put(object, "len", json_integer((json_int_t)digest.octets));
    if (*digest.sha256)
        json_put(object, "sha256_32", json_string(digest.sha256));
    return 0;
}

/* -1: no memory. */
static int put_part(json_t *list, const struct mime_message *message, uint32_t index, struct mime_text *text,
                    uint64_t *defects)
{
    mailproto_mime_part part;
    json_t *object;
    int failed;

    mime_part(message, index, &part);
    if (part.kind == MAILPROTO_MIME_MULTIPART)
        return 0;
    object = json_object();
    json_array_append_new(list, object);
    json_put(object, "path", json_string(mime_path(message, index)));
    if (mime_decode_type(text, &part))
        return -1;
    json_put(object, "type", json_words((mailproto_text){text->ptr, text->len}));
    if (part.kind == MAILPROTO_MIME_MESSAGE) {
        json_put(object, "container", json_true());
        return 0;
    }
    /* its fields are what counts (RFC 3464 2.1.2), not how they are folded */
    if (!is_type(&part, text, "message/delivery-status") && put_body(object, message, index, defects))
        return -1;
    failed = mime_decode_file_name(text, message, index, defects);
    if (!failed)
        json_put(object, "filename", json_words((mailproto_text){text->ptr, text->len}));
    return failed < 0 ? -1 : 0;
}

static int put_parts(json_t *object, const struct mime_message *message, struct mime_text *text, uint64_t *defects)
{
    json_t *list = json_array();
    uint32_t parts = mailproto_mime_tree_parts(message->tree);

    json_put(object, "parts", list);
    for (uint32_t i = 0; i < parts; i++)
        if (put_part(list, message, i, text, defects))
            return -1;
    return 0;
}

/* Those of one field, groups flattened. */
static int put_addresses(json_t *list, mailproto_text value, struct mime_text *text, uint64_t *defects)
{
    mailproto_mime_addresses reader;
    mailproto_mime_address address;

    mailproto_mime_address_init(&address, sizeof address);
    mailproto_mime_addresses_init(&reader, sizeof reader, value.ptr, value.len);
    while (!mailproto_mime_addresses_next(&reader, &address)) {
        json_t *pair;

        *defects |= address.defects;
        if (address.kind != MAILPROTO_MIME_ADDRESS_MAILBOX)
            continue;
        pair = json_array();
        json_array_append_new(list, pair);
        if (mime_decode_name(text, &address, defects))
            return -1;
        json_array_append_new(pair, collapsed(text));
        if (mime_decode_address(text, &address))
            return -1;
        json_array_append_new(pair, collapsed(text));
    }
    return 0;
}

/* All fields of this name. */
static int put_list(json_t *object, const struct mime_message *message, uint32_t id, struct mime_text *text,
                    uint64_t *defects)
{
    const char *name = mailproto_mime_field_name(id);
    mailproto_mime_field field;
    json_t *list = json_array();
    uint32_t n = 0;

    json_put(object, name, list);
    mailproto_mime_field_init(&field, sizeof field);
    for (; !mailproto_mime_tree_next_field(message->tree, 0, name, text_of(name).len, &n, &field); n++)
        if (put_addresses(list, field.value, text, defects))
            return -1;
    return 0;
}

static int put_fields(json_t *object, const struct mime_message *message, struct mime_text *text, uint64_t *defects)
{
    mailproto_text value;
    mailproto_mime_date date;

    if (!mime_field(message, 0, MAILPROTO_MIME_FIELD_SUBJECT, &value)) {
        if (mime_decode_words(text, value, defects))
            return -1;
        json_put(object, "subject", collapsed(text));
    }
    mailproto_mime_date_init(&date, sizeof date);
    if (!mime_field(message, 0, MAILPROTO_MIME_FIELD_DATE, &value)) {
        if (!mailproto_mime_date_read(value.ptr, value.len, &date))
            json_put(object, "date", json_integer(date.seconds));
        *defects |= date.defects;
    }
    return put_list(object, message, MAILPROTO_MIME_FIELD_FROM, text, defects) ||
                   put_list(object, message, MAILPROTO_MIME_FIELD_TO, text, defects) ||
                   put_list(object, message, MAILPROTO_MIME_FIELD_CC, text, defects)
               ? -1
               : 0;
}

static json_t *defect_names(uint64_t defects)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < MAILPROTO_MIME_DEFECTS; i++)
        if (defects & MAILPROTO_MIME_DEFECT_BIT(i))
            json_array_append_new(list, json_string(mailproto_mime_defect_name(i)));
    return list;
}

int json_mime(const struct mime_message *message)
{
    json_t *object = json_object();
    struct mime_text text = {NULL, 0, 0};
    mailproto_mime_part part;
    uint64_t defects = 0;
    int failed;

    json_put(object, "file", json_words(text_of(message->name)));
    json_put(object, "size", json_integer((json_int_t)(message->n - message->skipped)));
    failed = put_parts(object, message, &text, &defects) || put_fields(object, message, &text, &defects);
    for (uint32_t i = 0; i < mailproto_mime_tree_parts(message->tree); i++) {
        mime_part(message, i, &part);
        defects |= part.defects;
    }
    json_put(object, "defects", defect_names(defects));
    mime_text_free(&text);
    if (!failed)
        return json_print(object);
    json_decref(object);
    return -1;
}
