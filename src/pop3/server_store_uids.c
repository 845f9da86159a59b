/* server_store_uids.c - the UIDs of a maildrop by message number, as runs: octets grow with the gaps between them.
 * RFC 1939 section 5 (message numbers); RFC 9051 section 2.3.1.1 (UIDs rise). */
#include "pop3/server_store_uids.h"

enum { ENTRY_MAX = 10, BLOCKS_FIRST = 8 };

/* ---- numbers ---- */

static uint32_t put_number(uint8_t *to, uint64_t number)
{
    uint32_t n = 0;

    while (number > 127) {
        to[n++] = (uint8_t)(number | 128);
        number >>= 7;
    }
    to[n++] = (uint8_t)number;
    return n;
}

static uint32_t get_number(const uint8_t *from, uint64_t *number)
{
    uint32_t n = 0, shift = 0;

    *number = 0;
    do {
        *number |= (uint64_t)(from[n] & 127) << shift;
        shift += 7;
    } while (from[n++] & 128);
    return n;
}

/* ---- adding ---- */

static int grow(struct mp_pop3_uids *u, const mailproto_allocator *allocator)
{
    uint32_t capacity = u->capacity ? 2 * u->capacity : BLOCKS_FIRST;
    size_t size = sizeof(struct mp_pop3_uids_block *);
    struct mp_pop3_uids_block **blocks;

    if (u->count < u->capacity)
        return 0;
    blocks = u->blocks ? mp_resize(allocator, u->blocks, u->capacity * size, capacity * size)
                       : mp_alloc(allocator, capacity * size);
    if (!blocks)
        return -1;
    u->blocks = blocks;
    u->capacity = capacity;
    return 0;
}

static struct mp_pop3_uids_block *add_block(struct mp_pop3_uids *u, const mailproto_allocator *allocator)
{
    struct mp_pop3_uids_block *block;

    if (grow(u, allocator))
        return NULL;
    block = mp_alloc(allocator, sizeof *block);
    if (!block)
        return NULL;
    block->number = u->open.number - 1;
    block->uid = u->written;
    block->used = 0;
    u->blocks[u->count++] = block;
    return block;
}

/* Writes the open run as an entry. */
static int write_run(struct mp_pop3_uids *u, const mailproto_allocator *allocator)
{
    struct mp_pop3_uids_block *block = u->count ? u->blocks[u->count - 1] : NULL;
    uint64_t gap = u->open.uid - u->written;

    if (!block || block->used > MP_POP3_UIDS_BLOCK - ENTRY_MAX)
        block = add_block(u, allocator);
    if (!block)
        return -1;
    block->used += put_number(block->octets + block->used, gap << 1 | (u->open.count > 1));
    if (u->open.count > 1)
        block->used += put_number(block->octets + block->used, u->open.count - 2);
    u->written = u->open.uid + u->open.count - 1;
    return 0;
}

int32_t mp_pop3_uids_add(struct mp_pop3_uids *u, const mailproto_allocator *allocator, uint32_t uid)
{
    uint64_t next = (uint64_t)u->open.uid + u->open.count;

    if (uid < next || !uid)
        return MAILPROTO_ERR_CORRUPT;
    if (u->open.count && uid == next) {
        u->open.count++;
        return MAILPROTO_OK;
    }
    if (u->open.count && write_run(u, allocator))
        return MAILPROTO_ERR_NOMEM;
    u->open = (struct mp_pop3_run){.number = u->open.number + u->open.count, .uid = uid, .count = 1};
    if (!u->open.number)
        u->open.number = 1;
    return MAILPROTO_OK;
}

/* ---- looking ---- */

/* The last block that begins before the message. */
static uint32_t block_of(const struct mp_pop3_uids *u, uint32_t number)
{
    uint32_t low = 0, high = u->count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (u->blocks[middle]->number < number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void go_to(struct mp_pop3_uids *u, uint32_t block)
{
    u->block = block;
    u->offset = 0;
    u->at = (struct mp_pop3_run){.number = u->blocks[block]->number + 1, .uid = u->blocks[block]->uid + 1};
}

/* Reads the entry behind the run that was found last. 0: there is none in this block. */
static int next_run(struct mp_pop3_uids *u)
{
    const struct mp_pop3_uids_block *block = u->blocks[u->block];
    uint64_t gap, more = 0;

    if (u->offset == block->used)
        return 0;
    u->offset += get_number(block->octets + u->offset, &gap);
    if (gap & 1) {
        u->offset += get_number(block->octets + u->offset, &more);
        more++;
    }
    /* the gap is counted from the last UID of the run before */
    u->at = (struct mp_pop3_run){
        .number = u->at.number + u->at.count,
        .uid = u->at.uid + u->at.count - 1 + (uint32_t)(gap >> 1),
        .count = (uint32_t)more + 1,
    };
    return 1;
}

static struct mp_pop3_run from(struct mp_pop3_run run, uint32_t number)
{
    uint32_t before = number - run.number;

    return (struct mp_pop3_run){number, run.uid + before, run.count - before};
}

struct mp_pop3_run mp_pop3_uids_find(struct mp_pop3_uids *u, uint32_t number)
{
    uint32_t block;

    if (!number || !u->open.count || number - 1 >= u->open.number - 1 + u->open.count)
        return (struct mp_pop3_run){0};
    if (number >= u->open.number)
        return from(u->open, number);
    block = block_of(u, number);
    if (!u->at.number || u->block != block || number < u->at.number)
        go_to(u, block);
    while (number - u->at.number >= u->at.count)
        if (!next_run(u))
            return (struct mp_pop3_run){0};
    return from(u->at, number);
}

void mp_pop3_uids_free(struct mp_pop3_uids *u, const mailproto_allocator *allocator)
{
    for (uint32_t i = 0; i < u->count; i++)
        mp_free(allocator, u->blocks[i], sizeof *u->blocks[i]);
    mp_free(allocator, u->blocks, u->capacity * sizeof *u->blocks);
    *u = (struct mp_pop3_uids){0};
}
