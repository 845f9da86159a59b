/* Lists of addresses: mailboxes, groups, names, comments, obsolete syntax, and what is seen in the wild.
   RFC 5322 sections 3.4, 4.4, appendix A; RFC 6532. */
#include "show.h"

static const struct {
    const char *in, *out;
} lists[] = {
    {"", ""},
    {" \r\n", ""},
    {",, ;", ""},
    {" a@b\r\n", "{a@b}"},
    {"a@b, c@d", "{a@b}{c@d}"},
    {"John Doe <jdoe@machine.example>", "{John Doe <jdoe@machine.example>}"},
    {"\"Joe Q. Public\" <john.q.public@example.com>", "{Joe Q. Public <john.q.public@example.com>}"},
    {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
     "{Mary Smith <mary@x.test>}{jdoe@example.org}{Who? <one@y.test>}"},
    {"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
     "{<boss@nil.test>}{Giant; \"Big\" Box <sysservices@example.net>}"},
    {"a@b (Name)", "{Name (a@b)}"},
    {"a@b (N(a)me \\) x)", "{N(a)me ) x (a@b)}"},
    {"<a@b> (no name)", "{<a@b>}"},
    {"(c)a@b", "{a@b}"},
    {"\"Name\" <a@b> (c)", "{Name <a@b>}"},
    {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "{Pete <pete@silly.test> !ADDRESS_OBSOLETE}"},
    /* groups */
    {"A Group:Ed Jones <joe@where.test>,John <jdoe@one.test>;",
     "[A Group]{Ed Jones <joe@where.test>}{John <jdoe@one.test>}[/]"},
    {"Undisclosed recipients:;", "[Undisclosed recipients][/]"},
    {"undisclosed-recipients: ;, a@b", "[undisclosed-recipients][/]{a@b}"},
    {"A:a@b;B:c@d;e@f", "[A]{a@b}[/][B]{c@d}[/]{e@f}"},
    {"A:a@b", "[A]{a@b}[/ !GROUP]"},
    {"\"A, B\": a@b, ;", "[A, B]{a@b}[/]"},
    {"A: B: a@b;;", "[A]{B: <a@b> !ADDRESS !GROUP}[/]"},
    {"(c)A:(d);(e)", "[A][/]"},
    {"=?utf-8?q?Gr=C3=BCppe?=: ;", "[Gr\xc3\xbcppe][/]"},
    {":;", "[][/]"},
    /* obsolete */
    {"<@a,@b:c@d>", "{@a,@b:<c@d> !ADDRESS_OBSOLETE}"},
    {"Joe <@ a . x , @b : c @ d>", "{@a.x,@b:Joe <c@d> !ADDRESS_OBSOLETE}"},
    {"a . b @ c . d", "{a.b@c.d !ADDRESS_OBSOLETE}"},
    {"a (x) . b@c", "{a.b@c !ADDRESS_OBSOLETE}"},
    {"Mary Smith <mary @ example.net>, , jdoe@test . example",
     "{Mary Smith <mary@example.net> !ADDRESS_OBSOLETE}{jdoe@test.example !ADDRESS_OBSOLETE}"},
    {"\"a\".b@c", "{a.b@c !ADDRESS_OBSOLETE}"},
    /* quoted local parts: quotes stay where they must */
    {"\"a b\"@c", "{\"a b\"@c}"},
    {"\"a\"@c", "{a@c}"},
    {"\"a\\\"b\"@c", "{\"a\\\"b\"@c}"},
    {"<\"\"@c>", "{<\"\"@c>}"},
    {"\"a@b\"@c", "{\"a@b\"@c}"},
    {"\"a,b\"@c, d@e", "{\"a,b\"@c}{d@e}"},
    /* literals */
    {"a@[192.0.2.1]", "{a@[192.0.2.1] LITERAL}"},
    {"<a@[IPv6:2001:db8::1]>", "{<a@[IPv6:2001:db8::1]> LITERAL}"},
    {"a@[192.0.2.1", "{a !ADDRESS}"},
    /* RFC 6532 */
    {"\xc3\xa9@\xc3\xbc.example", "{\xc3\xa9@\xc3\xbc.example 8BIT}"},
    {"J\xc3\xb6rg <a@b>", "{J\xc3\xb6rg <a@b>}"},
    {"J\xf6rg <a@b>", "{J\xc3\xb6rg <a@b> !EIGHT_BIT_HEADER}"},
    /* encoded words */
    {"=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_M?= <a@b>", "{J\xc3\xb6rg M <a@b>}"},
    {"=?utf-8?q?a=2C_b=40c?= <a@b>", "{a, b@c <a@b>}"},
    {"\"=?utf-8?q?J=C3=B6rg?=\" <a@b>", "{J\xc3\xb6rg <a@b> !WORD}"},
    {"=?utf-8?q?\"J=C3=B6rg M\"?= <a@b>", "{J\xc3\xb6rg M <a@b> !WORD}"},
    {"a@b (=?utf-8?q?J=C3=B6rg?=)", "{J\xc3\xb6rg (a@b)}"},
    /* names with what may not be in them */
    {"a@b <c@d>", "{a@b <c@d>}"},
    {"a@b.c (x) <c@d>, e@f", "{a@b.c <c@d>}{e@f}"},
    {"a@b c@d <e@f>", "{a@b c@d <e@f>}"},
    {"J. Doe [x] <a@b>", "{J. Doe [x] <a@b> !ADDRESS}"},
    {"\"open <a@b>", "{open <a@b> !QUOTED_STRING}"},
    {"  A   \t B\r\n  C  <a@b>", "{A B C <a@b>}"},
    {"O'Neill <a@b>", "{O'Neill <a@b>}"},
    {"John Doe a@b", "{John Doe <a@b> !ADDRESS}"},
    {"a@b John", "{a@b !ADDRESS}"},
    /* separators and brackets that are missing or too many */
    {"<a@b> <c@d>", "{<a@b> !ADDRESS}{<c@d>}"},
    {"a@b c@d e@f", "{a@b !ADDRESS}{c@d !ADDRESS}{e@f}"},
    {"a@b; c@d", "{a@b !ADDRESS}{c@d}"},
    {"<a@b, c@d>", "{<a@b> !ADDRESS}{c@d !ADDRESS}"},
    {"<a@b", "{<a@b> !ADDRESS}"},
    {"a@b>", "{a@b !ADDRESS}"},
    {"<<a@b>>", "{<a@b> !ADDRESS}"},
    {"N <a@b <c@d>", "{N <a@b> !ADDRESS}{<c@d>}"},
    {"a@b,,,c@d,", "{a@b}{c@d}"},
    {"a@b,(c),d@e", "{a@b}{d@e}"},
    /* no address at all */
    {"<>", "{<> !ADDRESS}"},
    {"Mailer <>", "{Mailer <> !ADDRESS}"},
    {"root", "{root !ADDRESS}"},
    {"Undisclosed Recipients", "{\"Undisclosed Recipients\" !ADDRESS}"},
    {"@b", "{\"\"@b !ADDRESS}"},
    {"a@", "{a !ADDRESS}"},
    {"a@b@c", "{\"a@b\"@c !ADDRESS}"},
    {"a..b@c", "{\"a..b\"@c !ADDRESS}"},
    {"(nobody)", ""},
    {"a@b (open", "{open (a@b) !COMMENT}"},
    {"a(((((@b", "{((((@b (a) !ADDRESS !COMMENT}"},
};

static void show_address(struct show *s, const mailproto_mime_address *a)
{
    char name[256], spec[256], route[256];
    size_t n_name, n_spec, n_route;
    uint64_t defects = a->defects;

    assert_int_equal(mailproto_mime_address_name(a, NULL, name, sizeof name, &n_name, &defects), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_address_spec(a, MAILPROTO_MIME_SPEC_WHOLE, spec, sizeof spec, &n_spec), 0);
    assert_int_equal(mailproto_mime_address_spec(a, MAILPROTO_MIME_SPEC_ROUTE, route, sizeof route, &n_route), 0);
    if (a->kind == MAILPROTO_MIME_ADDRESS_GROUP_BEGIN || a->kind == MAILPROTO_MIME_ADDRESS_GROUP_END) {
        show(s, a->kind == MAILPROTO_MIME_ADDRESS_GROUP_END ? "[/" : "[");
        show_octets(s, name, n_name);
        show_defects(s, defects);
        show(s, "]");
        return;
    }
    assert_int_equal(a->kind, MAILPROTO_MIME_ADDRESS_MAILBOX);
    show(s, "{");
    if (n_route) {
        assert_true(a->flags & MAILPROTO_MIME_ADDRESS_ROUTE);
        show_octets(s, route, n_route);
        show(s, ":");
    }
    if (n_name) {
        show_octets(s, name, n_name);
        show(s, " ");
    }
    show(s, a->flags & MAILPROTO_MIME_ADDRESS_NAME_COMMENT      ? "("
            : a->flags & MAILPROTO_MIME_ADDRESS_ANGLE || n_name ? "<"
                                                                : "");
    show_octets(s, spec, n_spec);
    show(s, a->flags & MAILPROTO_MIME_ADDRESS_NAME_COMMENT      ? ")"
            : a->flags & MAILPROTO_MIME_ADDRESS_ANGLE || n_name ? ">"
                                                                : "");
    if (a->flags & MAILPROTO_MIME_ADDRESS_LITERAL)
        show(s, " LITERAL");
    if (a->flags & MAILPROTO_MIME_ADDRESS_EIGHT_BIT)
        show(s, " 8BIT");
    show_defects(s, defects);
    show(s, "}");
}

static void assert_inside(mailproto_text text, const char *in, size_t n)
{
    assert_true(!text.len || (text.ptr >= in && text.ptr + text.len <= in + n));
}

static void reads_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        size_t n = strlen(lists[i].in);
        char *in = exact(lists[i].in, n);
        mailproto_mime_addresses reader;
        mailproto_mime_address a;
        struct show s = {"", 0};
        int32_t result;

        mailproto_mime_address_init(&a, sizeof a);
        assert_int_equal(mailproto_mime_addresses_init(&reader, sizeof reader, in, n), MAILPROTO_OK);
        while ((result = mailproto_mime_addresses_next(&reader, &a)) == MAILPROTO_OK) {
            show_address(&s, &a);
            assert_inside(a.whole, in, n);
            assert_inside(a.name, in, n);
            assert_inside(a.local, in, n);
            assert_inside(a.domain, in, n);
        }
        assert_int_equal(result, MAILPROTO_MIME_END);
        assert_int_equal(mailproto_mime_addresses_next(&reader, &a), MAILPROTO_MIME_END);
        assert_string_equal(s.text, lists[i].out);
        free(in);
    }
}

/* Every beginning of a list can be read. */
static void cut_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t n = 0; n < strlen(lists[i].in); n++) {
            char *in = exact(lists[i].in, n);
            mailproto_mime_addresses reader;
            mailproto_mime_address a;
            struct show s = {"", 0};

            mailproto_mime_address_init(&a, sizeof a);
            mailproto_mime_addresses_init(&reader, sizeof reader, in, n);
            while (mailproto_mime_addresses_next(&reader, &a) == MAILPROTO_OK)
                show_address(&s, &a);
            free(in);
        }
}

/* The parts of a mailbox as they stand, and those that need no decoding. */
static void parts(void **state)
{
    static const char in[] = " \"Joe Q.\" <joe@x.y>, B  C <\"d e\"@f>";
    mailproto_mime_addresses reader;
    mailproto_mime_address a;
    char out[32];
    size_t made;

    (void)state;
    mailproto_mime_address_init(&a, sizeof a);
    mailproto_mime_addresses_init(&reader, sizeof reader, in, sizeof in - 1);
    assert_int_equal(mailproto_mime_addresses_next(&reader, &a), MAILPROTO_OK);
    assert_int_equal(a.flags, MAILPROTO_MIME_ADDRESS_NAME_PLAIN | MAILPROTO_MIME_ADDRESS_SPEC_PLAIN |
                                  MAILPROTO_MIME_ADDRESS_ANGLE);
    assert_int_equal(a.whole.len, sizeof "\"Joe Q.\" <joe@x.y>" - 1);
    assert_memory_equal(a.name.ptr, "Joe Q.", a.name.len);
    assert_memory_equal(a.local.ptr, "joe", a.local.len);
    assert_memory_equal(a.domain.ptr, "x.y", a.domain.len);
    assert_int_equal(a.defects, 0);
    assert_int_equal(mailproto_mime_addresses_next(&reader, &a), MAILPROTO_OK);
    assert_int_equal(a.flags, MAILPROTO_MIME_ADDRESS_ANGLE);
    assert_memory_equal(a.name.ptr, "B  C", a.name.len);
    assert_memory_equal(a.local.ptr, "\"d e\"", a.local.len);
    assert_int_equal(mailproto_mime_address_spec(&a, MAILPROTO_MIME_SPEC_LOCAL, out, sizeof out, &made), 0);
    assert_int_equal(made, 3);
    assert_memory_equal(out, "d e", 3);
    assert_int_equal(mailproto_mime_address_spec(&a, MAILPROTO_MIME_SPEC_DOMAIN, out, sizeof out, &made), 0);
    assert_int_equal(made, 1);
    assert_int_equal(mailproto_mime_address_spec(&a, MAILPROTO_MIME_SPEC_WHOLE, out, 6, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 7);
    assert_int_equal(mailproto_mime_address_spec(&a, 4, out, 6, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_address_name_raw(&a, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, 3);
    assert_memory_equal(out, "B C", 3);
    a.struct_size = 8;
    assert_int_equal(mailproto_mime_addresses_next(&reader, &a), MAILPROTO_ERR_ARG);
}

/* ENVELOPE wants names that are not decoded. */
static void raw_names(void **state)
{
    static const char in[] = "=?utf-8?q?a_b?= \"c \\\" d\"\r\n (x) e <a@b>", wanted[] = "=?utf-8?q?a_b?= c \" d e";
    mailproto_mime_addresses reader;
    mailproto_mime_address a;
    char out[64];
    size_t made;

    (void)state;
    mailproto_mime_address_init(&a, sizeof a);
    mailproto_mime_addresses_init(&reader, sizeof reader, in, sizeof in - 1);
    assert_int_equal(mailproto_mime_addresses_next(&reader, &a), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_address_name_raw(&a, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, sizeof wanted - 1);
    assert_memory_equal(out, wanted, made);
}

/* How many items a field of `count` times `piece` has. */
static size_t count_items(const char *piece, size_t count)
{
    size_t n = strlen(piece), items = 0;
    char *in = malloc(n * count);
    mailproto_mime_addresses reader;
    mailproto_mime_address a;

    for (size_t i = 0; i < count; i++)
        memcpy(in + i * n, piece, n);
    mailproto_mime_address_init(&a, sizeof a);
    mailproto_mime_addresses_init(&reader, sizeof reader, in, n * count);
    while (mailproto_mime_addresses_next(&reader, &a) == MAILPROTO_OK)
        items++;
    free(in);
    return items;
}

/* So large that anything but linear time would be seen, and recursion would crash. */
static void large(void **state)
{
    (void)state;
    assert_int_equal(count_items("\"Name\" <someone@example.com>,\r\n ", 100000), 100000);
    assert_int_equal(count_items("a@b ", 100000), 100000);
    assert_int_equal(count_items("<a@b>", 100000), 100000);
    assert_int_equal(count_items("(", 1 << 20), 0);
    assert_int_equal(count_items("(c),", 1 << 18), 0);
    assert_int_equal(count_items("a(x) ", 1 << 18), 1);
    assert_int_equal(count_items("\"", 1 << 20), 1);
    assert_int_equal(count_items("\"\\", 1 << 19), 1);
    assert_int_equal(count_items("<\"\\", 1 << 19) > 0, 1);
    assert_int_equal(count_items("<", 1 << 20), 1);
    assert_int_equal(count_items("@", 1 << 20) > 0, 1);
    assert_int_equal(count_items("@[", 1 << 19) > 0, 1);
    assert_int_equal(count_items("[", 1 << 20), 1);
    assert_int_equal(count_items("a:;", 1 << 18), 1 << 19);
    assert_int_equal(count_items("<@a,@b,", 1 << 17) > 0, 1);
    assert_int_equal(count_items(".", 1 << 20), 1);
}

/* Depth costs nothing: a megabyte of comment, nested, is closed again. */
static void deep_comment(void **state)
{
    enum { DEPTH = 1 << 19 };
    char *in = malloc(2 * DEPTH + 3);
    mailproto_mime_addresses reader;
    mailproto_mime_address a;

    (void)state;
    memset(in, '(', DEPTH);
    memset(in + DEPTH, ')', DEPTH);
    memcpy(in + 2 * DEPTH, "a@b", 3);
    mailproto_mime_address_init(&a, sizeof a);
    mailproto_mime_addresses_init(&reader, sizeof reader, in, 2 * DEPTH + 3);
    assert_int_equal(mailproto_mime_addresses_next(&reader, &a), MAILPROTO_OK);
    assert_int_equal(a.domain.len, 1);
    assert_int_equal(a.defects, 0);
    free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lists), cmocka_unit_test(cut_lists), cmocka_unit_test(parts),
        cmocka_unit_test(raw_names),   cmocka_unit_test(large),     cmocka_unit_test(deep_comment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
