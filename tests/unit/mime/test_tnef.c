/* TNEF: attachments, their names and data, what is broken.
   MS-TNEF section 2.1; mailproto/mime_tnef.h. */
#include "show.h"

#include "mailproto/mime_tnef.h"

/* ---- TNEF that is built up ---- */

static void octets(struct show *s, const void *p, size_t n)
{
    show_octets(s, p, n);
}

static void number(struct show *s, uint32_t n, int size)
{
    for (int i = 0; i < size; i++) {
        const char octet = (char)(uint8_t)(n >> 8 * i);

        octets(s, &octet, 1);
    }
}

static void begin(struct show *s)
{
    s->n = 0;
    octets(s, "\x78\x9f\x3e\x22\x01\x00", 6);
}

static void attribute(struct show *s, int level, uint32_t id, const void *p, size_t n)
{
    uint32_t sum = 0;

    number(s, (uint32_t)level, 1);
    number(s, id, 4);
    number(s, (uint32_t)n, 4);
    octets(s, p, n);
    for (size_t i = 0; i < n; i++)
        sum += ((const uint8_t *)p)[i];
    number(s, sum, 2);
}

/* A property with a value that is counted. */
static void property(struct show *s, uint32_t id, uint32_t type, const void *p, size_t n)
{
    number(s, id << 16 | type, 4);
    number(s, 1, 4);
    number(s, (uint32_t)n, 4);
    octets(s, p, n);
    octets(s, "\0\0\0", (4 - n % 4) % 4);
}

enum { REND = 0x00069002, TITLE = 0x00018010, DATA = 0x0006800f, PROPERTIES = 0x00069005, CODEPAGE = 0x00069007 };

static void assert_name(const mailproto_tnef *t, const mailproto_tnef_attachment *a, const char *wanted)
{
    char out[64];
    size_t made;

    assert_int_equal(mailproto_tnef_name(t, a, NULL, out, sizeof out, &made, NULL), MAILPROTO_OK);
    assert_int_equal(made, strlen(wanted));
    assert_memory_equal(out, wanted, made);
    assert_int_equal(mailproto_tnef_name(t, a, NULL, out, made - 1, &made, NULL), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, strlen(wanted));
}

static void assert_is(mailproto_text text, const char *wanted, size_t n)
{
    assert_int_equal(text.len, n);
    assert_memory_equal(text.ptr, wanted, n);
}

/* Two attachments: one with a title in a codepage, one with properties of all sorts. */
static void make(struct show *s)
{
    struct show p = {{0}, 0};

    begin(s);
    attribute(s, 1, CODEPAGE, "\xe3\x04\x00\x00\x00\x00\x00\x00", 8); /* 1251 */
    attribute(s, 2, REND, "\x01\x00", 2);
    attribute(s, 2, TITLE, "\xe0.txt", 6);
    attribute(s, 2, DATA, "one", 3);
    attribute(s, 2, REND, "\x01\x00", 2);
    attribute(s, 2, TITLE, "SHORT~1.PNG", 12);
    attribute(s, 2, DATA, "two", 3);
    number(&p, 9, 4);
    number(&p, 0x0e200003, 4); /* a number */
    number(&p, 3, 4);
    number(&p, 0x3705000b, 4); /* a truth value, filled up */
    number(&p, 1, 4);
    number(&p, 0x80010003, 4); /* named by a number */
    octets(&p, "0123456789abcdef", 16);
    number(&p, 0, 4);
    number(&p, 7, 4);
    number(&p, 1, 4);
    number(&p, 0x8002001e, 4); /* named by a string */
    octets(&p, "0123456789abcdef", 16);
    number(&p, 1, 4);
    number(&p, 6, 4);
    octets(&p, "a\0b\0\0\0\0\0", 8);
    number(&p, 1, 4);
    number(&p, 2, 4);
    octets(&p, "x\0\0\0", 4);
    number(&p, 0x36001003, 4); /* two numbers */
    number(&p, 2, 4);
    octets(&p, "01234567", 8);
    property(&p, 0x3704, 0x1e, "SHORT~1.PNG", 12);
    property(&p, 0x3707, 0x1f, "l\0o\0\x16\x04.\0p\0n\0g\0\0\0", 16);
    property(&p, 0x370e, 0x1e, "image/png", 10);
    property(&p, 0x3712, 0x1e, "a@b", 4);
    attribute(s, 2, PROPERTIES, p.text, p.n);
}

static void test_attachments(void **state)
{
    static struct show s;
    mailproto_tnef t;
    mailproto_tnef_attachment a;

    (void)state;
    make(&s);
    mailproto_tnef_attachment_init(&a, sizeof a);
    assert_int_equal(mailproto_tnef_init(&t, sizeof t, s.text, s.n), MAILPROTO_OK);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_OK);
    assert_name(&t, &a, "\xd0\xb0.txt");
    assert_is(a.data, "one", 3);
    assert_int_equal(a.flags, MAILPROTO_TNEF_DATA);
    assert_int_equal(a.type.len, 0);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_OK);
    assert_name(&t, &a, "lo\xd0\x96.png");
    assert_is(a.data, "two", 3);
    assert_is(a.type, "image/png", 9);
    assert_is(a.content_id, "a@b", 3);
    assert_int_equal(a.flags, MAILPROTO_TNEF_DATA | MAILPROTO_TNEF_NAME_UTF16);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_MIME_END);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_MIME_END);
    assert_int_equal(t.problems, 0);
    assert_int_equal(t.codepage, 1251);
}

static void test_message(void **state)
{
    static struct show s;
    struct show p = {{0}, 0};
    mailproto_tnef t;
    mailproto_tnef_attachment a;

    (void)state;
    begin(&s);
    attribute(&s, 2, REND, "\x01\x00", 2);
    number(&p, 1, 4);
    property(&p, 0x3701, 0x0d, "\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46\x78\x9f\x3e\x22\x01\x00", 22);
    attribute(&s, 2, PROPERTIES, p.text, p.n);
    mailproto_tnef_attachment_init(&a, sizeof a);
    assert_int_equal(mailproto_tnef_init(&t, sizeof t, s.text, s.n), MAILPROTO_OK);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_OK);
    assert_int_equal(a.flags, MAILPROTO_TNEF_DATA | MAILPROTO_TNEF_MESSAGE);
    assert_is(a.data, "\x78\x9f\x3e\x22\x01\x00", 6);
    {
        size_t made = 9;

        assert_int_equal(mailproto_tnef_name(&t, &a, NULL, NULL, 0, &made, NULL), MAILPROTO_MIME_END);
        assert_int_equal(made, 0);
    }
    assert_int_equal(mailproto_tnef_init(&t, sizeof t, a.data.ptr, a.data.len), MAILPROTO_OK);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_MIME_END);
    assert_int_equal(t.problems, 0);
}

/* Cut anywhere, and with any octet changed, it is read to its end, and all lies inside. */
static void test_broken(void **state)
{
    static struct show s;
    mailproto_tnef t;
    mailproto_tnef_attachment a;

    (void)state;
    make(&s);
    mailproto_tnef_attachment_init(&a, sizeof a);
    for (size_t n = 0; n < 2 * s.n; n++) {
        const size_t size = n < s.n ? n : s.n;
        char *in = exact(s.text, size);
        int count = 0;

        if (n >= s.n)
            in[n - s.n] = (char)(in[n - s.n] ^ 0x55);
        if (mailproto_tnef_init(&t, sizeof t, in, size) == MAILPROTO_OK) {
            while (mailproto_tnef_next(&t, &a) == MAILPROTO_OK) {
                assert_true(!a.data.len || (a.data.ptr >= in && a.data.ptr + a.data.len <= in + size));
                assert_true(!a.name.len || (a.name.ptr >= in && a.name.ptr + a.name.len <= in + size));
                count++;
            }
            assert_true(count <= 2);
            /* behind the key nothing may be changed without being noticed, but what the levels and numbers are */
            if (n >= s.n + 6 + 9 && n < s.n + 6 + 9 + 8)
                assert_int_equal(t.problems, MAILPROTO_TNEF_CHECKSUM);
        } else
            assert_true(n < 6 || (n >= s.n && n < s.n + 4));
        free(in);
    }
    mailproto_tnef_init(&t, sizeof t, s.text, s.n - 1);
    while (mailproto_tnef_next(&t, &a) == MAILPROTO_OK)
        ;
    assert_int_equal(t.problems, MAILPROTO_TNEF_TRUNCATED);
}

static void test_broken_properties(void **state)
{
    static struct show s;
    struct show p = {{0}, 0};
    mailproto_tnef t;
    mailproto_tnef_attachment a;

    (void)state;
    begin(&s);
    attribute(&s, 2, TITLE, "a", 2); /* without what begins an attachment */
    number(&p, 5, 4);
    property(&p, 0x370e, 0x1e, "a/b", 4);
    number(&p, 0x3707001e, 4);
    number(&p, 0xffffffff, 4);
    number(&p, 0xffffffff, 4);
    attribute(&s, 2, PROPERTIES, p.text, p.n);
    attribute(&s, 2, DATA, "x", 1);
    mailproto_tnef_attachment_init(&a, sizeof a);
    assert_int_equal(mailproto_tnef_init(&t, sizeof t, s.text, s.n), MAILPROTO_OK);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_OK);
    assert_name(&t, &a, "a");
    assert_is(a.type, "a/b", 3);
    assert_is(a.data, "x", 1);
    assert_int_equal(t.problems, MAILPROTO_TNEF_PROPERTIES);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_MIME_END);
}

static void test_arguments(void **state)
{
    mailproto_tnef t;
    mailproto_tnef_attachment a = {0};

    (void)state;
    assert_int_equal(mailproto_tnef_init(NULL, sizeof t, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_tnef_init(&t, sizeof t, NULL, 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_tnef_init(&t, sizeof t - 1, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_tnef_init(&t, sizeof t, "", 0), MAILPROTO_ERR_PROTOCOL);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_ERR_ARG);
    mailproto_tnef_attachment_init(&a, sizeof a);
    assert_int_equal(mailproto_tnef_next(&t, &a), MAILPROTO_MIME_END);
    assert_int_equal(mailproto_tnef_name(&t, &a, NULL, NULL, 0, NULL, NULL), MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attachments),       cmocka_unit_test(test_message),   cmocka_unit_test(test_broken),
        cmocka_unit_test(test_broken_properties), cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
