/* The server engine in conversation: the same bytes and the same events however the input is cut, whenever the answers
   come, polled or called back, held and released. RFC 5321; contract.md section 5. */
#include "test_smtp_server_scripts.h"

static const struct manner manners[] = {
    {"octet by octet", 0, 0, 0, 0, 1, 0, 1},
    {"any pieces", 0, 0, 0, 0, 0, 0, 1},
    {"answers later", 0, 1, 0, 0, 0, 0, 1},
    {"answers later in any order", 0, 1, 0, 0, SIZE_MAX, 0, 16},
    {"octet by octet, answers in any order", 0, 1, 0, 0, 1, 0, 16},
    {"polled", 1, 0, 0, 0, SIZE_MAX, 0, 1},
    {"polled, answers in any order", 1, 1, 0, 1, 0, 0, 16},
    {"held", 0, 0, 1, 1, 0, 0, 1},
    {"held, answers later", 0, 1, 1, 1, SIZE_MAX, 0, 4},
    {"polled and held", 1, 0, 1, 1, SIZE_MAX, 0, 4},
    {"polled and held, answers later", 1, 1, 1, 1, 0, 0, 3},
};

enum { SEEDS = 10, MANNERS = sizeof manners / sizeof manners[0], SCRIPTS = sizeof scripts / sizeof scripts[0] };

/* The replies in short: "250:2.1.0" for each, by its last line. */
static void summary(const struct host *h, char *out, size_t size)
{
    const char *p = h->wire, *end = p + h->wire_len;
    size_t n = 0;

    out[0] = '\0';
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));

        assert_non_null(lf);
        assert_true(lf - p >= 5 && lf[-1] == '\r');
        if (p[3] == ' ') {
            int enhanced = p[4] == p[0] && p[5] == '.' ? (int)strcspn(p + 4, " ") : 0;
            int wrote =
                snprintf(out + n, size - n, "%s%.3s%s%.*s", n ? " " : "", p, enhanced ? ":" : "", enhanced, p + 4);

            assert_true(wrote > 0 && (size_t)wrote < size - n);
            n += (size_t)wrote;
        }
        p = lf + 1;
    }
}

static void run(struct host *h, const struct script *script, const struct manner *manner, uint32_t seed)
{
    assert_int_equal(host_begin(h, script, manner, 0), MAILPROTO_OK);
    h->random = seed * 7777 + 1;
    host_run(h);
}

static void test_conversations(void **state)
{
    static struct host h;
    static char replies[WIRE_MAX];

    (void)state;
    for (size_t i = 0; i < SCRIPTS; i++) {
        run(&h, &scripts[i], &at_once, 0);
        summary(&h, replies, sizeof replies);
        if (strcmp(replies, scripts[i].wire) != 0)
            fail_msg("%s: the replies were\n%s\nnot\n%s", scripts[i].name, replies, scripts[i].wire);
        if (strcmp(h.log, scripts[i].log) != 0)
            fail_msg("%s: what happened was\n%s\nnot\n%s", scripts[i].name, h.log, scripts[i].log);
        host_end(&h);
    }
}

static void compare(const struct host *h, const struct host *whole)
{
    if (h->wire_len != whole->wire_len || memcmp(h->wire, whole->wire, h->wire_len) != 0)
        fail_msg("%s, %s:\n%s\nnot\n%s", h->script->name, h->manner->name, h->wire, whole->wire);
    if (strcmp(h->log, whole->log) != 0)
        fail_msg("%s, %s: what happened was\n%s\nnot\n%s", h->script->name, h->manner->name, h->log, whole->log);
}

static void test_manners(void **state)
{
    static struct host h, whole;

    (void)state;
    for (size_t i = 0; i < SCRIPTS; i++) {
        run(&whole, &scripts[i], &at_once, 0);
        for (size_t m = 0; m < MANNERS; m++)
            for (uint32_t seed = 0; seed < SEEDS; seed++) {
                run(&h, &scripts[i], &manners[m], seed);
                compare(&h, &whole);
                host_end(&h);
            }
        host_end(&whole);
    }
}

static void test_cut_in_two(void **state)
{
    static struct host h, whole;

    (void)state;
    for (size_t i = 0; i < SCRIPTS; i++) {
        struct manner manner = at_once;

        run(&whole, &scripts[i], &at_once, 0);
        manner.name = "cut in two";
        for (manner.cut = 1; manner.cut < scripts[i].pieces[0].len; manner.cut++) {
            run(&h, &scripts[i], &manner, 0);
            compare(&h, &whole);
            host_end(&h);
        }
        host_end(&whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_manners),
        cmocka_unit_test(test_cut_in_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
