/* imap_envelope.c - ENVELOPE: the fields of a message that a list of messages shows.
 * RFC 3501 section 7.4.2; RFC 9051 section 7.5.2. */
#include "mime/header_scan.h"
#include "mime/imap.h"

/* A longer name, local part, domain or route that is not plain is shown as it stands. */
enum { TEXT_MAX = 1024 };

#define FIELD(name) MAILPROTO_MIME_FIELD_##name

/* ---- addresses ---- */

/* A name without quotes and comments, or its stand-in where there is none. */
static void put_name(mp_imap_out *o, const mailproto_mime_address *a, const char *none)
{
    char text[TEXT_MAX];
    size_t made;

    if (!a->name.len)
        mp_imap_put(o, none, strlen(none));
    else if (a->flags & MAILPROTO_MIME_ADDRESS_NAME_PLAIN ||
             mailproto_mime_address_name_raw(a, text, sizeof text, &made))
        mp_imap_text(o, &a->name);
    else if (!made)
        mp_imap_put(o, none, strlen(none));
    else
        mp_imap_string(o, (const uint8_t *)text, made, 0);
}

/* Local part, domain or route in normal form. */
static void put_spec(mp_imap_out *o, const mailproto_mime_address *a, const mailproto_text *as_it_stands, uint32_t form)
{
    char text[TEXT_MAX];
    size_t made;

    if (a->flags & MAILPROTO_MIME_ADDRESS_SPEC_PLAIN && form != MAILPROTO_MIME_SPEC_ROUTE)
        mp_imap_text(o, as_it_stands);
    else if (mailproto_mime_address_spec(a, form, text, sizeof text, &made))
        mp_imap_text(o, as_it_stands);
    else
        mp_imap_string(o, (const uint8_t *)text, made, 0);
}

/* The host NIL is for groups alone: an address without a domain has "". */
static void put_address(mp_imap_out *o, const mailproto_mime_address *a)
{
    if (a->kind == MAILPROTO_MIME_ADDRESS_GROUP_END) {
        MP_IMAP_PUT(o, "(NIL NIL NIL NIL)");
    } else if (a->kind == MAILPROTO_MIME_ADDRESS_GROUP_BEGIN) {
        MP_IMAP_PUT(o, "(NIL NIL ");
        put_name(o, a, "\"\"");
        MP_IMAP_PUT(o, " NIL)");
    } else {
        MP_IMAP_PUT(o, "(");
        put_name(o, a, "NIL");
        MP_IMAP_PUT(o, " ");
        if (a->route.len)
            put_spec(o, a, &a->route, MAILPROTO_MIME_SPEC_ROUTE);
        else
            MP_IMAP_PUT(o, "NIL");
        MP_IMAP_PUT(o, " ");
        put_spec(o, a, &a->local, MAILPROTO_MIME_SPEC_LOCAL);
        MP_IMAP_PUT(o, " ");
        put_spec(o, a, &a->domain, MAILPROTO_MIME_SPEC_DOMAIN);
        MP_IMAP_PUT(o, ")");
    }
}

/* The addresses of one field, behind those of others: *any says whether there were some. */
static void put_list(mp_imap_out *o, const void *value, size_t n, int *any)
{
    mailproto_mime_addresses reader;
    mailproto_mime_address a;

    mailproto_mime_address_init(&a, sizeof a);
    if (mailproto_mime_addresses_init(&reader, sizeof reader, value, n))
        return;
    while (mailproto_mime_addresses_next(&reader, &a) == MAILPROTO_OK) {
        if (!*any)
            MP_IMAP_PUT(o, "(");
        *any = 1;
        put_address(o, &a);
    }
}

/* The addresses of the first field of a number, or of all of them. 0: there are none, and nothing was put. */
static int put_addresses(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part, uint32_t id,
                         uint64_t repeated)
{
    int any = 0;
    uint32_t n;

    if (!mp_imap_has(part, id))
        return 0;
    n = mp_imap_first(tree, part, id);
    do {
        const mp_field *f = &tree->fields[part->field + n];

        if (f->id == id)
            put_list(o, tree->message + f->begin + f->value, f->value_n, &any);
    } while (repeated >> id & 1 && ++n < part->fields);
    if (any)
        MP_IMAP_PUT(o, ")");
    return any;
}

static void put_addresses_or_nil(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part, uint32_t id,
                                 uint64_t repeated)
{
    MP_IMAP_PUT(o, " ");
    if (!put_addresses(o, tree, part, id, repeated))
        MP_IMAP_PUT(o, "NIL");
}

/* ---- the envelope ---- */

/* Fields that are there more than once: of addresses all of them count, so that none is hidden. */
static uint64_t repeated_fields(const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    uint64_t seen = 0, again = 0;

    for (uint32_t i = 0; i < part->fields; i++) {
        const uint64_t bit = UINT64_C(1) << tree->fields[part->field + i].id;

        again |= seen & bit;
        seen |= bit;
    }
    return again;
}

/* Where Sender or Reply-To are missing or have no address, they are those of From. */
static void put_copied(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part, uint32_t id,
                       uint64_t repeated, size_t from, size_t from_n)
{
    MP_IMAP_PUT(o, " ");
    if (put_addresses(o, tree, part, id, repeated))
        return;
    if (o->made + from_n <= o->cap)
        mp_imap_put(o, o->out + from, from_n);
    else
        o->made += from_n;
}

void mp_imap_envelope(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part)
{
    const uint64_t repeated = repeated_fields(tree, part);
    size_t from, from_n;

    MP_IMAP_PUT(o, "(");
    mp_imap_field(o, tree, part, FIELD(DATE), 0);
    MP_IMAP_PUT(o, " ");
    mp_imap_field(o, tree, part, FIELD(SUBJECT), 0);
    from = o->made + 1;
    put_addresses_or_nil(o, tree, part, FIELD(FROM), repeated);
    from_n = o->made - from;
    put_copied(o, tree, part, FIELD(SENDER), repeated, from, from_n);
    put_copied(o, tree, part, FIELD(REPLY_TO), repeated, from, from_n);
    put_addresses_or_nil(o, tree, part, FIELD(TO), repeated);
    put_addresses_or_nil(o, tree, part, FIELD(CC), repeated);
    put_addresses_or_nil(o, tree, part, FIELD(BCC), repeated);
    MP_IMAP_PUT(o, " ");
    mp_imap_field(o, tree, part, FIELD(IN_REPLY_TO), 0);
    MP_IMAP_PUT(o, " ");
    mp_imap_field(o, tree, part, FIELD(MESSAGE_ID), 0);
    MP_IMAP_PUT(o, ")");
}

int32_t mailproto_mime_imap_envelope(const mailproto_mime_tree *tree, uint32_t index, uint32_t flags, char *out,
                                     size_t cap, size_t *made)
{
    mp_imap_out o = {(uint8_t *)out, cap, 0, flags};

    if (!tree || index >= tree->parts_n || flags > MAILPROTO_MIME_IMAP_REV2 || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    mp_imap_envelope(&o, tree, &tree->parts[index]);
    return mp_imap_done(&o, made);
}
