/* Bodies of the builder: which encoding they take, what comes back, boundaries, parts whose octets are kept.
   RFC 2045 section 6, RFC 2046 section 5.1.1, RFC 1847; mailproto/mime_builder.h. */
#include "builder_kit.h"

enum { B8 = MAILPROTO_MIME_BUILDER_8BITMIME, BINARY = MAILPROTO_MIME_BUILDER_BINARY };
#define ENCODED(name) MAILPROTO_MIME_ENCODING_##name

/* A leaf of the data alone and in a multipart: the encoding that is chosen, and the data that come back. */
static void check(const char *type, const void *data, size_t n, uint32_t flags, uint32_t encoding, const void *back,
                  size_t back_n)
{
    mailproto_mime_builder *b = kit_new(flags);
    mailproto_mime_tree *t;
    struct test_bytes all;
    uint32_t needs;

    assert_int_equal(mailproto_mime_builder_multipart(b, 0, "mixed"), MAILPROTO_OK);
    kit_leaf(b, kit_add(b, 0), type, data, n);
    kit_leaf(b, kit_add(b, 0), type, data, n);
    assert_int_equal(mailproto_mime_builder_needs(b, &needs), MAILPROTO_OK);
    assert_int_equal(needs, encoding == ENCODED(8BIT) ? B8 : 0);
    all = kit_end(b);
    kit_lines(&all, 998);
    t = kit_tree(&all);
    assert_int_equal(mailproto_mime_tree_parts(t), 3);
    for (uint32_t i = 1; i < 3; i++) {
        assert_int_equal(kit_part(t, i).encoding, encoding);
        kit_body(t, i, back, back_n);
    }
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);

    b = kit_new(flags);
    kit_leaf(b, 0, type, data, n);
    all = kit_end(b);
    kit_lines(&all, 998);
    t = kit_tree(&all);
    if (kit_part(t, 0).encoding > ENCODED(BINARY)) /* else it may have got a line end */
        kit_body(t, 0, back, back_n);
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);
}

static void test_choice(void **state)
{
    static const char text[] = "one line of text with nothing in it that is not ASCII\r\nand one more = two\r\n";
    static const char latin[] = "one line of text with a caf\xc3\xa9 in it, and the rest of it is ASCII\r\n";
    static const char han[] =
        "\xe5\x85\xb3\xe4\xba\x8e\xe4\xbc\x9a\xe8\xae\xae\xe7\x9a\x84\xe9\x80\x9a\xe7\x9f\xa5\r\n";
    char line[1100];

    (void)state;
#define CHECK(type, data, flags, encoding) check(type, TEXT(data), flags, ENCODED(encoding), TEXT(data))
    CHECK("text/plain", text, 0, 7BIT);
    CHECK("text/plain", "", 0, 7BIT);
    CHECK("text/plain", latin, 0, QUOTED_PRINTABLE);
    CHECK("text/plain", latin, B8, 8BIT);
    CHECK("text/plain", han, 0, BASE64);
    CHECK("text/plain", han, B8, 8BIT);
    CHECK("text/plain", "a\0b, and the rest of the line is text that is ASCII\r\n", B8, QUOTED_PRINTABLE);
    CHECK("text/plain", "a\rb, and the rest of the line is text that is ASCII\r\n", B8, QUOTED_PRINTABLE);
    CHECK("text/plain", "no line end", 0, 7BIT);
    CHECK("application/json", "{\"a\": 1}\r\n", 0, 7BIT);
    CHECK("application/json", "{\"a\": 1,\n\"b\": 2, \"c\": \"and some more text\"}\n", 0, QUOTED_PRINTABLE);
    CHECK("application/octet-stream", "\x01\x02\x03\xff\xfe", B8, BASE64);
    CHECK("image/png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 0, BASE64);
#undef CHECK
    /* LF of text becomes CRLF, in every encoding */
    check("text/plain", TEXT("a\nb\r\nc\n"), 0, ENCODED(7BIT), TEXT("a\r\nb\r\nc\r\n"));
    check("text/plain", TEXT("\xc3\xa4\n\xc3\xb6\n"), B8, ENCODED(8BIT), TEXT("\xc3\xa4\r\n\xc3\xb6\r\n"));
    check("text/plain", TEXT("a caf\xc3\xa9 and another one, behind the corner\nb\n"), 0, ENCODED(QUOTED_PRINTABLE),
          TEXT("a caf\xc3\xa9 and another one, behind the corner\r\nb\r\n"));
    check("text/plain", TEXT("\xc3\xa4\n\xc3\xb6\n"), 0, ENCODED(BASE64), TEXT("\xc3\xa4\r\n\xc3\xb6\r\n"));
    memset(line, 'x', sizeof line);
    for (size_t n = 990; n < 1010; n++)
        check("text/plain", line, n, B8, n <= 998 ? ENCODED(7BIT) : ENCODED(QUOTED_PRINTABLE), line, n);
}

/* Octets of every length, in both encodings and both kinds, come back. */
static void test_lengths(void **state)
{
    uint8_t data[9000];
    uint32_t x = 1;

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)((x = x * 1103515245 + 12345) >> 16 | 0x80);
    for (size_t n = 3; n < sizeof data; n += n < 200 ? 1 : 811)
        check("application/octet-stream", data, n, 0, ENCODED(BASE64), data, n);
    memset(data, 'a', sizeof data);
    for (size_t n = 100; n < sizeof data; n += n < 200 ? 1 : 811) {
        data[n / 2] = 0xff;
        check("application/x", data, n, 0, ENCODED(QUOTED_PRINTABLE), data, n);
        data[n / 2] = 'a';
    }
}

static void test_forced(void **state)
{
    static const struct {
        const char *data;
        uint32_t encoding;
        int32_t result;
        uint32_t needs;
    } cases[] = {
        {"plain\r\n", ENCODED(BASE64), MAILPROTO_OK, 0},      {"plain\r\n", ENCODED(QUOTED_PRINTABLE), MAILPROTO_OK, 0},
        {"plain\r\n", ENCODED(BINARY), MAILPROTO_OK, BINARY}, {"plain\r\n", ENCODED(8BIT), MAILPROTO_OK, B8},
        {"\xc3\xa4\r\n", ENCODED(8BIT), MAILPROTO_OK, B8},    {"\xc3\xa4\r\n", ENCODED(7BIT), MAILPROTO_ERR_BODY, 0},
        {"a\rb\r\n", ENCODED(8BIT), MAILPROTO_ERR_BODY, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mailproto_mime_builder *b = kit_new(0);
        mailproto_mime_builder_content content;
        uint32_t needs = 0;

        mailproto_mime_builder_content_init(&content, sizeof content);
        content.encoding = cases[i].encoding;
        content.data = (mailproto_text){cases[i].data, strlen(cases[i].data)};
        assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_OK);
        assert_int_equal(mailproto_mime_builder_needs(b, &needs), cases[i].result);
        assert_int_equal(needs, cases[i].needs);
        if (!cases[i].result) {
            struct test_bytes all = kit_message(b);
            mailproto_mime_tree *t = kit_tree(&all);

            assert_int_equal(kit_part(t, 0).encoding, cases[i].encoding);
            kit_body(t, 0, cases[i].data, strlen(cases[i].data));
            mailproto_mime_tree_free(t);
            test_bytes_free(&all);
        }
        mailproto_mime_builder_free(b);
    }
}

/* A file in a multipart: its octets come back, whatever the lines end with. */
static void check_exact(const char *data, size_t n, uint32_t flags, uint32_t asked, uint32_t encoding)
{
    mailproto_mime_builder *b = kit_new(flags);
    mailproto_mime_builder_content content;
    mailproto_mime_tree *t;
    struct test_bytes all;

    mailproto_mime_builder_content_init(&content, sizeof content);
    content.type = TEXT_OF("text/plain");
    content.flags = MAILPROTO_MIME_CONTENT_EXACT;
    content.encoding = asked;
    content.data = (mailproto_text){data, n};
    assert_int_equal(mailproto_mime_builder_multipart(b, 0, "mixed"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_leaf(b, kit_add(b, 0), &content), MAILPROTO_OK);
    all = kit_end(b);
    kit_lines(&all, 998);
    t = kit_tree(&all);
    assert_int_equal(kit_part(t, 1).encoding, encoding);
    kit_body(t, 1, data, n);
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);

    /* alone: what is not encoded ends with CRLF already */
    b = kit_new(flags);
    assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_OK);
    all = kit_end(b);
    t = kit_tree(&all);
    kit_body(t, 0, data, n);
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);
}

static void test_exact(void **state)
{
    static const char lf[] = "a line of text that ends with LF alone\nand one more line of it\n";
    static const char mixed[] = "a line of text that ends with CRLF\r\nand one more that does not\n";
    static const char latin[] = "a line of text with a caf\xc3\xa9 in it, and the rest is ASCII\r\n";

    (void)state;
#define EXACT(data, flags, asked, encoding) check_exact(TEXT(data), flags, asked, ENCODED(encoding))
    EXACT("CRLF\r\nis\r\n", 0, 0, 7BIT);
    EXACT("", 0, 0, 7BIT);
    EXACT(latin, B8, 0, 8BIT);
    EXACT(latin, 0, 0, QUOTED_PRINTABLE);
    EXACT(lf, B8, 0, QUOTED_PRINTABLE);
    EXACT(mixed, B8, 0, QUOTED_PRINTABLE);
    EXACT("a CR \r alone, and text that goes on behind it\r\n", B8, 0, QUOTED_PRINTABLE);
    EXACT("\n\n\n\r\n", 0, 0, BASE64);
    EXACT(lf, 0, ENCODED(BASE64), BASE64);
    EXACT(mixed, 0, ENCODED(BASE64), BASE64);
    EXACT(lf, 0, ENCODED(QUOTED_PRINTABLE), QUOTED_PRINTABLE);
    EXACT("\0\1\2\n\r\xff\xfe\xfd", 0, 0, BASE64);
#undef EXACT
}

/* What cannot be kept so is refused, not changed. */
static void test_exact_refused(void **state)
{
    mailproto_mime_builder *b = kit_new(0);
    mailproto_mime_builder_content content;
    char out[256];
    size_t made;

    (void)state;
    mailproto_mime_builder_content_init(&content, sizeof content);
    content.flags = MAILPROTO_MIME_CONTENT_EXACT;
    content.data = TEXT_OF("a\nb\n");
    assert_int_equal(mailproto_mime_builder_raw(b, 0, &content), MAILPROTO_ERR_ARG);
    content.encoding = ENCODED(7BIT);
    assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_read(b, out, sizeof out, &made), MAILPROTO_ERR_BODY);
    mailproto_mime_builder_free(b);
}

/* A message is never encoded; what it needs is said. */
static void test_messages(void **state)
{
    static const struct {
        mailproto_text data;
        uint32_t encoding, needs;
    } cases[] = {
        {{TEXT("Subject: x\r\n\r\nhello\r\n")}, ENCODED(7BIT), 0},
        {{TEXT("Subject: x\r\n\r\nh\xc3\xa4llo\r\n")}, ENCODED(8BIT), B8},
        {{TEXT("Subject: x\r\n\r\nh\0llo\r\n")}, ENCODED(BINARY), BINARY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mailproto_mime_builder *b = kit_new(0);
        mailproto_mime_builder_content content;
        mailproto_mime_tree *t;
        struct test_bytes all;
        uint32_t needs;

        mailproto_mime_builder_content_init(&content, sizeof content);
        content.type = TEXT_OF("message/rfc822");
        content.encoding = ENCODED(BASE64);
        assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_ERR_ARG);
        content.encoding = 0;
        content.data = cases[i].data;
        assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_OK);
        assert_int_equal(mailproto_mime_builder_needs(b, &needs), MAILPROTO_OK);
        assert_int_equal(needs, cases[i].needs);
        all = kit_end(b);
        assert_int_equal(mailproto_mime_tree_new(NULL, all.ptr, all.len, &t), MAILPROTO_OK);
        assert_int_equal(mailproto_mime_tree_parts(t), 2);
        assert_int_equal(kit_part(t, 0).encoding, cases[i].encoding);
        mailproto_mime_tree_free(t);
        test_bytes_free(&all);
    }
}

/* What is signed comes out octet for octet. */
static void test_signed(void **state)
{
    static const char part[] = "Content-Type: text/plain\r\nX-Odd:  blanks \r\n\t\r\n\r\nwhat is signed  \r\n\r\n";
    static const char signature[] = "-----BEGIN PGP SIGNATURE-----\r\n";
    mailproto_mime_builder *b = kit_new(0);
    mailproto_mime_builder_content content;
    mailproto_mime_tree *t;
    struct test_bytes all;
    mailproto_mime_part p;

    (void)state;
    assert_int_equal(mailproto_mime_builder_multipart(b, 0, "signed"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_parameter(b, "micalg", TEXT("pgp-sha256")), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_parameter(b, "protocol", TEXT("application/pgp-signature")), MAILPROTO_OK);
    mailproto_mime_builder_content_init(&content, sizeof content);
    content.data = TEXT_OF(part);
    content.type = TEXT_OF("text/plain");
    assert_int_equal(mailproto_mime_builder_raw(b, kit_add(b, 0), &content), MAILPROTO_ERR_ARG);
    content.type.len = 0;
    content.flags = MAILPROTO_MIME_CONTENT_COPY;
    assert_int_equal(mailproto_mime_builder_raw(b, 1, &content), MAILPROTO_OK);
    kit_leaf(b, kit_add(b, 0), "application/pgp-signature", TEXT(signature));
    all = kit_end(b);
    assert_int_equal(mailproto_mime_tree_new(NULL, all.ptr, all.len, &t), MAILPROTO_OK);
    p = kit_part(t, 1);
    assert_int_equal(p.end - p.begin, sizeof part - 1);
    assert_memory_equal(all.ptr + p.begin, part, sizeof part - 1);
    kit_body(t, 2, TEXT(signature));
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);
}

/* ---- boundaries ---- */

struct draws {
    uint32_t n, same; /* so many draws give what stands in the data */
};

static int32_t draw(void *out, size_t n, void *user)
{
    struct draws *draws = user;

    memset(out, draws->n++ < draws->same ? 0 : 255, n);
    return 0;
}

static int32_t read_text(void *user, uint64_t offset, void *out, size_t cap, size_t *got)
{
    const char *text = user;

    *got = offset < strlen(text) && cap ? 1 : 0; /* an octet each, so that it is cut everywhere */
    if (*got)
        *(char *)out = text[offset];
    return 0;
}

/* Data that have the boundary in them get another one. */
static void test_boundary(void **state)
{
    static char text[] = "line\r\n--=_=_AAAAAAAAAAAAAAAAAAAA_00000000\r\nmore\r\n";

    (void)state;
    for (uint32_t same = 0; same < 20; same++)
        for (int called = 0; called < 2; called++) {
            struct draws draws = {0, same};
            mailproto_mime_builder_config config;
            mailproto_mime_builder_content content;
            mailproto_mime_builder *b;
            uint32_t needs;

            mailproto_mime_builder_config_init(&config, sizeof config);
            config.random = draw;
            config.user = &draws;
            assert_int_equal(mailproto_mime_builder_new(&config, &b), MAILPROTO_OK);
            assert_int_equal(mailproto_mime_builder_multipart(b, 0, "mixed"), MAILPROTO_OK);
            mailproto_mime_builder_content_init(&content, sizeof content);
            if (called) {
                content.read = read_text;
                content.user = text;
            } else {
                content.data = TEXT_OF(text);
            }
            assert_int_equal(mailproto_mime_builder_leaf(b, kit_add(b, 0), &content), MAILPROTO_OK);
            if (same >= 16) {
                assert_int_equal(mailproto_mime_builder_needs(b, &needs), MAILPROTO_ERR_HOST);
                mailproto_mime_builder_free(b);
            } else {
                struct test_bytes all = kit_end(b);
                mailproto_mime_tree *t = kit_tree(&all);

                assert_int_equal(draws.n, same + 1);
                assert_int_equal(mailproto_mime_tree_parts(t), 2);
                kit_body(t, 1, text, strlen(text));
                mailproto_mime_tree_free(t);
                test_bytes_free(&all);
            }
        }
}

/* A hundred levels, and many parts: no boundary is the begin of another. */
static void test_deep(void **state)
{
    mailproto_mime_builder *b = kit_new(0);
    mailproto_mime_tree *t;
    struct test_bytes all;
    uint32_t node = 0;

    (void)state;
    for (int i = 0; i < 90; i++) {
        assert_int_equal(mailproto_mime_builder_multipart(b, node, "mixed"), MAILPROTO_OK);
        kit_leaf(b, kit_add(b, node), "text/plain", TEXT("x"));
        node = kit_add(b, node);
    }
    kit_leaf(b, node, "text/plain", TEXT("deep"));
    all = kit_end(b);
    t = kit_tree(&all);
    assert_int_equal(mailproto_mime_tree_parts(t), 181);
    kit_body(t, 180, TEXT("deep"));
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),   cmocka_unit_test(test_lengths), cmocka_unit_test(test_forced),
        cmocka_unit_test(test_messages), cmocka_unit_test(test_signed),  cmocka_unit_test(test_boundary),
        cmocka_unit_test(test_deep),     cmocka_unit_test(test_exact),   cmocka_unit_test(test_exact_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
