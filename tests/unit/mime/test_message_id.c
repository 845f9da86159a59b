/* Message identifiers: lists of them, phrases between, broken ones.
   RFC 5322 sections 3.6.4 and 4.5.4, appendix A.2. */
#include "show.h"

static const struct {
    const char *in, *out;
} fields[] = {
    {"", ""},
    {" <1234@local.machine.example>\r\n", "{1234@local.machine.example}"},
    {"<a@b> <c@d>\r\n <e@f>", "{a@b}{c@d}{e@f}"},
    {"<a@b><c@d>", "{a@b}{c@d}"},
    {"<a@b>,<c@d>; <e@f>", "{a@b}{c@d}{e@f}"},
    {"Your message of \"Fri, 1 <x@y>\" <a@b> (c <z@z>)", "{a@b}"},
    {"<\"a b\"@c>", "{\"a b\"@c !MESSAGE_ID}"},
    {"<\"a>b\"@c> <d@e>", "{\"a>b\"@c}{d@e}"},
    {"<a\"b@c> <d@e>", "{a\"b@c}{d@e}"},
    {"<a @ b>", "{a@b !MESSAGE_ID}"},
    {"<a\r\n b@c>", "{ab@c !MESSAGE_ID}"},
    {"<a(x)@b>", "{a@b}"},
    {"<a@[192.0.2.1]>", "{a@[192.0.2.1]}"},
    {"<a>", "{a !MESSAGE_ID}"},
    {"<a@b@c>", "{a@b@c !MESSAGE_ID}"},
    {"<>", ""},
    {"<> <a@b>", "{a@b}"},
    {"a@b", "{a@b !MESSAGE_ID}"},
    {"a@b c@d", "{a@b !MESSAGE_ID}{c@d !MESSAGE_ID}"},
    {"a@b>", "{a@b !MESSAGE_ID}"},
    {"<a@b", "{a@b !MESSAGE_ID}"},
    {"<a@b <c@d>", "{a@b !MESSAGE_ID}{c@d}"},
    {"<a@b x y", "{a@b !MESSAGE_ID}"},
    {"word <a@b>", "{a@b}"},
    {"AAB1234 CCD5678", "{AAB1234 !MESSAGE_ID}{CCD5678 !MESSAGE_ID}"},
    {"(c)", ""},
};

static void reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        for (size_t cut = 0, whole = strlen(fields[i].in); cut <= whole; cut++) {
            size_t n = whole - cut, made;
            char *in = exact(fields[i].in, n), out[128];
            mailproto_mime_message_ids reader;
            mailproto_mime_message_id id;
            struct show s = {"", 0};

            mailproto_mime_message_id_init(&id, sizeof id);
            assert_int_equal(mailproto_mime_message_ids_init(&reader, sizeof reader, in, n), MAILPROTO_OK);
            while (mailproto_mime_message_ids_next(&reader, &id) == MAILPROTO_OK) {
                assert_true(id.whole.ptr >= in && id.whole.ptr + id.whole.len <= in + n);
                assert_true(id.id.ptr >= id.whole.ptr && id.id.ptr + id.id.len <= id.whole.ptr + id.whole.len);
                assert_int_equal(mailproto_mime_message_id_text(&id, out, sizeof out, &made), MAILPROTO_OK);
                if (id.plain)
                    assert_int_equal(made, id.id.len);
                show(&s, "{");
                show_octets(&s, out, made);
                show_defects(&s, id.defects);
                show(&s, "}");
            }
            if (!cut)
                assert_string_equal(s.text, fields[i].out);
            free(in);
        }
}

static size_t count_ids(const char *piece, size_t count)
{
    size_t n = strlen(piece), ids = 0;
    char *in = malloc(n * count);
    mailproto_mime_message_ids reader;
    mailproto_mime_message_id id;

    for (size_t i = 0; i < count; i++)
        memcpy(in + i * n, piece, n);
    mailproto_mime_message_id_init(&id, sizeof id);
    mailproto_mime_message_ids_init(&reader, sizeof reader, in, n * count);
    while (mailproto_mime_message_ids_next(&reader, &id) == MAILPROTO_OK)
        ids++;
    free(in);
    return ids;
}

static void large(void **state)
{
    (void)state;
    assert_int_equal(count_ids("<a@b>\r\n ", 100000), 100000);
    assert_int_equal(count_ids("<", 1 << 20), 0);
    assert_int_equal(count_ids("(", 1 << 20), 0);
    assert_int_equal(count_ids("<\"", 1 << 19) > 0, 1);
    assert_int_equal(count_ids("<\"\\", 1 << 18) > 0, 1);
    assert_int_equal(count_ids("a ", 1 << 19), 1 << 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
