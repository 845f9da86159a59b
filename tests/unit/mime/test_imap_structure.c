/* BODY and BODYSTRUCTURE: leaves, multiparts, messages, extension data, what is not as it should be.
   RFC 3501 section 7.4.2; mailproto/mime_imap.h; mime.md, "IMAP". */
#include "imap_show.h"

#define NO_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

static void test_leaf(void **state)
{
    (void)state;
    assert_structure("", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)");
    assert_body("Subject: a\r\n\r\none\r\ntwo", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 8 1)");
    assert_body("Content-Type: TEXT/Html; charset=\"utf-8\"; Format=Flowed\r\n"
                "Content-Transfer-Encoding: Quoted-Printable\r\nContent-ID: <a@b>\r\n"
                "Content-Description: the\r\n \"text\"\r\n\r\nbody\r\n",
                "(\"TEXT\" \"Html\" (\"charset\" \"utf-8\" \"Format\" \"Flowed\") \"<a@b>\" \"the \\\"text\\\"\""
                " \"quoted-printable\" 6 1)");
    assert_body("Content-Type: image/png\r\nContent-Transfer-Encoding: BASE64 (so)\r\n\r\nAAEC\r\n",
                "(\"image\" \"png\" NIL NIL NIL \"base64\" 6)");
    assert_body("Content-Transfer-Encoding: x-own\r\n\r\n", "(\"text\" \"plain\" NIL NIL NIL \"x-own\" 0 0)");
}

static void test_parameters(void **state)
{
    (void)state;
    assert_body(
        "Content-Type: application/pdf;\r\n name*0*=utf-8''a%20;\r\n\tname*1=\"b\\\"c\";name=\"\"\r\n\r\n",
        "(\"application\" \"pdf\" (\"name*0*\" \"utf-8''a%20\" \"name*1\" \"b\\\"c\" \"name\" \"\") NIL NIL \"7bit\""
        " 0)");
    assert_body(
        "Content-Type: application/pdf; name=\"C:\\new\\x.pdf\"; note=\" blank \"; u=caf\xe9\r\n\r\n",
        "(\"application\" \"pdf\" (\"name\" \"C:\\\\new\\\\x.pdf\" \"note\" \" blank \" \"u\" {4}\r\ncaf\xe9) NIL NIL"
        " \"7bit\" 0)");
    assert_body("Content-Type: \"text/html\" (so) ; charset=x\r\n\r\n",
                "(\"text\" \"plain\" (\"charset\" \"x\") NIL NIL \"7bit\" 0 0)");
    assert_body("Content-Type: text; charset=x\r\n\r\n",
                "(\"text\" \"plain\" (\"charset\" \"x\") NIL NIL \"7bit\" 0 0)");
    assert_body("Content-Type: text/plain;\r\n\r\n", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)");
}

static void test_extension(void **state)
{
    (void)state;
    assert_structure("Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
                     "Content-Disposition: attachment; filename=\"a b.txt\"; size=3\r\n"
                     "Content-Language: en, de (German)\r\n"
                     "Content-Location: http://example.org/\r\n a/b\r\n\r\n",
                     "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 \"Q2hlY2sgSW50ZWdyaXR5IQ==\""
                     " (\"attachment\" (\"filename\" \"a b.txt\" \"size\" \"3\")) (\"en\" \"de\")"
                     " \"http://example.org/a/b\")");
    assert_structure("Content-Disposition: inline\r\nContent-Language:\r\n\r\n",
                     "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 NIL (\"inline\" NIL) NIL NIL)");
    assert_structure("Content-Disposition: filename=a\r\n\r\n",
                     "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 NIL (\"attachment\" (\"filename\" \"a\")) NIL NIL)");
    assert_structure("Content-Disposition: \r\n\r\n", "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)");
}

static const char mixed[] = "Content-Type: multipart/mixed; boundary=one\r\nContent-Language: en\r\n\r\n"
                            "preamble\r\n"
                            "--one\r\nContent-Type: multipart/Alternative; boundary=two\r\n\r\n"
                            "--two\r\n\r\nplain\r\n"
                            "--two\r\nContent-Type: text/html\r\n\r\n<p>\r\nhtml\r\n"
                            "--two--\r\n"
                            "--one\r\nContent-Type: application/x\r\n\r\n\r\n"
                            "--one--\r\nepilogue\r\n";

static void test_multipart(void **state)
{
    (void)state;
    assert_body(mixed, "(((\"text\" \"plain\" NIL NIL NIL \"7bit\" 5 0)(\"text\" \"html\" NIL NIL NIL \"7bit\" 9 1)"
                       " \"Alternative\")(\"application\" \"x\" NIL NIL NIL \"7bit\" 0) \"mixed\")");
    assert_structure(mixed, "(((\"text\" \"plain\" NIL NIL NIL \"7bit\" 5 0 NIL NIL NIL NIL)"
                            "(\"text\" \"html\" NIL NIL NIL \"7bit\" 9 1 NIL NIL NIL NIL)"
                            " \"Alternative\" (\"boundary\" \"two\") NIL NIL NIL)"
                            "(\"application\" \"x\" NIL NIL NIL \"7bit\" 0 NIL NIL NIL NIL)"
                            " \"mixed\" (\"boundary\" \"one\") NIL (\"en\") NIL)");
}

/* The grammar has no multipart without a part. */
static void test_empty_multipart(void **state)
{
    (void)state;
    assert_structure("Content-Type: multipart/mixed; boundary=x\r\n\r\nno boundary\r\n",
                     "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"
                     " \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)");
    assert_body("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x--\r\n",
                "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0) \"mixed\")");
}

static void test_message(void **state)
{
    (void)state;
    assert_body("Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\none\r\n",
                "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 20 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL)"
                " (\"text\" \"plain\" NIL NIL NIL \"7bit\" 5 1) 3)");
    assert_structure("Content-Type: multipart/digest; boundary=x\r\n\r\n"
                     "--x\r\n\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\none\r\n--y--\r\n--x--\r\n",
                     "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 62 " NO_ENVELOPE
                     " ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 0 NIL NIL NIL NIL)"
                     " \"mixed\" (\"boundary\" \"y\") NIL NIL NIL) 5 NIL NIL NIL NIL)"
                     " \"digest\" (\"boundary\" \"x\") NIL NIL NIL)");
}

/* A message whose header ends in front of a boundary: the empty line is of it, and of the part it is in. */
static void test_message_of_a_header(void **state)
{
    (void)state;
    assert_body("Content-Type: multipart/mixed; boundary=x\r\n\r\n"
                "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\n--x--\r\n",
                "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 15 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL)"
                " (\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0) 2) \"mixed\")");
}

/* What says that it has parts, but was not looked into, is mere octets. */
static void test_opaque(void **state)
{
    static const char nested[] =
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        "Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\none\r\n--y--\r\n--x--\r\n";
    mailproto_mime_config config;

    (void)state;
    assert_body("Content-Type: message/rfc822; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==\r\n",
                "(\"application\" \"octet-stream\" (\"name\" \"a\") NIL NIL \"base64\" 6)");
    assert_body("Content-Type: multipart/mixed\r\n\r\ntext\r\n",
                "(\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 6)");
    mailproto_mime_config_init(&config, sizeof config);
    config.max_depth = 1;
    assert_made(nested, sizeof nested - 1, &config, IMAP_MAKE_BODY, 0,
                "((\"application\" \"octet-stream\" (\"boundary\" \"y\") NIL NIL \"7bit\" 17) \"mixed\")");
    config.max_depth = 0;
    config.max_parts = 2;
    assert_made(mixed, sizeof mixed - 1, &config, IMAP_MAKE_BODY, 0,
                "(((\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 122) \"Alternative\") \"mixed\")");
}

static void test_global(void **state)
{
    static const char global[] = "Content-Type: message/global\r\n\r\nSubject: \xc3\xa9\r\n\r\n";

    (void)state;
    assert_body(global, "(\"message\" \"global\" NIL NIL NIL \"7bit\" 15)");
    assert_made(global, sizeof global - 1, NULL, IMAP_MAKE_BODY, MAILPROTO_MIME_IMAP_REV2,
                "(\"message\" \"global\" NIL NIL NIL \"7bit\" 15"
                " (NIL \"\xc3\xa9\" NIL NIL NIL NIL NIL NIL NIL NIL) (\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0) 2)");
}

static void test_arguments(void **state)
{
    mailproto_mime_tree *tree = tree_of(NULL, 0, NULL);
    char out[10];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_imap_body(tree, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    mailproto_mime_tree_free(tree);
    tree = tree_of("", 0, NULL);
    assert_int_equal(mailproto_mime_imap_body(NULL, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_body(tree, 2, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_bodystructure(tree, 0, NULL, 1, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_bodystructure(tree, 0, out, sizeof out, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_body(tree, 0, out, sizeof out, &made), MAILPROTO_ERR_LIMIT);
    mailproto_mime_tree_free(tree);
}

/* Reads the corpus's list of messages: {"file": "...", ...} a line. All that must hold holds of each. */
static void test_corpus(void **state)
{
    static char line[1 << 20], message[1 << 22];
    const char *corpus = getenv("MAILPROTO_CORPUS");
    char path[2048], *file, *end;
    size_t count = 0, lines = 0;
    FILE *list;

    (void)state;
    snprintf(path, sizeof path, "%s/expected/consensus.jsonl", corpus ? corpus : "");
    list = corpus ? fopen(path, "rb") : NULL;
    if (!list)
        skip();
    while (fgets(line, sizeof line, list)) {
        mailproto_mime_tree *tree;
        FILE *one;
        size_t n;

        lines++;
        if (strncmp(line, "{\"file\": \"", 10) != 0 || !(end = strchr(file = line + 10, '"')))
            continue;
        *end = '\0';
        snprintf(path, sizeof path, "%.900s/%.1000s", corpus, file);
        one = fopen(path, "rb");
        if (!one)
            print_error("%s: cannot be opened\n", path);
        assert_non_null(one);
        n = fread(message, 1, sizeof message, one);
        assert_true(feof(one) && !ferror(one));
        fclose(one);
        tree = tree_of(message, n, NULL);
        imap_check_all(tree);
        mailproto_mime_tree_free(tree);
        count++;
    }
    fclose(list);
    assert_true(count > 0);
    assert_int_equal(count, lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaf),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_extension),
        cmocka_unit_test(test_multipart),
        cmocka_unit_test(test_empty_multipart),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_message_of_a_header),
        cmocka_unit_test(test_opaque),
        cmocka_unit_test(test_global),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_corpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
