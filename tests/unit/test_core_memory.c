/* Memory: the arena under random use, structs that only grow, the host's allocator, results from their table.
   contract.md section 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/memory.h"
#include "mailproto/layer.h"
#include "mailproto/session.h"
#include "mailproto/version.h"
#include "support/random.h"

struct piece {
    unsigned char *p;
    size_t n;
    unsigned char mark;
};

static void check(const struct piece *piece)
{
    for (size_t i = 0; i < piece->n; i++)
        assert_int_equal(piece->p[i], piece->mark);
}

static size_t rounded(size_t n)
{
    return (n + 15) / 16 * 16;
}

/* One random step: a piece comes, goes or changes its size. */
static void arena_step(const mailproto_allocator *a, struct piece *piece, struct test_random *random)
{
    size_t n = 1 + test_random_below(random, 300);
    unsigned char *moved;

    if (!piece->p) {
        piece->p = mp_alloc(a, n);
        if (!piece->p)
            return;
        assert_int_equal((uintptr_t)piece->p % _Alignof(max_align_t), 0);
    } else if (test_random_below(random, 3)) {
        check(piece);
        mp_free(a, piece->p, piece->n);
        piece->p = NULL;
        return;
    } else {
        moved = mp_resize(a, piece->p, piece->n, n);
        if (!moved) {
            check(piece);
            return;
        }
        piece->p = moved;
        for (size_t i = 0; i < (n < piece->n ? n : piece->n); i++)
            assert_int_equal(moved[i], piece->mark);
    }
    piece->n = n;
    piece->mark = (unsigned char)test_random_next(random);
    memset(piece->p, piece->mark, n);
}

static void test_arena(void **state)
{
    static unsigned char memory[8192 + 1];
    struct piece pieces[40] = {{0}};
    struct test_random random = {1};
    mailproto_allocator a;
    size_t used, peak = 0;
    void *whole;

    (void)state;
    assert_int_equal(mailproto_arena_init(&a, memory + 1, sizeof memory - 1), MAILPROTO_OK);
    for (int round = 0; round < 20000; round++) {
        arena_step(&a, &pieces[test_random_below(&random, 40)], &random);
        used = 0;
        for (size_t i = 0; i < 40; i++)
            used += pieces[i].p ? rounded(pieces[i].n) : 0;
        peak = used > peak ? used : peak;
        assert_int_equal(mailproto_arena_used(&a), used);
        assert_true(mailproto_arena_peak(&a) >= peak);
    }
    for (size_t i = 0; i < 40; i++)
        mp_free(&a, pieces[i].p, pieces[i].n);
    assert_int_equal(mailproto_arena_used(&a), 0);
    whole = mp_alloc(&a, 8000); /* all pieces were joined again */
    assert_non_null(whole);
    assert_null(mp_alloc(&a, 8000));
    assert_null(mp_alloc(&a, SIZE_MAX - 3));
    mp_free(&a, whole, 8000);
}

static void test_arena_arguments(void **state)
{
    unsigned char memory[256];
    mailproto_allocator a;

    (void)state;
    assert_int_equal(mailproto_arena_init(NULL, memory, sizeof memory), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_arena_init(&a, NULL, 256), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_arena_init(&a, memory, 32), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_arena_used(NULL), 0);
    assert_int_equal(mp_allocator_copy(&a, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_arena_used(&a), 0);
    assert_int_equal(mailproto_arena_peak(&a), 0);
}

static void test_allocator(void **state)
{
    mailproto_allocator own, host;
    char *p;

    (void)state;
    assert_int_equal(mp_allocator_copy(&own, NULL), MAILPROTO_OK);
    p = mp_alloc_zero(&own, 100);
    assert_non_null(p);
    assert_int_equal(p[99], 0);
    p = mp_resize(&own, p, 100, 200);
    assert_non_null(p);
    mp_free(&own, p, 200);
    mp_free(&own, NULL, 0);
    host = own;
    host.resize = NULL;
    assert_int_equal(mp_allocator_copy(&own, &host), MAILPROTO_ERR_ARG);
    host.struct_size = 0;
    assert_int_equal(mp_allocator_copy(&own, &host), MAILPROTO_ERR_ARG);
}

struct small {
    uint32_t struct_size, a;
};
struct large {
    uint32_t struct_size, a, b, c;
};

static void test_structs(void **state)
{
    struct large large = {sizeof large, 1, 2, 0}, copy;
    struct small small = {sizeof small, 7};
    mailproto_tls_info info;
    mailproto_layer layer;

    (void)state;
    assert_int_equal(mp_struct_copy(&copy, sizeof copy, &small), MAILPROTO_OK); /* what is missing is 0 */
    assert_int_equal(copy.struct_size, sizeof copy);
    assert_int_equal(copy.a, 7);
    assert_int_equal(copy.b, 0);
    assert_int_equal(mp_struct_copy(&small, sizeof small, &large), MAILPROTO_ERR_ARG); /* b is not known and not 0 */
    large.b = 0;
    assert_int_equal(mp_struct_copy(&small, sizeof small, &large), MAILPROTO_OK);
    assert_int_equal(small.a, 1);
    assert_int_equal(small.struct_size, sizeof small);
    large.struct_size = 3;
    assert_int_equal(mp_struct_copy(&copy, sizeof copy, &large), MAILPROTO_ERR_ARG);
    assert_int_equal(mp_struct_copy(&copy, sizeof copy, NULL), MAILPROTO_ERR_ARG);
    memset(&info, 0xff, sizeof info);
    assert_int_equal(mailproto_tls_info_init(&info, sizeof info), MAILPROTO_OK);
    assert_int_equal(info.struct_size, sizeof info);
    assert_int_equal(info.exporter.len, 0);
    assert_int_equal(mailproto_tls_info_init(NULL, sizeof info), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_tls_info_init(&info, 3), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_layer_init(&layer, sizeof layer), MAILPROTO_OK);
    assert_int_equal(layer.struct_size, sizeof layer);
}

static void test_wipe(void **state)
{
    char secret[] = "secret";

    (void)state;
    mp_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
    mp_wipe(secret, 0);
}

static void test_results(void **state)
{
    (void)state;
    assert_string_equal(mailproto_result_name(MAILPROTO_OK), "MAILPROTO_OK");
    assert_string_equal(mailproto_result_name(MAILPROTO_ERR_AUTH), "MAILPROTO_ERR_AUTH");
    assert_string_equal(mailproto_result_name(-1000), "MAILPROTO_?");
    assert_string_equal(mailproto_result_text(-1000), "unknown result");
    for (int32_t result = 2; result >= -18; result--) {
        assert_true(strlen(mailproto_result_text(result)) > 8);
        assert_string_not_equal(mailproto_result_name(result), "MAILPROTO_?");
    }
    assert_int_equal(mailproto_version_number() >> 16, MAILPROTO_VERSION_MAJOR);
    assert_string_equal(mailproto_version(), MAILPROTO_VERSION_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),     cmocka_unit_test(test_arena_arguments),
        cmocka_unit_test(test_allocator), cmocka_unit_test(test_structs),
        cmocka_unit_test(test_wipe),      cmocka_unit_test(test_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
