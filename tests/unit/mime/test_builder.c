/* The builder: whole messages, what they look like and what a tree makes of them; memory; calls out of place.
   RFC 5322, RFC 2045, RFC 2046; mailproto/mime_builder.h. */
#include "builder_kit.h"

static const char german[] = "Gr\xc3\xbc\xc3\x9f"
                             "e aus K\xc3\xb6ln";

static void test_simple(void **state)
{
    mailproto_mime_builder *b = kit_new(0);
    struct test_bytes all;
    char id[64];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_builder_addresses(b, 0, "From"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_address(b, TEXT("Ann Example"), TEXT("ann@example.org")), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_addresses(b, 0, "To"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_address(b, NULL, 0, TEXT("bob@example.net")), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_address(b, TEXT("Smith, J. \"Jo\""), TEXT("jo@example.net")), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_text(b, 0, "Subject", TEXT("A report")), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_date(b, 0, "Date", NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_new_id(b, id, sizeof id, &made), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_message_ids(b, 0, "Message-ID"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_message_id(b, id, made), MAILPROTO_OK);
    kit_leaf(b, 0, "text/plain", TEXT("hello\nthere\r\n"));
    all = kit_end(b);
    assert_string_equal(all.ptr, "From: Ann Example <ann@example.org>\r\n"
                                 "To: bob@example.net, \"Smith, J. \\\"Jo\\\"\" <jo@example.net>\r\n"
                                 "Subject: A report\r\n"
                                 "Date: Wed, 5 Mar 2025 10:00:00 +0100\r\n"
                                 "Message-ID: <KVJ7pM32H0hxmsPsFT5n@example.org>\r\n"
                                 "MIME-Version: 1.0\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "\r\n"
                                 "hello\r\nthere\r\n");
    test_bytes_free(&all);
}

struct blob {
    uint64_t n;
    uint32_t calls, fail_at;
};

/* A callback's data: any size, never in memory. */
static int32_t read_blob(void *user, uint64_t offset, void *out, size_t cap, size_t *got)
{
    struct blob *blob = user;
    size_t n = cap < 777 ? cap : 777;

    blob->calls++;
    if (blob->fail_at && (blob->calls == blob->fail_at || blob->calls == blob->fail_at + 1))
        return MAILPROTO_ERR_LOST;
    if (n > blob->n - offset)
        n = (size_t)(blob->n - offset);
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)out)[i] = (uint8_t)((offset + i) * 7 >> 3);
    *got = n;
    return 0;
}

/* mixed(alternative(plain, html), file of a callback, message) */
static void compose(mailproto_mime_builder *b, struct blob *blob, int32_t wanted)
{
    mailproto_mime_builder_content content;
    uint32_t part = 0, leaf = 0;

#define CALL(call)                                                                                                     \
    do {                                                                                                               \
        int32_t r_ = mailproto_mime_builder_##call;                                                                    \
        if (r_ == wanted && r_)                                                                                        \
            r_ = mailproto_mime_builder_##call; /* what failed changed nothing */                                      \
        assert_int_equal(r_, MAILPROTO_OK);                                                                            \
    } while (0)
    mailproto_mime_builder_content_init(&content, sizeof content);
    CALL(addresses(b, 0, "From"));
    CALL(address(b, TEXT(german), TEXT("k@example.org")));
    CALL(group(b, TEXT("friends")));
    CALL(address(b, NULL, 0, TEXT("a@example.org")));
    CALL(address(b, TEXT("\xe5\xb1\xb1\xe7\x94\xb0"), TEXT("b@example.org")));
    CALL(group_end(b));
    CALL(text(b, 0, "Subject", TEXT(german)));
    CALL(multipart(b, 0, "mixed"));
    CALL(add(b, 0, &part));
    CALL(multipart(b, part, "alternative"));
    CALL(add(b, part, &leaf));
    content.data = TEXT_OF("plain text, line one\nline two");
    content.flags = MAILPROTO_MIME_CONTENT_COPY;
    CALL(leaf(b, leaf, &content));
    CALL(add(b, part, &leaf));
    content.type = TEXT_OF("text/html");
    content.data = TEXT_OF("<p>a caf\xc3\xa9 at the corner of two roads = nowhere</p>\n");
    CALL(leaf(b, leaf, &content));
    CALL(add(b, 0, &leaf));
    mailproto_mime_builder_content_init(&content, sizeof content);
    content.type = TEXT_OF("application/octet-stream");
    content.file_name = TEXT_OF("\xe6\x8a\xa5\xe5\x91\x8a \"1\".bin");
    content.content_id = TEXT_OF("file@example.org");
    content.description = TEXT_OF(german);
    content.read = read_blob;
    content.user = blob;
    CALL(leaf(b, leaf, &content));
    CALL(add(b, 0, &leaf));
    mailproto_mime_builder_content_init(&content, sizeof content);
    content.type = TEXT_OF("message/rfc822");
    content.data = TEXT_OF("Subject: inner\n\nhello");
    CALL(leaf(b, leaf, &content));
#undef CALL
}

static void check_composed(const struct test_bytes *all, const struct blob *blob)
{
    mailproto_mime_tree *t = kit_tree(all);
    struct test_bytes data = {0};
    struct blob again = {blob->n, 0, 0};
    uint8_t piece[777];
    size_t got;

    assert_int_equal(mailproto_mime_tree_parts(t), 7);
    kit_body(t, 2, TEXT("plain text, line one\r\nline two"));
    kit_body(t, 3, TEXT("<p>a caf\xc3\xa9 at the corner of two roads = nowhere</p>\r\n"));
    while (!read_blob(&again, data.len, piece, sizeof piece, &got) && got)
        test_bytes_add(&data, piece, got);
    kit_body(t, 4, data.ptr, data.len);
    assert_int_equal(kit_part(t, 2).encoding, MAILPROTO_MIME_ENCODING_7BIT);
    assert_int_equal(kit_part(t, 3).encoding, MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE);
    assert_int_equal(kit_part(t, 4).encoding, MAILPROTO_MIME_ENCODING_BASE64);
    kit_body(t, 6, TEXT("hello"));
    kit_equal(kit_value(t, 6, "subject"), "inner");
    kit_equal(kit_value(t, 4, "content-id"), "<file@example.org>");
    kit_lines(all, 78);
    mailproto_mime_tree_free(t);
    test_bytes_free(&data);
}

static void test_tree(void **state)
{
    struct blob blob = {100000, 0, 0};
    mailproto_mime_builder *b = kit_new(0);
    struct test_bytes all;

    (void)state;
    compose(b, &blob, MAILPROTO_OK);
    all = kit_end(b);
    check_composed(&all, &blob);
    test_bytes_free(&all);
}

/* Every allocation fails once, and once all from there on: nothing is lost, nothing leaks, the message is the same. */
static void test_allocations(void **state)
{
    size_t count = 1;

    (void)state;
    for (size_t fail = 0; fail <= count; fail++) {
        struct test_allocator memory;
        struct blob blob = {5000, 0, 0};
        uint32_t counter;
        mailproto_mime_builder_config config = kit_config(&counter);
        mailproto_mime_builder *b;
        struct test_bytes all = {0};
        uint8_t piece[512];
        uint64_t size;
        size_t made;
        int32_t result;

        test_allocator_init(&memory);
        config.allocator = &memory.api;
        memory.fail_at = fail;
        result = mailproto_mime_builder_new(&config, &b);
        if (result) {
            assert_int_equal(result, MAILPROTO_ERR_NOMEM);
            assert_null(b);
            assert_int_equal(mailproto_mime_builder_new(&config, &b), MAILPROTO_OK);
        }
        compose(b, &blob, MAILPROTO_ERR_NOMEM);
        result = mailproto_mime_builder_size(b, &size);
        if (result) {
            assert_int_equal(result, MAILPROTO_ERR_NOMEM);
            result = mailproto_mime_builder_size(b, &size);
        }
        assert_int_equal(result, MAILPROTO_OK);
        while ((result = mailproto_mime_builder_read(b, piece, sizeof piece, &made)) == MAILPROTO_OK)
            test_bytes_add(&all, piece, made);
        assert_int_equal(result, MAILPROTO_MIME_END);
        assert_int_equal(all.len, size);
        test_bytes_add(&all, "", 1);
        all.len--;
        check_composed(&all, &blob);
        count = memory.count;
        assert_true(memory.peak <= mailproto_mime_builder_memory_max(&config));
        mailproto_mime_builder_free(b);
        assert_int_equal(memory.live, 0);
        test_bytes_free(&all);
    }
    assert_true(count > 5);
}

/* A callback that fails costs that read only: the next one goes on. */
static void test_callback_fails(void **state)
{
    struct blob blob = {5000, 0, 0};
    mailproto_mime_builder *b = kit_new(0);
    struct test_bytes all, other = {0};
    uint8_t piece[300];
    size_t made;
    uint32_t failures = 0;
    int32_t result;

    (void)state;
    compose(b, &blob, MAILPROTO_OK);
    all = kit_end(b);
    blob.calls = 0;
    blob.fail_at = 3; /* in the look, and then in the read */
    b = kit_new(0);
    compose(b, &blob, MAILPROTO_OK);
    while ((result = mailproto_mime_builder_read(b, piece, sizeof piece, &made)) != MAILPROTO_MIME_END) {
        if (result == MAILPROTO_OK) {
            test_bytes_add(&other, piece, made);
            continue;
        }
        assert_int_equal(result, MAILPROTO_ERR_BODY);
        failures++;
        blob.fail_at = blob.calls + 10;
    }
    assert_true(failures >= 2);
    assert_int_equal(other.len, all.len);
    mailproto_mime_builder_free(b);
    test_bytes_free(&all);
    test_bytes_free(&other);
}

/* Data that change their size while they are read. */
static void test_callback_changes(void **state)
{
    (void)state;
    for (int longer = 0; longer < 2; longer++) {
        struct blob blob = {5000, 0, 0};
        mailproto_mime_builder *b = kit_new(0);
        uint32_t needs;
        uint8_t piece[300];
        size_t made;
        int32_t result;

        compose(b, &blob, MAILPROTO_OK);
        assert_int_equal(mailproto_mime_builder_needs(b, &needs), MAILPROTO_OK);
        assert_int_equal(needs, 0);
        blob.n += longer ? 1 : (uint64_t)-1;
        while ((result = mailproto_mime_builder_read(b, piece, sizeof piece, &made)) == MAILPROTO_OK) {
        }
        assert_int_equal(result, MAILPROTO_ERR_BODY);
        mailproto_mime_builder_free(b);
    }
}

static void test_caps(void **state)
{
    uint32_t counter, node, i;
    mailproto_mime_builder_config config = kit_config(&counter);
    mailproto_mime_builder_content content;
    mailproto_mime_builder *b;
    char large[600];
    struct test_bytes all;

    (void)state;
    config.max_depth = 2;
    config.max_nodes = 5;
    config.max_text = 1000;
    assert_int_equal(mailproto_mime_builder_new(&config, &b), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_multipart(b, 0, "mixed"), MAILPROTO_OK);
    i = kit_add(b, 0);
    assert_int_equal(mailproto_mime_builder_multipart(b, i, "mixed"), MAILPROTO_OK);
    i = kit_add(b, i);
    assert_int_equal(mailproto_mime_builder_multipart(b, i, "mixed"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_add(b, i, &node), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_mime_builder_add(b, 0, &node), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_add(b, 0, &node), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_add(b, 0, &node), MAILPROTO_ERR_LIMIT);
    mailproto_mime_builder_free(b);

    assert_int_equal(mailproto_mime_builder_new(&config, &b), MAILPROTO_OK);
    memset(large, 'x', sizeof large);
    assert_int_equal(mailproto_mime_builder_text(b, 0, "Subject", large, sizeof large), MAILPROTO_OK);
    mailproto_mime_builder_content_init(&content, sizeof content);
    content.flags = MAILPROTO_MIME_CONTENT_COPY;
    content.data = (mailproto_text){large, sizeof large};
    assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_ERR_LIMIT);
    assert_int_equal(mailproto_mime_builder_text(b, 0, "Comments", large, sizeof large), MAILPROTO_ERR_LIMIT);
    content.flags = 0;
    assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_OK);
    all = kit_end(b);
    assert_null(strstr((char *)all.ptr, "Comments"));
    test_bytes_free(&all);
}

/* Calls that do not fit. */
static void test_states(void **state)
{
    mailproto_mime_builder *b = kit_new(0);
    mailproto_mime_builder_content content;
    uint32_t node;
    uint64_t size;
    uint8_t piece[64];
    size_t made;
    char id[64];

    (void)state;
    mailproto_mime_builder_content_init(&content, sizeof content);
    assert_int_equal(mailproto_mime_builder_add(b, 0, &node), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_add(b, 1, &node), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_parameter(b, "a", "b", 1), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_address(b, "", 0, TEXT("a@example.org")), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_message_id(b, TEXT("a@b")), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_addresses(b, 0, "To"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_addresses(b, 0, "to"), MAILPROTO_ERR_EXISTS);
    assert_int_equal(mailproto_mime_builder_group_end(b), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_group(b, TEXT("undisclosed-recipients")), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_group(b, TEXT("x")), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_text(b, 0, "Subject", TEXT("x")), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_read(b, piece, sizeof piece, &made), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_group_end(b), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_raw(b, 0, &content), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_multipart(b, 0, "mixed"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_leaf(b, 0, &content), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_multipart(b, 0, "mixed"), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_parameter(b, "boundary", "b", 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_size(b, &size), MAILPROTO_ERR_STATE); /* no part */
    node = kit_add(b, 0);
    content.data = TEXT_OF("From: a\r\n\r\nraw\r\n");
    assert_int_equal(mailproto_mime_builder_raw(b, node, &content), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_text(b, node, "Comments", TEXT("x")), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_read(b, piece, MAILPROTO_CODEC_ROOM - 1, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_builder_read(b, piece, sizeof piece, &made), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_add(b, 0, &node), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_builder_text(b, 0, "Comments", TEXT("x")), MAILPROTO_ERR_STATE);
    mailproto_mime_builder_free(b);
    mailproto_mime_builder_free(NULL);

    assert_int_equal(mailproto_mime_builder_new(NULL, &b), MAILPROTO_OK); /* no randomness */
    assert_int_equal(mailproto_mime_builder_new_id(b, id, sizeof id, &made), MAILPROTO_ERR_CONFIG);
    assert_int_equal(mailproto_mime_builder_multipart(b, 0, "mixed"), MAILPROTO_OK);
    kit_leaf(b, kit_add(b, 0), "text/plain", TEXT("x"));
    assert_int_equal(mailproto_mime_builder_read(b, piece, sizeof piece, &made), MAILPROTO_ERR_CONFIG);
    mailproto_mime_builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simple),           cmocka_unit_test(test_tree),
        cmocka_unit_test(test_allocations),      cmocka_unit_test(test_callback_fails),
        cmocka_unit_test(test_callback_changes), cmocka_unit_test(test_caps),
        cmocka_unit_test(test_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
