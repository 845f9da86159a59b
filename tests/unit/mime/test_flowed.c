/* format=flowed: what is written is read as it was, at every width; what others write.
   RFC 3676; mailproto/mime_report.h. */
#include "show.h"

#include "mailproto/mime_report.h"

#define TEXT(literal) literal, sizeof(literal) - 1
enum { ROOM = 20000 };

static const char *const texts[] = {
    "",
    "\n",
    "short\n",
    "the quick brown fox jumps over the lazy dog and the quick brown fox jumps over the lazy dog again\n",
    " begins with a blank\nFrom the begin\n>not a quote\nfrom here\n",
    "one\n\n\ntwo\n-- \nA signature\n",
    "-- a dash and many words behind it that make the line as long as to be broken somewhere\n",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b\n",
    "two  blanks   and    more     of      them        than         there          should be           here\n",
    "\xe6\x9c\xaa\xe6\x9d\xa5\xe3\x81\xae\xe5\xa0\xb1\xe5\x91\x8a\xe6\x9b\xb8\xe6\x9c\xaa\xe6\x9d\xa5\xe3\x81\xae\xe5"
    "\xa0\xb1\xe5\x91\x8a\xe6\x9b\xb8"
    "\xe6\x9c\xaa\xe6\x9d\xa5\xe3\x81\xae\xe5\xa0\xb1\xe5\x91\x8a\xe6\x9b\xb8 mixed with caf\xc3\xa9 and text\n",
};

/* Each paragraph comes back; lines are as wide as is said where there are blanks enough. */
static void test_round_trip(void **state)
{
    static char wire[ROOM], back[ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (uint32_t flags = 0; flags < 2; flags++)
            for (size_t width = 20; width < 90; width++) {
                const size_t n = strlen(texts[i]);
                size_t made, made_back, need;

                assert_int_equal(mailproto_mime_flowed_encode(texts[i], n, flags, width, wire, ROOM, &made),
                                 MAILPROTO_OK);
                assert_int_equal(mailproto_mime_flowed_encode(texts[i], n, flags, width, NULL, 0, &need),
                                 made ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK);
                assert_int_equal(need, made);
                assert_int_equal(mailproto_mime_flowed_decode(wire, made, flags, back, ROOM, &made_back), MAILPROTO_OK);
                if (made_back != n || memcmp(back, texts[i], n) != 0)
                    fail_msg("%zu, flags %u, width %zu:\n%.*s", i, flags, width, (int)made_back, back);
            }
}

static void test_quotes(void **state)
{
    static const char text[] = "> the quick brown fox jumps over the lazy dog and is gone\n>> deeper\n>\nmine\n";
    char wire[400], back[400];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_flowed_encode(TEXT(text), MAILPROTO_MIME_FLOWED_QUOTED, 30, wire, sizeof wire,
                                                  &made),
                     MAILPROTO_OK);
    assert_int_equal(
        made,
        strlen("> the quick brown fox jumps \r\n> over the lazy dog and is \r\n> gone\r\n>> deeper\r\n>\r\nmine\r\n"));
    assert_memory_equal(
        wire, "> the quick brown fox jumps \r\n> over the lazy dog and is \r\n> gone\r\n>> deeper\r\n>\r\nmine\r\n",
        made);
    assert_int_equal(mailproto_mime_flowed_decode(wire, made, 0, back, sizeof back, &made), MAILPROTO_OK);
    assert_int_equal(made, sizeof text - 1);
    assert_memory_equal(back, text, made);
}

static void test_wild(void **state)
{
    static const struct {
        const char *wire, *text;
        uint32_t flags;
    } cases[] = {
        {"a \r\nb\r\n", "a b\n", 0},
        {"a \nb", "a b\n", 0},
        {"a \r\nb\r\n", "ab\n", MAILPROTO_MIME_FLOWED_DELSP},
        {"a  \r\nb\r\n", "a b\n", MAILPROTO_MIME_FLOWED_DELSP},
        {"> a \r\n>> b\r\n", "> a\n>> b\n", 0},
        {"> a \r\n> b \r\nc\r\n", "> a b\nc\n", 0},
        {"a \r\n-- \r\nname\r\n", "a\n-- \nname\n", 0},
        {"-- \r\nb\r\n", "-- \nb\n", 0},
        {"a ", "a\n", 0},
        {" >x\r\n From y\r\n", ">x\nFrom y\n", 0},
        {">\r\n> \r\n", ">\n>\n", 0},
        {"", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy = exact(cases[i].wire, strlen(cases[i].wire)), back[100];
        size_t made;

        assert_int_equal(mailproto_mime_flowed_decode(copy, strlen(cases[i].wire), cases[i].flags, back,
                                                      sizeof back - 1, &made),
                         MAILPROTO_OK);
        back[made] = '\0';
        assert_string_equal(back, cases[i].text);
        free(copy);
    }
}

static void test_arguments(void **state)
{
    mailproto_mime_flowed_reader reader;
    char out[10];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_flowed_encode(TEXT("a"), 4, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_flowed_encode(TEXT("a"), 0, 19, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_flowed_encode(NULL, 1, 0, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_flowed_init(&reader, sizeof reader, TEXT("a"), 2), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_flowed_next(&reader, NULL), MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_wild),
        cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
