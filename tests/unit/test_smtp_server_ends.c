/* How a session of the server engine can end: lost, half-closed, finished, freed, out of memory, at every place there is.
   What was begun is ended once, what was asked is answered or cancelled once, nothing leaks. contract.md section 2. */
#include "test_smtp_server_scripts.h"

static const struct manner manners[] = {
    {"at once", 0, 0, 0, 0, SIZE_MAX, 0, 1},
    {"later, in any order", 0, 1, 0, 0, SIZE_MAX, 0, 16},
    {"polled", 1, 0, 0, 0, SIZE_MAX, 0, 1},
    {"polled, later, octet by octet, traced", 1, 1, 0, 1, 1, 0, 16},
};

enum { MANNERS = sizeof manners / sizeof manners[0], SCRIPTS = sizeof scripts / sizeof scripts[0] };

/* ---- things that callbacks do ---- */

static int do_finish(struct host *h)
{
    mailproto_session_finish(h->s);
    mailproto_session_finish(h->s);
    return 0;
}

static int do_free(struct host *h)
{
    int polled = h->manner->polled;

    mailproto_session_free(h->s);
    h->freed = polled; /* outside of verbs it is gone at once */
    return 1;
}

static int do_fail(struct host *h)
{
    /* a request: fail; else its message, or the session */
    if (h->last_type == MAILPROTO_SMTP_SERVER_MAIL || h->last_type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN) {
        h->transaction = h->last_type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN;
        h->message = 0;
    }
    return MAILPROTO_ERR_HOST;
}

static int do_verbs(struct host *h)
{
    const uint8_t *data;
    size_t n;
    char c = 'x';

    if (h->manner->polled)
        return 0;
    assert_int_equal(mailproto_session_feed(h->s, &c, 1, h->now, &n), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_session_eof(h->s, h->now), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_session_lost(h->s, MAILPROTO_ERR_LOST, NULL, 0, h->now), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_session_output(h->s, &data, &n), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_session_output_ack(h->s, 0), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_session_tick(h->s, h->now), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_session_tls_started(h->s, NULL), MAILPROTO_ERR_REENTRANT);
    assert_null(mailproto_session_next_event(h->s));
    return 0;
}

/* A lost session, from outside of callbacks: cancels and ends come, and nothing more. */
static void lose(struct host *h)
{
    verb(h, mailproto_session_lost(h->s, MAILPROTO_ERR_LOST, "gone", 4, h->now));
    while (host_events(h))
        continue;
    assert_int_equal(mailproto_session_wants(h->s), MAILPROTO_WANTS_CLOSE);
    assert_int_equal(h->closed, 1);
    assert_int_equal(h->pendings, 0);
}

/* Runs a script with something done at the how manyth event. 0: there were fewer events. */
static int acted(const struct script *script, const struct manner *manner, int (*act)(struct host *h), size_t at)
{
    static struct host h;
    int done;

    assert_int_equal(host_begin(&h, script, manner, 0), MAILPROTO_OK);
    h.act = act;
    h.act_at = at;
    host_run(&h);
    done = h.acted >= at;
    host_end(&h);
    return done;
}

static void everywhere(int (*act)(struct host *h))
{
    for (size_t i = 0; i < SCRIPTS; i++)
        for (size_t m = 0; m < MANNERS; m++)
            for (size_t at = 1; acted(&scripts[i], &manners[m], act, at); at++)
                assert_true(at < 1000);
}

static void test_finish_anywhere(void **state)
{
    (void)state;
    everywhere(do_finish);
}

static void test_free_anywhere(void **state)
{
    (void)state;
    everywhere(do_free);
}

static void test_fail_anywhere(void **state)
{
    (void)state;
    everywhere(do_fail);
}

static void test_verbs_in_callbacks(void **state)
{
    (void)state;
    everywhere(do_verbs);
}

/* ---- lost and half-closed at every octet ---- */

static void cut_at(const struct script *script, const struct manner *manner, size_t piece, size_t at, int how)
{
    static struct host h;
    struct script part = *script;

    part.no_eof = 1;
    part.pieces[piece].len = at;
    for (size_t i = piece + 1; i < PIECES; i++)
        part.pieces[i].ptr = NULL;
    assert_int_equal(host_begin(&h, &part, manner, 0), MAILPROTO_OK);
    if (how == 0) { /* everything is settled, then the connection is gone */
        host_run(&h);
        lose(&h);
    } else if (how == 1) { /* requests are open when it goes */
        host_wait(&h);
        for (size_t i = 0; i <= piece; i++)
            host_feed(&h, part.pieces[i]);
        lose(&h);
    } else {
        part.no_eof = 0;
        host_run(&h);
    }
    host_end(&h);
}

static void test_cut_off_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCRIPTS; i++)
        for (size_t piece = 0; piece < PIECES && scripts[i].pieces[piece].ptr; piece++)
            for (size_t at = 0; at <= scripts[i].pieces[piece].len; at++)
                for (int how = 0; how < 3; how++)
                    cut_at(&scripts[i], &manners[(at + piece) % MANNERS], piece, at, how);
}

/* ---- no memory ---- */

static void test_no_memory(void **state)
{
    static struct host h;

    (void)state;
    for (size_t i = 0; i < SCRIPTS; i++)
        for (size_t m = 0; m < MANNERS; m++)
            for (uint64_t fail_at = 1;; fail_at++) {
                int done;

                if (host_begin(&h, &scripts[i], &manners[m], fail_at) == MAILPROTO_ERR_NOMEM) {
                    host_end(&h);
                    continue;
                }
                host_run(&h);
                done = h.memory.asked < fail_at;
                assert_true(done || h.why == MAILPROTO_ERR_NOMEM || h.closed == 1);
                host_end(&h);
                if (done)
                    break;
            }
}

/* A verdict in the middle of the data keeps its code even if there is no memory for its words. */
static void test_reject_without_memory(void **state)
{
    static struct host h;
    static const struct script script = {.name = "stop",
                                         .pieces = {SAID(HI ENVELOPE "DATA\r\nSTOP!\r\n.\r\nQUIT\r\n")}};
    int plain = 0;

    (void)state;
    for (uint64_t fail_at = 1;; fail_at++) {
        if (host_begin(&h, &script, &at_once, fail_at) == MAILPROTO_OK) {
            host_run(&h);
            plain += strstr(h.wire, "552 5.3.4 ") != NULL;
            if (h.memory.asked < fail_at)
                break;
        }
        host_end(&h);
    }
    host_end(&h);
    assert_int_equal(plain, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finish_anywhere),       cmocka_unit_test(test_free_anywhere),
        cmocka_unit_test(test_fail_anywhere),         cmocka_unit_test(test_verbs_in_callbacks),
        cmocka_unit_test(test_cut_off_anywhere),      cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_reject_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
