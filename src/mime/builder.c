/* builder.c - a builder's memory and its tree: nodes, runs of octets, and taking back what a failed call did.
 * RFC 2045 section 2.4; docs/design/contract.md section 3. */
#include "mime/builder.h"

#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "core/memory_max.h"

enum { TEXT_FIRST = 1024, NODES_FIRST = 4, DEPTH_DEFAULT = 100, NODES_DEFAULT = 10000 };
static const size_t text_default = (size_t)16 << 20;

int32_t mailproto_mime_builder_config_init(mailproto_mime_builder_config *config, size_t size)
{
    return mp_struct_init(config, size);
}

/* The host's config in the library's size, with the defaults put in. */
static int32_t take_config(mailproto_mime_builder_config *c, const mailproto_mime_builder_config *host)
{
    const uint32_t known = MAILPROTO_MIME_BUILDER_8BITMIME | MAILPROTO_MIME_BUILDER_SMTPUTF8;

    memset(c, 0, sizeof *c);
    if (host && mp_struct_copy(c, sizeof *c, host))
        return MAILPROTO_ERR_ARG;
    if (c->flags & ~known || (!c->domain.ptr && c->domain.len))
        return MAILPROTO_ERR_ARG;
    c->max_depth = c->max_depth ? c->max_depth : DEPTH_DEFAULT;
    c->max_nodes = c->max_nodes ? c->max_nodes : NODES_DEFAULT;
    c->max_text = c->max_text ? c->max_text : text_default;
    if (c->max_text > SIZE_MAX / 4)
        c->max_text = SIZE_MAX / 4;
    if (c->zone_minutes <= -24 * 60 || c->zone_minutes >= 24 * 60 || c->domain.len > 255)
        return MAILPROTO_ERR_CONFIG;
    for (size_t i = 0; i < c->domain.len; i++)
        if (!mp_ascii_is((uint8_t)c->domain.ptr[i], MP_ATEXT) && !memchr(".[]:", c->domain.ptr[i], 4))
            return MAILPROTO_ERR_CONFIG;
    return MAILPROTO_OK;
}

int32_t mailproto_mime_builder_new(const mailproto_mime_builder_config *config, mailproto_mime_builder **out)
{
    mailproto_mime_builder_config c;
    mailproto_allocator memory;
    mailproto_mime_builder *b;
    int32_t result;

    if (!out)
        return MAILPROTO_ERR_ARG;
    *out = NULL;
    result = take_config(&c, config);
    if (!result)
        result = mp_allocator_copy(&memory, c.allocator);
    if (result)
        return result;
    b = mp_alloc_zero(&memory, sizeof *b);
    if (!b)
        return MAILPROTO_ERR_NOMEM;
    b->memory = memory;
    b->config = c;
    b->max_text = (size_t)c.max_text;
    b->domain_n = c.domain.len;
    if (c.domain.len)
        memcpy(b->domain, c.domain.ptr, c.domain.len);
    b->nodes = mp_alloc_zero(&memory, NODES_FIRST * sizeof *b->nodes);
    if (!b->nodes) {
        mp_free(&memory, b, sizeof *b);
        return MAILPROTO_ERR_NOMEM;
    }
    b->nodes_cap = NODES_FIRST;
    b->nodes_n = 1;
    b->nodes[0].parent = MAILPROTO_MIME_NO_PART;
    *out = b;
    return MAILPROTO_OK;
}

void mailproto_mime_builder_free(mailproto_mime_builder *b)
{
    mailproto_allocator memory;

    if (!b || b->busy)
        return;
    memory = b->memory;
    mp_free(&memory, b->text, b->text_cap);
    mp_free(&memory, b->nodes, b->nodes_cap * sizeof *b->nodes);
    mp_free(&memory, b->reader, sizeof *b->reader);
    mp_free(&memory, b, sizeof *b);
}

/* An array that is doubled, the old one being there while the new one is filled. */
static size_t doubled_max(uint64_t n, size_t first, size_t each)
{
    size_t cap = first;

    while (cap < n && cap < SIZE_MAX / 8)
        cap *= 2;
    return cap >= SIZE_MAX / 8 / each ? SIZE_MAX : cap * each + cap * each / 2 + 2 * MP_GRAIN;
}

size_t mailproto_mime_builder_memory_max(const mailproto_mime_builder_config *config)
{
    mailproto_mime_builder_config c;
    size_t text, nodes;

    if (take_config(&c, config))
        return SIZE_MAX;
    text = doubled_max(c.max_text, TEXT_FIRST, 1);
    nodes = doubled_max(c.max_nodes, NODES_FIRST, sizeof(mp_builder_node));
    if (text == SIZE_MAX || nodes == SIZE_MAX || text > SIZE_MAX / 2 - nodes)
        return SIZE_MAX;
    return text + nodes + sizeof(mailproto_mime_builder) + 2 * sizeof(mp_builder_reader) + 4 * MP_GRAIN;
}

/* ---- calls that compose ---- */

int32_t mp_builder_may(const mailproto_mime_builder *b, uint32_t node)
{
    if (!b || node >= b->nodes_n)
        return MAILPROTO_ERR_ARG;
    return b->busy || b->prepared ? MAILPROTO_ERR_STATE : MAILPROTO_OK;
}

static mp_builder_run run_at(const mailproto_mime_builder *b, size_t place)
{
    mp_builder_run run = {0, 0};

    if (place)
        memcpy(&run, b->text + place - 1, sizeof run);
    return run;
}

static void set_run(mailproto_mime_builder *b, size_t place, mp_builder_run run)
{
    if (place)
        memcpy(b->text + place - 1, &run, sizeof run);
}

void mp_builder_begin(mailproto_mime_builder *b, uint32_t node, mp_builder_mark *mark)
{
    b->failed = MAILPROTO_OK;
    mark->text_n = b->text_n;
    mark->index = node;
    mark->node = b->nodes[node];
    mark->open = b->open;
    mark->last[0] = run_at(b, mark->node.fields.last);
    mark->last[1] = run_at(b, mark->node.content.last);
}

int32_t mp_builder_end(mailproto_mime_builder *b, const mp_builder_mark *mark)
{
    if (b->failed) {
        b->text_n = mark->text_n;
        b->nodes[mark->index] = mark->node;
        b->open = mark->open;
        set_run(b, mark->node.fields.last, mark->last[0]);
        set_run(b, mark->node.content.last, mark->last[1]);
    }
    return b->failed;
}

void mp_builder_fail(mailproto_mime_builder *b, int32_t result)
{
    if (!b->failed)
        b->failed = result;
}

/* Room for n more octets of text. 0: there is none, and b->failed says why. */
static int grow(mailproto_mime_builder *b, size_t n)
{
    size_t cap = b->text_cap ? b->text_cap : TEXT_FIRST;
    uint8_t *text;

    if (n > b->max_text - b->text_n) {
        mp_builder_fail(b, MAILPROTO_ERR_LIMIT);
        return 0;
    }
    if (b->text_n + n <= b->text_cap)
        return 1;
    while (cap < b->text_n + n)
        cap *= 2;
    text = mp_resize(&b->memory, b->text, b->text_cap, cap);
    if (!text) {
        mp_builder_fail(b, MAILPROTO_ERR_NOMEM);
        return 0;
    }
    b->text = text;
    b->text_cap = cap;
    return 1;
}

void mp_builder_put(mailproto_mime_builder *b, mp_builder_list *list, const void *p, size_t n)
{
    mp_builder_run run = run_at(b, list->last);
    const int goes_on = list->last && list->last - 1 + sizeof run + run.n == b->text_n;

    if (b->failed || !n || !grow(b, goes_on ? n : n + sizeof run))
        return;
    if (!goes_on) {
        const mp_builder_run new_run = {0, 0};
        const size_t place = b->text_n + 1;

        run.next = place;
        set_run(b, list->last, run);
        set_run(b, place, new_run);
        b->text_n += sizeof run;
        list->last = place;
        if (!list->first)
            list->first = place;
        run = new_run;
    }
    memcpy(b->text + b->text_n, p, n);
    b->text_n += n;
    run.n += n;
    set_run(b, list->last, run);
}

size_t mp_builder_reserve(mailproto_mime_builder *b, size_t n)
{
    size_t place;

    if (b->failed || !grow(b, n))
        return 0;
    place = b->text_n + 1;
    b->text_n += n;
    return place;
}

/* ---- nodes ---- */

int32_t mailproto_mime_builder_add(mailproto_mime_builder *b, uint32_t parent, uint32_t *node)
{
    mp_builder_node *above, *added;
    int32_t result = mp_builder_may(b, parent);

    if (result || !node)
        return result ? result : MAILPROTO_ERR_ARG;
    if (b->nodes[parent].kind != MP_BUILDER_MULTIPART)
        return MAILPROTO_ERR_STATE;
    if ((b->nodes_n >= b->config.max_nodes && b->config.max_nodes != MAILPROTO_UNLIMITED) ||
        (b->nodes[parent].depth >= b->config.max_depth && b->config.max_depth != MAILPROTO_UNLIMITED) ||
        b->nodes_n >= MAILPROTO_MIME_NO_PART / 4)
        return MAILPROTO_ERR_LIMIT;
    if (b->nodes_n == b->nodes_cap) {
        const uint32_t cap = b->nodes_cap * 2;
        mp_builder_node *nodes =
            mp_resize(&b->memory, b->nodes, b->nodes_cap * sizeof *nodes, (size_t)cap * sizeof *nodes);

        if (!nodes)
            return MAILPROTO_ERR_NOMEM;
        b->nodes = nodes;
        b->nodes_cap = cap;
    }
    above = &b->nodes[parent];
    added = &b->nodes[b->nodes_n];
    memset(added, 0, sizeof *added);
    added->parent = parent;
    added->depth = above->depth + 1;
    if (above->last_child)
        b->nodes[above->last_child].next = b->nodes_n;
    else
        above->first_child = b->nodes_n;
    above->last_child = b->nodes_n;
    *node = b->nodes_n++;
    return MAILPROTO_OK;
}

/* ---- randomness ---- */

int32_t mp_builder_random(mailproto_mime_builder *b, char *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    uint8_t octets[MP_BUILDER_RANDOM];
    int32_t result;

    if (!b->config.random)
        return MAILPROTO_ERR_CONFIG;
    memset(octets, 0, sizeof octets);
    b->busy = 1;
    result = b->config.random(octets, sizeof octets, b->config.user);
    b->busy = 0;
    if (result)
        return result < 0 ? result : MAILPROTO_ERR_HOST;
    for (size_t i = 0; i < MP_BUILDER_RANDOM; i += 3) {
        const uint32_t bits = (uint32_t)octets[i] << 16 | (uint32_t)octets[i + 1] << 8 | octets[i + 2];

        for (int shift = 18; shift >= 0; shift -= 6)
            *out++ = letters[bits >> shift & 63];
    }
    return MAILPROTO_OK;
}

int32_t mailproto_mime_builder_new_id(mailproto_mime_builder *b, char *out, size_t cap, size_t *made)
{
    if (!b || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    if (b->busy)
        return MAILPROTO_ERR_STATE;
    if (!b->config.random || !b->domain_n)
        return MAILPROTO_ERR_CONFIG;
    *made = MP_BUILDER_TAG - 2 + 1 + b->domain_n;
    if (cap < *made)
        return MAILPROTO_ERR_LIMIT;
    out[MP_BUILDER_TAG - 2] = '@';
    memcpy(out + MP_BUILDER_TAG - 1, b->domain, b->domain_n);
    return mp_builder_random(b, out);
}
