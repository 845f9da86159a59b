/* test_mbox.c - mailboxes that are one file: where messages begin and end, however the file is cut; and written ones.
 * RFC 4155; mailproto/mime_mbox.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_header.h"
#include "mailproto/mime_mbox.h"

enum { ROOM = 8192 };

/* What a reader tells, as text: "[from line]", the message, "{offsets}". */
static char *told(const char *in, size_t n, size_t cut, uint32_t flags)
{
    char *out = calloc(1, 3 * n + ROOM), *at = out;
    mailproto_mbox_reader r;
    mailproto_mbox_item item;
    size_t fed = 0, data_at = 0;
    int32_t result;

    assert_non_null(out);
    mailproto_mbox_reader_init(&r, sizeof r);
    mailproto_mbox_item_init(&item, sizeof item);
    r.flags = flags;
    assert_int_equal(mailproto_mbox_next(&r, &item), MAILPROTO_CODEC_MORE);
    do {
        const size_t octets = cut < n - fed ? cut : n - fed;
        char *piece = malloc(octets + 1); /* its own, so that a look beyond it is seen */

        memcpy(piece, in + fed, octets);
        fed += octets;
        piece = realloc(piece, octets ? octets : 1);
        assert_int_equal(mailproto_mbox_feed(&r, piece, octets, fed == n), MAILPROTO_OK);
        while ((result = mailproto_mbox_next(&r, &item)) == MAILPROTO_OK) {
            if (item.kind == MAILPROTO_MBOX_DATA) {
                assert_true(item.text.len > 0);
                assert_true(item.offset >= data_at);
                data_at = (size_t)item.offset + item.text.len;
                memcpy(at, item.text.ptr, item.text.len);
                at += item.text.len;
            } else if (item.kind == MAILPROTO_MBOX_BEGIN)
                at += sprintf(at, "[%.*s@%u]", (int)item.text.len, item.text.ptr, (unsigned)item.offset);
            else
                at += sprintf(at, "{%u}", (unsigned)item.offset);
        }
        free(piece);
        assert_int_equal(result, fed == n ? MAILPROTO_MIME_END : MAILPROTO_CODEC_MORE);
    } while (fed < n);
    assert_int_equal(mailproto_mbox_next(&r, &item), MAILPROTO_MIME_END);
    assert_int_equal(mailproto_mbox_feed(&r, "", 0, 1), MAILPROTO_ERR_STATE);
    return out;
}

static void is_told(const char *in, uint32_t flags, const char *expected)
{
    const size_t n = strlen(in);

    for (size_t cut = 1; cut <= n + 1; cut++) {
        char *got = told(in, n, cut, flags);

        assert_string_equal(got, expected);
        free(got);
    }
}

static void test_messages(void **state)
{
    (void)state;
    is_told("", 0, "");
    is_told("\n\r\n\n", 0, "");
    is_told("From a Thu Nov 23 15:10:00 2026\n", 0, "[From a Thu Nov 23 15:10:00 2026@0]{32}");
    is_told("From a\nS: x\n\nbody\n\nFrom b 1:02\nS: y\n\nend\n\n", 0,
            "[From a@0]S: x\n\nbody\n{18}[From b 1:02@19]S: y\n\nend\n{41}");
    /* with CRLF, and the last message without a line end, or an empty line */
    is_told("From a\r\nS: x\r\n\r\nb\r\n\r\nFrom b 1:02\r\nS: y\r\n\r\nend", 0,
            "[From a@0]S: x\r\n\r\nb\r\n{19}[From b 1:02@21]S: y\r\n\r\nend{45}");
    is_told("From a\nS: x\n\nend\n", 0, "[From a@0]S: x\n\nend\n{17}");
    /* empty lines at the end of a message but one belong to it */
    is_told("From a\nS: x\n\nb\n\n\n\nFrom b\nS: y\n", 0, "[From a@0]S: x\n\nb\n\n\n{17}[From b@18]S: y\n{30}");
    /* no empty line before the second, but a field behind it */
    is_told("From - \nS: x\n\nbody\nFrom - \nS: y\n", 0, "[From - @0]S: x\n\nbody\n{19}[From - @19]S: y\n{32}");
    is_told("From -\r\nS: x\r\n\r\nFrom b 1:23\r\nS: y", 0, "[From -@0]S: x\r\n{14}[From b 1:23@16]S: y{33}");
    /* no mailbox, but a message; leading empty lines */
    is_told("\nSubject: x\n\nFrom here on\n", 0, "[@1]Subject: x\n\nFrom here on\n{26}");
    is_told("\n\nFrom a\n\n", 0, "[From a@2]{9}");
    is_told("\r", 0, "[@0]\r{1}");
}

static void test_what_is_no_from_line(void **state)
{
    (void)state;
    /* in the body, not behind an empty line, or without a time and a field behind it */
    is_told("From a\nS: x\n\nbody\nFrom b 10:00\nS, y\n", 0, "[From a@0]S: x\n\nbody\nFrom b 10:00\nS, y\n{36}");
    is_told("From a\nS: x\n\nbody\nFrom b 1000\nS: y\n", 0, "[From a@0]S: x\n\nbody\nFrom b 1000\nS: y\n{35}");
    is_told("From a\nS: x\n\nbody\nFrom -b\nS: y\n", 0, "[From a@0]S: x\n\nbody\nFrom -b\nS: y\n{31}");
    is_told("From a\nS: x\n\nFrom now on\nall is\n\nFrom Ann\n", 0,
            "[From a@0]S: x\n\nFrom now on\nall is\n\nFrom Ann\n{42}");
    is_told("From a\nS: x\n\nFrom 1 to\n2: 3\n", 0, "[From a@0]S: x\n\nFrom 1 to\n2: 3\n{28}");
    is_told("From a\nS: x\n\nFromage\n\nFrom\n\nfrom a 10:00\n", 0,
            "[From a@0]S: x\n\nFromage\n\nFrom\n\nfrom a 10:00\n{41}");
    is_told("From a\nS: x\n\nbody\n\nFrom b\n>From c\nS: y\n", 0,
            "[From a@0]S: x\n\nbody\n{18}[From b@19]>From c\nS: y\n{39}");
    is_told("From a\nS: x\n\nbody\n\nFrom b\n>Frog\n", 0, "[From a@0]S: x\n\nbody\n\nFrom b\n>Frog\n{32}");
}

static void test_long_lines(void **state)
{
    static const struct {
        size_t octets;
        int is_from;
    } cases[] = {{999, 1}, {1000, 1}, {1001, 0}, {5000, 0}};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char in[6000] = "S: x\n\n", *got;
        const size_t n = cases[i].octets;
        static const size_t cuts[] = {1, 7, 500, 1111, 1120, 9999};

        memset(in + 6, 'x', n);
        memcpy(in + 6, "From a 10:00", 12);
        strcpy(in + 6 + n - 1, "\nS: y\n");
        for (size_t k = 0; k < 6; k++) {
            got = told(in, strlen(in), cuts[k], 0);
            assert_int_equal(strstr(got, "[From") != NULL, cases[i].is_from);
            free(got);
        }
    }
    for (size_t n = 30; n < 1200; n += 117) {
        char in[1300] = "From a\n", *one, *other;

        memset(in + 7, '>', n);
        strcpy(in + 7 + n, "From x\n");
        one = told(in, strlen(in), 1, MAILPROTO_MBOX_UNQUOTE);
        other = told(in, strlen(in), 9999, MAILPROTO_MBOX_UNQUOTE);
        assert_string_equal(one, other);
        assert_int_equal(strchr(one, 'x') - strchr(one, '>'), n - 1 + 5);
        free(one);
        free(other);
    }
}

static void test_unquoted(void **state)
{
    static const char in[] = "From a\nS: x\n\n>From b\n\n>>From c\n> From\n>from \n>>\n>Fro";

    (void)state;
    is_told(in, 0, "[From a@0]S: x\n\n>From b\n\n>>From c\n> From\n>from \n>>\n>Fro{52}");
    is_told(in, MAILPROTO_MBOX_UNQUOTE, "[From a@0]S: x\n\nFrom b\n\n>From c\n> From\n>from \n>>\n>Fro{52}");
}

static void test_from_line(void **state)
{
    mailproto_text sender, date;
    mailproto_mime_date read;
    char out[64];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mbox_from_write("a@b.test", 8, 1795446600, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, 39);
    assert_memory_equal(out, "From a@b.test Mon Nov 23 15:10:00 2026\n", 39);
    assert_int_equal(mailproto_mbox_from_read(out, made, &sender, &date), MAILPROTO_OK);
    assert_int_equal(sender.len, 8);
    assert_memory_equal(sender.ptr, "a@b.test", 8);
    mailproto_mime_date_init(&read, sizeof read);
    assert_int_equal(mailproto_mime_date_read(date.ptr, date.len, &read), MAILPROTO_OK);
    assert_true(read.seconds == 1795446600);
    assert_int_equal(mailproto_mbox_from_write("", 0, -86400 * 3, out, 43, &made), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 44);
    assert_int_equal(mailproto_mbox_from_write("", 0, -86400 * 3, out, 44, &made), MAILPROTO_OK);
    assert_memory_equal(out, "From MAILER-DAEMON Mon Dec 29 00:00:00 1969\n", 44);
    assert_int_equal(mailproto_mbox_from_write("a b", 3, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_from_write("a\n", 2, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_from_write("a", 1, INT64_MAX, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_from_write("a", 1, INT64_MIN, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_from_read("From \"a b\"@c  \n", 15, &sender, &date), MAILPROTO_OK);
    assert_int_equal(sender.len, 7);
    assert_int_equal(date.len, 0);
    assert_int_equal(mailproto_mbox_from_read("From ", 5, &sender, &date), MAILPROTO_OK);
    assert_int_equal(sender.len + date.len, 0);
    assert_int_equal(mailproto_mbox_from_read("From", 4, &sender, &date), MAILPROTO_ERR_PROTOCOL);
}

/* What a writer makes of a message in pieces of `cut`, with `room` for each call. */
static void is_written(const char *in, size_t cut, size_t room, uint32_t flags, const char *expected)
{
    char out[256];
    mailproto_mbox_writer w;
    size_t n = strlen(in), at = 0, made = 0, took, now;
    int32_t result;

    mailproto_mbox_writer_init(&w, sizeof w);
    w.flags = flags;
    while (at < n) {
        const size_t piece = cut < n - at ? cut : n - at;

        assert_int_equal(mailproto_mbox_write(&w, in + at, piece, &took, out + made, room, &now), MAILPROTO_OK);
        assert_true(took + now > 0 && now <= room);
        at += took;
        made += now;
    }
    assert_int_equal(mailproto_mbox_write_end(&w, out + made, 2, &now), MAILPROTO_CODEC_MORE);
    assert_int_equal(now, 0);
    result = mailproto_mbox_write_end(&w, out + made, MAILPROTO_CODEC_ROOM, &now);
    assert_int_equal(result, MAILPROTO_OK);
    made += now;
    assert_int_equal(made, strlen(expected));
    assert_memory_equal(out, expected, made);
    assert_int_equal(mailproto_mbox_write(&w, in, 0, &took, out, room, &now), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mbox_write_end(&w, out, room, &now), MAILPROTO_OK);
}

static void test_written(void **state)
{
    static const struct {
        const char *in, *lf, *crlf;
    } cases[] = {
        {"", "\n", "\n"},
        {"S: x\r\n\r\nbody\r\n", "S: x\n\nbody\n\n", "S: x\r\n\r\nbody\r\n\r\n"},
        {"S: x\n\nFrom a\n>From b\n>>From\n> From c\nFro", "S: x\n\n>From a\n>>From b\n>>From\n> From c\nFro\n\n",
         NULL},
        {"a\rFrom b\r\r\nFrom \r\n", "a\rFrom b\r\n>From \n\n", "a\rFrom b\r\r\n>From \r\n\r\n"},
        {"a\r", "a\r\n\n", NULL},
        {"From ", ">From \n\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t cut = 1; cut < 50; cut++)
            for (size_t room = MAILPROTO_CODEC_ROOM; room < 40; room += 7) {
                is_written(cases[i].in, cut, room, 0, cases[i].lf);
                is_written(cases[i].in, cut, room, MAILPROTO_MBOX_KEEP_CRLF,
                           cases[i].crlf ? cases[i].crlf : cases[i].lf);
            }
}

static void test_arguments(void **state)
{
    mailproto_mbox_reader r;
    mailproto_mbox_item item;
    mailproto_mbox_writer w;
    mailproto_text text;
    size_t n;
    char out[32];

    (void)state;
    assert_int_equal(mailproto_mbox_reader_init(NULL, sizeof r), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_reader_init(&r, 3), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_reader_init(&r, sizeof r), MAILPROTO_OK);
    assert_int_equal(mailproto_mbox_item_init(&item, sizeof item), MAILPROTO_OK);
    assert_int_equal(mailproto_mbox_feed(NULL, "", 0, 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_feed(&r, NULL, 1, 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_next(NULL, &item), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_next(&r, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_feed(&r, "a", 1, 0), MAILPROTO_OK);
    assert_int_equal(mailproto_mbox_feed(&r, "a", 1, 0), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mbox_from_read(NULL, 1, &text, &text), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_from_read("", 0, NULL, &text), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_from_write(NULL, 1, 0, out, 1, &n), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_from_write("", 0, 0, out, 1, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_writer_init(&w, sizeof w), MAILPROTO_OK);
    assert_int_equal(mailproto_mbox_write(NULL, "", 0, &n, out, 32, &n), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_write(&w, NULL, 1, &n, out, 32, &n), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_write_end(NULL, out, 32, &n), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mbox_write_end(&w, NULL, 32, &n), MAILPROTO_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),   cmocka_unit_test(test_what_is_no_from_line),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_unquoted),
        cmocka_unit_test(test_from_line),  cmocka_unit_test(test_written),
        cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
