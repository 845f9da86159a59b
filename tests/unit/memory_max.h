/* What a session takes at its worst against what its memory_max says: never more, and nearly as much.
   contract.md section 3, "`..._memory_max` states the worst case and tests hold engines to it". */
#ifndef TEST_MEMORY_MAX_H
#define TEST_MEMORY_MAX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mailproto/mailproto.h>

/* An arena that counts, twice as large as memory_max: what does not fit there is no matter of holes. */
struct measure {
    mailproto_allocator arena;
    void *memory;
    size_t max, peak; /* memory_max; the most that any session took */
    size_t apart;     /* octets that memory_max does not count: commands of the host's */
};

static inline void measure_begin(struct measure *m, size_t max)
{
    assert_true(max > 0);
    m->max = max;
    m->memory = malloc(2 * max);
    assert_non_null(m->memory);
    assert_int_equal(mailproto_arena_init(&m->arena, m->memory, 2 * max), MAILPROTO_OK);
}

/* The session is freed. */
static inline void measure_end(struct measure *m)
{
    size_t peak = mailproto_arena_peak(&m->arena) - m->apart;

    assert_int_equal(mailproto_arena_used(&m->arena), 0);
    if (peak > m->peak)
        m->peak = peak;
    free(m->memory);
}

static inline void measure_check(const struct measure *m, const char *what, unsigned percent)
{
    if (m->peak > m->max || m->peak * 100 < m->max * percent)
        fail_msg("%s takes %zu octets, and memory_max says %zu: not %u to 100 in 100", what, m->peak, m->max, percent);
}

/* Feeds all of it, `cut` octets at a time, whenever the session reads; `act` does what the host does in between. */
static inline void feed_all(mailproto_session *s, const void *data, size_t n, size_t cut, void (*act)(void *),
                            void *host)
{
    const char *from = data;
    unsigned idle = 0;

    while (n) {
        size_t taken = 0, k = cut < n ? cut : n;

        if (mailproto_session_deadline(s) == 0)
            mailproto_session_tick(s, 0);
        if (mailproto_session_wants(s) & MAILPROTO_WANTS_READ)
            assert_int_equal(mailproto_session_feed(s, from, k, 0, &taken), MAILPROTO_OK);
        from += taken;
        n -= taken;
        act(host);
        idle = taken ? 0 : idle + 1;
        if (idle == 100)
            fail_msg("the session takes no more: wants %u, %zu octets are left: %.40s", mailproto_session_wants(s), n,
                     from);
    }
}

/* The first n octets of its output are sent; they lie in one chunk or more. */
static inline void send_some(mailproto_session *s, size_t n)
{
    const uint8_t *data;
    size_t len;

    while (n) {
        mailproto_session_output(s, &data, &len);
        if (!len)
            break;
        len = len < n ? len : n;
        mailproto_session_output_ack(s, len);
        n -= len;
    }
}

#endif
