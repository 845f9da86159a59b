/* server_marks.c - which messages DELE marked: a bit each, allocated when the first is marked.
 * RFC 1939 section 5, DELE and RSET. */
#include "pop3/server.h"

static size_t words(const struct mailproto_pop3_server *s)
{
    return ((size_t)s->count + 63) / 64;
}

int mp_pop3_marked(const struct mailproto_pop3_server *s, uint32_t number)
{
    return s->marks && (s->marks[(number - 1) / 64] >> (number - 1) % 64 & 1);
}

int mp_pop3_mark(struct mailproto_pop3_server *s, uint32_t number)
{
    if (!s->marks)
        s->marks = mp_alloc_zero(&s->base.allocator, words(s) * sizeof *s->marks);
    if (!s->marks)
        return -1;
    s->marks[(number - 1) / 64] |= UINT64_C(1) << (number - 1) % 64;
    s->deleted++;
    return 0;
}

void mp_pop3_unmark_all(struct mailproto_pop3_server *s)
{
    mp_free(&s->base.allocator, s->marks, words(s) * sizeof *s->marks);
    s->marks = NULL;
    s->deleted = 0;
    s->deleted_octets = 0;
}

/* The first message from `number` on whose bit is `set`; whole words that hold none are passed at once. */
static uint32_t next(const struct mailproto_pop3_server *s, uint32_t number, int set)
{
    const uint64_t none = set ? 0 : UINT64_MAX;
    uint64_t i = (uint64_t)number - 1;

    while (i < s->count) {
        if (i % 64 == 0 && s->marks[i / 64] == none)
            i += 64;
        else if ((int)(s->marks[i / 64] >> i % 64 & 1) == set)
            return (uint32_t)i + 1;
        else
            i++;
    }
    return 0;
}

uint32_t mp_pop3_next_marked(const struct mailproto_pop3_server *s, uint32_t number)
{
    return s->marks && number ? next(s, number, 1) : 0;
}

uint32_t mp_pop3_next_unmarked(const struct mailproto_pop3_server *s, uint32_t number)
{
    if (!number || number > s->count)
        return 0;
    return s->marks ? next(s, number, 0) : number;
}
