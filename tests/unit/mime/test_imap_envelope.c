/* ENVELOPE: strings, addresses, groups, what is copied where it is missing.
   RFC 3501 section 7.4.2; mailproto/mime_imap.h. */
#include "imap_show.h"

#define NILS_8  " NIL NIL NIL NIL NIL NIL NIL NIL)"
#define ADDRESS "((NIL NIL \"a\" \"example.org\"))"
#define FROM    ADDRESS " " ADDRESS " " ADDRESS

static void test_plain(void **state)
{
    (void)state;
    assert_envelope("Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
                    "From: Ann Author <ann@example.org>\r\n"
                    "Subject: the minutes\r\n"
                    "To: team@example.net\r\n"
                    "Cc: minutes@example.net, Bo <bo@example.com>\r\n"
                    "Message-Id: <B27397-0100000@example.org>\r\n"
                    "In-Reply-To: <1@example.net>\r\n"
                    "\r\nbody\r\n",
                    "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"the minutes\""
                    " ((\"Ann Author\" NIL \"ann\" \"example.org\"))"
                    " ((\"Ann Author\" NIL \"ann\" \"example.org\"))"
                    " ((\"Ann Author\" NIL \"ann\" \"example.org\"))"
                    " ((NIL NIL \"team\" \"example.net\"))"
                    " ((NIL NIL \"minutes\" \"example.net\")(\"Bo\" NIL \"bo\" \"example.com\"))"
                    " NIL \"<1@example.net>\" \"<B27397-0100000@example.org>\")");
}

/* What is not there is NIL; what is there and empty is an empty string, or no addresses. */
static void test_missing(void **state)
{
    (void)state;
    assert_envelope("", "(NIL NIL" NILS_8);
    assert_envelope("\r\nFrom: a@example.org\r\n", "(NIL NIL" NILS_8);
    assert_envelope("Date:\r\nSubject:  \r\nFrom:\r\nTo: \r\nCc: ,\r\nIn-Reply-To:\r\nMessage-Id:\r\n\r\n",
                    "(\"\" \"\" NIL NIL NIL NIL NIL NIL \"\" \"\")");
    assert_envelope("Sender: a@example.org\r\n\r\n", "(NIL NIL NIL " ADDRESS " NIL NIL NIL NIL NIL NIL)");
}

static void test_copied(void **state)
{
    (void)state;
    assert_envelope("From: a@example.org\r\n\r\n", "(NIL NIL " FROM " NIL NIL NIL NIL NIL)");
    assert_envelope("From: a@example.org\r\nSender:\r\nReply-To: (nobody)\r\n\r\n",
                    "(NIL NIL " FROM " NIL NIL NIL NIL NIL)");
    assert_envelope("Reply-To: b@c\r\nFrom: a@example.org\r\n\r\n",
                    "(NIL NIL " ADDRESS " " ADDRESS " ((NIL NIL \"b\" \"c\")) NIL NIL NIL NIL NIL)");
}

/* Of other fields the first counts, of addresses all. */
static void test_repeated(void **state)
{
    (void)state;
    assert_envelope("To: t@u\r\nFrom: a@example.org\r\nCc: c@d\r\nTo: v@w\r\nSubject: 1\r\nSubject: 2\r\nTo:\r\n"
                    "Bcc: b@b\r\n\r\n",
                    "(NIL \"1\" " FROM " ((NIL NIL \"t\" \"u\")(NIL NIL \"v\" \"w\"))"
                    " ((NIL NIL \"c\" \"d\")) ((NIL NIL \"b\" \"b\")) NIL NIL)");
    assert_envelope("From: a@b\r\nFrom: c@d\r\nSender: e@f\r\n\r\n",
                    "(NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) ((NIL NIL \"e\" \"f\"))"
                    " ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL NIL)");
}

static void test_strings(void **state)
{
    static const char nul[] = "Subject: a\0b\r\n\r\n", utf8[] = "Subject: caf\xc3\xa9\r\n\r\n";

    (void)state;
    assert_envelope("Subject: a \"b\" c\\d\r\n\r\n", "(NIL \"a \\\"b\\\" c\\\\d\"" NILS_8);
    assert_envelope("Subject: a\r\n b\r\n\tc\r\n\r\n", "(NIL \"a b\tc\"" NILS_8);
    assert_envelope("Subject:\r\n  \r\n a\r\n\r\n", "(NIL \"a\"" NILS_8);
    assert_envelope("Subject: a\rb\r\n\r\n", "(NIL \"ab\"" NILS_8);
    assert_envelope("Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\n", "(NIL \"=?utf-8?q?caf=C3=A9?=\"" NILS_8);
    assert_envelope(utf8, "(NIL {5}\r\ncaf\xc3\xa9" NILS_8);
    assert_envelope("Subject: caf\xe9 \"x\\\r\n y\r\n\r\n", "(NIL {10}\r\ncaf\xe9 \"x\\ y" NILS_8);
    assert_made(nul, sizeof nul - 1, NULL, IMAP_MAKE_ENVELOPE, 0, "(NIL \"ab\"" NILS_8);
    assert_made(utf8, sizeof utf8 - 1, NULL, IMAP_MAKE_ENVELOPE, MAILPROTO_MIME_IMAP_REV2,
                "(NIL \"caf\xc3\xa9\"" NILS_8);
    assert_made("Subject: \xe9\r\n\r\n", 14, NULL, IMAP_MAKE_ENVELOPE, MAILPROTO_MIME_IMAP_REV2,
                "(NIL {1}\r\n\xe9" NILS_8);
}

static void assert_to(const char *to, const char *wanted)
{
    struct show message = {0}, envelope = {0};

    show(&message, "To: ");
    show(&message, to);
    show(&message, "\r\n\r\n");
    show(&envelope, "(NIL NIL NIL NIL NIL ");
    show(&envelope, wanted);
    show(&envelope, " NIL NIL NIL NIL)");
    assert_envelope(message.text, envelope.text);
}

static void test_addresses(void **state)
{
    (void)state;
    assert_to("\"Bob \\\"B\\\" Bee\" <bob@example.org>", "((\"Bob \\\"B\\\" Bee\" NIL \"bob\" \"example.org\"))");
    assert_to("=?utf-8?q?J=C3=B6?= =?utf-8?q?rg?= <j@example.org>",
              "((\"=?utf-8?q?J=C3=B6?= =?utf-8?q?rg?=\" NIL \"j\" \"example.org\"))");
    assert_to("j@example.org (J\xc3\xb6rg)", "(({5}\r\nJ\xc3\xb6rg NIL \"j\" \"example.org\"))");
    assert_to("<@a.example,@b.example:c@d.example>", "((NIL \"@a.example,@b.example\" \"c\" \"d.example\"))");
    assert_to("\" a b\"@example.org", "((NIL NIL \" a b\" \"example.org\"))");
    assert_to("a . b @ example . org", "((NIL NIL \"a.b\" \"example.org\"))");
    assert_to("postmaster", "((NIL NIL \"postmaster\" \"\"))");
    assert_to("\"\" <a@b>", "((NIL NIL \"a\" \"b\"))");
    assert_to("<>", "((NIL NIL \"\" \"\"))");
}

static void test_groups(void **state)
{
    (void)state;
    assert_to("Team: a@b, C <c@d>;, e@f", "((NIL NIL \"Team\" NIL)(NIL NIL \"a\" \"b\")(\"C\" NIL \"c\" \"d\")"
                                          "(NIL NIL NIL NIL)(NIL NIL \"e\" \"f\"))");
    assert_to("Undisclosed recipients:;", "((NIL NIL \"Undisclosed recipients\" NIL)(NIL NIL NIL NIL))");
    assert_to("\"A \\\"B\\\"\": a@b", "((NIL NIL \"A \\\"B\\\"\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL))");
}

/* Beyond what is put into normal form it stays as it stands. */
static void test_long_name(void **state)
{
    struct show message = {0}, to = {0};

    (void)state;
    show(&message, "\"");
    show(&to, "((\"\\\"");
    for (int i = 0; i < 130; i++) {
        show(&message, "name\\\\abc ");
        show(&to, "name\\\\\\\\abc ");
    }
    show(&message, "x\" <a@b>");
    show(&to, "x\\\"\" NIL \"a\" \"b\"))");
    assert_to(message.text, to.text);
}

static void test_inner(void **state)
{
    static const char message[] = "Subject: outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\n";
    mailproto_mime_tree *tree = tree_of(message, sizeof message - 1, NULL);
    char out[100];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_imap_envelope(tree, 1, 0, out, sizeof out, &made), MAILPROTO_OK);
    out[made] = '\0';
    assert_string_equal(out, "(NIL \"inner\"" NILS_8);
    assert_int_equal(mailproto_mime_imap_envelope(tree, 2, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_envelope(NULL, 0, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_envelope(tree, 0, 2, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_envelope(tree, 0, 0, NULL, 1, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_imap_envelope(tree, 0, 0, out, sizeof out, NULL), MAILPROTO_ERR_ARG);
    mailproto_mime_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),    cmocka_unit_test(test_missing),   cmocka_unit_test(test_copied),
        cmocka_unit_test(test_repeated), cmocka_unit_test(test_strings),   cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_groups),   cmocka_unit_test(test_long_name), cmocka_unit_test(test_inner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
