/* Two sessions and the wire between them, in memory.
   pair.h. */
#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 1000000 };

static void demand(int kept, const char *promise)
{
    if (!kept) {
        fprintf(stderr, "a session broke its promise: %s\n", promise);
        abort();
    }
}

void pair_begin(struct pair *p, mailproto_session *client, mailproto_session *server)
{
    *p = (struct pair){.session = {client, server}, .stop = {SIZE_MAX, SIZE_MAX}};
}

int pair_over(const struct pair *p, int side)
{
    return (mailproto_session_wants(p->session[side]) & MAILPROTO_WANTS_CLOSE) != 0;
}

static size_t on_its_way(const struct pair *p, int side)
{
    size_t n = p->wire[side].len;

    if (p->stop[side] != SIZE_MAX && n > p->stop[side] - p->arrived[side])
        n = p->stop[side] - p->arrived[side];
    return p->cut && n > p->cut ? p->cut : n;
}

/* From memory of its own, which is gone afterwards. */
static int feed(struct pair *p, int side)
{
    size_t n = on_its_way(p, side), taken = 0;
    uint8_t *data;

    if (!n || !(mailproto_session_wants(p->session[side]) & MAILPROTO_WANTS_READ))
        return 0;
    data = malloc(n);
    demand(data != NULL, "memory");
    memcpy(data, p->wire[side].ptr, n);
    if (p->flip[side] > p->arrived[side] && p->flip[side] <= p->arrived[side] + n)
        data[p->flip[side] - p->arrived[side] - 1] ^= 0x10;
    mailproto_session_feed(p->session[side], data, n, 0, &taken);
    free(data);
    demand(taken > 0 && taken <= n, "feed takes at least one octet whenever wants has READ");
    test_bytes_take(&p->wire[side], taken);
    p->arrived[side] += taken;
    return 1;
}

static int send(struct pair *p, int side)
{
    const uint8_t *data;
    size_t n;

    mailproto_session_output(p->session[side], &data, &n);
    if (!n) {
        demand(!(mailproto_session_wants(p->session[side]) & MAILPROTO_WANTS_WRITE),
               "WRITE is off once output gave nothing");
        return 0;
    }
    test_bytes_add(&p->wire[!side], data, n);
    mailproto_session_output_ack(p->session[side], n);
    return 1;
}

static int settle(struct pair *p, int side)
{
    int moved = 0;

    if (!mailproto_session_deadline(p->session[side])) {
        mailproto_session_tick(p->session[side], 0);
        moved = 1;
    }
    moved |= feed(p, side);
    return moved | send(p, side);
}

static int hear_end(struct pair *p, int side)
{
    if (p->told_end[side] || pair_over(p, side) || !pair_over(p, !side) || p->wire[side].len)
        return 0;
    pair_cut(p, side);
    return 1;
}

void pair_run(struct pair *p)
{
    int moved, rounds = 0;

    do {
        demand(++rounds < ROUNDS, "sessions come to rest");
        moved = settle(p, CLIENT);
        moved |= settle(p, SERVER);
        moved |= hear_end(p, CLIENT);
        moved |= hear_end(p, SERVER);
    } while (moved);
}

void pair_cut(struct pair *p, int side)
{
    p->told_end[side] = 1;
    p->wire[side].len = 0;
    mailproto_session_eof(p->session[side], 0);
}

void pair_end(struct pair *p)
{
    for (int side = 0; side < SIDES; side++) {
        mailproto_session_free(p->session[side]);
        test_bytes_free(&p->wire[side]);
    }
}
