/* message/partial: a message that is cut and joined is the same, whatever the sizes and the order.
   RFC 2046 section 5.2.2; mailproto/mime_report.h. */
#include "builder_kit.h"

#include "mailproto/mime_report.h"

static const char message[] = "From: a@example.org\r\nTo: b@example.org,\r\n c@example.org\r\nSubject: Long\r\n"
                              "Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
                              "one\r\ntwo\r\n\r\nthree and some more\r\nfour\r\nfive\r\n";
enum { FRAGMENTS = 32, ROOM = 2000 };

static void test_round_trip(void **state)
{
    static char out[FRAGMENTS][ROOM], joined[ROOM];
    size_t most = 91; /* the header of its own */

    (void)state;
    for (; most < sizeof message + 10; most++) {
        mailproto_text fragments[FRAGMENTS];
        uint32_t total = 1, wanted;
        size_t made;

        for (uint32_t i = 1; i <= total; i++) {
            struct test_bytes all = {(uint8_t *)out[i - 1], 0, 0};
            mailproto_mime_tree *t;

            assert_int_equal(mailproto_mime_partial_split(TEXT(message), most, i, TEXT("x@example.org"), &wanted,
                                                          out[i - 1], ROOM, &made),
                             MAILPROTO_OK);
            assert_true(i == 1 || wanted == total);
            total = wanted;
            assert_true(total <= FRAGMENTS);
            all.len = made;
            t = kit_tree(&all);
            assert_true(kit_part(t, 0).end - kit_part(t, 0).body <= most);
            kit_equal(kit_value(t, 0, "subject"), "Long");
            mailproto_mime_tree_free(t);
        }
        for (uint32_t i = 0; i < total; i++) { /* the last one first */
            const uint32_t from = total - 1 - i;

            assert_int_equal(mailproto_mime_partial_split(TEXT(message), most, from + 1, TEXT("x@example.org"), &wanted,
                                                          out[from], ROOM, &made),
                             MAILPROTO_OK);
            fragments[i] = (mailproto_text){out[from], made};
        }
        assert_int_equal(mailproto_mime_partial_join(fragments, total, joined, ROOM, &made), MAILPROTO_OK);
        assert_int_equal(made, sizeof message - 1);
        assert_memory_equal(joined, message, made);
        assert_int_equal(mailproto_mime_partial_join(fragments, total, joined, made - 1, &made), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, sizeof message - 1);
        if (total > 1) {
            assert_int_equal(mailproto_mime_partial_join(fragments, total - 1, joined, ROOM, &made),
                             MAILPROTO_ERR_NOT_FOUND);
            fragments[0] = fragments[1];
            assert_int_equal(mailproto_mime_partial_join(fragments, total, joined, ROOM, &made), MAILPROTO_ERR_ARG);
        }
    }
}

static void test_refused(void **state)
{
    static const mailproto_text none[] = {{TEXT("Subject: x\r\n\r\nbody")}};
    static const mailproto_text other[] = {{TEXT(
                                               "Content-Type: message/partial; number=1; total=2; id=a\r\n\r\n\r\nx")},
                                           {TEXT("Content-Type: message/partial; number=2; total=2; id=b\r\n\r\ny")}};
    static const mailproto_text unsaid[] = {{TEXT("Content-Type: message/partial; number=1; id=a\r\n\r\n\r\nx")}};
    static const mailproto_text zero[] = {
        {TEXT("Content-Type: message/partial; number=0; total=1; id=a\r\n\r\n\r\nx")}};
    char out[ROOM];
    uint32_t total;
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_partial_join(none, 1, out, ROOM, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_partial_join(other, 2, out, ROOM, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_partial_join(unsaid, 1, out, ROOM, &made), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(mailproto_mime_partial_join(zero, 1, out, ROOM, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_partial_join(other, 1, out, ROOM, &made), MAILPROTO_ERR_NOT_FOUND);
    assert_int_equal(mailproto_mime_partial_split(TEXT("a: b\r\n\r\n\xc3\xa4"), 100, 1, TEXT("x"), &total, out, ROOM,
                                                  &made),
                     MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_mime_partial_split(TEXT("a: b\r\n\r\nlong line"), 5, 1, TEXT("x"), &total, out, ROOM,
                                                  &made),
                     MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_mime_partial_split(TEXT("a: b\r\n\r\nx"), 100, 2, TEXT("x"), &total, out, ROOM, &made),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_partial_split(TEXT("a: b\r\n\r\nx"), 100, 1, TEXT("x\" y"), &total, out, ROOM,
                                                  &made),
                     MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_partial_split(TEXT("a: b\r\n\r\nx"), 100, 1, TEXT("x\r\ny"), &total, out, ROOM,
                                                  &made),
                     MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
