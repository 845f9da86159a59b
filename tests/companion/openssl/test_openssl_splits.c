/* TLS in pieces: handshake, data and end cut at every place, broken off at every octet, changed at every octet, and left in the
 * middle. close_notify and truncation are told apart wherever the end comes. RFC 8446 6.1; RFC 5246 7.2.1. */
#include "library.h"

static const char hello[] = "hello, server", welcome[] = "welcome, client";

/* Every place is tried where that is quick. */
static size_t stride(const struct libraries *l)
{
    return l->client == l->server ? 1 : 7;
}

static void begin(struct ends *e)
{
    ends_meet(e, "imap.example.test");
    probe_say(e->probe[CLIENT], hello, sizeof hello - 1);
    probe_say(e->probe[SERVER], welcome, sizeof welcome - 1);
}

static void check_heard(const struct ends *e, int side, int all)
{
    const char *said = side == SERVER ? hello : welcome;
    const struct test_bytes *heard = &e->seen[side].heard;

    assert_true(heard->len <= strlen(said));
    if (heard->len)
        assert_memory_equal(heard->ptr, said, heard->len);
    if (all)
        assert_int_equal(heard->len, strlen(said));
}

static void check_good_end(struct ends *e)
{
    for (int side = 0; side < SIDES; side++) {
        if (e->seen[side].why || !e->seen[side].closed)
            fail_msg("%s: %d %s", side == CLIENT ? "client" : "server", e->seen[side].closed, e->seen[side].text);
        check_heard(e, side, 1);
    }
}

/* Runs f for each pair of libraries and each version. */
static void each(void (*f)(struct ends *e, size_t step))
{
    for (const struct libraries *l = all_libraries; l->client; l++)
        for (uint32_t version = TLS_1_2; version <= newest_of(l); version++) {
            struct ends e;

            /* no tickets: every handshake is a whole one */
            ends_begin(&e, l, (tls_options){.max_version = version, .no_tickets = 1},
                       (tls_options){.clients = TLS_CLIENTS_ASKED, .max_version = version});
            f(&e, stride(l));
            ends_end(&e);
        }
}

static void go_on(struct ends *e, int side)
{
    pair_run(&e->pair);
    e->pair.stop[side] = SIZE_MAX;
    pair_run(&e->pair);
}

/* How many octets reach a side in all. */
static size_t octets(struct ends *e, int side)
{
    size_t n;

    begin(e);
    pair_run(&e->pair);
    probe_leave(e->probe[!side]);
    pair_run(&e->pair);
    check_good_end(e);
    n = e->pair.arrived[side];
    ends_part(e);
    return n;
}

static void in_pieces(struct ends *e, size_t step)
{
    (void)step;
    for (size_t cut = 1; cut < 40; cut += cut < 8 ? 1 : 6) {
        begin(e);
        e->pair.cut = cut;
        pair_run(&e->pair);
        assert_int_equal(e->seen[CLIENT].closed + e->seen[SERVER].closed, 0);
        probe_leave(e->probe[CLIENT]);
        pair_run(&e->pair);
        check_good_end(e);
        ends_part(e);
    }
}

static void in_two(struct ends *e, size_t step)
{
    for (int side = 0; side < SIDES; side++) {
        size_t n = octets(e, side);

        for (size_t at = 0; at <= n; at += step) {
            begin(e);
            e->pair.stop[side] = at;
            pair_run(&e->pair);
            if (e->pair.arrived[side] == at)
                go_on(e, side);
            probe_leave(e->probe[!side]);
            go_on(e, side);
            check_good_end(e);
            ends_part(e);
        }
    }
}

static void truncated(struct ends *e, size_t step)
{
    for (int side = 0; side < SIDES; side++) {
        size_t n = octets(e, side), whole = 0;

        for (size_t at = 0; at <= n + 16 || !whole; at += step) {
            int complete;

            begin(e);
            e->pair.stop[side] = at;
            pair_run(&e->pair);
            probe_leave(e->probe[!side]);
            pair_run(&e->pair);
            complete = !e->pair.wire[side].len;
            whole += (size_t)complete;
            if (!complete)
                pair_cut(&e->pair, side);
            pair_run(&e->pair);
            assert_int_equal(e->seen[side].closed, 1);
            assert_int_equal(e->seen[side].why, complete ? 0 : MAILPROTO_ERR_TLS);
            assert_int_equal(e->seen[side].ended, complete);
            check_heard(e, side, complete);
            if (!complete && e->seen[side].started)
                assert_string_equal(e->seen[side].text, "the connection ended without close_notify");
            else if (!complete)
                assert_string_equal(e->seen[side].text, "the connection ended in the TLS handshake");
            ends_part(e);
        }
    }
}

/* Whatever was changed, nobody hears what was not said, and somebody notices unless it has no meaning. */
static void changed(struct ends *e, size_t step)
{
    size_t noticed = 0;

    step *= 3;
    for (int side = 0; side < SIDES; side++) {
        size_t n = octets(e, side);

        for (size_t at = 1; at <= n; at += step) {
            int bad;

            begin(e);
            e->pair.flip[side] = at;
            pair_run(&e->pair);
            probe_leave(e->probe[!side]);
            pair_run(&e->pair);
            for (int who = 0; who < SIDES; who++)
                if (!pair_over(&e->pair, who))
                    pair_cut(&e->pair, who); /* it waits for the rest of a record whose length was changed */
            pair_run(&e->pair);
            bad = e->seen[CLIENT].why == MAILPROTO_ERR_TLS || e->seen[SERVER].why == MAILPROTO_ERR_TLS;
            for (int who = 0; who < SIDES; who++) {
                assert_int_equal(e->seen[who].closed, 1);
                check_heard(e, who, !bad);
            }
            noticed += (size_t)bad;
            ends_part(e);
        }
        assert_true(noticed * step * 10 > n * 9);
    }
}

/* Gone in the middle: the connection, or the session itself, by either side's will. */
static void left(struct ends *e, size_t step)
{
    for (int side = 0; side < SIDES; side++) {
        size_t n = octets(e, side);

        for (size_t at = 0; at <= n; at += step * 5)
            for (int way = 0; way < 3; way++) {
                begin(e);
                e->pair.stop[side] = at;
                pair_run(&e->pair);
                if (way == 0) {
                    mailproto_session_lost(e->pair.session[side], MAILPROTO_ERR_LOST, "reset", 5, 0);
                    assert_int_equal(e->seen[side].why, MAILPROTO_ERR_LOST);
                    assert_true(pair_over(&e->pair, side));
                } else if (way == 1) {
                    probe_leave(e->probe[side]);
                    pair_run(&e->pair);
                    assert_int_equal(e->seen[side].why, 0);
                    assert_int_equal(pair_over(&e->pair, side), e->seen[side].started); /* not in the handshake */
                }
                ends_part(e);
            }
    }
}

static void test_in_pieces(void **state)
{
    (void)state;
    each(in_pieces);
}

static void test_in_two(void **state)
{
    (void)state;
    each(in_two);
}

static void test_truncated(void **state)
{
    (void)state;
    each(truncated);
}

static void test_changed(void **state)
{
    (void)state;
    each(changed);
}

static void test_left(void **state)
{
    (void)state;
    each(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_pieces), cmocka_unit_test(test_in_two), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_changed),   cmocka_unit_test(test_left),
    };

    return cmocka_run_group_tests(tests, certificates_begin, certificates_end);
}
