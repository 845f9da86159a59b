/* A mailbox in memory for the IMAP probe, and a host that asks it.
   imap_probe/store.h. */
#include "imap_probe/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

void store_add(struct store *store, uint64_t size)
{
    assert_true(store->count < STORE_MAX);
    store->messages[store->count] = (struct message){
        .uid = store->count ? store->messages[store->count - 1].uid + 1 : 1,
        .modseq = ++store->modseq,
        .size = size,
    };
    store->count++;
}

uint8_t store_octet(uint32_t uid, uint64_t offset)
{
    return offset % 40 == 38 ? '\r' : offset % 40 == 39 ? '\n' : (uint8_t)('a' + (uid + offset) % 26);
}

static struct message *find(struct store *store, uint64_t uid)
{
    for (size_t i = 0; i < store->count; i++)
        if (store->messages[i].uid == uid)
            return &store->messages[i];
    return NULL;
}

/* The sessions of a mailbox learn that something changed; the host brings it to each one's thread. */
static void changed(struct store *store, struct message *m)
{
    m->modseq = ++store->modseq;
    for (size_t i = 0; i < 2; i++)
        if (store->users[i] && !store->users[i]->host.freed)
            probe_poke(store->users[i]->probe);
}

/* ---- answers ---- */

static int32_t changes(struct user *u, uint64_t token, uint64_t since, uint64_t after)
{
    struct store *s = u->store;
    size_t given = 0;

    if (!after)
        u->snapshot = s->modseq;
    for (size_t i = 0; i < s->count; i++) {
        const struct message *m = &s->messages[i];
        int32_t result;

        if (m->modseq <= since || m->uid <= after)
            continue;
        if (given++ == 4)
            return probe_done(u->probe, token, 0, 1);
        result = m->gone ? probe_expunged(u->probe, token, m->uid) : probe_message(u->probe, token, m->uid, m->flags);
        if (result)
            return result;
    }
    return probe_done(u->probe, token, u->snapshot, 0);
}

static int32_t pin(struct user *u, uint64_t token, uint64_t uid)
{
    const struct message *m = find(u->store, uid);
    int32_t result;

    if (!m || m->gone)
        return mailproto_session_fail(u->host.session, token);
    result = probe_pinned(u->probe, token, uid, m->size);
    u->pins += !result;
    return result;
}

static int32_t read_some(struct user *u, const struct test_pending *r)
{
    uint64_t uid = r->n & 0xffff, offset = r->n >> 16;
    size_t n = 1 + test_random_below(&u->host.random, (size_t)r->m);
    uint8_t octets[1024];

    if (u->store->broken_reads && offset)
        return mailproto_session_fail(u->host.session, r->token);
    for (size_t i = 0; i < n; i++)
        octets[i] = store_octet((uint32_t)uid, offset + i);
    return mailproto_session_piece(u->host.session, r->token, octets, n);
}

static int32_t store_flags(struct user *u, const struct test_pending *r)
{
    struct message *m = find(u->store, r->n);
    int32_t result;

    if (!m || m->gone)
        return mailproto_session_fail(u->host.session, r->token);
    result = probe_message(u->probe, r->token, m->uid, (m->flags | (uint32_t)(r->m & 3)) & ~(uint32_t)(r->m >> 2));
    if (result)
        return result;
    m->flags = (m->flags | (uint32_t)(r->m & 3)) & ~(uint32_t)(r->m >> 2);
    changed(u->store, m);
    return probe_done(u->probe, r->token, 0, 0);
}

static int32_t expunge(struct user *u, uint64_t token)
{
    for (size_t i = 0; i < u->store->count; i++) {
        struct message *m = &u->store->messages[i];

        if (m->gone || !(m->flags & PROBE_DELETED))
            continue;
        m->gone = 1;
        changed(u->store, m);
    }
    return probe_done(u->probe, token, 0, 0);
}

static int32_t append(struct user *u, const struct test_pending *r)
{
    int32_t result;

    if (r->type == PROBE_APPEND) {
        if (u->refuse_append)
            return mailproto_session_fail(u->host.session, r->token);
        result = probe_done(u->probe, r->token, 0, 0);
        u->appends += !result;
        u->appended = 0;
        return result;
    }
    result = probe_done(u->probe, r->token, 0, 0);
    if (!result) {
        store_add(u->store, u->appended);
        changed(u->store, &u->store->messages[u->store->count - 1]);
    }
    return result;
}

static int32_t answer_one(struct user *u, const struct test_pending *r)
{
    switch (r->type) {
    case PROBE_CHANGES:
        return changes(u, r->token, r->n, r->m);
    case PROBE_PIN:
        return pin(u, r->token, r->n);
    case PROBE_READ:
        return read_some(u, r);
    case PROBE_STORE:
        return store_flags(u, r);
    case PROBE_EXPUNGE:
        return expunge(u, r->token);
    case PROBE_APPEND:
    case PROBE_APPEND_END:
        return append(u, r);
    default:
        return probe_done(u->probe, r->token, 0, 0);
    }
}

static void answer(struct test_host *h, const struct test_pending *r)
{
    int32_t result = answer_one(h->user, r);

    assert_true(result == MAILPROTO_OK ||
                (result == MAILPROTO_ERR_TOKEN && mailproto_session_error(h->session, NULL, NULL, NULL)));
}

/* ---- events ---- */

static int32_t on_event(struct test_host *h, const mailproto_event *event, struct test_pending *r)
{
    struct user *u = h->user;

    switch (event->type) {
    case PROBE_CHANGES:
        r->n = ((const probe_changes *)event)->since;
        r->m = ((const probe_changes *)event)->after;
        break;
    case PROBE_PIN:
        r->n = ((const probe_message_event *)event)->uid;
        break;
    case PROBE_STORE:
        r->n = ((const probe_message_event *)event)->uid;
        r->m = ((const probe_message_event *)event)->add | ((const probe_message_event *)event)->remove << 2;
        break;
    case PROBE_READ:
        r->n = ((const probe_read *)event)->offset << 16 | ((const probe_read *)event)->message;
        r->m = ((const probe_read *)event)->max;
        break;
    case PROBE_UNPIN:
        u->unpins++;
        break;
    case PROBE_APPEND_DATA:
        u->appended += ((const probe_data *)event)->bytes.len;
        break;
    case PROBE_APPEND_END:
        u->ended++;
        break;
    case PROBE_APPEND_ABORT:
        u->aborted++;
        break;
    default:
        break;
    }
    return 0;
}

static int32_t callback(probe *p, const mailproto_event *event, void *user)
{
    (void)p;
    return test_host_event(&((struct user *)user)->host, event);
}

/* ---- sessions ---- */

int32_t user_begin(struct user *user, struct store *store, size_t index, uint32_t max_open, uint32_t mode,
                   uint64_t seed)
{
    int32_t result;

    user->host.user = user;
    user->host.random.state = seed;
    user->host.mode = mode;
    user->host.event = on_event;
    user->host.answer = answer;
    user->host.freed = 1;
    user->store = store;
    if (!user->memory.api.struct_size)
        test_allocator_init(&user->memory);
    result = probe_new(&user->probe, max_open, mode == TEST_POLLED ? NULL : callback, &user->memory.api, user);
    if (result)
        return result;
    user->host.session = probe_session(user->probe);
    user->host.freed = 0;
    store->users[index] = user;
    return MAILPROTO_OK;
}

void user_send(struct user *user, const char *text, size_t cut)
{
    test_host_send(&user->host, text, strlen(text), cut);
}

const char *user_said(struct user *user)
{
    static char text[40000];
    size_t n = user->host.out.len;

    assert_true(n < sizeof text);
    if (n)
        memcpy(text, user->host.out.ptr, n);
    text[n] = '\0';
    test_bytes_take(&user->host.out, n);
    return text;
}

void user_end(struct user *user)
{
    for (size_t i = 0; i < 2; i++)
        if (user->store->users[i] == user)
            user->store->users[i] = NULL;
    if (!user->host.freed) {
        assert_int_equal(user->host.closed, 1);
        assert_true(mailproto_session_wants(user->host.session) & MAILPROTO_WANTS_CLOSE);
        assert_int_equal(user->pins, user->unpins);
        assert_int_equal(user->appends, user->ended + user->aborted);
    }
    test_host_free(&user->host);
    assert_int_equal(user->memory.live, 0);
}
