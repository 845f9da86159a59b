/* base64: what it says, that it is strict, and that every length comes back.
   RFC 4648 sections 3.5, 4 and 10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mime/base64.h"

static const struct {
    const char *plain, *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xef\xbe", "/+++"},
    {"\xfb\xff", "+/8="},
};

static void test_vectors(void **state)
{
    char text[16], plain[16];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t len = strlen(vectors[i].plain);

        assert_int_equal(mp_base64_encoded_size(len), strlen(vectors[i].text));
        assert_int_equal(mp_base64_encode(text, vectors[i].plain, len), strlen(vectors[i].text));
        assert_memory_equal(text, vectors[i].text, strlen(vectors[i].text));
        assert_int_equal(mp_base64_decode(plain, sizeof plain, vectors[i].text, strlen(vectors[i].text), &n), 0);
        assert_int_equal(n, len);
        assert_memory_equal(plain, vectors[i].plain, len);
    }
}

static void test_malformed(void **state)
{
    static const char *const malformed[] =
        {
            "Z",        "Zg",     "Zg=",      "Zg===",    "Zh==",       "Zm9=", "====",  "Z===",
            "Zg==Zg==", "Zm9v\n", "Zm 9v===", "Zm9v\r\n", "Zm9-",       "Zm9_", "Zm9v=", "=m9v",
            "Z=9v",     "Zm=v",   "Zm9v====", "Zm9vZ",    "\303\2669v", /* an o with two dots in UTF-8 */
            "Zm9.",
        };
    char plain[16];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        if (!mp_base64_decode(plain, sizeof plain, malformed[i], strlen(malformed[i]), &n))
            fail_msg("\"%s\" was decoded", malformed[i]);
    assert_int_equal(mp_base64_decode(plain, sizeof plain, "Zg\0=", 4, &n), -1);
}

/* One octet of the alphabet more or less is never let through: all 256 in every place. */
static void test_every_octet(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[4], plain[3];
    size_t n;

    (void)state;
    for (size_t place = 0; place < 4; place++)
        for (int c = 1; c < 256; c++) {
            int known = strchr(alphabet, c) != NULL || (c == '=' && place == 3);

            memcpy(text, "AAAA", 4);
            text[place] = (char)c;
            assert_int_equal(mp_base64_decode(plain, sizeof plain, text, 4, &n), known ? 0 : -1);
        }
}

static void test_round_trip(void **state)
{
    uint8_t plain[300] = {0}, back[300];
    char text[404];

    (void)state;
    for (size_t len = 0; len <= sizeof plain; len++) {
        size_t made, n;

        for (size_t i = 0; i < len; i++)
            plain[i] = (uint8_t)(i * 167 + len * 13);
        made = mp_base64_encode(text, plain, len);
        assert_int_equal(made, mp_base64_encoded_size(len));
        assert_true(made == 0 || mp_base64_decoded_max(made) >= len);
        assert_int_equal(mp_base64_decode(back, len, text, made, &n), 0);
        assert_int_equal(n, len);
        assert_memory_equal(back, plain, len);
        if (len) /* no octet more than there is room for */
            assert_int_equal(mp_base64_decode(back, len - 1, text, made, &n), -1);
        assert_int_equal(mp_base64_decode(text, sizeof text, text, made, &n), 0);
        assert_memory_equal(text, plain, len);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(mp_base64_encoded_size(SIZE_MAX), SIZE_MAX);
    assert_int_equal(mp_base64_encoded_size(SIZE_MAX / 4 * 3 + 3), SIZE_MAX);
    assert_int_equal(mp_base64_encoded_size(SIZE_MAX / 4 / 4 * 3), SIZE_MAX / 4 / 4 * 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),    cmocka_unit_test(test_malformed), cmocka_unit_test(test_every_octet),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
