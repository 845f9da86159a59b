/* Received, Authentication-Results and the fields of mailing lists.
   RFC 5322 section 3.6.7; RFC 5321 section 4.4; RFC 8601; RFC 8617; RFC 2369; RFC 2919; RFC 8058. */
#include "show.h"

/* ---- Received ---- */

static const struct {
    const char *in, *out;
} received[] = {
    {"from a.example (b.example [192.0.2.1])\r\n by c.example (Mailer 1.0) with ESMTPS id x1\r\n"
     " for <d@e.example>; Fri, 21 Nov 1997 09:55:06 -0600\r\n",
     "from=a.example fromc=(b.example [192.0.2.1]) by=c.example byc=(Mailer 1.0) with=ESMTPS id=x1"
     " for=<d@e.example> date=Fri, 21 Nov 1997 09:55:06 -0600"},
    {"from a by b via TCP with ESMTP id <1@b>; 1 Jan 2000 00:00:00 +0000",
     "from=a by=b via=TCP with=ESMTP id=<1@b> date=1 Jan 2000 00:00:00 +0000"},
    {"from a (x) (y) by b with SMTP (TLS (v1.3); z) id 1; now",
     "from=a fromc=(x) (y) by=b with=SMTP withc=(TLS (v1.3); z) id=1 date=now"},
    {"(qmail 1 invoked by uid 0); 1 Jan 2000 00:00:00 -0000", "date=1 Jan 2000 00:00:00 -0000"},
    {"by b (Postfix, from userid 0); x", "by=b byc=(Postfix, from userid 0) date=x"},
    {"from [192.0.2.1] (helo=x) by b with esmtp (Exim) for \"a;b\"@c; x",
     "from=[192.0.2.1] fromc=(helo=x) by=b with=esmtp withc=(Exim) for=\"a;b\"@c date=x"},
    {"from a b by c; x; y", "from=a b by=c date=y"},
    {"from a by b", "from=a by=b !FIELD_SYNTAX"},
    {"from a from c by b; x", "from=a by=b date=x !FIELD_SYNTAX"},
    {"from a (x) stray by b; d", "from=a fromc=(x) by=b date=d !FIELD_SYNTAX"},
    {"stray from a; d", "from=a date=d !FIELD_SYNTAX"},
    {"from a (open by b; x", "from=a fromc=(open by b; x !COMMENT !FIELD_SYNTAX"},
    {"", " !FIELD_SYNTAX"},
};

static void show_received(struct show *s, const mailproto_mime_received *r)
{
    show_text(s, " from=", r->from);
    show_text(s, " fromc=", r->from_comment);
    show_text(s, " by=", r->by);
    show_text(s, " byc=", r->by_comment);
    show_text(s, " via=", r->via);
    show_text(s, " with=", r->with);
    show_text(s, " withc=", r->with_comment);
    show_text(s, " id=", r->id);
    show_text(s, " for=", r->recipient);
    show_text(s, " date=", r->date);
    show_defects(s, r->defects);
}

static void reads_received(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof received / sizeof *received; i++)
        for (size_t cut = 0, whole = strlen(received[i].in); cut <= whole; cut++) {
            char *in = exact(received[i].in, whole - cut);
            mailproto_mime_received r;
            struct show s = {"", 0};

            mailproto_mime_received_init(&r, sizeof r);
            assert_int_equal(mailproto_mime_received_read(in, whole - cut, &r), MAILPROTO_OK);
            show_received(&s, &r);
            if (!cut)
                assert_string_equal(s.text + (s.text[1] != '!'), received[i].out);
            free(in);
        }
}

/* ---- Authentication-Results ---- */

static const struct {
    const char *in, *out;
} results[] = {
    {"example.com 1; none", "@example.com 1"},
    {"example.com; spf=pass smtp.mailfrom=example.net", "@example.com spf=pass smtp.mailfrom=example.net"},
    {" example.com;\r\n auth=pass (cram-md5) smtp.auth=a@b;\r\n spf=pass smtp.mailfrom=example.net\r\n",
     "@example.com auth=pass(cram-md5) smtp.auth=a@b spf=pass smtp.mailfrom=example.net"},
    {"foo.example (c) 1 (d); (e) dkim (f) / 2 = pass", "@foo.example 1 dkim/2=pass"},
    {"foo.example; dkim/2 = fail reason = \"no key\" header.d=x.example header . i = y",
     "@foo.example dkim/2=fail reason=\"no key\" header.d=x.example header.i=y"},
    {"x; dkim=pass reason=good policy.x=y", "@x dkim=pass reason=good policy.x=y"},
    {"\"a b\" 1; spf=none", "@\"a b\" 1 spf=none"},
    {"i=2; x; arc=pass", "i2@x arc=pass"},
    {"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a; compauth=pass reason=100",
     "@ !FIELD_SYNTAX spf=pass(sender IP is 192.0.2.1) smtp.mailfrom=a compauth=pass reason=100"},
    {"x; dmarc=pass action=none header.from=y", "@x dmarc=pass .action=none !FIELD_SYNTAX header.from=y"},
    {"x; spf=pass smtp.mailfrom=\"a b\"@c", "@x spf=pass smtp.mailfrom=\"a b\"@c"},
    {"x; junk; spf=pass", "@x spf=pass !FIELD_SYNTAX"},
    {"x;;; \"q\" spf=pass", "@x spf=pass !FIELD_SYNTAX"},
    {"", "@ !FIELD_SYNTAX"},
};

static void show_results(struct show *s, const char *in, size_t n)
{
    mailproto_mime_authentications reader;
    mailproto_mime_authentication item;

    mailproto_mime_authentication_init(&item, sizeof item);
    assert_int_equal(mailproto_mime_authentications_init(&reader, sizeof reader, in, n), MAILPROTO_OK);
    if (reader.instance) {
        show(s, "i");
        show_octets(s, &"0123456789"[reader.instance % 10], 1);
    }
    show(s, "@");
    show_text(s, "", reader.server);
    show_text(s, " ", reader.version);
    show_defects(s, reader.defects);
    while (mailproto_mime_authentications_next(&reader, &item) == MAILPROTO_OK) {
        show(s, " ");
        if (item.kind == MAILPROTO_MIME_AUTHENTICATION_PROPERTY) {
            show_octets(s, item.type.ptr, item.type.len);
            show(s, ".");
        }
        show_octets(s, item.name.ptr, item.name.len);
        show_text(s, "/", item.version);
        show_text(s, "=", item.value);
        if (item.comment.len) {
            show_text(s, "(", item.comment);
            show(s, ")");
        }
        show_defects(s, item.defects);
    }
}

static void reads_results(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        for (size_t cut = 0, whole = strlen(results[i].in); cut <= whole; cut++) {
            char *in = exact(results[i].in, whole - cut);
            struct show s = {"", 0};

            show_results(&s, in, whole - cut);
            if (!cut)
                assert_string_equal(s.text, results[i].out);
            free(in);
        }
}

/* ---- mailing lists ---- */

static const struct {
    const char *in, *out;
} lists[] = {
    {"<mailto:list@host.com?subject=help> (List Instructions)",
     "U:mailto:list@host.com?subject=help(List Instructions)"},
    {" <ftp://ftp.host.com/list.txt>,\r\n <mailto:list@host.com?subject=help>",
     "U:ftp://ftp.host.com/list.txt U:mailto:list@host.com?subject=help"},
    {"NO (posting not allowed on this list)", "N:NO(posting not allowed on this list)"},
    {"(Help) <http://x.example/a,b>, (c), <y>", "U:http://x.example/a,b(Help) U:y"},
    {"http://x.example/ , <y>", "T:http://x.example/ !FIELD_SYNTAX U:y"},
    {"<open, <y>", "U:open, !FIELD_SYNTAX U:y"},
    {"< a >", "U:a"},
    {",,", ""},
};

static void reads_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t cut = 0, whole = strlen(lists[i].in); cut <= whole; cut++) {
            char *in = exact(lists[i].in, whole - cut);
            mailproto_mime_list_item item;
            struct show s = {"", 0};
            size_t at = 0;

            mailproto_mime_list_item_init(&item, sizeof item);
            while (mailproto_mime_list_next(in, whole - cut, &at, &item) == MAILPROTO_OK) {
                show(&s, s.n ? " " : "");
                show_octets(&s, &" UNT"[item.kind], 1);
                show(&s, ":");
                show_octets(&s, item.text.ptr, item.text.len);
                if (item.comment.len) {
                    show_text(&s, "(", item.comment);
                    show(&s, ")");
                }
                show_defects(&s, item.defects);
            }
            if (!cut)
                assert_string_equal(s.text, lists[i].out);
            free(in);
        }
}

static void list_ids(void **state)
{
    static const struct {
        const char *in, *id, *description;
        uint64_t defects;
    } ids[] = {
        {" List Header <list-header.nisto.com>\r\n", "list-header.nisto.com", "List Header", 0},
        {"<a.b>", "a.b", "", 0},
        {"\"a < b\" <c.d>", "c.d", "\"a < b\"", 0},
        {"a.b", "a.b", "", BIT(FIELD_SYNTAX)},
        {"x <a.b", "a.b", "x", BIT(FIELD_SYNTAX)},
        {"", "", "", BIT(FIELD_SYNTAX)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        mailproto_text id, description;
        uint64_t defects = 0;

        assert_int_equal(mailproto_mime_list_id_read(ids[i].in, strlen(ids[i].in), &id, &description, &defects), 0);
        assert_int_equal(id.len, strlen(ids[i].id));
        assert_memory_equal(id.ptr, ids[i].id, id.len);
        assert_int_equal(description.len, strlen(ids[i].description));
        assert_memory_equal(description.ptr, ids[i].description, description.len);
        assert_int_equal(defects, ids[i].defects);
    }
    assert_int_equal(mailproto_mime_list_is_one_click(" List-Unsubscribe=One-Click\r\n", 29), 1);
    assert_int_equal(mailproto_mime_list_is_one_click("list-unsubscribe = one-click", 28), 1);
    assert_int_equal(mailproto_mime_list_is_one_click("List-Unsubscribe=One-Clic", 25), 0);
    assert_int_equal(mailproto_mime_list_is_one_click("List-Unsubscribe=One-Click2", 27), 0);
    assert_int_equal(mailproto_mime_list_is_one_click(NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_received),
        cmocka_unit_test(reads_results),
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(list_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
