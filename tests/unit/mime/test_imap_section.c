/* BODY[section] and BINARY[section]: which octets they name, syntax, lists of fields, pieces.
   RFC 3501 section 6.4.5; RFC 3516; mailproto/mime_imap.h. */
#include "imap_show.h"

static const char message[] = "Subject: outer\r\n"
                              "X-Own: 1\r\n"
                              "To: a@b\r\n"
                              "not a field\r\n"
                              "X-Other: 2\r\n"
                              "Content-Type: multipart/mixed; boundary=x\r\n"
                              "\r\n"
                              "--x\r\n"
                              "Content-Transfer-Encoding: base64\r\n\r\n"
                              "b25l\r\n"
                              "--x\r\n"
                              "Content-Type: message/rfc822\r\n\r\n"
                              "Subject: inner\r\n\r\n"
                              "two\r\n"
                              "--x\r\n"
                              "Content-Type: message/rfc822\r\n\r\n"
                              "Content-Type: multipart/mixed; boundary=y\r\n\r\n"
                              "--y\r\n\r\n"
                              "three\r\n"
                              "--y\r\n"
                              "Content-Type: multipart/mixed; boundary=z\r\n\r\n"
                              "--y--\r\n"
                              "--x--\r\n";

static int32_t section(const mailproto_mime_tree *tree, const char *text, mailproto_mime_imap_section *s)
{
    return mailproto_mime_imap_section_init(s, sizeof *s, tree, text, strlen(text));
}

static void assert_section(const char *of, const char *text, const char *wanted)
{
    mailproto_mime_tree *tree = tree_of(of, strlen(of), NULL);
    char *copy = exact(text, strlen(text)), *all;
    mailproto_mime_imap_section s;
    size_t n;

    imap_check_all(tree);
    assert_int_equal(mailproto_mime_imap_section_init(&s, sizeof s, tree, copy, strlen(text)), MAILPROTO_OK);
    all = imap_octets(s, &n);
    assert_int_equal(n, strlen(wanted));
    assert_memory_equal(all, wanted, n);
    free(all);
    free(copy);
    mailproto_mime_tree_free(tree);
}

static void test_parts(void **state)
{
    (void)state;
    assert_section(message, "", message);
    assert_section(message, "1", "b25l");
    assert_section(message, "1.mime", "Content-Transfer-Encoding: base64\r\n\r\n");
    assert_section(message, "2", "Subject: inner\r\n\r\ntwo");
    assert_section(message, "2.HEADER", "Subject: inner\r\n\r\n");
    assert_section(message, "2.TEXT", "two");
    assert_section(message, "2.1", "two");
    assert_section(message, "2.1.MIME", "Subject: inner\r\n\r\n");
    assert_section(message, "3.1", "three");
    assert_section(message, "3.2", "");
    assert_section(message, "3.2.1", "");
    assert_section(message, "3.2.1.MIME", "");
    assert_section(message, "2.Header.Fields (subject)", "Subject: inner\r\n\r\n");
}

/* A message that is no multipart has one part. */
static void test_single(void **state)
{
    (void)state;
    assert_section("A: b\r\n\r\nbody", "1", "body");
    assert_section("A: b\r\n\r\nbody", "TEXT", "body");
    assert_section("A: b\r\n\r\nbody", "HEADER", "A: b\r\n\r\n");
    assert_section("Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nbody", "1", "A: b\r\n\r\nbody");
    assert_section("Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nbody", "1.1", "body");
    assert_section("Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nbody", "1.HEADER", "A: b\r\n\r\n");
}

static void test_fields(void **state)
{
    (void)state;
    assert_section(message, "HEADER.FIELDS (SUBJECT)", "Subject: outer\r\n\r\n");
    assert_section(message, "HEADER.FIELDS (x-own subject)", "Subject: outer\r\nX-Own: 1\r\n\r\n");
    assert_section(message, "HEADER.FIELDS (\"X-Own\" {7}\r\nX-Other)", "X-Own: 1\r\nX-Other: 2\r\n\r\n");
    assert_section(message, "HEADER.FIELDS ({5+}\r\nx-own)", "X-Own: 1\r\n\r\n");
    assert_section(message, "HEADER.FIELDS (From)", "\r\n");
    assert_section(message, "HEADER.FIELDS.NOT (From to Content-Type x-own)", "Subject: outer\r\nX-Other: 2\r\n\r\n");
    assert_section("A\"\\: 1\r\nB: 2\r\n\r\n", "HEADER.FIELDS (\"a\\\"\\\\\")", "A\"\\: 1\r\n\r\n");
    assert_section("A: 1\r\nB: 2", "HEADER.FIELDS (B)", "B: 2\r\n\r\n");
    assert_section("A: 1\r\nB: 2", "HEADER.FIELDS (A)", "A: 1\r\n\r\n");
    assert_section("A: 1\r\nA: 2\r\n b\r\n\r\n", "HEADER.FIELDS (A)", "A: 1\r\nA: 2\r\n b\r\n\r\n");
}

static void test_missing(void **state)
{
    static const char *const missing[] = {"4",     "1.1",   "1.HEADER", "1.TEXT",     "2.2",
                                          "2.1.1", "3.2.2", "3.2.1.1",  "3.2.1.TEXT", "4294967295"};
    mailproto_mime_tree *tree = tree_of(message, sizeof message - 1, NULL);
    mailproto_mime_imap_section s;

    (void)state;
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        assert_int_equal(section(tree, missing[i], &s), MAILPROTO_MIME_END);
    mailproto_mime_tree_free(tree);
}

static void test_syntax(void **state)
{
    static const char *const wrong[] = {"0",
                                        "01",
                                        "1.",
                                        ".1",
                                        "1..2",
                                        "1.0",
                                        "4294967296",
                                        "99999999999999999999",
                                        "MIME",
                                        "HEADERS",
                                        "TEXT.",
                                        "1.TEXTS",
                                        "TEXT.1",
                                        "1 ",
                                        " ",
                                        "9.FOO",
                                        "3.HEADER.FIELDS (a).",
                                        "HEADER.FIELDS",
                                        "HEADER.FIELDS ()",
                                        "HEADER.FIELDS (A",
                                        "HEADER.FIELDS (A ",
                                        "HEADER.FIELDS (A )",
                                        "HEADER.FIELDS (A  B)",
                                        "HEADER.FIELDS (A) ",
                                        "HEADER.FIELDS(A)",
                                        "HEADER.FIELDS (\"A)",
                                        "HEADER.FIELDS (\"A\\",
                                        "HEADER.FIELDS ({9}\r\nA)",
                                        "HEADER.FIELDS ({}\r\nA)",
                                        "HEADER.FIELDS ({1}A)",
                                        "HEADER.FIELDS.NOT"};
    mailproto_mime_tree *tree = tree_of(message, sizeof message - 1, NULL), *none = tree_of(NULL, 0, NULL);
    mailproto_mime_imap_section s;
    mailproto_text piece;
    size_t made;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(section(tree, wrong[i], &s), MAILPROTO_ERR_PROTOCOL);
    assert_int_equal(mailproto_mime_imap_section_init(&s, sizeof s, none, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_section_init(&s, sizeof s, NULL, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_section_init(&s, sizeof s - 1, tree, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_section_init(&s, sizeof s, tree, NULL, 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_section_next(NULL, &piece), MAILPROTO_ERR_ARG);
    memset(&s, 0, sizeof s);
    assert_int_equal(mailproto_mime_imap_section_copy(&s, 0, NULL, 0, &made), MAILPROTO_ERR_ARG);
    mailproto_mime_tree_free(tree);
    mailproto_mime_tree_free(none);
}

static void test_partial(void **state)
{
    mailproto_mime_tree *tree = tree_of(message, sizeof message - 1, NULL);
    mailproto_mime_imap_section s;
    char out[8];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_imap_section_init(&s, sizeof s, tree, "HEADER.FIELDS (to)", 18), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_imap_section_copy(&s, 4, out, 5, &made), MAILPROTO_OK);
    assert_int_equal(made, 5);
    assert_memory_equal(out, "a@b\r\n", 5);
    assert_int_equal(mailproto_mime_imap_section_copy(&s, 8, out, 8, &made), MAILPROTO_OK);
    assert_int_equal(made, 3);
    assert_memory_equal(out, "\n\r\n", 3);
    assert_int_equal(mailproto_mime_imap_section_copy(&s, UINT64_MAX, out, 8, &made), MAILPROTO_OK);
    assert_int_equal(made, 0);
    mailproto_mime_tree_free(tree);
}

static void test_names(void **state)
{
    static const char *const names[] = {"TEXT", "1", "2", "2.1", "3", "3.TEXT", "3.1", "3.2"};
    mailproto_mime_tree *tree = tree_of(message, sizeof message - 1, NULL);
    char out[10];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_tree_parts(tree), sizeof names / sizeof *names);
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(mailproto_mime_imap_section_name(tree, i, out, sizeof out, &made), MAILPROTO_OK);
        assert_int_equal(made, strlen(names[i]));
        assert_memory_equal(out, names[i], made);
    }
    assert_int_equal(mailproto_mime_imap_section_name(tree, 5, out, 5, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 6);
    assert_int_equal(mailproto_mime_imap_section_name(tree, 8, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    mailproto_mime_tree_free(tree);
}

static void assert_binary(const char *of, const char *text, const char *wanted)
{
    mailproto_mime_tree *tree = tree_of(of, strlen(of), NULL);
    mailproto_mime_imap_section s;
    mailproto_mime_stream stream;
    uint64_t octets;
    char out[64];
    size_t made = 0;

    assert_int_equal(section(tree, text, &s), MAILPROTO_OK);
    mailproto_mime_stream_init(&stream, sizeof stream);
    if (!wanted) {
        assert_int_equal(mailproto_mime_imap_binary_size(&s, &octets), MAILPROTO_ERR_UNSUPPORTED);
        assert_int_equal(mailproto_mime_imap_binary_open(&s, &stream), MAILPROTO_ERR_UNSUPPORTED);
    } else {
        assert_int_equal(mailproto_mime_imap_binary_size(&s, &octets), MAILPROTO_OK);
        assert_int_equal(octets, strlen(wanted));
        assert_int_equal(mailproto_mime_imap_binary_open(&s, &stream), MAILPROTO_OK);
        assert_int_equal(mailproto_mime_stream_read(&stream, out, sizeof out, &made),
                         *wanted ? MAILPROTO_OK : MAILPROTO_MIME_END);
        assert_int_equal(made, strlen(wanted));
        assert_memory_equal(out, wanted, made);
    }
    mailproto_mime_tree_free(tree);
}

static void test_binary(void **state)
{
    static const char base64[] = "Content-Transfer-Encoding: base64\r\n\r\nb25l\r\n";
    mailproto_mime_tree *tree = tree_of(base64, sizeof base64 - 1, NULL);
    mailproto_mime_imap_section s;
    uint64_t octets;

    (void)state;
    assert_binary(message, "1", "one");
    assert_binary(message, "2", "Subject: inner\r\n\r\ntwo");
    assert_binary(message, "3.2.1", "");
    assert_binary(base64, "1", "one");
    assert_binary(base64, "", base64);
    assert_binary("Content-Transfer-Encoding: x-own\r\n\r\nb25l\r\n", "1", NULL);
    assert_int_equal(section(tree, "HEADER", &s), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_imap_binary_size(&s, &octets), MAILPROTO_ERR_ARG);
    mailproto_mime_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),   cmocka_unit_test(test_single), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_missing), cmocka_unit_test(test_syntax), cmocka_unit_test(test_partial),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_binary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
