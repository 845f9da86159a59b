/* mime_address.c - fuzz target: lists of addresses. Items lie inside of the field, groups are closed, names and normal
 * forms take the room that is told, and a normal form is one address with the same normal form. RFC 5322 section 3.4. */
#include "fuzz.h"
#include "mime_check.h"

const char *const fuzz_before_message = "", *const fuzz_after_message = "";

typedef int32_t text_fn(const mailproto_mime_address *address, char *out, size_t cap, size_t *made);

static int32_t name_text(const mailproto_mime_address *address, char *out, size_t cap, size_t *made)
{
    return mailproto_mime_address_name(address, NULL, out, cap, made, NULL);
}

static int32_t spec_text(const mailproto_mime_address *address, char *out, size_t cap, size_t *made)
{
    return mailproto_mime_address_spec(address, MAILPROTO_MIME_SPEC_WHOLE, out, cap, made);
}

static int32_t route_text(const mailproto_mime_address *address, char *out, size_t cap, size_t *made)
{
    return mailproto_mime_address_spec(address, MAILPROTO_MIME_SPEC_ROUTE, out, cap, made);
}

/* The text, in room of exactly its size. */
static struct field text_of(const mailproto_mime_address *address, text_fn *text)
{
    struct field f = {NULL, 0};
    size_t made;

    demand(text(address, NULL, 0, &f.n) == (f.n ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK));
    f.p = room(f.n);
    demand(text(address, f.p, f.n, &made) == MAILPROTO_OK && made == f.n);
    return f;
}

/* An address in normal form is nothing but one mailbox of that normal form. */
static void again(const struct field *spec)
{
    mailproto_mime_addresses reader;
    mailproto_mime_address address;
    struct field same;

    mailproto_mime_address_init(&address, sizeof address);
    demand(mailproto_mime_addresses_init(&reader, sizeof reader, spec->p, spec->n) == MAILPROTO_OK);
    demand(mailproto_mime_addresses_next(&reader, &address) == MAILPROTO_OK);
    demand(address.kind == MAILPROTO_MIME_ADDRESS_MAILBOX && !address.name.len);
    same = text_of(&address, spec_text);
    demand(same.n == spec->n && !memcmp(same.p, spec->p, same.n));
    free(same.p);
    demand(mailproto_mime_addresses_next(&reader, &address) == MAILPROTO_MIME_END);
}

static void look_at(const struct field *f, const mailproto_mime_address *address)
{
    struct field name = text_of(address, name_text), spec = text_of(address, spec_text);
    struct field route = text_of(address, route_text);

    inside(f, address->whole);
    inside(f, address->name);
    inside(f, address->route);
    inside(f, address->local);
    inside(f, address->domain);
    if (address->domain.len && !(address->defects & (BIT(ADDRESS) | BIT(COMMENT) | BIT(QUOTED_STRING))))
        again(&spec);
    free(route.p);
    free(name.p);
    free(spec.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field f = field_of(data, size);
    mailproto_mime_addresses reader;
    mailproto_mime_address address;
    uint32_t verdict;
    size_t items = 0;
    int in_group = 0;

    mailproto_mime_address_init(&address, sizeof address);
    demand(mailproto_mime_addresses_init(&reader, sizeof reader, f.p, f.n) == MAILPROTO_OK);
    while (mailproto_mime_addresses_next(&reader, &address) == MAILPROTO_OK) {
        if (address.kind != MAILPROTO_MIME_ADDRESS_MAILBOX) {
            demand(in_group == (address.kind == MAILPROTO_MIME_ADDRESS_GROUP_END));
            in_group = !in_group;
        }
        look_at(&f, &address);
        demand(++items <= 2 * size);
    }
    demand(!in_group);
    demand(mailproto_mime_address_check(f.p, f.n, &verdict) == MAILPROTO_OK);
    demand(mailproto_mime_verdict_text(verdict) != NULL);
    free(f.p);
    return 0;
}
