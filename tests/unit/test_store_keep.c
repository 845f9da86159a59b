/* test_store_keep.c - questions and items kept: every type with all it points to, of any struct_size, and without memory.
   mailproto/store.h, mailproto_store_keep; contract.md section 3, append-only structs and one allocator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/store.h"
#include "support/allocator.h"

enum kind { NONE, TEXT, RUNS, KEYWORDS, KEYS, ORDER, STORE };

struct pointer {
    enum kind kind;
    size_t offset;
};

struct type {
    const char *name;
    uint32_t type;
    size_t size;
    struct pointer pointers[4];
};

#define P(kind, name, field)                                                                                           \
    {                                                                                                                  \
        kind, offsetof(mailproto_store_##name, field)                                                                  \
    }
#define T(type, name, ...)                                                                                             \
    {                                                                                                                  \
#type, MAILPROTO_STORE_##type, sizeof(mailproto_store_##name),                                                 \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define NOTHING                                                                                                        \
    {                                                                                                                  \
        NONE, 0                                                                                                        \
    }

static const struct type types[] = {
    T(LIST, list, P(TEXT, list, after), P(TEXT, list, only)),
    T(OPEN, open, NOTHING),
    T(CLOSE, close, NOTHING),
    T(STATUS, status, NOTHING),
    T(CREATE, create, P(TEXT, create, name)),
    T(DELETE, delete, NOTHING),
    T(RENAME, rename, P(TEXT, rename, name)),
    T(SUBSCRIBE, subscribe, P(TEXT, subscribe, name)),
    T(AUTHORISE, authorise, P(TEXT, authorise, name)),
    T(CHANGES, changes, P(RUNS, changes, uids)),
    T(MESSAGE_OPEN, message_open, NOTHING),
    T(MESSAGE_READ, message_read, NOTHING),
    T(MESSAGE_CLOSE, message_close, NOTHING),
    T(APPEND_BEGIN, append_begin, P(KEYWORDS, append_begin, keywords)),
    T(APPEND_WRITE, append_write, P(TEXT, append_write, bytes)),
    T(APPEND_COMMIT, append_commit, NOTHING),
    T(APPEND_ABORT, append_abort, NOTHING),
    T(FLAGS, flags, P(RUNS, flags, uids), P(KEYWORDS, flags, keywords)),
    T(COPY, copy, P(RUNS, copy, uids)),
    T(EXPUNGE, expunge, P(RUNS, expunge, uids)),
    T(SNAPSHOT_END, snapshot_end, NOTHING),
    T(APPEND_SHARE, append_share, P(STORE, append_share, other)),
    T(WATCH, watch, NOTHING),
    T(ACCOUNT_CHANGES, account_changes, NOTHING),
    T(BLOB_READ, blob_read, NOTHING),
    T(BLOB_WRITE, blob_write, P(TEXT, blob_write, bytes)),
    T(SEARCH, search, P(KEYS, search, keys)),
    T(SORT, sort, P(RUNS, sort, uids), P(ORDER, sort, keys)),
    T(PREVIEW, preview, NOTHING),
    T(QUOTA, quota, NOTHING),
    T(QUOTA_SET, quota_set, P(TEXT, quota_set, root)),
    T(ACL, acl, P(TEXT, acl, identifier)),
    T(ACL_SET, acl_set, P(TEXT, acl_set, identifier)),
    T(METADATA, metadata, P(TEXT, metadata, name)),
    T(METADATA_SET, metadata_set, P(TEXT, metadata_set, name), P(TEXT, metadata_set, value)),
    T(MAILBOX, mailbox, P(TEXT, mailbox, name), P(TEXT, mailbox, object_id)),
    T(OPENED, opened, NOTHING),
    T(KEYWORD, keyword_item, P(TEXT, keyword_item, name)),
    T(STATUS_ITEM, status_item, NOTHING),
    T(VANISHED, uids, NOTHING),
    T(MODIFIED, uids, NOTHING),
    T(MESSAGE, message, P(KEYWORDS, message, keywords), P(TEXT, message, email_id), P(TEXT, message, thread_id)),
    T(CURSOR, cursor, NOTHING),
    T(MESSAGE_OPENED, message_opened, NOTHING),
    T(SLICE, slice, P(TEXT, slice, bytes)),
    T(UPLOAD, upload, NOTHING),
    T(APPENDED, appended, NOTHING),
    T(COPIED, copied, NOTHING),
    T(CHANGED, changed, NOTHING),
    T(QUOTA_ITEM, quota_item, P(TEXT, quota_item, root)),
    T(ACL_ITEM, acl_item, P(TEXT, acl_item, identifier)),
    T(METADATA_ITEM, metadata_item, P(TEXT, metadata_item, name), P(TEXT, metadata_item, value)),
};
enum { TYPES = sizeof types / sizeof *types, LARGE = 512 };

/* What events of the test point to: one piece, so that it can be spoiled when the copy is made. */
struct original {
    union {
        mailproto_event head;
        max_align_t align;
        unsigned char octets[LARGE];
    } event;
    char texts[4][8];
    mailproto_store_run runs[3];
    mailproto_store_keyword words[2];
    mailproto_store_search_key keys[5];
    mailproto_store_sort_key order[2];
    mailproto_store store;
};

static mailproto_text text_of(struct original *o, size_t i)
{
    memcpy(o->texts[i], "<text0>", 8);
    o->texts[i][5] = (char)('0' + i);
    return (mailproto_text){o->texts[i], 7};
}

static const void *runs(struct original *o)
{
    for (uint32_t i = 0; i < 3; i++)
        o->runs[i] =
            (mailproto_store_run){sizeof o->runs[i], 10 * i + 1, 10 * i + 5, 0, i < 2 ? &o->runs[i + 1] : NULL};
    return o->runs;
}

static const void *words(struct original *o)
{
    o->words[0] = (mailproto_store_keyword){sizeof o->words[0], 0, text_of(o, 0), &o->words[1]};
    o->words[1] = (mailproto_store_keyword){sizeof o->words[1], 0, {NULL, 0}, NULL};
    return o->words;
}

/* SUBJECT <text1> (OR (LARGER 7) (UID runs)) and a last one. */
static const void *keys(struct original *o)
{
    for (size_t i = 0; i < 5; i++)
        o->keys[i] =
            (mailproto_store_search_key){.struct_size = sizeof o->keys[i], .type = (uint32_t)i + 1, .date = -7};
    o->keys[0].field = text_of(o, 0);
    o->keys[0].text = text_of(o, 1);
    o->keys[0].next = &o->keys[1];
    o->keys[1].either = &o->keys[2];
    o->keys[1].other = &o->keys[3];
    o->keys[1].next = &o->keys[4];
    o->keys[2].number = 7;
    o->keys[3].uids = runs(o);
    return o->keys;
}

static const void *order(struct original *o)
{
    o->order[0] = (mailproto_store_sort_key){sizeof o->order[0], 1, 1, 0, &o->order[1]};
    o->order[1] = (mailproto_store_sort_key){sizeof o->order[1], 2, 0, 0, NULL};
    return o->order;
}

static const void *store(struct original *o)
{
    mailproto_store_init(&o->store, sizeof o->store);
    o->store.user = o;
    o->store.promises = 5;
    return &o->store;
}

/* An event whose plain fields are 0x11, 0x11, ... and which points to something everywhere. */
static struct original *make(const struct type *type)
{
    struct original *o = calloc(1, sizeof *o);
    size_t texts = 2; /* keywords take the others */

    assert_non_null(o);
    assert_true(type->size <= LARGE);
    memset(o->event.octets, 0x11, type->size);
    o->event.head = (mailproto_event){(uint32_t)type->size, type->type, 99};
    for (const struct pointer *p = type->pointers; p < type->pointers + 4 && p->kind; p++) {
        const void *to = NULL;
        mailproto_text t;

        if (p->kind == TEXT) {
            t = text_of(o, texts++);
            memcpy(o->event.octets + p->offset, &t, sizeof t);
            continue;
        }
        to = p->kind == RUNS ? runs(o) : p->kind == KEYWORDS ? words(o) : p->kind == KEYS ? keys(o) : order(o);
        to = p->kind == STORE ? store(o) : to;
        memcpy(o->event.octets + p->offset, &to, sizeof to);
    }
    return o;
}

static void same_text(mailproto_text a, mailproto_text b)
{
    assert_int_equal(a.len, b.len);
    assert_true(!a.len || a.ptr != b.ptr);
    assert_memory_equal(a.ptr ? a.ptr : "", b.ptr ? b.ptr : "", a.len);
}

static void same_runs(const mailproto_store_run *a, const mailproto_store_run *b)
{
    for (; a && b; a = a->next, b = b->next) {
        assert_ptr_not_equal(a, b);
        assert_int_equal(a->struct_size, sizeof *a);
        assert_int_equal(a->first, b->first);
        assert_int_equal(a->last, b->last);
    }
    assert_null(a);
    assert_null(b);
}

static void same_words(const mailproto_store_keyword *a, const mailproto_store_keyword *b)
{
    for (; a && b; a = a->next, b = b->next) {
        assert_ptr_not_equal(a, b);
        same_text(a->name, b->name);
    }
    assert_null(a);
    assert_null(b);
}

static void same_order(const mailproto_store_sort_key *a, const mailproto_store_sort_key *b)
{
    for (; a && b; a = a->next, b = b->next) {
        assert_ptr_not_equal(a, b);
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->reverse, b->reverse);
    }
    assert_null(a);
    assert_null(b);
}

static void same_key(const mailproto_store_search_key *a, const mailproto_store_search_key *b)
{
    assert_ptr_not_equal(a, b);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->number, b->number);
    assert_true(a->date == b->date);
    same_text(a->field, b->field);
    same_text(a->text, b->text);
    same_runs(a->uids, b->uids);
}

/* The shape that `keys` makes. */
static void same_keys(const mailproto_store_search_key *a, const mailproto_store_search_key *b)
{
    same_key(a, b);
    same_key(a->next, b->next);
    same_key(a->next->either, b->next->either);
    same_key(a->next->other, b->next->other);
    same_key(a->next->next, b->next->next);
    assert_null(a->next->next->next);
    assert_null(a->next->either->next);
    assert_null(a->next->other->next);
}

static void same_store(const mailproto_store *a, const mailproto_store *b)
{
    assert_ptr_not_equal(a, b);
    assert_int_equal(a->struct_size, sizeof *a);
    assert_int_equal(a->promises, 5);
    assert_non_null(a->user);
}

static const void *pointed(const unsigned char *octets, size_t offset)
{
    const void *p;

    memcpy(&p, octets + offset, sizeof p);
    return p;
}

/* Whether a copy is what make made, as far as the first `size` octets go; the rest is to be 0. */
static void check(const struct type *type, const mailproto_event *kept, size_t size)
{
    struct original *o = make(type);
    unsigned char plain[LARGE], *expected = o->event.octets;
    const unsigned char *octets = (const unsigned char *)kept;

    memset(expected + size, 0, type->size - size);
    memcpy(plain, kept, type->size);
    assert_int_equal(kept->struct_size, type->size);
    for (const struct pointer *p = type->pointers; p < type->pointers + 4 && p->kind; p++) {
        size_t n = p->kind == TEXT ? sizeof(mailproto_text) : sizeof(void *);
        const void *mine = pointed(octets, p->offset), *theirs = pointed(expected, p->offset);
        mailproto_text a, b;

        if (p->offset + n <= size) {
            if (p->kind == TEXT) {
                memcpy(&a, octets + p->offset, sizeof a);
                memcpy(&b, expected + p->offset, sizeof b);
                assert_true(a.len > 0);
                same_text(a, b);
            } else {
                assert_non_null(mine);
                p->kind == RUNS       ? same_runs(mine, theirs)
                : p->kind == KEYWORDS ? same_words(mine, theirs)
                : p->kind == KEYS     ? same_keys(mine, theirs)
                : p->kind == ORDER    ? same_order(mine, theirs)
                                      : same_store(mine, theirs);
            }
        }
        memcpy(plain + p->offset, expected + p->offset, n);
    }
    ((mailproto_event *)(void *)expected)->struct_size = (uint32_t)type->size;
    assert_memory_equal(plain, expected, type->size);
    free(o);
}

static void spoil(struct original *o)
{
    memset(o, 0xee, sizeof *o);
    free(o);
}

static void test_every_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        struct test_allocator memory;
        struct original *o = make(&types[i]);
        mailproto_event *kept;

        test_allocator_init(&memory);
        assert_int_equal(mailproto_store_keep(&kept, &o->event.head, &memory.api), MAILPROTO_OK);
        assert_int_equal(memory.live, 1);
        spoil(o);
        check(&types[i], kept, types[i].size);
        mailproto_store_kept_free(kept, &memory.api);
        assert_int_equal(memory.live, 0);
    }
}

static void test_every_allocation_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        struct original *o = make(&types[i]);
        struct test_allocator memory;
        mailproto_event *kept;
        int32_t result = MAILPROTO_ERR_NOMEM;

        for (size_t at = 1; result; at++) {
            test_allocator_init(&memory);
            memory.fail_at = at;
            result = mailproto_store_keep(&kept, &o->event.head, &memory.api);
            assert_true(!result || result == MAILPROTO_ERR_NOMEM);
            assert_int_equal(memory.live, result ? 0 : 1);
        }
        mailproto_store_kept_free(kept, &memory.api);
        free(o);
    }
}

/* A smaller struct lacks fields at its end; a larger one may have zeroes there. */
static void test_other_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        size_t size = sizeof(mailproto_event);
        struct original *o = make(&types[i]);
        mailproto_event *kept;

        o->event.head.struct_size = (uint32_t)size;
        assert_int_equal(mailproto_store_keep(&kept, &o->event.head, NULL), MAILPROTO_OK);
        check(&types[i], kept, size);
        mailproto_store_kept_free(kept, NULL);

        o->event.head.struct_size = (uint32_t)types[i].size + 8;
        memset(o->event.octets + types[i].size, 0, 8);
        assert_int_equal(mailproto_store_keep(&kept, &o->event.head, NULL), MAILPROTO_OK);
        check(&types[i], kept, types[i].size);
        mailproto_store_kept_free(kept, NULL);

        o->event.octets[types[i].size + 7] = 1;
        assert_int_equal(mailproto_store_keep(&kept, &o->event.head, NULL), MAILPROTO_ERR_ARG);
        o->event.head.struct_size = sizeof(mailproto_event) - 1;
        assert_int_equal(mailproto_store_keep(&kept, &o->event.head, NULL), MAILPROTO_ERR_ARG);
        free(o);
    }
}

static void test_what_is_no_event(void **state)
{
    static const mailproto_event strange = {sizeof strange, 0x5ff, 1}, none = {sizeof none, 0, 1};
    static const mailproto_event between = {sizeof between, 0x50f, 1}, behind = {sizeof behind, 0x591, 1};
    const mailproto_store_append_write nowhere = {{sizeof nowhere, MAILPROTO_STORE_APPEND_WRITE, 1}, 1, {NULL, 1}};
    mailproto_event *kept;

    (void)state;
    assert_int_equal(mailproto_store_keep(&kept, &strange, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_keep(&kept, &none, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_keep(&kept, &between, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_keep(&kept, &behind, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_keep(&kept, &nowhere.head, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_keep(&kept, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_store_keep(NULL, &nowhere.head, NULL), MAILPROTO_ERR_ARG);
    mailproto_store_kept_free(NULL, NULL);
}

enum { MANY = 200000 };

/* NOT (OR (OR (OR ... and as many runs: neither the depth nor the length costs stack. */
static void test_deep_and_long(void **state)
{
    mailproto_store_search_key *deep = calloc(MANY, sizeof *deep), leaf = {.struct_size = sizeof leaf, .type = 1};
    mailproto_store_run *list = calloc(MANY, sizeof *list);
    mailproto_store_search question = {{sizeof question, MAILPROTO_STORE_SEARCH, 1}, 1, deep};
    const mailproto_store_search_key *key;
    const mailproto_store_run *run;
    struct test_allocator memory;
    mailproto_event *kept;
    size_t n = 0;

    (void)state;
    test_allocator_init(&memory);
    for (uint32_t i = 0; i < MANY; i++) {
        deep[i] = (mailproto_store_search_key){.struct_size = sizeof *deep,
                                               .type = MAILPROTO_SEARCH_OR,
                                               .number = i,
                                               .either = &leaf};
        if (i + 1 < MANY)
            *(i % 2 ? &deep[i].either : &deep[i].other) = &deep[i + 1];
        list[i] = (mailproto_store_run){sizeof *list, 2 * i + 1, 2 * i + 1, 0, i + 1 < MANY ? &list[i + 1] : NULL};
    }
    deep[MANY - 1].uids = list;
    assert_int_equal(mailproto_store_keep(&kept, &question.head, &memory.api), MAILPROTO_OK);
    assert_int_equal(memory.live, 1);
    memset(deep, 0xee, MANY * sizeof *deep);
    memset(list, 0xee, MANY * sizeof *list);
    for (key = ((mailproto_store_search *)(void *)kept)->keys; n + 1 < MANY; n++) {
        assert_int_equal(key->number, n);
        key = n % 2 ? key->either : key->other;
    }
    for (n = 0, run = key->uids; run; run = run->next, n++)
        assert_int_equal(run->first, 2 * n + 1);
    assert_int_equal(n, MANY);
    mailproto_store_kept_free(kept, &memory.api);
    assert_int_equal(memory.live, 0);

    /* the stack of the walk is memory, too */
    for (uint32_t i = 0; i < 64; i++)
        deep[i] = (mailproto_store_search_key){.struct_size = sizeof *deep,
                                               .type = MAILPROTO_SEARCH_OR,
                                               .either = &leaf,
                                               .other = &leaf,
                                               .next = i < 63 ? &deep[i + 1] : NULL};
    for (size_t at = 1, result = 1; result; at++) {
        test_allocator_init(&memory);
        memory.fail_at = at;
        result = mailproto_store_keep(&kept, &question.head, &memory.api) != MAILPROTO_OK;
        assert_int_equal(memory.live, !result);
        assert_true(result || at > 3);
    }
    mailproto_store_kept_free(kept, &memory.api);
    free(deep);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),    cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_other_sizes),   cmocka_unit_test(test_what_is_no_event),
        cmocka_unit_test(test_deep_and_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
