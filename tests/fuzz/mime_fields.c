/* mime_fields.c - fuzz target: text, dates, message identifiers, Received, Authentication-Results, List-*. RFC 5322
 * sections 2.2.3, 3.3, 3.6.4, 3.6.7; RFC 8601; RFC 2369. Items lie inside of the field; what is written is read again. */
#include "fuzz.h"
#include "mime_check.h"

const char *const fuzz_before_message = "", *const fuzz_after_message = "";

static void texts(const struct field *f)
{
    size_t need, made, whole;
    char *out = room(f->n), *again;

    demand(mailproto_mime_text_unfold(f->p, f->n, out, f->n, &made) == MAILPROTO_OK);
    demand(!memchr(out, '\n', made) && !memchr(out, '\r', made));
    again = room(made);
    demand(mailproto_mime_text_unfold(out, made, again, made, &whole) == MAILPROTO_OK);
    demand(whole == made && !memcmp(out, again, made));
    free(again);
    free(out);
    mailproto_mime_text_decode(f->p, f->n, NULL, NULL, 0, &need, NULL);
    out = room(need);
    demand(mailproto_mime_text_decode(f->p, f->n, NULL, out, need, &made, NULL) == MAILPROTO_OK && made == need);
    free(out);
    out = room(f->n);
    demand(mailproto_mime_value_text(f->p, f->n, out, f->n, &made) == MAILPROTO_OK);
    free(out);
    mailproto_mime_url_text(f->p, f->n, NULL, 0, &need);
    out = room(need);
    demand(mailproto_mime_url_text(f->p, f->n, out, need, &made) == MAILPROTO_OK && made == need);
    free(out);
}

static void dates(const struct field *f)
{
    mailproto_mime_date date, again;
    char out[MAILPROTO_MIME_DATE_LENGTH];
    size_t made;

    mailproto_mime_date_init(&date, sizeof date);
    mailproto_mime_date_init(&again, sizeof again);
    if (mailproto_mime_date_read(f->p, f->n, &date) != MAILPROTO_OK ||
        mailproto_mime_date_write(&date, out, sizeof out, &made) != MAILPROTO_OK)
        return;
    demand(mailproto_mime_date_read(out, made, &again) == MAILPROTO_OK && !again.defects);
    demand(again.seconds == date.seconds && again.zone_minutes == date.zone_minutes);
}

static void ids(const struct field *f)
{
    mailproto_mime_message_ids reader;
    mailproto_mime_message_id id;
    size_t made;

    mailproto_mime_message_id_init(&id, sizeof id);
    demand(mailproto_mime_message_ids_init(&reader, sizeof reader, f->p, f->n) == MAILPROTO_OK);
    while (mailproto_mime_message_ids_next(&reader, &id) == MAILPROTO_OK) {
        char *out = room(id.id.len);

        inside(f, id.whole);
        inside(f, id.id);
        demand(id.id.len > 0);
        demand(mailproto_mime_message_id_text(&id, out, id.id.len, &made) == MAILPROTO_OK);
        if (id.plain)
            demand(made == id.id.len && !memcmp(out, id.id.ptr, made));
        free(out);
    }
}

static void received(const struct field *f)
{
    mailproto_mime_received r;

    mailproto_mime_received_init(&r, sizeof r);
    demand(mailproto_mime_received_read(f->p, f->n, &r) == MAILPROTO_OK);
    {
        const mailproto_text all[] = {r.from, r.from_comment, r.by, r.by_comment, r.via,       r.via_comment,
                                      r.with, r.with_comment, r.id, r.id_comment, r.recipient, r.recipient_comment,
                                      r.date};

        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            inside(f, all[i]);
    }
}

static void authentications(const struct field *f)
{
    mailproto_mime_authentications reader;
    mailproto_mime_authentication item;
    int methods = 0;

    mailproto_mime_authentication_init(&item, sizeof item);
    demand(mailproto_mime_authentications_init(&reader, sizeof reader, f->p, f->n) == MAILPROTO_OK);
    inside(f, reader.server);
    inside(f, reader.version);
    while (mailproto_mime_authentications_next(&reader, &item) == MAILPROTO_OK) {
        methods |= item.kind == MAILPROTO_MIME_AUTHENTICATION_METHOD;
        demand(methods); /* nothing comes before a method */
        inside(f, item.type);
        inside(f, item.name);
        inside(f, item.version);
        inside(f, item.value);
        inside(f, item.comment);
    }
}

static void lists(const struct field *f)
{
    mailproto_mime_list_item item;
    mailproto_text id, description, word;
    size_t at = 0, before;

    mailproto_mime_list_item_init(&item, sizeof item);
    for (before = 0; mailproto_mime_list_next(f->p, f->n, &at, &item) == MAILPROTO_OK; before = at) {
        demand(at > before && at <= f->n);
        inside(f, item.text);
        inside(f, item.comment);
    }
    at = 0;
    for (before = 0; mailproto_mime_words_next(f->p, f->n, &at, &word) == MAILPROTO_OK; before = at) {
        demand(at > before && at <= f->n && word.len);
        inside(f, word);
    }
    demand(mailproto_mime_list_id_read(f->p, f->n, &id, &description, NULL) == MAILPROTO_OK);
    inside(f, id);
    inside(f, description);
    mailproto_mime_list_is_one_click(f->p, f->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field f = field_of(data, size);
    uint8_t digest[16];
    uint32_t encoding;

    texts(&f);
    dates(&f);
    ids(&f);
    received(&f);
    authentications(&f);
    lists(&f);
    demand(mailproto_mime_transfer_encoding_read(f.p, f.n, &encoding, NULL, NULL) == MAILPROTO_OK);
    mailproto_mime_content_md5_read(f.p, f.n, digest);
    free(f.p);
    return 0;
}
