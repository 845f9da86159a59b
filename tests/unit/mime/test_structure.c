/* The structure machine: field names, the scans of all versions, boundaries that are hard to tell apart.
   RFC 2046 section 5.1; docs/design/mime.md, "Structure". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/structure.h"
#include "support/mime_play.h"
#include "support/random.h"

/* ---- names ---- */

static void test_field_names(void **state)
{
    (void)state;
    for (uint32_t id = 1; id < MAILPROTO_MIME_FIELDS; id++) {
        const char *name = mailproto_mime_field_name(id);
        char other[64];
        size_t n;

        if (!name)
            continue;
        n = strlen(name);
        assert_int_equal(mailproto_mime_field_id(name, n), id);
        memcpy(other, name, n);
        for (size_t i = 0; i < n; i++)
            if (other[i] >= 'a' && other[i] <= 'z' && (i * 7 + id) % 2)
                other[i] = (char)(other[i] - 32);
        assert_int_equal(mailproto_mime_field_id(other, n), id);
        for (size_t i = 0; i < n; i++)
            for (unsigned bit = 0; bit < 8; bit++) {
                memcpy(other, name, n);
                other[i] = (char)(other[i] ^ 1 << bit);
                if (bit != 5 || name[i] < 'a' || name[i] > 'z')
                    assert_int_not_equal(mailproto_mime_field_id(other, n), id);
            }
        assert_int_not_equal(mailproto_mime_field_id(name, n - 1), id);
    }
    assert_int_equal(mailproto_mime_field_id("", 0), MAILPROTO_MIME_FIELD_OTHER);
    assert_int_equal(mailproto_mime_field_id(NULL, 0), MAILPROTO_MIME_FIELD_OTHER);
    assert_int_equal(mailproto_mime_field_id("x-other", 7), MAILPROTO_MIME_FIELD_OTHER);
    assert_null(mailproto_mime_field_name(0));
    assert_null(mailproto_mime_field_name(MAILPROTO_MIME_FIELDS));
}

/* ---- scans ---- */

enum { TEXT = 400 };

static size_t fill(struct test_random *r, uint8_t *p)
{
    static const char kinds[] = "\n\n\r\n-- \t:ab\x80";
    const size_t n = test_random_below(r, TEXT), plain = test_random_below(r, 40);

    for (size_t i = 0; i < n; i++) {
        p[i] = test_random_below(r, plain + 1) ? 'x' : (uint8_t)kinds[test_random_below(r, sizeof kinds)];
        if (p[i] == '\r' && test_random_below(r, 4) && i + 1 < n)
            p[++i] = '\n';
    }
    return n;
}

/* Whatever is before and behind the text, all versions say the same of it: it lies at the end of memory of its own size. */
static void test_scans_are_one(void **state)
{
    struct test_random r = {1};

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint8_t text[TEXT];
        const size_t n = fill(&r, text), before = n ? test_random_below(&r, n) : 0;
        const int last = (int)test_random_below(&r, 2);
        uint8_t *copy = malloc(n + 1);
        mp_field_scan field = {.colon = SIZE_MAX, .strange = UINT64_MAX}, wanted_field = field;
        mp_body_scan body = {test_random_below(&r, 1100), 3, 0, 0, (uint32_t)test_random_below(&r, 2)}, wanted_body;
        size_t octets, stop;

        assert_non_null(copy);
        memcpy(copy, text, n);
        body.after_cr = body.column ? (uint32_t)test_random_below(&r, 2) : 0;
        wanted_body = body;
        octets = mp_scan_field_scalar(copy, copy + before, n - before, last, &wanted_field);
        stop = mp_scan_body_scalar(copy, copy + before, n - before, &wanted_body);
        for (size_t i = 1; mp_scan_versions(i); i++) {
            mp_field_scan f = field;
            mp_body_scan b = body;

            assert_int_equal(mp_scan_versions(i)->field(copy, copy + before, n - before, last, &f), octets);
            assert_int_equal(f.colon, wanted_field.colon);
            assert_int_equal(f.strange, wanted_field.strange);
            assert_int_equal(f.lines, wanted_field.lines);
            assert_int_equal(f.seen, wanted_field.seen);
            if (!octets)
                assert_int_equal(f.scanned, wanted_field.scanned);
            assert_int_equal(mp_scan_versions(i)->body(copy, copy + before, n - before, &b), stop);
            assert_int_equal(b.column, wanted_body.column);
            assert_int_equal(b.lines, wanted_body.lines);
            assert_int_equal(b.seen, wanted_body.seen);
            assert_int_equal(b.after_cr, wanted_body.after_cr);
        }
        free(copy);
    }
}

/* A scan that goes on where more octets came sees what one scan of all sees. */
static void test_scans_go_on(void **state)
{
    struct test_random r = {2};

    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint8_t text[TEXT];
        const size_t n = fill(&r, text);

        for (size_t i = 0; mp_scan_versions(i); i++) {
            mp_field_scan whole = {.colon = SIZE_MAX, .strange = UINT64_MAX}, f = whole;
            const size_t wanted = mp_scan_versions(i)->field(text, text, n, 1, &whole);
            size_t octets = 0;

            for (size_t have = 1; have <= n && !octets; have += 1 + test_random_below(&r, 30))
                octets = mp_scan_versions(i)->field(text, text, have, 0, &f);
            if (!octets)
                octets = mp_scan_versions(i)->field(text, text, n, 1, &f);
            assert_int_equal(octets, wanted);
            assert_int_equal(f.colon, whole.colon);
            assert_int_equal(f.lines, whole.lines);
            assert_int_equal(f.seen, whole.seen);
        }
    }
}

/* ---- boundaries ---- */

/* The parts of a message as text: for each its number of octets, "(" children ")". */
static void shape_of(const char *message, char *out, size_t cap)
{
    mailproto_mime_tree *t;
    size_t made = 0;
    uint32_t depth = 0;

    assert_int_equal(mailproto_mime_tree_new(NULL, message, strlen(message), &t), 0);
    for (uint32_t i = 0; i < mailproto_mime_tree_parts(t); i++) {
        mailproto_mime_part part;

        mailproto_mime_part_init(&part, sizeof part);
        assert_int_equal(mailproto_mime_tree_part(t, i, &part), 0);
        for (; depth > part.depth; depth--)
            out[made++] = ')';
        if (part.depth > depth)
            out[made++] = '(';
        depth = part.depth;
        out[made++] = part.kind == MAILPROTO_MIME_MULTIPART ? 'm' : part.kind == MAILPROTO_MIME_MESSAGE ? 'r' : 'l';
        assert_true(made + 64 < cap);
    }
    for (; depth; depth--)
        out[made++] = ')';
    out[made] = '\0';
    mailproto_mime_tree_free(t);
}

#define MULTI(b) "Content-Type: multipart/mixed; boundary=\"" b "\"\r\n\r\n"

static const struct shape {
    const char *message, *shape;
} shapes[] = {
    {"", "l"},
    {"\r\n", "l"},
    {"Subject: a\r\n\r\nb", "l"},
    {MULTI("x") "--x\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n", "m(ll)"},
    /* blanks behind a boundary, none in front */
    {MULTI("x") "--x \t\r\n\r\na\r\n--x-- \r\n", "m(l)"},
    {MULTI("x") " --x\r\n\r\na\r\n--x--\r\n", "m"},
    /* a boundary that begins as another does */
    {MULTI("x") "--x\r\n" MULTI("xy") "--xy\r\n\r\na\r\n--xy--\r\n--x\r\n\r\nb\r\n--x--\r\n", "m(m(l)l)"},
    {MULTI("xy") "--xy\r\n" MULTI("x") "--x\r\n\r\na\r\n--x--\r\n--xy\r\n\r\nb\r\n--xy--\r\n", "m(m(l)l)"},
    {MULTI("x") "--x\r\n\r\na\r\n--xz\r\nb\r\n--x--\r\n", "m(l)"},
    {MULTI("x--") "--x--\r\n\r\na\r\n--x----\r\n", "m(l)"},
    /* the same boundary again belongs to the innermost that has it */
    {MULTI("x") "--x\r\n" MULTI("x") "--x\r\n\r\na\r\n--x--\r\n--x\r\n\r\nb\r\n--x--\r\n", "m(m(l)l)"},
    /* an outer one ends what is in it */
    {MULTI("x") "--x\r\n" MULTI("y") "--y\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n", "m(m(l)l)"},
    {MULTI("x") "--x\r\nContent-Type: message/rfc822\r\n\r\n" MULTI("y") "--y\r\n\r\na\r\n--x--\r\n", "m(r(m(l)))"},
    /* one that was closed is not looked for any more */
    {MULTI("x") "--x\r\n\r\na\r\n--x--\r\n--x\r\n\r\nb\r\n", "m(l)"},
    /* in a header */
    {MULTI("x") "--x\r\nSubject: a\r\n--x\r\n\r\nb\r\n--x--\r\n", "m(ll)"},
    {MULTI("x") "--x\r\n--x\r\n--x--\r\n", "m(ll)"},
    /* none, or none that can be */
    {"Content-Type: multipart/mixed\r\n\r\n--\r\n\r\na\r\n----\r\n", "l"},
    {"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\na\r\n----\r\n", "l"},
    {MULTI("x") "no boundary\r\n", "m"},
    {MULTI("x") "--x--\r\n", "m"},
    /* line ends of all kinds, or none at the end */
    {"Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x\r\n\nb\n--x--", "m(ll)"},
    {MULTI("x") "--x\r\n\r\na\r\n--x", "m(ll)"},
    /* a comment, a missing quote, sections of RFC 2231, blanks in the value */
    {"Content-Type: multipart/mixed (a; b); boundary (c) = x\r\n\r\n--x\r\n\r\na\r\n--x--\r\n", "m(l)"},
    {"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\r\n\r\n--ab\r\n\r\na\r\n--ab--\r\n", "m(l)"},
    {"Content-Type: multipart/mixed; boundary=\"x \"\r\n\r\n--x\r\n\r\na\r\n--x--\r\n", "m(l)"},
    {"Content-Type: multipart/mixed; charset=a; boundary=\"a\\\"b\"\r\n\r\n--a\"b\r\n\r\na\r\n--a\"b--\r\n", "m(l)"},
    {"CONTENT-TYPE : MULTIPART/Mixed; BOUNDARY=x\r\n\r\n--x\r\n\r\na\r\n--x--\r\n", "m(l)"},
    /* messages in messages; what is encoded is not looked into */
    {"Content-Type: message/rfc822\r\n\r\nContent-Type: message/global\r\n\r\nSubject: a\r\n\r\nb", "r(r(l))"},
    {"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogYQ0KDQpi", "l"},
    {"Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nSubject: a\r\n\r\nb\r\n--x\r\nContent-Type: "
     "text/plain\r\n"
     "\r\nc\r\n--x--\r\n",
     "m(r(l)l)"},
    {"Content-Type: text\r\n\r\na", "l"},
    /* more than a few boundaries are open: they are found by their hash */
    {MULTI("a") "--a\r\n" MULTI("b") "--b\r\n" MULTI("c") "--c\r\n" MULTI("d") "--d\r\n" MULTI("e") "--e\r\n" MULTI(
         "f") "--f\r\n\r\nx\r\n--f-- \r\n--e--\r\n--zz\r\n--c\r\n\r\ny\r\n--a--\r\n",
     "m(m(m(m(m(m(l)))l)))"},
};

static void test_shapes(void **state)
{
    char shape[256];

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        shape_of(shapes[i].message, shape, sizeof shape);
        assert_string_equal(shape, shapes[i].shape);
        mime_play_all((const uint8_t *)shapes[i].message, strlen(shapes[i].message), NULL, 1);
    }
}

/* A boundary of any length is told from one with an octet more. */
static void test_lengths(void **state)
{
    static const char *const between[] = {"Content-Type: multipart/mixed; boundary=", "\r\n\r\n--", "\r\n\r\nx\r\n--",
                                          "c\r\ny\r\n--", "--\r\n"};
    char message[8192], boundary[MP_BOUNDARY_MAX + 2], shape[256];

    (void)state;
    for (size_t n = 1; n <= MP_BOUNDARY_MAX + 1; n += n < 80 ? 1 : 23) {
        size_t made = 0;

        memset(boundary, 'b', n);
        boundary[n] = '\0';
        for (size_t i = 0; i < 5; i++) {
            memcpy(message + made, between[i], strlen(between[i]));
            made += strlen(between[i]);
            memcpy(message + made, boundary, i < 4 ? n : 0);
            made += i < 4 ? n : 0;
        }
        message[made] = '\0';
        shape_of(message, shape, sizeof shape);
        assert_string_equal(shape, n <= MP_BOUNDARY_MAX ? "m(l)" : "l");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field_names), cmocka_unit_test(test_scans_are_one), cmocka_unit_test(test_scans_go_on),
        cmocka_unit_test(test_shapes),      cmocka_unit_test(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
