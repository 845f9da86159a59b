/* What the tests of the builder share: a config that can be reproduced, the whole message at many sizes of pieces, its tree.
   mailproto/mime_builder.h. */
#ifndef BUILDER_KIT_H
#define BUILDER_KIT_H

#include "show.h"

#include "mailproto/mime_builder.h"
#include "mailproto/mime_tree.h"
#include "support/allocator.h"
#include "support/bytes.h"

#define TEXT(literal) literal, sizeof(literal) - 1
#define TEXT_OF(literal)                                                                                               \
    (mailproto_text)                                                                                                   \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

/* Not random at all. */
static inline int32_t kit_random(void *out, size_t n, void *user)
{
    uint32_t *counter = user;

    for (size_t i = 0; i < n; i++)
        ((uint8_t *)out)[i] = (uint8_t)(*counter += 41);
    return 0;
}

static inline mailproto_mime_builder_config kit_config(uint32_t *counter)
{
    mailproto_mime_builder_config config;

    mailproto_mime_builder_config_init(&config, sizeof config);
    *counter = 0;
    config.random = kit_random;
    config.user = counter;
    config.wall_seconds = 1741165200; /* 5 March 2025, 09:00 UTC */
    config.zone_minutes = 60;
    config.domain = TEXT_OF("example.org");
    return config;
}

static inline mailproto_mime_builder *kit_new(uint32_t flags)
{
    static uint32_t counter;
    mailproto_mime_builder_config config = kit_config(&counter);
    mailproto_mime_builder *b;

    config.flags = flags;
    assert_int_equal(mailproto_mime_builder_new(&config, &b), MAILPROTO_OK);
    return b;
}

static inline void kit_leaf(mailproto_mime_builder *b, uint32_t node, const char *type, const void *data, size_t n)
{
    mailproto_mime_builder_content content;

    mailproto_mime_builder_content_init(&content, sizeof content);
    content.type = (mailproto_text){type, strlen(type)};
    content.data = (mailproto_text){data, n};
    assert_int_equal(mailproto_mime_builder_leaf(b, node, &content), MAILPROTO_OK);
}

static inline uint32_t kit_add(mailproto_mime_builder *b, uint32_t parent)
{
    uint32_t node = 0;

    assert_int_equal(mailproto_mime_builder_add(b, parent, &node), MAILPROTO_OK);
    return node;
}

/* The message in pieces of cap octets at most. */
static inline struct test_bytes kit_read(mailproto_mime_builder *b, size_t cap)
{
    struct test_bytes all = {0};
    uint8_t *piece = malloc(cap);
    size_t made;
    int32_t result;

    assert_non_null(piece);
    while ((result = mailproto_mime_builder_read(b, piece, cap, &made)) == MAILPROTO_OK) {
        assert_true(made > 0 && made <= cap);
        test_bytes_add(&all, piece, made);
    }
    assert_int_equal(result, MAILPROTO_MIME_END);
    free(piece);
    return all;
}

/* The message, which is the same whatever the pieces are, and as large as is said; ended with NUL. */
static inline struct test_bytes kit_message(mailproto_mime_builder *b)
{
    static const size_t caps[] = {MAILPROTO_CODEC_ROOM, 17, 100, 4096, 100000};
    struct test_bytes whole;
    uint64_t size = 0;

    assert_int_equal(mailproto_mime_builder_size(b, &size), MAILPROTO_OK);
    whole = kit_read(b, 1000);
    assert_int_equal(whole.len, size);
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        struct test_bytes other;

        assert_int_equal(mailproto_mime_builder_rewind(b), MAILPROTO_OK);
        other = kit_read(b, caps[i]);
        assert_int_equal(other.len, whole.len);
        assert_memory_equal(other.ptr, whole.ptr, whole.len);
        test_bytes_free(&other);
    }
    test_bytes_add(&whole, "", 1);
    whole.len--;
    return whole;
}

/* Frees the builder: its message. */
static inline struct test_bytes kit_end(mailproto_mime_builder *b)
{
    struct test_bytes all = kit_message(b);

    mailproto_mime_builder_free(b);
    return all;
}

/* All lines end with CRLF, and none is longer than `most` octets. */
static inline void kit_lines(const struct test_bytes *all, size_t most)
{
    size_t begin = 0;

    for (size_t i = 0; i < all->len; i++) {
        if (all->ptr[i] == '\r')
            assert_true(i + 1 < all->len && all->ptr[i + 1] == '\n');
        if (all->ptr[i] != '\n')
            continue;
        assert_true(i > begin && all->ptr[i - 1] == '\r');
        assert_true(i - 1 - begin <= most);
        begin = i + 1;
    }
    assert_int_equal(begin, all->len);
}

/* A tree without any defect. */
static inline mailproto_mime_tree *kit_tree(const struct test_bytes *all)
{
    mailproto_mime_tree *t;
    mailproto_mime_tree_defect defect;

    mailproto_mime_tree_defect_init(&defect, sizeof defect);
    assert_int_equal(mailproto_mime_tree_new(NULL, all->ptr, all->len, &t), MAILPROTO_OK);
    if (mailproto_mime_tree_defect_at(t, 0, &defect) == MAILPROTO_OK)
        fail_msg("%s at %u of:\n%s", mailproto_mime_defect_name(defect.kind), (unsigned)defect.offset,
                 (const char *)all->ptr);
    return t;
}

static inline mailproto_mime_part kit_part(const mailproto_mime_tree *t, uint32_t index)
{
    mailproto_mime_part part;

    mailproto_mime_part_init(&part, sizeof part);
    assert_int_equal(mailproto_mime_tree_part(t, index, &part), MAILPROTO_OK);
    return part;
}

/* The decoded body is this. */
static inline void kit_body(const mailproto_mime_tree *t, uint32_t index, const void *data, size_t n)
{
    size_t made, cap = n + 16;
    uint8_t *out = malloc(cap);
    uint64_t defects;

    assert_non_null(out);
    assert_int_equal(mailproto_mime_tree_decode(t, index, out, cap, &made, &defects), MAILPROTO_OK);
    assert_int_equal(defects, 0);
    assert_int_equal(made, n);
    if (n)
        assert_memory_equal(out, data, n);
    free(out);
}

/* The value of the first field of this name. */
static inline mailproto_text kit_value(const mailproto_mime_tree *t, uint32_t index, const char *name)
{
    mailproto_mime_field field;
    uint32_t n = 0;

    mailproto_mime_field_init(&field, sizeof field);
    if (mailproto_mime_tree_next_field(t, index, name, strlen(name), &n, &field))
        fail_msg("there is no %s", name);
    return field.value;
}

static inline void kit_equal(mailproto_text text, const char *wanted)
{
    if (text.len != strlen(wanted) || memcmp(text.ptr, wanted, text.len) != 0)
        fail_msg("\"%.*s\" is not \"%s\"", (int)text.len, text.ptr, wanted);
}

#endif
