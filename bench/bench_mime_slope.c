/* bench_mime_slope.c - how the time of a tree grows with the message: parts in parts, many parts, many fields, many
 * recipients. RFC 2045, RFC 5322. bench_mime.py makes the slopes of the times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailproto/mime_header.h"
#include "mailproto/mime_tree.h"
#include "measure.h"
#include "mime_text.h"

enum { SIZES = 3, SIZE_LEAST = 100000, PIECE_MOST = 128 };

static mailproto_mime_tree *tree;

/* ---- messages ---- */

struct shape {
    const char *name;
    int (*piece)(char out[PIECE_MOST], size_t i); /* writes the piece of this number; gives its octets */
    const char *before, *after;
    uint64_t (*found)(void); /* how many the tree has of what the pieces are */
    uint64_t extra;          /* and beside them */
};

static int deep_piece(char out[PIECE_MOST], size_t i)
{
    return snprintf(out, PIECE_MOST, "Content-Type: multipart/mixed; boundary=b%zu\r\n\r\n--b%zu\r\n", i, i);
}

static int part_piece(char out[PIECE_MOST], size_t i)
{
    return snprintf(out, PIECE_MOST, "--b\r\nContent-ID: <%zu@example.org>\r\n\r\ntext\r\n", i);
}

static int field_piece(char out[PIECE_MOST], size_t i)
{
    return snprintf(out, PIECE_MOST, "X-Field-%zu: a value of this field\r\n", i);
}

static int recipient_piece(char out[PIECE_MOST], size_t i)
{
    return snprintf(out, PIECE_MOST, "%s\"User %zu\" <user%zu@example.org>", i ? ",\r\n " : "", i, i);
}

static uint64_t parts(void)
{
    return mailproto_mime_tree_parts(tree);
}

static uint64_t fields(void)
{
    mailproto_mime_part part;

    mailproto_mime_part_init(&part, sizeof part);
    return mailproto_mime_tree_part(tree, 0, &part) ? 0 : part.fields;
}

static uint64_t recipients(void)
{
    mailproto_mime_field field;
    mailproto_mime_addresses reader;
    mailproto_mime_address address;
    uint64_t n = 0;

    mailproto_mime_field_init(&field, sizeof field);
    mailproto_mime_address_init(&address, sizeof address);
    if (mailproto_mime_tree_field(tree, 0, 0, &field) ||
        mailproto_mime_addresses_init(&reader, sizeof reader, field.value.ptr, field.value.len))
        return 0;
    while (mailproto_mime_addresses_next(&reader, &address) == MAILPROTO_OK)
        n++;
    return n;
}

static const struct shape shapes[] = {
    {"deep", deep_piece, "", "\r\ntext\r\n", parts, 1},
    {"parts", part_piece, "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b--\r\n", parts, 1},
    {"fields", field_piece, "", "\r\ntext\r\n", fields, 0},
    {"recipients", recipient_piece, "To: ", "\r\n\r\ntext\r\n", recipients, 0},
};

struct made {
    const struct shape *shape;
    struct text text;
    uint64_t pieces;
    size_t calls;
};

static void make(struct made *m, const struct shape *shape, size_t octets)
{
    struct text *t = &m->text;

    m->shape = shape;
    m->pieces = 0;
    *t = (struct text){malloc(octets + 2 * PIECE_MOST), 0, octets + 2 * PIECE_MOST, 0};
    if (!t->p)
        die("no memory");
    t->n = strlen(shape->before);
    memcpy(t->p, shape->before, t->n);
    while (t->n < octets)
        t->n += (size_t)shape->piece((char *)t->p + t->n, m->pieces++);
    memcpy(t->p + t->n, shape->after, strlen(shape->after));
    t->n += strlen(shape->after);
}

/* Microseconds a message: its tree, and what of it was found. */
static double time_of(void *user)
{
    const struct made *m = user;
    const uint64_t start = measure_cpu();

    for (size_t i = 0; i < m->calls; i++)
        if (mailproto_mime_tree_parse(tree, m->text.p, m->text.n) || m->shape->found() != m->pieces + m->shape->extra)
            die(m->shape->name);
    return (double)(measure_cpu() - start) / 1000 / (double)m->calls;
}

static void row(const struct shape *shape, const struct measure_options *options)
{
    static const char *const names[SIZES] = {"100000", "1000000", "10000000"};
    struct made made[SIZES];
    struct measure_row measured = {.name = shape->name, .unit = "us", .better = "less"};
    size_t octets = SIZE_LEAST;

    for (size_t i = 0; i < SIZES; i++, octets *= 10) {
        make(&made[i], shape, octets);
        made[i].calls = (options->smoke ? 1 : 3) * 10000000 / octets;
        measured.candidates[i] = (struct measure_candidate){"other", names[i], time_of, &made[i]};
    }
    measure(&measured, options);
    for (size_t i = 0; i < SIZES; i++)
        free(made[i].text.p);
}

/* Nothing is limited: what grows is to be seen. */
int main(int count, char **words)
{
    struct measure_options options;
    mailproto_mime_config config;

    if (measure_options_read(&options, count, words))
        return 2;
    mailproto_mime_config_init(&config, sizeof config);
    config.max_depth = config.max_parts = MAILPROTO_UNLIMITED;
    config.max_header = MAILPROTO_UNLIMITED_64;
    if (mailproto_mime_tree_new(&config, NULL, 0, &tree))
        die("no memory");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        row(&shapes[i], &options);
    mailproto_mime_tree_free(tree);
    return 0;
}
