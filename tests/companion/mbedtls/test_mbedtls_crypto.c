/* The crypto provider, by the test vectors of the RFCs.
   include/mailproto/crypto.h; RFC 1321 appendix A.5, RFC 3174 section 7.3, RFC 6234 section 8.5, RFC 2202, RFC 4231, RFC 6070,
   RFC 7914 section 11. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/mbedtls.h>

#include "support/allocator.h"

struct provider {
    struct test_allocator memory;
    mailproto_mbedtls *m;
    mailproto_crypto crypto;
};

static void begin(struct provider *p)
{
    test_allocator_init(&p->memory);
    assert_int_equal(mailproto_mbedtls_new(&p->m, &p->memory.api, NULL, 0), MAILPROTO_OK);
    assert_int_equal(mailproto_mbedtls_crypto(p->m, &p->crypto, sizeof p->crypto), MAILPROTO_OK);
}

static void end(struct provider *p)
{
    mailproto_mbedtls_free(p->m);
    assert_int_equal(p->memory.live, 0);
}

/* Hexadecimal digits, as the RFCs write octets. How many octets. */
static size_t octets(const char *hex, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (; hex[0]; hex += 2)
        out[n++] = (uint8_t)((strchr(digits, hex[0]) - digits) << 4 | (strchr(digits, hex[1]) - digits));
    return n;
}

static void is(const uint8_t *digest, const char *hex)
{
    uint8_t expected[MAILPROTO_DIGEST_MAX];

    assert_memory_equal(digest, expected, octets(hex, expected));
}

static void test_hashes(void **state)
{
    static const struct {
        uint32_t hash;
        const char *text, *digest;
    } vectors[] = {
        {MAILPROTO_HASH_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
        {MAILPROTO_HASH_MD5, "a", "0cc175b9c0f1b6a831c399e269772661"},
        {MAILPROTO_HASH_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
        {MAILPROTO_HASH_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {MAILPROTO_HASH_MD5, "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {MAILPROTO_HASH_MD5, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {MAILPROTO_HASH_MD5, "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
        {MAILPROTO_HASH_SHA_1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {MAILPROTO_HASH_SHA_1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {MAILPROTO_HASH_SHA_256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {MAILPROTO_HASH_SHA_256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {MAILPROTO_HASH_SHA_512, "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
        {MAILPROTO_HASH_SHA_512,
         "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
         "nopqrstu",
         "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
         "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
    };
    struct provider p;
    uint8_t digest[MAILPROTO_DIGEST_MAX];

    (void)state;
    begin(&p);
    assert_int_equal(p.crypto.hashes, 15);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const char *text = vectors[i].text;

        assert_int_equal(p.crypto.hash(vectors[i].hash, text[0] ? text : NULL, strlen(text), digest, p.crypto.user),
                         MAILPROTO_OK);
        is(digest, vectors[i].digest);
        assert_int_equal(strlen(vectors[i].digest), 2 * mailproto_hash_size(vectors[i].hash));
    }
    end(&p);
}

/* A key or text that begins with "0x" is in hexadecimal digits. */
static size_t value(const char *text, uint8_t *out)
{
    if (!strncmp(text, "0x", 2))
        return octets(text + 2, out);
    memcpy(out, text, strlen(text));
    return strlen(text);
}

#define EIGHTY_AA                                                                                                      \
    "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaa"                                                                                                         \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FIFTY_DD                                                                                                       \
    "0xdddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

static void test_hmac(void **state)
{
    static const struct {
        uint32_t hash;
        const char *key, *text, *digest;
    } vectors[] = {
        {MAILPROTO_HASH_MD5, "0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There", "9294727a3638bb1c13f48ef8158bfc9d"},
        {MAILPROTO_HASH_MD5, "Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"},
        {MAILPROTO_HASH_MD5, EIGHTY_AA, "Test Using Larger Than Block-Size Key - Hash Key First",
         "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"},
        {MAILPROTO_HASH_SHA_1, "0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
         "b617318655057264e28bc0b6fb378c8ef146be00"},
        {MAILPROTO_HASH_SHA_1, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {MAILPROTO_HASH_SHA_1, "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FIFTY_DD,
         "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
        {MAILPROTO_HASH_SHA_256, "0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {MAILPROTO_HASH_SHA_256, "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {MAILPROTO_HASH_SHA_256, "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FIFTY_DD,
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {MAILPROTO_HASH_SHA_512, "0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
         "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
         "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
        {MAILPROTO_HASH_SHA_512, "Jefe", "what do ya want for nothing?",
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
         "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
    };
    struct provider p;
    uint8_t key[200], text[200], digest[MAILPROTO_DIGEST_MAX];

    (void)state;
    begin(&p);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t key_len = value(vectors[i].key, key), len = value(vectors[i].text, text);

        assert_int_equal(p.crypto.hmac(vectors[i].hash, key, key_len, text, len, digest, p.crypto.user), MAILPROTO_OK);
        is(digest, vectors[i].digest);
    }
    /* nothing at all: the value of HMAC-MD5 with an empty key and an empty text */
    assert_int_equal(p.crypto.hmac(MAILPROTO_HASH_MD5, NULL, 0, NULL, 0, digest, p.crypto.user), MAILPROTO_OK);
    is(digest, "74e6f7298a9c2d168935f58c001bad88");
    end(&p);
}

static void test_pbkdf2(void **state)
{
    static const struct {
        uint32_t hash;
        const char *password, *salt;
        size_t password_len, salt_len;
        uint32_t iterations;
        const char *key; /* as far as the RFC gives it */
    } vectors[] = {
        {MAILPROTO_HASH_SHA_1, "password", "salt", 8, 4, 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
        {MAILPROTO_HASH_SHA_1, "password", "salt", 8, 4, 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
        {MAILPROTO_HASH_SHA_1, "password", "salt", 8, 4, 4096, "4b007901b765489abead49d926f721d065a429c1"},
        {MAILPROTO_HASH_SHA_1, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 24, 36, 4096,
         "3d2eec4fe41c849b80c8d83662c0e44a8b291a96"},
        {MAILPROTO_HASH_SHA_1, "pass\0word", "sa\0lt", 9, 5, 4096, "56fa6aa75548099dcc37d7f03425e0c3"},
        {MAILPROTO_HASH_SHA_256, "passwd", "salt", 6, 4, 1,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
        {MAILPROTO_HASH_SHA_256, "Password", "NaCl", 8, 4, 80000,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
    };
    struct provider p;
    uint8_t key[MAILPROTO_DIGEST_MAX];

    (void)state;
    begin(&p);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        assert_int_equal(p.crypto.pbkdf2(vectors[i].hash, vectors[i].password, vectors[i].password_len, vectors[i].salt,
                                         vectors[i].salt_len, vectors[i].iterations, key, p.crypto.user),
                         MAILPROTO_OK);
        is(key, vectors[i].key);
    }
    assert_int_equal(p.crypto.pbkdf2(MAILPROTO_HASH_SHA_1, "a", 1, "b", 1, 0, key, p.crypto.user), MAILPROTO_ERR_ARG);
    end(&p);
}

/* One iteration is HMAC (RFC 8018 section 5.2: U_1 of block 1): so SHA-512 hangs on what was tested above. */
static void test_pbkdf2_is_hmac(void **state)
{
    static const uint32_t hashes[] = {MAILPROTO_HASH_MD5, MAILPROTO_HASH_SHA_1, MAILPROTO_HASH_SHA_256,
                                      MAILPROTO_HASH_SHA_512};
    struct provider p;
    uint8_t key[MAILPROTO_DIGEST_MAX], first[MAILPROTO_DIGEST_MAX], second[MAILPROTO_DIGEST_MAX];

    (void)state;
    begin(&p);
    for (int i = 0; i < 4; i++) {
        size_t n = mailproto_hash_size(hashes[i]);

        assert_int_equal(p.crypto.hmac(hashes[i], "pencil", 6, "salt\0\0\0\1", 8, first, p.crypto.user), MAILPROTO_OK);
        assert_int_equal(p.crypto.hmac(hashes[i], "pencil", 6, first, n, second, p.crypto.user), MAILPROTO_OK);
        assert_int_equal(p.crypto.pbkdf2(hashes[i], "pencil", 6, "salt", 4, 2, key, p.crypto.user), MAILPROTO_OK);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(key[k], first[k] ^ second[k]);
    }
    end(&p);
}

static void test_random(void **state)
{
    static uint8_t a[5000], b[5000];
    struct provider p, q;
    unsigned count[256] = {0};

    (void)state;
    begin(&p);
    begin(&q);
    assert_int_equal(p.crypto.random(a, sizeof a, p.crypto.user), MAILPROTO_OK);
    assert_int_equal(q.crypto.random(b, sizeof b, q.crypto.user), MAILPROTO_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a, a + 1024, 1024); /* mbedTLS gives 1024 at a time */
    for (size_t i = 0; i < sizeof a; i++)
        count[a[i]]++;
    for (int i = 0; i < 256; i++) /* some 20 of each; none by chance is one in 10^6 for all of them together */
        assert_in_range(count[i], 1, 80);
    assert_int_equal(p.crypto.random(a, 0, p.crypto.user), MAILPROTO_OK);
    end(&p);
    end(&q);
}

static void test_unknown(void **state)
{
    static const uint32_t none[] = {0, 16, MAILPROTO_HASH_SHA_1 | MAILPROTO_HASH_MD5, UINT32_MAX};
    struct provider p;
    uint8_t digest[MAILPROTO_DIGEST_MAX];

    (void)state;
    begin(&p);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(mailproto_hash_size(none[i]), 0);
        assert_int_equal(p.crypto.hash(none[i], "", 0, digest, p.crypto.user), MAILPROTO_ERR_UNSUPPORTED);
        assert_int_equal(p.crypto.hmac(none[i], "", 0, "", 0, digest, p.crypto.user), MAILPROTO_ERR_UNSUPPORTED);
        assert_int_equal(p.crypto.pbkdf2(none[i], "", 0, "", 0, 1, digest, p.crypto.user), MAILPROTO_ERR_UNSUPPORTED);
    }
    end(&p);
}

static void test_arguments(void **state)
{
    struct {
        mailproto_crypto table;
        uint64_t more;
    } larger;
    struct test_allocator memory;
    struct provider p;
    mailproto_mbedtls *m = (void *)&p;
    char why[100] = "";

    (void)state;
    begin(&p);
    assert_int_equal(mailproto_mbedtls_crypto(NULL, &p.crypto, sizeof p.crypto), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_crypto(p.m, NULL, sizeof p.crypto), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_crypto(p.m, &p.crypto, 3), MAILPROTO_ERR_ARG);
    memset(&larger, 0xff, sizeof larger);
    assert_int_equal(mailproto_mbedtls_crypto(p.m, (void *)&larger, sizeof larger), MAILPROTO_OK);
    assert_int_equal(larger.table.struct_size, sizeof larger);
    assert_int_equal(larger.more, 0);
    assert_non_null(larger.table.random);
    assert_int_equal(mailproto_crypto_init(&p.crypto, sizeof p.crypto), MAILPROTO_OK);
    assert_null(p.crypto.hash);
    end(&p);

    test_allocator_init(&memory);
    memory.fail_at = 1;
    assert_int_equal(mailproto_mbedtls_new(&m, &memory.api, why, sizeof why), MAILPROTO_ERR_NOMEM);
    assert_null(m);
    assert_string_equal(why, "the allocator gave no memory");
    memory.api.free = NULL;
    assert_int_equal(mailproto_mbedtls_new(&m, &memory.api, why, 4), MAILPROTO_ERR_ARG);
    assert_string_equal(why, "the");
    assert_int_equal(mailproto_mbedtls_new(NULL, NULL, NULL, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbedtls_new(&m, NULL, NULL, 0), MAILPROTO_OK);
    mailproto_mbedtls_free(m);
    assert_true(mailproto_mbedtls_version()[0] >= '2');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes),         cmocka_unit_test(test_hmac),   cmocka_unit_test(test_pbkdf2),
        cmocka_unit_test(test_pbkdf2_is_hmac), cmocka_unit_test(test_random), cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
