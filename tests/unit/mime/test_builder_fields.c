/* Fields of the builder: folding, encoded words, parameters, addresses, and that no argument becomes syntax.
   RFC 5322 sections 2.1.1 and 2.2.3, RFC 2047, RFC 2231, RFC 6532; mailproto/mime_builder.h. */
#include "builder_kit.h"

/* Texts of all kinds. */
static const mailproto_text texts[] = {
    {TEXT("plain")},
    {TEXT("Gr\xc3\xbc\xc3\x9f"
          "e aus K\xc3\xb6ln: \xc3\x84nderungen der Gesch\xc3\xa4"
          "ftsbedingungen f\xc3\xbcr das n\xc3\xa4"
          "chste Jahr, und noch etwas mehr")},
    {TEXT("\xe6\x9c\xaa\xe6\x9d\xa5\xe3\x81\xae\xe5\xa0\xb1\xe5\x91\x8a\xe6\x9b\xb8\xe3\x80\x81\xe5\xb1\xb1\xe7\x94\xb0"
          "\xe5\xa4\xaa"
          "\xe9\x83\x8e\xe3\x82\x88\xe3\x82\x8a\xe3\x80\x81\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xae\xe4\xba\x8b\xe5\x8b\x99"
          "\xe6\x89\x80")},
    {TEXT("Re: \xe5\x85\xb3\xe4\xba\x8e\xe4\xbc\x9a\xe8\xae\xae\xe7\x9a\x84\xe9\x80\x9a\xe7\x9f\xa5 (fwd) [list]")},
    {TEXT("\xf0\x9f\x93\xa8\xf0\x9f\x93\xa8\xf0\x9f\x93\xa8\xf0\x9f\x93\xa8\xf0\x9f\x93\xa8\xf0\x9f\x93\xa8\xf0\x9f\x93"
          "\xa8 mail")},
    {TEXT("=?UTF-8?Q?not_encoded?= but looks so")},
    {TEXT("a =?x")},
    {TEXT("two  blanks   and\ttabs, a, b; c: d <e@f> (g) \"h\" \\ i")},
    {TEXT(" blanks around ")},
    {TEXT(" ")},
    {TEXT("")},
    {TEXT("a                                                  wide gap")},
    {TEXT("controls \x01 \x7f \x1b[0m")},
    {TEXT("the quick brown fox jumps over the lazy dog, and the quick brown fox jumps over the lazy dog, and again")},
    {TEXT("\xc3\xa4 b \xc3\xb6 c")},
    {TEXT("caf\xc3\xa9  two blanks behind")},
    {TEXT("two blanks before  caf\xc3\xa9")},
};
enum { TEXTS = sizeof texts / sizeof *texts };

static char *decoded(mailproto_text value)
{
    static char out[20000];
    size_t made;
    uint64_t defects = 0;

    assert_int_equal(mailproto_mime_text_decode(value.ptr, value.len, NULL, out, sizeof out - 1, &made, &defects),
                     MAILPROTO_OK);
    assert_int_equal(defects & ~BIT(CONTROL), 0);
    out[made] = '\0';
    return out;
}

static void test_texts(void **state)
{
    static const uint32_t flags[] = {0, MAILPROTO_MIME_BUILDER_SMTPUTF8};

    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < TEXTS; i++) {
            mailproto_mime_builder *b = kit_new(flags[k]);
            mailproto_mime_tree *t;
            struct test_bytes all;

            assert_int_equal(mailproto_mime_builder_text(b, 0, "Subject", texts[i].ptr, texts[i].len), MAILPROTO_OK);
            assert_int_equal(mailproto_mime_builder_text(
                                 b, 0, "X-A-Name-Of-Seventy-Characters-Leaves-No-Room-For-Words-In-Its-Line-He",
                                 texts[i].ptr, texts[i].len),
                             MAILPROTO_OK);
            all = kit_end(b);
            t = kit_tree(&all);
            assert_string_equal(decoded(kit_value(t, 0, "subject")), texts[i].ptr);
            kit_lines(&all, 78);
            if (!k)
                for (size_t n = 0; n < all.len; n++)
                    assert_true(all.ptr[n] < 0x7f);
            mailproto_mime_tree_free(t);
            test_bytes_free(&all);
        }
}

/* Words of any length: what cannot be folded goes beyond 78, and nothing goes beyond 998. */
static void test_lengths(void **state)
{
    char text[3000];

    (void)state;
    for (size_t n = 1; n < sizeof text; n += n < 100 || (n > 880 && n < 1010) ? 1 : 97)
        for (int high = 0; high < 2; high++) {
            mailproto_mime_builder *b = kit_new(high ? MAILPROTO_MIME_BUILDER_SMTPUTF8 : 0);
            mailproto_mime_tree *t;
            struct test_bytes all;

            memset(text, 'x', n);
            text[n] = '\0';
            if (high && n > 1)
                memcpy(text + n - 2, "\xc3\xa4", 2);
            assert_int_equal(mailproto_mime_builder_text(b, 0, "Subject", text, n), MAILPROTO_OK);
            all = kit_end(b);
            t = kit_tree(&all);
            assert_string_equal(decoded(kit_value(t, 0, "subject")), text);
            kit_lines(&all, n <= 900 ? 998 : 78);
            mailproto_mime_tree_free(t);
            test_bytes_free(&all);
        }
}

/* ---- addresses ---- */

static void check_address(mailproto_mime_addresses *reader, uint32_t kind, mailproto_text name, const char *spec)
{
    mailproto_mime_address address;
    char text[4000];
    size_t made;
    uint64_t defects = 0;

    mailproto_mime_address_init(&address, sizeof address);
    assert_int_equal(mailproto_mime_addresses_next(reader, &address), MAILPROTO_OK);
    assert_int_equal(address.kind, kind);
    assert_int_equal(address.defects, 0);
    assert_int_equal(mailproto_mime_address_name(&address, NULL, text, sizeof text, &made, &defects), MAILPROTO_OK);
    assert_int_equal(defects & ~BIT(CONTROL), 0);
    if (made != name.len || (made && memcmp(text, name.ptr, made) != 0))
        fail_msg("\"%.*s\" is not \"%.*s\"", (int)made, text, (int)name.len, name.ptr);
    if (!spec)
        return;
    assert_int_equal(mailproto_mime_address_spec(&address, MAILPROTO_MIME_SPEC_WHOLE, text, sizeof text, &made),
                     MAILPROTO_OK);
    kit_equal((mailproto_text){text, made}, spec);
}

static void test_names(void **state)
{
    static const uint32_t flags[] = {0, MAILPROTO_MIME_BUILDER_SMTPUTF8};
    static const mailproto_text none = {NULL, 0};

    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < TEXTS; i++) {
            mailproto_mime_builder *b = kit_new(flags[k]);
            mailproto_mime_addresses reader;
            mailproto_mime_tree *t;
            struct test_bytes all;
            mailproto_text field;

            if (texts[i].len && (texts[i].ptr[0] == ' ' || strstr(texts[i].ptr, "  "))) {
                mailproto_mime_builder_free(b); /* a name's blanks at the ends are dropped, and others made one */
                continue;
            }
            assert_int_equal(mailproto_mime_builder_addresses(b, 0, "To"), MAILPROTO_OK);
            assert_int_equal(mailproto_mime_builder_address(b, texts[i].ptr, texts[i].len, TEXT("a@example.org")),
                             MAILPROTO_OK);
            if (texts[i].len)
                assert_int_equal(mailproto_mime_builder_group(b, texts[i].ptr, texts[i].len), MAILPROTO_OK);
            else
                assert_int_equal(mailproto_mime_builder_group(b, TEXT("g")), MAILPROTO_OK);
            assert_int_equal(mailproto_mime_builder_address(b, texts[i].ptr, texts[i].len, TEXT("\"b c\"@[192.0.2.1]")),
                             MAILPROTO_OK);
            assert_int_equal(mailproto_mime_builder_address(b, NULL, 0, TEXT("d@example.org")), MAILPROTO_OK);
            assert_int_equal(mailproto_mime_builder_group_end(b), MAILPROTO_OK);
            assert_int_equal(mailproto_mime_builder_address(b, texts[i].ptr, texts[i].len, TEXT("e@example.org")),
                             MAILPROTO_OK);
            all = kit_end(b);
            t = kit_tree(&all);
            field = kit_value(t, 0, "to");
            mailproto_mime_addresses_init(&reader, sizeof reader, field.ptr, field.len);
            if (strchr(texts[i].ptr, '\t') == NULL) {
                check_address(&reader, MAILPROTO_MIME_ADDRESS_MAILBOX, texts[i], "a@example.org");
                check_address(&reader, MAILPROTO_MIME_ADDRESS_GROUP_BEGIN, texts[i].len ? texts[i] : TEXT_OF("g"),
                              NULL);
                check_address(&reader, MAILPROTO_MIME_ADDRESS_MAILBOX, texts[i], "\"b c\"@[192.0.2.1]");
                check_address(&reader, MAILPROTO_MIME_ADDRESS_MAILBOX, none, "d@example.org");
                check_address(&reader, MAILPROTO_MIME_ADDRESS_GROUP_END, none, NULL);
                check_address(&reader, MAILPROTO_MIME_ADDRESS_MAILBOX, texts[i], "e@example.org");
            }
            kit_lines(&all, 78);
            mailproto_mime_tree_free(t);
            test_bytes_free(&all);
        }
}

/* A hundred recipients, and as many references. */
static void test_many(void **state)
{
    mailproto_mime_builder *b = kit_new(0);
    mailproto_mime_message_ids ids;
    mailproto_mime_message_id id;
    mailproto_mime_addresses reader;
    mailproto_mime_tree *t;
    struct test_bytes all;
    char text[64];

    (void)state;
    mailproto_mime_builder_addresses(b, 0, "Cc");
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "person%d@example.org", i);
        assert_int_equal(mailproto_mime_builder_address(b, TEXT("Some One"), text, strlen(text)), MAILPROTO_OK);
    }
    mailproto_mime_builder_message_ids(b, 0, "References");
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "id%d@example.org", i);
        assert_int_equal(mailproto_mime_builder_message_id(b, text, strlen(text)), MAILPROTO_OK);
    }
    all = kit_end(b);
    kit_lines(&all, 78);
    t = kit_tree(&all);
    mailproto_mime_addresses_init(&reader, sizeof reader, kit_value(t, 0, "cc").ptr, kit_value(t, 0, "cc").len);
    mailproto_mime_message_ids_init(&ids, sizeof ids, kit_value(t, 0, "references").ptr,
                                    kit_value(t, 0, "references").len);
    mailproto_mime_message_id_init(&id, sizeof id);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "person%d@example.org", i);
        check_address(&reader, MAILPROTO_MIME_ADDRESS_MAILBOX, TEXT_OF("Some One"), text);
        snprintf(text, sizeof text, "id%d@example.org", i);
        assert_int_equal(mailproto_mime_message_ids_next(&ids, &id), MAILPROTO_OK);
        kit_equal(id.id, text);
    }
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);
}

/* ---- parameters ---- */

static void check_parameter(mailproto_text field, const char *name, mailproto_text wanted)
{
    static mailproto_mime_parameters list;
    mailproto_mime_parameter parameter;
    char text[4000];
    size_t made, skip = (size_t)((const char *)memchr(field.ptr, ';', field.len) - field.ptr);
    uint64_t defects = 0;

    mailproto_mime_parameter_init(&parameter, sizeof parameter);
    assert_int_equal(mailproto_mime_parameters_init(&list, sizeof list, field.ptr + skip, field.len - skip),
                     MAILPROTO_OK);
    assert_int_equal(mailproto_mime_parameters_get(&list, name, &parameter), MAILPROTO_OK);
    assert_int_equal(list.defects | parameter.defects, 0);
    assert_int_equal(mailproto_mime_parameter_text(&list, &parameter, NULL, text, sizeof text, &made, &defects),
                     MAILPROTO_OK);
    assert_int_equal(defects & ~BIT(CONTROL), 0);
    if (made != wanted.len || (made && memcmp(text, wanted.ptr, made) != 0))
        fail_msg("\"%.*s\" is not \"%.*s\"", (int)made, text, (int)wanted.len, wanted.ptr);
}

static void test_parameters(void **state)
{
    char text[2100];

    (void)state;
    for (size_t i = 0; i < TEXTS + 2000; i += i < TEXTS + 120 ? 1 : 61) {
        mailproto_mime_builder *b = kit_new(0);
        mailproto_mime_builder_content content;
        mailproto_text value = {text, 0};
        mailproto_mime_tree *t;
        struct test_bytes all;

        if (i < TEXTS) {
            value = texts[i];
        } else {
            value.len = i - TEXTS;
            memset(text, 'y', value.len);
        }
        mailproto_mime_builder_content_init(&content, sizeof content);
        content.file_name = value;
        content.disposition = TEXT_OF("inline");
        assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_OK);
        assert_int_equal(mailproto_mime_builder_parameter(b, "a-name-of-forty-characters-as-long-as-may", value.ptr,
                                                          value.len),
                         MAILPROTO_ERR_ARG);
        assert_int_equal(mailproto_mime_builder_parameter(b, "a-name-of-forty-characters-as-long-as-it", value.ptr,
                                                          value.len),
                         MAILPROTO_OK);
        assert_int_equal(mailproto_mime_builder_value(b, 0, "X-Value", TEXT("begin  with ; a=b")), MAILPROTO_OK);
        assert_int_equal(mailproto_mime_builder_parameter(b, "x", value.ptr, value.len), MAILPROTO_OK);
        all = kit_end(b);
        kit_lines(&all, 78);
        t = kit_tree(&all);
        if (value.len)
            check_parameter(kit_value(t, 0, "content-disposition"), "filename", value);
        check_parameter(kit_value(t, 0, "content-type"), "charset", TEXT_OF("utf-8"));
        check_parameter(kit_value(t, 0, "content-type"), "a-name-of-forty-characters-as-long-as-it", value);
        check_parameter(kit_value(t, 0, "x-value"), "x", value);
        mailproto_mime_tree_free(t);
        test_bytes_free(&all);
    }
}

/* ---- injection ---- */

/* Every argument with an octet that would end a line is refused, and nothing of it goes out. */
static void test_injection(void **state)
{
    static const mailproto_text bad[] = {{TEXT("a\r\nBcc: x@example.org")},
                                         {TEXT("a\nb")},
                                         {TEXT("a\rb")},
                                         {TEXT("a\0b")},
                                         {TEXT("a\xff")},
                                         {TEXT("\xc0\x8a")},
                                         {TEXT("a\r\n")},
                                         {TEXT("\n")}};
    mailproto_mime_builder *b = kit_new(0);
    struct test_bytes all;

    (void)state;
    mailproto_mime_builder_value(b, 0, "X-Open", TEXT("x"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mailproto_mime_builder_content content;
        char name[64];

        assert_int_equal(mailproto_mime_builder_text(b, 0, "Subject", bad[i].ptr, bad[i].len), MAILPROTO_ERR_ARG);
        assert_int_equal(mailproto_mime_builder_value(b, 0, "X-Value", bad[i].ptr, bad[i].len), MAILPROTO_ERR_ARG);
        assert_int_equal(mailproto_mime_builder_parameter(b, "p", bad[i].ptr, bad[i].len), MAILPROTO_ERR_ARG);
        memcpy(name, bad[i].ptr, bad[i].len);
        name[bad[i].len] = '\0';
        if (strlen(name) == bad[i].len) {
            assert_int_equal(mailproto_mime_builder_text(b, 0, name, TEXT("x")), MAILPROTO_ERR_ARG);
            assert_int_equal(mailproto_mime_builder_parameter(b, name, TEXT("x")), MAILPROTO_ERR_ARG);
            assert_int_equal(mailproto_mime_builder_multipart(b, 0, name), MAILPROTO_ERR_ARG);
        }
#define BAD(member)                                                                                                    \
    mailproto_mime_builder_content_init(&content, sizeof content);                                                     \
    content.member = bad[i];                                                                                           \
    assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_ERR_ARG)
        BAD(type);
        BAD(charset);
        BAD(disposition);
        BAD(file_name);
        BAD(content_id);
        BAD(description);
#undef BAD
    }
    mailproto_mime_builder_addresses(b, 0, "To");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(mailproto_mime_builder_address(b, bad[i].ptr, bad[i].len, TEXT("a@example.org")),
                         MAILPROTO_ERR_ARG);
        assert_int_equal(mailproto_mime_builder_address(b, NULL, 0, bad[i].ptr, bad[i].len), MAILPROTO_ERR_ARG);
        assert_int_equal(mailproto_mime_builder_group(b, bad[i].ptr, bad[i].len), MAILPROTO_ERR_ARG);
    }
    mailproto_mime_builder_message_ids(b, 0, "References");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mailproto_mime_builder_message_id(b, bad[i].ptr, bad[i].len), MAILPROTO_ERR_ARG);
    kit_leaf(b, 0, "text/plain", TEXT("x\r\n"));
    all = kit_end(b);
    assert_string_equal(all.ptr,
                        "X-Open: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx\r\n");
    test_bytes_free(&all);
}

/* Each octet in each place of an address, a value, an identifier: refused, or read back as it was. */
static void test_octets(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 256; c++) {
        const char octet = (char)c, spec[] = {'a', octet, 'b', '@', 'e', '.', 'x', octet, 'y'};
        mailproto_mime_builder *b = kit_new(0);
        struct test_bytes all;
        mailproto_mime_tree *t;
        uint32_t fields = 1;

        mailproto_mime_builder_addresses(b, 0, "To");
        mailproto_mime_builder_address(b, &octet, 1, spec, sizeof spec);
        mailproto_mime_builder_address(b, spec, sizeof spec, TEXT("z@example.org"));
        mailproto_mime_builder_address(b, NULL, 0, TEXT("z@example.org"));
        mailproto_mime_builder_message_ids(b, 0, "References");
        mailproto_mime_builder_message_id(b, spec, sizeof spec);
        fields += mailproto_mime_builder_message_id(b, TEXT("i@example.org")) == MAILPROTO_OK;
        fields += mailproto_mime_builder_value(b, 0, "X-Value", spec, sizeof spec) == MAILPROTO_OK;
        fields += mailproto_mime_builder_text(b, 0, "Subject", spec, sizeof spec) == MAILPROTO_OK;
        all = kit_end(b);
        t = kit_tree(&all);
        assert_int_equal(kit_part(t, 0).fields, fields);
        assert_int_equal(kit_part(t, 0).end, kit_part(t, 0).body);
        kit_lines(&all, 78);
        mailproto_mime_tree_free(t);
        test_bytes_free(&all);
    }
}

static void test_refused(void **state)
{
    mailproto_mime_builder *b = kit_new(0);
    char word[1000];

    (void)state;
    memset(word, 'w', sizeof word);
    assert_int_equal(mailproto_mime_builder_text(b, 0, "Content-Type", TEXT("x")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_value(b, 0, "mime-version", TEXT("1.0")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_value(b, 0, "content-transfer-encoding", TEXT("x")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_text(b, 0, "a:b", TEXT("x")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_text(b, 0, "a b", TEXT("x")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_text(b, 0, "", TEXT("x")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_value(b, 0, "X", TEXT("\xc3\xa4")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_value(b, 0, "X", word, sizeof word), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_mime_builder_addresses(b, 0, "To"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_address(b, NULL, 0, TEXT("nobody")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_address(b, NULL, 0, TEXT("a@b@c")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_address(b, NULL, 0, TEXT("a@example.org, b@example.org")),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_address(b, NULL, 0, TEXT("a (x)@example.org")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_address(b, NULL, 0, TEXT("\xc3\xa4@example.org")),
                     MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_mime_builder_message_ids(b, 0, "In-Reply-To"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_message_id(b, TEXT("a b@c")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_message_id(b, TEXT("a>,<b@c")), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_message_id(b, word, sizeof word), MAILPROTO_ERR_ARG);
    mailproto_mime_builder_free(b);
}

static void test_international(void **state)
{
    mailproto_mime_builder *b = kit_new(MAILPROTO_MIME_BUILDER_SMTPUTF8);
    struct test_bytes all;
    uint32_t needs;

    (void)state;
    mailproto_mime_builder_addresses(b, 0, "To");
    assert_int_equal(mailproto_mime_builder_address(b, TEXT("J\xc3\xb6rg"),
                                                    TEXT("j\xc3\xb6rg@b\xc3\xbc"
                                                         "cher.example")),
                     MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_needs(b, &needs), MAILPROTO_OK);
    assert_int_equal(needs, MAILPROTO_MIME_BUILDER_SMTPUTF8);
    all = kit_end(b);
    assert_string_equal(all.ptr, "To: \"J\xc3\xb6rg\" <j\xc3\xb6rg@b\xc3\xbc"
                                 "cher.example>\r\n\r\n");
    test_bytes_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),  cmocka_unit_test(test_lengths),    cmocka_unit_test(test_names),
        cmocka_unit_test(test_many),   cmocka_unit_test(test_parameters), cmocka_unit_test(test_injection),
        cmocka_unit_test(test_octets), cmocka_unit_test(test_refused),    cmocka_unit_test(test_international),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
