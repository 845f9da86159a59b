/* The host of a session in a test: the whole loop in memory, under virtual time, with a host's freedoms at random.
   support/host.h; include/mailproto/session.h, the loop. */
#include "support/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void broken(const struct test_host *h, const char *promise)
{
    fprintf(stderr, "a session broke its promise: %s (wants %u, deadline %llu, now %llu, %zu octets wait, mode %u)\n",
            promise, h->freed ? 0 : mailproto_session_wants(h->session),
            h->freed ? 0 : (unsigned long long)mailproto_session_deadline(h->session), (unsigned long long)h->now,
            h->in.len, h->mode);
    abort();
}

static void demand(const struct test_host *h, int kept, const char *promise)
{
    if (!kept)
        broken(h, promise);
}

static int wants(const struct test_host *h, uint32_t bit)
{
    return !h->freed && (mailproto_session_wants(h->session) & bit) != 0;
}

/* ---- being waked ---- */

static void wake(mailproto_session *s, void *user)
{
    struct test_host *h = user;

    demand(h, s == h->session, "wake names the session that the host drives");
    demand(h, !h->inside, "no wake comes out of a callback");
    demand(h, !h->waked, "wake comes once, until the host has looked");
    h->waked = 1;
}

static void watch(struct test_host *h)
{
    if (h->freed || h->watched == h->session)
        return;
    mailproto_session_set_wake(h->session, wake, h);
    h->watched = h->session;
}

/* Whether a host that looks would find something to do that neither octets nor time bring. */
static int is_due(const struct test_host *h)
{
    return wants(h, MAILPROTO_WANTS_WRITE) || (!h->freed && mailproto_session_deadline(h->session) == 0);
}

/* ---- events ---- */

static void forget(struct test_host *h, uint64_t token)
{
    for (size_t i = 0; i < h->pending_count; i++)
        if (h->pending[i].token == token)
            h->pending[i--] = h->pending[--h->pending_count];
}

/* ---- the books ---- */

void test_host_answered(struct test_host *h, uint64_t token)
{
    struct test_booking *booking = test_books_find(&h->books, token);

    demand(h, booking && !booking->answered && !booking->cancelled,
           "a request is answered once, and not when it is dead");
    booking->answered = 1;
}

static void book_cancel(struct test_host *h, uint64_t token)
{
    struct test_booking *booking = test_books_find(&h->books, token);

    demand(h, booking && !booking->answered && !booking->cancelled, "CANCEL comes once, and for what is open only");
    booking->cancelled = 1;
}

static int32_t see_event(struct test_host *h, const mailproto_event *event)
{
    struct test_pending request = {.token = event->token, .type = event->type};
    int32_t result;

    h->events++;
    demand(h, !h->closed, "nothing comes after CLOSED");
    if (event->type == MAILPROTO_EVENT_CLOSED) {
        h->closed++;
        h->why = ((const mailproto_closed *)event)->why;
    }
    if (event->type == MAILPROTO_EVENT_CANCEL) {
        h->cancels++;
        forget(h, ((const mailproto_cancel *)event)->cancelled);
        book_cancel(h, ((const mailproto_cancel *)event)->cancelled);
    }
    if (event->token)
        demand(h, test_books_open(&h->books, event->token), "a token is given out once");
    result = h->event(h, event, &request);
    if (event->token && result && !test_books_find(&h->books, event->token)->answered)
        test_host_answered(h, event->token); /* what a callback returns is an answer */
    if (h->holds && test_random_below(&h->random, 3) == 0 && !h->closed) {
        mailproto_session_hold(h->session);
        h->held = 1;
    }
    if (!event->token || result)
        return result;
    if (h->mode == TEST_AT_ONCE || (h->mode == TEST_POLLED && test_random_below(&h->random, 2))) {
        h->answer(h, &request);
        return 0;
    }
    demand(h, h->pending_count < TEST_PENDING_MAX, "no more requests open than were allowed");
    h->pending[h->pending_count++] = request;
    return 0;
}

int32_t test_host_event(struct test_host *h, const mailproto_event *event)
{
    int32_t result;

    h->inside = h->mode != TEST_POLLED;
    result = see_event(h, event);
    h->inside = 0;
    return result;
}

static void poll_events(struct test_host *h)
{
    const mailproto_event *event;

    while (h->mode == TEST_POLLED && !h->freed) {
        event = mailproto_session_next_event(h->session);
        h->waked = 0;
        if (!event)
            break;
        test_host_event(h, event);
    }
}

/* After every verb. */
static void after(struct test_host *h, int32_t result)
{
    h->result = result;
    h->waked = 0;
    if (result == MAILPROTO_FREED)
        h->freed = 1;
    poll_events(h);
}

/* ---- the loop ---- */

static int tick(struct test_host *h)
{
    if (h->freed || mailproto_session_deadline(h->session) > h->now)
        return 0;
    after(h, mailproto_session_tick(h->session, h->now));
    return 1;
}

/* What is fed lies in memory of its own, which is gone when the session has nothing more to say about it. */
static int feed(struct test_host *h)
{
    size_t taken = 0, n = h->in.len;
    uint8_t *data;

    if (!n || !wants(h, MAILPROTO_WANTS_READ))
        return 0;
    data = malloc(n);
    if (!data)
        abort();
    memcpy(data, h->in.ptr, n);
    after(h, mailproto_session_feed(h->session, data, n, h->now, &taken));
    memset(data, 0xee, n);
    free(data);
    demand(h, h->freed || taken > 0, "feed takes at least one octet whenever wants has READ");
    test_bytes_take(&h->in, h->freed ? n : taken);
    return 1;
}

static int take_output(struct test_host *h)
{
    const uint8_t *data;
    uint8_t *copy;
    size_t len, n;
    int32_t result;

    if (h->freed)
        return 0;
    result = mailproto_session_output(h->session, &data, &len);
    copy = malloc(len + 1);
    if (!copy)
        abort();
    if (len)
        memcpy(copy, data, len);
    after(h, result);
    if (h->freed || !len) {
        free(copy);
        demand(h, !wants(h, MAILPROTO_WANTS_WRITE), "WRITE is off once output gave nothing");
        return 0;
    }
    if (test_random_below(&h->random, 4) == 0)
        test_host_act(h);
    demand(h, !memcmp(copy, data, len), "lent octets stay as they are until they are acked");
    free(copy);
    n = 1 + test_random_below(&h->random, len);
    test_bytes_add(&h->out, data, n);
    demand(h, mailproto_session_output_ack(h->session, len + 1) == MAILPROTO_ERR_ARG, "no more is acked than was lent");
    demand(h, mailproto_session_output_ack(h->session, n) == MAILPROTO_OK, "what was lent can be acked");
    return 1;
}

void test_host_settle(struct test_host *h)
{
    int moved;

    watch(h);
    do {
        demand(h, ++h->rounds < 10000000, "a session comes to rest");
        moved = tick(h);
        moved |= feed(h);
        moved |= take_output(h);
    } while (moved);
}

/* One thing that the host, or a store of it, does when it likes. */
static int act(struct test_host *h)
{
    struct test_pending request;
    size_t i;

    if (h->freed)
        return 0;
    if (h->also && ((!h->held && !h->pending_count) || test_random_below(&h->random, 2)) && h->also(h))
        return 1;
    if (h->held && (!h->pending_count || test_random_below(&h->random, 2))) {
        h->held = 0;
        mailproto_session_release(h->session);
        return 1;
    }
    if (!h->pending_count)
        return 0;
    i = test_random_below(&h->random, h->pending_count);
    request = h->pending[i];
    h->pending[i] = h->pending[--h->pending_count];
    h->answer(h, &request);
    return 1;
}

/* Whatever it is, the session tells of it who drives it. */
int test_host_act(struct test_host *h)
{
    int was_due = is_due(h) || h->watched != h->session, acted = act(h);

    demand(h, was_due || h->waked || !is_due(h), "what makes the session move from outside wakes its host");
    return acted;
}

void test_host_rest(struct test_host *h)
{
    do
        test_host_settle(h);
    while (test_host_act(h));
}

void test_host_send(struct test_host *h, const void *p, size_t n, size_t cut)
{
    const uint8_t *from = p;

    while (n) {
        size_t k = cut ? cut : 1 + test_random_below(&h->random, 40);

        test_host_settle(h);
        if (h->freed || wants(h, MAILPROTO_WANTS_CLOSE))
            break;
        if (!wants(h, MAILPROTO_WANTS_READ)) {
            demand(h, test_host_act(h), "a session that takes nothing waits for the host, or wants CLOSE");
            continue;
        }
        if (test_random_below(&h->random, 2) && test_host_act(h))
            continue;
        if (k > n)
            k = n;
        test_bytes_add(&h->in, from, k);
        from += k;
        n -= k;
    }
    test_host_rest(h);
}

int test_host_wait(struct test_host *h, uint64_t until)
{
    uint64_t deadline;

    test_host_settle(h);
    deadline = h->freed ? UINT64_MAX : mailproto_session_deadline(h->session);
    if (deadline > until) {
        h->now = until > h->now ? until : h->now;
        return 0;
    }
    h->now = deadline;
    test_host_settle(h);
    return 1;
}

void test_host_eof(struct test_host *h)
{
    if (!h->freed)
        after(h, mailproto_session_eof(h->session, h->now));
}

void test_host_lost(struct test_host *h, int32_t why)
{
    if (!h->freed)
        after(h, mailproto_session_lost(h->session, why, "cut", 3, h->now));
}

void test_host_free(struct test_host *h)
{
    if (!h->freed)
        mailproto_session_free(h->session);
    h->freed = 1;
    test_bytes_free(&h->in);
    test_bytes_free(&h->out);
    test_books_free(&h->books);
}
