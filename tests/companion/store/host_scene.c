/* host_scene.c - see host_scene.h.
 * mailproto/host_store.h. */
#include "host_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "asking.h"

/* ---- the store ---- */

static void enter(struct guarded *g)
{
    if (atomic_fetch_add(&g->inside, 1))
        atomic_store(&g->twice, 1);
}

static void leave(struct guarded *g)
{
    atomic_fetch_sub(&g->inside, 1);
}

#define GUARD(field, name)                                                                                             \
    static int32_t guarded_##field(void *user, mailproto_store_asker *asker, const mailproto_store_##name *question)   \
    {                                                                                                                  \
        struct guarded *g = user;                                                                                      \
        int32_t result;                                                                                                \
                                                                                                                       \
        enter(g);                                                                                                      \
        result = g->inner.field(g->inner.user, asker, question);                                                       \
        leave(g);                                                                                                      \
        return result;                                                                                                 \
    }
#define FUNCTIONS(X)                                                                                                   \
    X(list, list)                                                                                                      \
    X(mailbox_open, open)                                                                                              \
    X(mailbox_close, close)                                                                                            \
    X(status, status)                                                                                                  \
    X(mailbox_create, create)                                                                                          \
    X(mailbox_delete, delete)                                                                                          \
    X(mailbox_rename, rename)                                                                                          \
    X(subscribe, subscribe)                                                                                            \
    X(authorise, authorise)                                                                                            \
    X(changes, changes)                                                                                                \
    X(snapshot_end, snapshot_end)                                                                                      \
    X(message_open, message_open)                                                                                      \
    X(message_close, message_close)                                                                                    \
    X(append_begin, append_begin)                                                                                      \
    X(append_write, append_write)                                                                                      \
    X(append_commit, append_commit)                                                                                    \
    X(append_abort, append_abort)                                                                                      \
    X(flags, flags)                                                                                                    \
    X(copy, copy)                                                                                                      \
    X(expunge, expunge)                                                                                                \
    X(watch, watch)                                                                                                    \
    X(blob_read, blob_read)                                                                                            \
    X(blob_write, blob_write)                                                                                          \
    X(quota, quota)                                                                                                    \
    X(quota_set, quota_set)                                                                                            \
    X(metadata, metadata)                                                                                              \
    X(metadata_set, metadata_set)
FUNCTIONS(GUARD)
#undef GUARD

static int32_t lend(mailproto_store_asker *asker, uint64_t token, const mailproto_event *event)
{
    struct passing *p = (struct passing *)(void *)asker;
    struct guarded *g = p->guarded;
    mailproto_store_slice item = *(const mailproto_store_slice *)(const void *)event;
    size_t at = 0;
    int32_t result;

    while (at < 64 && g->copies[at])
        at++;
    if (event->type != MAILPROTO_STORE_SLICE || at == 64 || !item.bytes.len)
        return mailproto_store_give(p->outer, token, event);
    g->copies[at] = malloc(item.bytes.len);
    memcpy(g->copies[at], item.bytes.ptr, item.bytes.len);
    item.bytes.ptr = g->copies[at];
    item.lease = at + 1;
    g->lent++;
    result = mailproto_store_give(p->outer, token, &item.head);
    if (result < 0) {
        free(g->copies[at]);
        g->copies[at] = NULL;
        g->lent--;
    }
    return result;
}

static int32_t pass_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct passing *p = (struct passing *)(void *)asker;

    return why ? mailproto_store_fail(p->outer, token, why, text, len) : mailproto_store_done(p->outer, token);
}

static int32_t guarded_message_read(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_message_read *question)
{
    struct guarded *g = user;
    int32_t result;

    enter(g);
    g->reads = (struct passing){{sizeof g->reads.asker, 0, lend, pass_end}, g, asker, 1};
    result = g->inner.message_read(g->inner.user, &g->reads.asker, question);
    leave(g);
    return result;
}

static void guarded_release(void *user, uint64_t lease)
{
    struct guarded *g = user;

    enter(g);
    if (lease && lease <= 64 && g->copies[lease - 1]) {
        free(g->copies[lease - 1]);
        g->copies[lease - 1] = NULL;
        g->released++;
    }
    leave(g);
}

static int32_t guarded_append_share(void *user, mailproto_store_asker *asker,
                                    const mailproto_store_append_share *question)
{
    struct guarded *g = user, *other = question->other->user;
    mailproto_store_append_share below = *question;
    int32_t result;

    enter(g);
    if (other != g)
        enter(other);
    below.other = &other->inner;
    result = g->inner.append_share(g->inner.user, asker, &below);
    if (other != g)
        leave(other);
    leave(g);
    return result;
}

static void guarded_cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    struct guarded *g = user;

    enter(g);
    g->inner.cancel(g->inner.user, asker, token);
    leave(g);
}

void guarded_new(struct guarded *g, mailproto_store *out)
{
    memset(g, 0, sizeof *g);
    assert_int_equal(mailproto_memory_store_new(&g->memory, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_memory_store_functions(g->memory, &g->inner), MAILPROTO_OK);
    *out = g->inner;
    out->user = g;
#define PUT(field, name) out->field = guarded_##field;
    FUNCTIONS(PUT)
#undef PUT
    out->message_read = guarded_message_read;
    out->append_share = guarded_append_share;
    out->cancel = guarded_cancel;
    out->release = guarded_release;
}

void guarded_end(struct guarded *g)
{
    assert_int_equal(atomic_load(&g->twice), 0);
    assert_int_equal(g->lent, g->released);
    mailproto_memory_store_free(g->memory);
}

/* ---- the scene ---- */

void scene_freed(void *user)
{
    ++*(int *)user;
}

void scene_begin(struct scene *s, size_t stores, const mailproto_host_store_config *how)
{
    mailproto_host_config config;

    memset(s, 0, sizeof *s);
    test_allocator_init(&s->memory);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    assert_int_equal(mailproto_host_config_init(&config, sizeof config), MAILPROTO_OK);
    config.loop = &s->loop;
    config.allocator = &s->memory.api;
    config.on_freed = scene_freed;
    config.user = &s->host_freed;
    assert_int_equal(mailproto_host_new(&s->host, &config, NULL), MAILPROTO_OK);
    for (size_t i = 0; i < stores; i++) {
        guarded_new(&s->guarded[i], &s->blocking[i]);
        assert_int_equal(mailproto_host_store_new(&s->off[i], s->host, &s->blocking[i], how), MAILPROTO_OK);
        assert_int_equal(mailproto_host_store_functions(s->off[i], &s->store[i]), MAILPROTO_OK);
    }
}

void scene_step(struct scene *s)
{
    if (mailproto_host_store_open(s->off[0]) + mailproto_host_store_open(s->off[1]))
        (void)uv_run(&s->loop, UV_RUN_ONCE);
}

void scene_settle(struct scene *s)
{
    while (mailproto_host_store_open(s->off[0]) + mailproto_host_store_open(s->off[1]))
        (void)uv_run(&s->loop, UV_RUN_ONCE);
}

void scene_end_host(struct scene *s)
{
    mailproto_host_free(s->host);
    while (!s->host_freed)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    assert_int_equal(s->memory.live, 0);
}

void scene_end(struct scene *s)
{
    int stores = 0;

    for (size_t i = 0; i < 2 && s->off[i]; i++, stores++)
        mailproto_host_store_free(s->off[i], scene_freed, &s->freed);
    while (s->freed < stores)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    for (int i = 0; i < stores; i++)
        guarded_end(&s->guarded[i]);
    scene_end_host(s);
}

uint64_t scene_inbox(struct scene *s, size_t i)
{
    struct asking a;
    uint64_t id;

    asking_begin(&a, &s->guarded[i].inner); /* nothing is running */
    id = asking_inbox(&a);
    asking_end(&a);
    return id;
}
