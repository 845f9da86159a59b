/* The tree of a message: parts, fields, bodies, defects, limits, memory, and how it grows.
   RFC 2045, RFC 2046; mailproto/mime_tree.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_tree.h"
#include "support/allocator.h"
#include "support/bytes.h"
#include "support/mime_play.h"

static const char message[] = "Received: from a\r\n by b; Mon, 3 Mar 2025 09:00:00 +0000\r\n"
                              "Received: from c\r\n"
                              "Subject: Report\r\n"
                              "From: a@example.org\r\n"
                              "MIME-Version: 1.0\r\n"
                              "X-Own: yes\r\n"
                              "Content-Type: multipart/mixed; boundary=\"one\"\r\n"
                              "\r\n"
                              "preamble\r\n"
                              "--one\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: quoted-printable\r\n"
                              "\r\n"
                              "caf=C3=A9\r\nau lait\r\n"
                              "--one\r\n"
                              "Content-Type: message/rfc822\r\n"
                              "\r\n"
                              "Subject: inner\r\n"
                              "\r\n"
                              "hello\r\n"
                              "--one\r\n"
                              "Content-Type: application/octet-stream\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "\r\n"
                              "AAEC\r\n"
                              "--one--\r\n"
                              "epilogue\r\n";

static mailproto_mime_tree *tree_of(const void *text, size_t n, const mailproto_mime_config *config)
{
    mailproto_mime_tree *t;

    assert_int_equal(mailproto_mime_tree_new(config, text, n, &t), MAILPROTO_OK);
    return t;
}

static mailproto_mime_part part_of(const mailproto_mime_tree *t, uint32_t index)
{
    mailproto_mime_part part;

    mailproto_mime_part_init(&part, sizeof part);
    assert_int_equal(mailproto_mime_tree_part(t, index, &part), MAILPROTO_OK);
    return part;
}

static void assert_text(mailproto_text text, const char *wanted)
{
    assert_int_equal(text.len, strlen(wanted));
    assert_memory_equal(text.ptr, wanted, text.len);
}

static uint64_t at(const char *what)
{
    return (uint64_t)(strstr(message, what) - message);
}

static void test_parts(void **state)
{
    mailproto_mime_tree *t = tree_of(message, strlen(message), NULL);
    mailproto_mime_part root = part_of(t, 0), text = part_of(t, 1), rfc822 = part_of(t, 2), inner = part_of(t, 3),
                        file = part_of(t, 4);
    mailproto_text header, body;

    (void)state;
    assert_int_equal(mailproto_mime_tree_parts(t), 5);
    assert_int_equal(root.kind, MAILPROTO_MIME_MULTIPART);
    assert_int_equal(root.parent, MAILPROTO_MIME_NO_PART);
    assert_int_equal(root.next, MAILPROTO_MIME_NO_PART);
    assert_int_equal(root.children, 3);
    assert_int_equal(root.after, 5);
    assert_int_equal(root.fields, 7);
    assert_int_equal(root.body, at("preamble"));
    assert_int_equal(root.first, at("--one\r\nContent-Type: text"));
    assert_int_equal(root.last, at("epilogue"));
    assert_int_equal(root.end, strlen(message));
    assert_int_equal(root.header_lines, 9);
    assert_int_equal(root.body_lines, 20);
    assert_int_equal(root.flags, MAILPROTO_MIME_PART_CLOSED | MAILPROTO_MIME_PART_HEADER_END);
    assert_text(root.type, "multipart");
    assert_text(root.subtype, "mixed");
    assert_text(root.content_type, "multipart/mixed; boundary=\"one\"");

    assert_int_equal(text.begin, at("Content-Type: text"));
    assert_int_equal(text.body, at("caf"));
    assert_int_equal(text.end, at("\r\n--one\r\nContent-Type: message"));
    assert_int_equal(text.body_lines, 1);
    assert_int_equal(text.header_lines, 3);
    assert_int_equal(text.encoding, MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE);
    assert_int_equal(text.next, 2);
    assert_int_equal(text.number, 1);

    assert_int_equal(rfc822.kind, MAILPROTO_MIME_MESSAGE);
    assert_int_equal(rfc822.first_child, 3);
    assert_int_equal(rfc822.after, 4);
    assert_int_equal(rfc822.body_lines, 2);
    assert_int_equal(rfc822.next, 4);
    assert_int_equal(inner.parent, 2);
    assert_int_equal(inner.depth, 2);
    assert_int_equal(inner.begin, rfc822.body);
    assert_int_equal(inner.flags, MAILPROTO_MIME_PART_HEADER_END | MAILPROTO_MIME_PART_DEFAULT_TYPE);
    assert_text(inner.type, "text");
    assert_int_equal(inner.content_type.len, 0);
    assert_int_equal(file.number, 3);

    assert_int_equal(mailproto_mime_tree_child(t, 0, 1), 1);
    assert_int_equal(mailproto_mime_tree_child(t, 0, 3), 4);
    assert_int_equal(mailproto_mime_tree_child(t, 0, 4), MAILPROTO_MIME_NO_PART);
    assert_int_equal(mailproto_mime_tree_child(t, 0, 0), MAILPROTO_MIME_NO_PART);
    assert_int_equal(mailproto_mime_tree_child(t, 2, 1), 3);
    assert_int_equal(mailproto_mime_tree_text(t, 3, &header, &body), MAILPROTO_OK);
    assert_text(header, "Subject: inner\r\n\r\n");
    assert_text(body, "hello");
    assert_int_equal(mailproto_mime_tree_defects(t), 0);
    mailproto_mime_tree_free(t);
    mime_play_all((const uint8_t *)message, strlen(message), NULL, 1);
}

static void test_fields(void **state)
{
    mailproto_mime_tree *t = tree_of(message, strlen(message), NULL);
    mailproto_mime_field field;
    uint32_t n = 9;

    (void)state;
    mailproto_mime_field_init(&field, sizeof field);
    assert_int_equal(mailproto_mime_tree_field(t, 0, 0, &field), MAILPROTO_OK);
    assert_text(field.name, "Received");
    assert_text(field.value, "from a\r\n by b; Mon, 3 Mar 2025 09:00:00 +0000");
    assert_text(field.raw, "Received: from a\r\n by b; Mon, 3 Mar 2025 09:00:00 +0000\r\n");
    assert_int_equal(field.flags, MAILPROTO_MIME_FIELD_FOLDED);
    assert_int_equal(mailproto_mime_tree_find(t, 0, MAILPROTO_MIME_FIELD_SUBJECT, &n, &field), MAILPROTO_OK);
    assert_text(field.value, "Report");
    assert_int_equal(n, 2);
    assert_int_equal(mailproto_mime_tree_find(t, 3, MAILPROTO_MIME_FIELD_SUBJECT, NULL, &field), MAILPROTO_OK);
    assert_text(field.value, "inner");
    assert_int_equal(field.part, 3);
    assert_int_equal(mailproto_mime_tree_find(t, 0, MAILPROTO_MIME_FIELD_TO, &n, &field), MAILPROTO_MIME_END);
    assert_int_equal(mailproto_mime_tree_find(t, 0, 0, &n, &field), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_tree_find(t, 0, MAILPROTO_MIME_FIELDS, &n, &field), MAILPROTO_ERR_ARG);
    n = 1;
    assert_int_equal(mailproto_mime_tree_next_field(t, 0, "RECEIVED", 8, &n, &field), MAILPROTO_OK);
    assert_text(field.value, "from c");
    n++;
    assert_int_equal(mailproto_mime_tree_next_field(t, 0, "received", 8, &n, &field), MAILPROTO_MIME_END);
    n = 0;
    assert_int_equal(mailproto_mime_tree_next_field(t, 0, "x-OWN", 5, &n, &field), MAILPROTO_OK);
    assert_int_equal(n, 5);
    assert_int_equal(mailproto_mime_tree_field(t, 0, 7, &field), MAILPROTO_MIME_END);
    assert_int_equal(mailproto_mime_tree_field(t, 5, 0, &field), MAILPROTO_ERR_ARG);
    mailproto_mime_tree_free(t);
}

static void test_bodies(void **state)
{
    mailproto_mime_tree *t = tree_of(message, strlen(message), NULL);
    mailproto_mime_stream stream;
    char out[64];
    size_t made;
    uint64_t defects = 1;

    (void)state;
    assert_int_equal(mailproto_mime_tree_decode(t, 1, out, sizeof out, &made, &defects), MAILPROTO_OK);
    assert_text((mailproto_text){out, made}, "caf\xc3\xa9\r\nau lait");
    assert_int_equal(defects, 0);
    assert_int_equal(mailproto_mime_tree_decode(t, 4, out, sizeof out, &made, NULL), MAILPROTO_OK);
    assert_int_equal(made, 3);
    assert_memory_equal(out, "\0\1\2", 3);
    for (size_t cap = 0; cap < 14; cap++) {
        assert_int_equal(mailproto_mime_tree_decode(t, 1, out, cap, &made, NULL), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, 14);
    }
    assert_int_equal(mailproto_mime_tree_decode(t, 1, out, 14, &made, NULL), MAILPROTO_OK);
    mailproto_mime_stream_init(&stream, sizeof stream);
    assert_int_equal(mailproto_mime_tree_open(t, 4, &stream), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_stream_read(&stream, out, 15, &made), MAILPROTO_ERR_ARG);
    stream.encoding = MAILPROTO_MIME_ENCODING_BINARY;
    assert_int_equal(mailproto_mime_stream_read(&stream, out, 16, &made), MAILPROTO_OK);
    assert_text((mailproto_text){out, made}, "AAEC");
    assert_int_equal(mailproto_mime_stream_read(&stream, out, 16, &made), MAILPROTO_MIME_END);
    mailproto_mime_tree_free(t);
}

/* ---- defects ---- */

static const struct wrong {
    const char *text;
    size_t n;
    uint32_t kind;
    uint64_t offset;
} wrongs[] = {
#define WRONG(text, kind, offset)                                                                                      \
    {                                                                                                                  \
        text, sizeof(text) - 1, MAILPROTO_MIME_DEFECT_##kind, offset                                                   \
    }
    WRONG("a: b\r\r\nc: d\r\n\r\n", BARE_CR, 4),
    WRONG("a: b\r\n\r\nx\ry\r\n", BARE_CR, 9),
    WRONG("a: b\r\n\r\nxy\r", BARE_CR, 10),
    WRONG("a: b\nc: d\r\n\r\n", BARE_LF, 4),
    WRONG("a: b\r\n\r\nx\r\ny\n", BARE_LF, 12),
    WRONG("a: b\r\n\n", BARE_LF, 6),
    WRONG("a: \0\r\n\r\n", NUL, 3),
    WRONG("a: b\r\n\r\n\0", NUL, 8),
    WRONG("a: b\xff\r\n\r\n", EIGHT_BIT_HEADER, 4),
    WRONG("a: b\r\n\r\nx\xff", EIGHT_BIT_BODY, 9),
    WRONG("a: b\r\nno colon\r\n\r\n", NO_COLON, 6),
    WRONG("a: b\r\n: c\r\n\r\n", NO_COLON, 6),
    WRONG("a: b\r\nc : d\r\n\r\n", FIELD_NAME, 6),
    WRONG("From a@b Mon Mar 3 09:00:00 2025\r\na: b\r\n\r\n", ENVELOPE_LINE, 0),
    WRONG(" folded\r\na: b\r\n\r\n", HEADER_BEGINS_FOLDED, 0),
    WRONG("a: b\r\n", NO_HEADER_END, 6),
    WRONG("a: b", TRUNCATED, 4),
    WRONG("Subject: b\r\nsubject: c\r\n\r\n", DUPLICATE_FIELD, 12),
    WRONG("From: b\r\nFrom: c\r\n\r\n", MULTIPLE_FROM, 9),
    WRONG("Content-Type: b\r\n\r\n", CONTENT_TYPE, 14),
    WRONG("Content-Transfer-Encoding: b\r\n\r\n", ENCODING_UNKNOWN, 27),
    WRONG("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n", ENCODING_OF_PARTS, 0),
    WRONG("Content-Type: multipart/mixed\r\n\r\n", NO_BOUNDARY, 0),
    WRONG("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n", BOUNDARY_LENGTH, 14),
    WRONG("Content-Type: multipart/mixed; boundary=a\r\n\r\n", NO_FIRST_BOUNDARY, 45),
    WRONG("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\n", NO_LAST_BOUNDARY, 52),
    WRONG("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a--\r\n", EMPTY_MULTIPART, 52),
    WRONG("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/b; boundary=a\r\n\r\n",
          BOUNDARY_NESTED, 50),
    WRONG("Subject: a\r\nContent-Type: text/plain\r\n\r\n", VERSION, 0),
    WRONG("MIME-Version: 1.1\r\n\r\n", VERSION, 14),
    WRONG("MIME-Version: 1.0.0\r\n\r\n", VERSION, 14),
    WRONG("MIME-Version: 1\r\n\r\n", VERSION, 14),
    WRONG("MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\nContent-ID: <a@b>\r\n\r\n", VERSION, 51),
};

/* The defect is there, at its offset, and the parser says the same at every cut. */
static void test_defects(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        mailproto_mime_tree *t = tree_of(wrongs[i].text, wrongs[i].n, NULL);
        mailproto_mime_tree_defect defect;
        uint32_t k;

        mailproto_mime_tree_defect_init(&defect, sizeof defect);
        for (k = 0; k < mailproto_mime_tree_defects(t); k++) {
            assert_int_equal(mailproto_mime_tree_defect_at(t, k, &defect), MAILPROTO_OK);
            assert_true(part_of(t, defect.part).defects >> defect.kind & 1);
            if (defect.kind == wrongs[i].kind)
                break;
        }
        if (k == mailproto_mime_tree_defects(t))
            fail_msg("%s is not told", mailproto_mime_defect_name(wrongs[i].kind));
        if (defect.offset != wrongs[i].offset)
            fail_msg("%s is told at %u, not %u", mailproto_mime_defect_name(wrongs[i].kind), (unsigned)defect.offset,
                     (unsigned)wrongs[i].offset);
        assert_int_equal(mailproto_mime_tree_defect_at(t, 100, &defect), MAILPROTO_ERR_ARG);
        mailproto_mime_tree_free(t);
        mime_play_all((const uint8_t *)wrongs[i].text, wrongs[i].n, NULL, 1);
    }
}

/* Who has no MIME fields needs no version, nor do parts of a message; comments are nothing. */
static void test_version(void **state)
{
    static const char *const good[] = {
        "Subject: a\r\n\r\nb",
        "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nb",
        "Content-Type: text/plain\r\nMIME-Version: (a (b)\\)) 1(c).\r\n 0 (d)\r\n\r\nb",
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/html\r\n\r\nb",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        mailproto_mime_tree *t = tree_of(good[i], strlen(good[i]), NULL);

        for (uint32_t k = 0; k < mailproto_mime_tree_parts(t); k++)
            assert_int_equal(part_of(t, k).defects >> MAILPROTO_MIME_DEFECT_VERSION & 1, 0);
        mailproto_mime_tree_free(t);
        mime_play_all((const uint8_t *)good[i], strlen(good[i]), NULL, 1);
    }
}

/* uuencode and yEnc have no RFC, but are seen as encodings. */
static void test_old_encodings(void **state)
{
    static const struct {
        const char *text, *body;
        uint32_t encoding, defect;
    } seen[] = {
        {"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\n", "Cat",
         MAILPROTO_MIME_ENCODING_UUENCODE, MAILPROTO_MIME_DEFECTS},
        {"Content-Transfer-Encoding: x-uue\r\n\r\nbegin 644 a\r\n#0V%T\r\n", "Cat", MAILPROTO_MIME_ENCODING_UUENCODE,
         MAILPROTO_MIME_DEFECT_UUENCODE},
        {"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 644 a\r\n#0V%T\r\n8\r\n`\r\nend", /* a stripped line */
         "Cat\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", MAILPROTO_MIME_ENCODING_UUENCODE,
         MAILPROTO_MIME_DEFECT_UUENCODE},
        {"Content-Transfer-Encoding: x-yenc\r\n\r\n=ybegin line=128 size=3 name=a\r\nm\x8b\x9e\r\n=yend size=3\r\n",
         "Cat", MAILPROTO_MIME_ENCODING_YENC, MAILPROTO_MIME_DEFECTS},
        {"Content-Transfer-Encoding: x-yenc\r\n\r\n=ybegin line=128 size=4 name=a\r\nm\x8b\x9e\r\n=yend size=4\r\n",
         "Cat", MAILPROTO_MIME_ENCODING_YENC, MAILPROTO_MIME_DEFECT_YENC},
    };

    (void)state;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        mailproto_mime_tree *t = tree_of(seen[i].text, strlen(seen[i].text), NULL);
        const size_t wanted = i == 2 ? 27 : 3; /* the third is longer than what it is decoded from */
        char out[64];
        size_t made;
        uint64_t defects;

        assert_int_equal(part_of(t, 0).encoding, seen[i].encoding);
        assert_int_equal(mailproto_mime_tree_decode(t, 0, out, sizeof out, &made, &defects), MAILPROTO_OK);
        assert_int_equal(made, wanted);
        assert_memory_equal(out, seen[i].body, wanted);
        assert_int_equal(defects, seen[i].defect < MAILPROTO_MIME_DEFECTS ? MAILPROTO_MIME_DEFECT_BIT(seen[i].defect)
                                                                          : UINT64_C(0));
        assert_int_equal(mailproto_mime_tree_decode(t, 0, out, wanted - 1, &made, NULL), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, wanted);
        mailproto_mime_tree_free(t);
        mime_play_all((const uint8_t *)seen[i].text, strlen(seen[i].text), NULL, 1);
    }
}

/* Lines of 998 octets are good, in header and body, with either line end; 999 are not. */
static void test_long_lines(void **state)
{
    (void)state;
    for (size_t n = 996; n < 1001; n++)
        for (int where = 0; where < 6; where++) {
            static const char *const ends[] = {"\r\n", "\n", ""};
            const char *end = ends[where / 2];
            struct test_bytes b = {0};
            mailproto_mime_tree *t;
            uint32_t flag = where % 2 ? MAILPROTO_MIME_PART_BODY_LONG_LINE : MAILPROTO_MIME_PART_HEADER_LONG_LINE;

            test_bytes_text(&b, where % 2 ? "a: b\r\n\r\nx\r\n" : "b: c\r\na:");
            for (size_t i = where % 2 ? 0 : 2; i < n; i++)
                test_bytes_text(&b, "x");
            test_bytes_text(&b, end);
            t = tree_of(b.ptr, b.len, NULL);
            assert_int_equal(part_of(t, 0).flags & flag, n > 998 ? flag : 0);
            assert_int_equal(part_of(t, 0).defects >> MAILPROTO_MIME_DEFECT_LONG_LINE & 1, n > 998);
            mailproto_mime_tree_free(t);
            mime_play_all(b.ptr, b.len, NULL, 0);
            test_bytes_free(&b);
        }
}

/* Cut off anywhere, the octets of a message are all there, and push and tree agree. */
static void test_truncated(void **state)
{
    const size_t n = strlen(message);

    (void)state;
    for (size_t cut = 0; cut <= n; cut++) {
        mailproto_mime_tree *t = tree_of(message, cut, NULL);

        assert_int_equal(part_of(t, 0).begin, 0);
        assert_int_equal(part_of(t, 0).end, cut);
        mailproto_mime_tree_free(t);
        mime_play_all((const uint8_t *)message, cut, NULL, 0);
    }
}

/* ---- limits ---- */

static void test_limits(void **state)
{
    mailproto_mime_config config;
    mailproto_mime_tree *t;
    mailproto_mime_part part;
    mailproto_text body;

    (void)state;
    mailproto_mime_config_init(&config, sizeof config);
    config.max_parts = 2;
    t = tree_of(message, strlen(message), &config);
    assert_int_equal(mailproto_mime_tree_parts(t), 3);
    part = part_of(t, 2);
    assert_true(part.flags & MAILPROTO_MIME_PART_OPAQUE);
    assert_true(part.defects >> MAILPROTO_MIME_DEFECT_PARTS_MANY & 1);
    assert_int_equal(part.begin, at("Content-Type: message"));
    assert_int_equal(part.end, strlen(message));
    assert_text(part.type, "application");
    mailproto_mime_tree_free(t);
    mime_play_all((const uint8_t *)message, strlen(message), &config, 1);

    mailproto_mime_config_init(&config, sizeof config);
    config.max_depth = 1;
    t = tree_of(message, strlen(message), &config);
    assert_int_equal(mailproto_mime_tree_parts(t), 4);
    part = part_of(t, 2);
    assert_int_equal(part.kind, MAILPROTO_MIME_LEAF);
    assert_true(part.defects >> MAILPROTO_MIME_DEFECT_DEPTH_MANY & 1);
    assert_text(part.type, "message");
    assert_int_equal(mailproto_mime_tree_text(t, 2, NULL, &body), MAILPROTO_OK);
    assert_text(body, "Subject: inner\r\n\r\nhello");
    mailproto_mime_tree_free(t);
    mime_play_all((const uint8_t *)message, strlen(message), &config, 1);

    for (uint64_t max = 1; max < strlen(message); max += 7) {
        mailproto_mime_config_init(&config, sizeof config);
        config.max_header = max;
        t = tree_of(message, strlen(message), &config);
        part = part_of(t, 0);
        assert_int_equal(part.end, strlen(message));
        if (max < at("\r\n\r\npreamble")) {
            assert_int_equal(mailproto_mime_tree_parts(t), 1);
            assert_true(part.flags & MAILPROTO_MIME_PART_OPAQUE);
            assert_true(part.body <= max);
        }
        mailproto_mime_tree_free(t);
        mime_play_all((const uint8_t *)message, strlen(message), &config, 0);
    }
}

/* ---- memory ---- */

static void test_memory(void **state)
{
    struct test_allocator memory;
    mailproto_mime_config config;
    mailproto_mime_tree *t;
    size_t count;

    (void)state;
    mailproto_mime_config_init(&config, sizeof config);
    test_allocator_init(&memory);
    config.allocator = &memory.api;
    t = tree_of(message, strlen(message), &config);
    assert_true(memory.peak <= mailproto_mime_tree_memory_max(&config, strlen(message)));
    count = memory.count;
    for (int i = 0; i < 10; i++)
        assert_int_equal(mailproto_mime_tree_parse(t, message, strlen(message)), MAILPROTO_OK);
    assert_int_equal(memory.count, count);
    mailproto_mime_tree_free(t);
    assert_int_equal(memory.live, 0);
    for (size_t fail = 1; fail <= count; fail++) {
        test_allocator_init(&memory);
        memory.fail_at = fail;
        assert_int_equal(mailproto_mime_tree_new(&config, message, strlen(message), &t), MAILPROTO_ERR_NOMEM);
        assert_null(t);
        assert_int_equal(memory.live, 0);
        test_allocator_init(&memory);
        if (mailproto_mime_tree_new(&config, NULL, 0, &t))
            fail();
        memory.fail_at = memory.count + fail;
        if (mailproto_mime_tree_parse(t, message, strlen(message)) == MAILPROTO_ERR_NOMEM) {
            assert_int_equal(mailproto_mime_tree_parts(t), 0);
            assert_int_equal(mailproto_mime_tree_parse(t, message, strlen(message)), MAILPROTO_OK);
            assert_int_equal(mailproto_mime_tree_parts(t), 5);
        }
        mailproto_mime_tree_free(t);
        assert_int_equal(memory.live, 0);
    }
}

static void test_arguments(void **state)
{
    mailproto_mime_config config = {0};
    mailproto_mime_tree *t = tree_of(NULL, 0, NULL);
    mailproto_mime_part part = {0};
    size_t n = 1;

    (void)state;
    assert_int_equal(mailproto_mime_tree_parts(t), 0);
    assert_int_equal(mailproto_mime_tree_part(t, 0, &part), MAILPROTO_ERR_ARG);
    assert_null(mailproto_mime_tree_message(t, &n));
    assert_int_equal(n, 0);
    assert_int_equal(mailproto_mime_tree_parse(t, NULL, 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_tree_parse(NULL, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_tree_parse(t, "", 0), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_tree_parts(t), 1);
    assert_int_equal(mailproto_mime_tree_part(t, 0, &part), MAILPROTO_ERR_ARG);
    part.struct_size = offsetof(mailproto_mime_part, depth);
    assert_int_equal(mailproto_mime_tree_part(t, 0, &part), MAILPROTO_OK);
    assert_int_equal(part.number, 0);
    mailproto_mime_tree_free(t);
    mailproto_mime_tree_free(NULL);
    assert_int_equal(mailproto_mime_tree_new(&config, NULL, 0, &t), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_tree_new(NULL, NULL, 0, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_tree_memory_max(&config, 0), SIZE_MAX);
}

/* ---- growth ---- */

/* Parts in parts, a boundary each; inside the innermost, lines that may be boundaries. */
static void deep(struct test_bytes *b, size_t n)
{
    char line[128];

    for (size_t i = 0; i < n; i++) {
        int made = snprintf(line, sizeof line, "Content-Type: multipart/mixed; boundary=b%zu\r\n\r\n--b%zu\r\n", i, i);

        test_bytes_add(b, line, (size_t)made);
    }
    test_bytes_text(b, "\r\n");
    for (size_t i = 0; i < n; i++)
        test_bytes_text(b, "--no boundary\r\n");
}

static void wide(struct test_bytes *b, size_t n)
{
    test_bytes_text(b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (size_t i = 0; i < n; i++)
        test_bytes_text(b, "--b\r\n\r\nx\r\n");
}

static void recipients(struct test_bytes *b, size_t n)
{
    test_bytes_text(b, "To: a@example.org");
    for (size_t i = 0; i < n; i++)
        test_bytes_text(b, ",\r\n a@example.org");
    test_bytes_text(b, "\r\n\r\n");
}

static void fields(struct test_bytes *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        test_bytes_text(b, "Received: a\r\n");
    test_bytes_text(b, "Subject: b\r\n\r\n");
}

/* Ten times as much takes ten times the memory at most, a few allocations more, and gives what is in it. */
static void test_growth(void **state)
{
    static const struct {
        void (*make)(struct test_bytes *b, size_t n);
        size_t n;
        uint32_t parts_each;
    } kinds[] = {{deep, 1000, 1}, {wide, 1000, 1}, {recipients, 10000, 0}, {fields, 10000, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t peak[2], count[2];

        for (int large = 0; large < 2; large++) {
            const size_t n = kinds[i].n * (large ? 10 : 1);
            struct test_allocator memory;
            struct test_bytes b = {0};
            mailproto_mime_config config;
            mailproto_mime_tree *t;

            mailproto_mime_config_init(&config, sizeof config);
            test_allocator_init(&memory);
            config.allocator = &memory.api;
            config.max_depth = config.max_parts = MAILPROTO_UNLIMITED;
            kinds[i].make(&b, n);
            t = tree_of(b.ptr, b.len, &config);
            assert_int_equal(mailproto_mime_tree_parts(t), 1 + n * kinds[i].parts_each);
            peak[large] = memory.peak;
            count[large] = memory.count;
            mailproto_mime_tree_free(t);
            test_bytes_free(&b);
        }
        assert_true(peak[1] <= 17 * peak[0]); /* arrays are doubled */
        assert_true(count[1] <= count[0] + 24);
    }
}

/* A field behind 65,535 others is found, too. */
static void test_many_fields(void **state)
{
    struct test_bytes b = {0};
    mailproto_mime_field field;
    mailproto_mime_tree *t;
    uint32_t n = 0;

    (void)state;
    fields(&b, 70000);
    t = tree_of(b.ptr, b.len, NULL);
    mailproto_mime_field_init(&field, sizeof field);
    assert_int_equal(mailproto_mime_tree_find(t, 0, MAILPROTO_MIME_FIELD_SUBJECT, &n, &field), MAILPROTO_OK);
    assert_int_equal(n, 70000);
    mailproto_mime_tree_free(t);
    test_bytes_free(&b);
}

/* A header whose fields are `n` octets, short ones or one that is folded; an empty line and a body behind it. */
static void header_of(struct test_bytes *b, size_t n, int one_field)
{
    test_bytes_text(b, "Subject: large\r\n");
    test_bytes_text(b, one_field ? "X-Long: a\r\n" : "X-Short: a\r\n");
    while (b->len + 200 < n)
        test_bytes_text(b, one_field ? "\tabcdefghijklmnopqrstuvwxyz0123456789\r\n"
                                     : "X-Short: abcdefghijklmnopqrstuvwxyz0123456789\r\n");
    test_bytes_text(b, "X-Last: ");
    while (b->len + 2 < n)
        test_bytes_text(b, "z");
    test_bytes_text(b, "\r\n");
    assert_int_equal(b->len, n);
    test_bytes_text(b, "\r\nbody\r\n");
}

/* The default limit is 10 MiB. One octet more, and the rest is a body that is not looked at, of which none is lost. */
static void test_default_limit(void **state)
{
    enum { LIMIT = 10 << 20 };

    (void)state;
    for (int way = 0; way < 4; way++) {
        const int over = way & 1;
        struct test_bytes b = {0}, whole = {0}, cut = {0};
        struct mime_way in_pieces = {.piece = 65521}, in_one = {0};
        mailproto_mime_tree *t;
        mailproto_mime_part part;
        mailproto_mime_field field;
        mailproto_text header, body;

        header_of(&b, LIMIT + (size_t)over, way & 2);
        t = tree_of(b.ptr, b.len, NULL);
        assert_int_equal(mailproto_mime_tree_parts(t), 1);
        part = part_of(t, 0);
        assert_int_equal(part.kind, MAILPROTO_MIME_LEAF);
        assert_int_equal(!!(part.flags & MAILPROTO_MIME_PART_OPAQUE), over);
        assert_int_equal(part.defects >> MAILPROTO_MIME_DEFECT_HEADER_LARGE & 1, over);
        assert_int_equal(part.end, b.len);
        if (over)
            assert_true(part.body <= LIMIT);
        else
            assert_int_equal(part.body, LIMIT + 2);
        assert_int_equal(mailproto_mime_tree_text(t, 0, &header, &body), MAILPROTO_OK);
        assert_ptr_equal(header.ptr, b.ptr);
        assert_int_equal(header.len + body.len, b.len);
        assert_ptr_equal(body.ptr, b.ptr + header.len);
        assert_memory_equal(body.ptr + body.len - 6, "body\r\n", 6);
        mailproto_mime_field_init(&field, sizeof field);
        assert_int_equal(mailproto_mime_tree_field(t, 0, 0, &field), MAILPROTO_OK);
        assert_text(field.name, "Subject");
        mime_put_together(t);
        mailproto_mime_tree_free(t);
        assert_int_equal(mime_play(b.ptr, b.len, &in_one, &whole), MAILPROTO_OK);
        assert_int_equal(mime_play(b.ptr, b.len, &in_pieces, &cut), MAILPROTO_OK);
        assert_int_equal(whole.len, cut.len);
        assert_true(memcmp(whole.ptr, cut.ptr, cut.len) == 0);
        test_bytes_free(&b);
        test_bytes_free(&whole);
        test_bytes_free(&cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),       cmocka_unit_test(test_fields),        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_defects),     cmocka_unit_test(test_version),       cmocka_unit_test(test_old_encodings),
        cmocka_unit_test(test_long_lines),  cmocka_unit_test(test_truncated),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_memory),      cmocka_unit_test(test_arguments),     cmocka_unit_test(test_growth),
        cmocka_unit_test(test_many_fields), cmocka_unit_test(test_default_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
