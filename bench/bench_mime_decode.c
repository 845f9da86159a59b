/* bench_mime_decode.c - every leaf of a message decoded, its texts for IMAP, against other libraries; memory.
 * RFC 2045, RFC 9051 section 7.5.2. Libraries are opened at run time: bench_mime.py says which are to be had, and where. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_mime_dovecot.h"
#include "mailproto/mime_imap.h"
#include "mailproto/mime_tree.h"
#include "measure.h"
#include "mime_text.h"

enum { PIECE = 16384, IMAP_ROOM = 16384 };

typedef size_t (*work_fn)(const struct text *t);

/* ---- ours ---- */

static mailproto_mime_tree *tree;
static mailproto_mime_parser *parser;
static size_t decoded;

/* Gives the octets that all leaves became. */
static size_t by_tree(const struct text *t)
{
    static uint8_t out[PIECE];
    mailproto_mime_stream stream;
    mailproto_mime_part part;
    size_t all = 0, made;

    if (mailproto_mime_tree_parse(tree, t->p, t->n))
        die("the tree failed");
    mailproto_mime_stream_init(&stream, sizeof stream);
    mailproto_mime_part_init(&part, sizeof part);
    for (uint32_t i = 0; i < mailproto_mime_tree_parts(tree); i++) {
        mailproto_mime_tree_part(tree, i, &part);
        if (part.kind != MAILPROTO_MIME_LEAF)
            continue;
        mailproto_mime_tree_open(tree, i, &stream);
        while (mailproto_mime_stream_read(&stream, out, sizeof out, &made) == MAILPROTO_OK)
            all += made;
    }
    return all;
}

static int32_t on_body(mailproto_mime_parser *p, const mailproto_mime_body *event, void *user)
{
    (void)p;
    (void)user;
    decoded += event->bytes.len;
    return 0;
}

static void feed(mailproto_mime_parser *p, const struct text *t)
{
    for (size_t at = 0; at < t->n; at += PIECE)
        mailproto_mime_parser_feed(p, t->p + at, t->n - at < PIECE ? t->n - at : PIECE);
    mailproto_mime_parser_end(p);
}

static size_t by_parser(const struct text *t)
{
    decoded = 0;
    mailproto_mime_parser_reset(parser);
    feed(parser, t);
    return decoded;
}

/* What an IMAP server asks for: ENVELOPE and BODYSTRUCTURE. */
static size_t by_imap(const struct text *t)
{
    static char out[IMAP_ROOM];
    size_t envelope, structure;

    if (mailproto_mime_tree_parse(tree, t->p, t->n) ||
        mailproto_mime_imap_envelope(tree, 0, 0, out, sizeof out, &envelope) ||
        mailproto_mime_imap_bodystructure(tree, 0, out, sizeof out, &structure))
        die("the texts for IMAP failed");
    return envelope + structure;
}

/* ---- GMime ---- */

static struct {
    void *(*stream)(const char *p, size_t n), *(*parser)(void *stream), *(*message)(void *parser, void *options);
    void *(*null)(void), *(*content)(void *part);
    void (*persist)(void *parser, int persist), (*unref)(void *object);
    void (*foreach)(void *message, void (*each)(void *parent, void *part, void *user), void *user);
    size_t (*part_type)(void);
    int (*is_a)(void *object, size_t type);
    ptrdiff_t (*write)(void *wrapper, void *stream);
} gmime;

static void open_gmime(void *library)
{
    void (*init)(void);

    find(library, "g_mime_init", &init);
    init();
    find(library, "g_mime_stream_mem_new_with_buffer", &gmime.stream);
    find(library, "g_mime_parser_new_with_stream", &gmime.parser);
    find(library, "g_mime_parser_construct_message", &gmime.message);
    find(library, "g_mime_stream_null_new", &gmime.null);
    find(library, "g_mime_parser_set_persist_stream", &gmime.persist);
    find(library, "g_mime_message_foreach", &gmime.foreach);
    find(library, "g_mime_part_get_type", &gmime.part_type);
    find(library, "g_mime_part_get_content", &gmime.content);
    find(library, "g_mime_data_wrapper_write_to_stream", &gmime.write);
    find(RTLD_DEFAULT, "g_object_unref", &gmime.unref);
    find(RTLD_DEFAULT, "g_type_check_instance_is_a", &gmime.is_a);
}

static void decode_gmime(void *parent, void *part, void *user)
{
    void *content = gmime.is_a(part, gmime.part_type()) ? gmime.content(part) : NULL;

    (void)parent;
    if (content) {
        void *out = gmime.null();
        const ptrdiff_t made = gmime.write(content, out);

        *(size_t *)user += made > 0 ? (size_t)made : 0;
        gmime.unref(out);
    }
}

static size_t by_gmime(const struct text *t)
{
    void *stream = gmime.stream((const char *)t->p, t->n), *made = gmime.parser(stream);
    void *message = gmime.message(made, NULL);
    size_t all = 0;

    gmime.unref(stream);
    gmime.unref(made);
    if (!message)
        return 0;
    gmime.foreach (message, decode_gmime, &all);
    gmime.unref(message);
    return all;
}

/* ---- libetpan: its structs as its headers declare them ---- */

struct etpan_cell {
    void *data;
    struct etpan_cell *previous, *next;
};

struct etpan_list {
    struct etpan_cell *first, *last;
    int count;
};

struct etpan_data {
    int type, encoding, encoded;
    const char *text;
    size_t length;
};

struct etpan_mime {
    int parent_type;
    void *parent, *position;
    int type; /* 1: a leaf, 2: a multipart, 3: a message */
    const char *start;
    size_t length;
    void *fields, *content_type, *body;
    union {
        struct etpan_data *single;
        struct {
            struct etpan_data *preamble, *epilogue;
            struct etpan_list *list;
        } parts;
        struct {
            void *fields;
            struct etpan_mime *inner;
        } message;
    } data;
};

static struct {
    int (*parse)(const char *message, size_t n, size_t *index, struct etpan_mime **result);
    void (*free)(struct etpan_mime *mime);
    int (*decode)(const char *text, size_t n, size_t *index, int encoding, char **result, size_t *made);
    void (*free_text)(char *text);
} etpan;

static void open_etpan(void *library)
{
    find(library, "mailmime_parse", &etpan.parse);
    find(library, "mailmime_free", &etpan.free);
    find(library, "mailmime_part_parse", &etpan.decode);
    find(library, "mailmime_decoded_part_free", &etpan.free_text);
}

static size_t decode_etpan(const struct etpan_data *data)
{
    char *result = NULL;
    size_t index = 0, made = 0;

    if (!data || etpan.decode(data->text, data->length, &index, data->encoding, &result, &made))
        return 0;
    etpan.free_text(result);
    return made;
}

/* The messages that are made here are one multipart of leaves. */
static size_t by_etpan(const struct text *t)
{
    size_t index = 0, all = 0;
    struct etpan_mime *mime = NULL, *inner;

    if (etpan.parse((const char *)t->p, t->n, &index, &mime) || !mime)
        return 0;
    inner = mime->type == 3 ? mime->data.message.inner : mime;
    if (inner && inner->type == 2)
        for (const struct etpan_cell *cell = inner->data.parts.list->first; cell; cell = cell->next) {
            const struct etpan_mime *leaf = cell->data;

            if (leaf->type == 1)
                all += decode_etpan(leaf->data.single);
        }
    etpan.free(mime);
    return all;
}

/* ---- rows: speed ---- */

struct run {
    work_fn work;
    const struct text *text;
    size_t calls;
};

/* Octets of message a nanosecond: thousands of MB a second. */
static double speed(void *user)
{
    const struct run *r = user;
    const uint64_t start = measure_cpu();

    for (size_t i = 0; i < r->calls; i++)
        if (!r->work(r->text))
            die("nothing was found");
    return (double)r->text->n * (double)r->calls * 1000 / (double)(measure_cpu() - start);
}

struct worker {
    const char *role, *name, *variable;
    work_fn work;
    size_t slower;
};

static void row(const char *name, const struct text *text, const struct worker *all, size_t count,
                const struct measure_options *options)
{
    static struct run runs[MEASURE_CANDIDATES];
    struct measure_row measured = {.name = name, .unit = "MB/s", .better = "more"};
    const size_t octets = options->smoke ? 2000000 : 200000000, wanted = all[0].work(text);
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        size_t made;

        if (all[i].variable && !getenv(all[i].variable))
            continue;
        made = all[i].work(text);
        if (made + 64 < wanted ||
            wanted + 64 < made) /* they differ in line ends of parts, or in spaces and words of texts */
            die(all[i].name);
        runs[n] = (struct run){all[i].work, text, octets / text->n / all[i].slower + 1};
        measured.candidates[n] = (struct measure_candidate){all[i].role, all[i].name, speed, &runs[n]};
        n++;
    }
    measure(&measured, options);
}

/* ---- rows: memory ---- */

struct counted {
    size_t live, peak;
};

static void count(struct counted *c, size_t before, size_t now)
{
    c->live += now - before;
    if (c->live > c->peak)
        c->peak = c->live;
}

static void *counted_alloc(size_t n, void *user)
{
    count(user, 0, n);
    return malloc(n);
}

static void *counted_resize(void *p, size_t old_n, size_t n, void *user)
{
    count(user, old_n, n);
    return realloc(p, n);
}

static void counted_free(void *p, size_t n, void *user)
{
    count(user, n, 0);
    free(p);
}

/* The most that the parser has of its allocator at once. */
static double memory_of_parser(void *user)
{
    struct counted counted = {0, 0};
    const mailproto_allocator allocator = {sizeof allocator, &counted, counted_alloc, counted_resize, counted_free};
    mailproto_mime_callbacks callbacks;
    mailproto_mime_config config;
    mailproto_mime_parser *p;
    const struct text *t = user;

    mailproto_mime_callbacks_init(&callbacks, sizeof callbacks);
    mailproto_mime_config_init(&config, sizeof config);
    callbacks.on_body = on_body;
    config.allocator = &allocator;
    config.flags = MAILPROTO_MIME_PARSER_DECODE;
    decoded = 0;
    if (mailproto_mime_parser_new(&config, &callbacks, NULL, &p))
        die("no memory");
    feed(p, t);
    mailproto_mime_parser_free(p);
    if (decoded < t->n / 4 * 3 - t->n / 32)
        die("the attachment is not whole");
    return (double)counted.peak;
}

static double heap(void)
{
    const struct mallinfo2 info = mallinfo2();

    return (double)info.uordblks + (double)info.hblkhd;
}

/* What GMime's message holds, read as from a connection, so that its text is not kept elsewhere; it is decoded from there. */
static double memory_of_gmime(void *user)
{
    const struct text *t = user;
    void *stream = gmime.stream((const char *)t->p, t->n), *made = gmime.parser(stream), *message;
    const double before = heap();
    double held;
    size_t all = 0;

    gmime.persist(made, 0);
    message = gmime.message(made, NULL);
    if (!message)
        die("GMime failed");
    gmime.foreach (message, decode_gmime, &all);
    held = heap() - before;
    gmime.unref(stream);
    gmime.unref(made);
    gmime.unref(message);
    if (all < t->n / 4 * 3 - t->n / 32)
        die("GMime's attachment is not whole");
    return held;
}

static void memory_row(const struct measure_options *options)
{
    enum { ATTACHMENT = 20 << 20, A_LINE = 57 };
    struct text t = mime_text(1, ATTACHMENT / A_LINE + 1);
    struct measure_row row = {.name = "mime-memory/attachment-20MiB", .unit = "octets", .better = "less", .aim = 65536};

    row.candidates[0] = (struct measure_candidate){"ours", "", memory_of_parser, &t};
    if (getenv("BENCH_GMIME"))
        row.candidates[1] = (struct measure_candidate){"peer", "GMime", memory_of_gmime, &t};
    measure(&row, options);
    free(t.p);
}

/* ---- all ---- */

static void decode_rows(const struct text *small, const struct text *files, const struct measure_options *options)
{
    static const struct worker all[] = {{"ours", "tree", NULL, by_tree, 1},
                                        {"other", "parser, pieces of 16 KiB", NULL, by_parser, 1},
                                        {"peer", "Dovecot", "BENCH_DOVECOT", dovecot_decode, 20},
                                        {"peer", "libetpan", "BENCH_ETPAN", by_etpan, 20},
                                        {"peer", "GMime", "BENCH_GMIME", by_gmime, 20}};

    row("mime-decode/small", small, all, 5, options);
    row("mime-decode/attachments", files, all, 5, options);
}

static void imap_rows(const struct text *small, const struct text *files, const struct measure_options *options)
{
    static const struct worker all[] = {{"ours", "", NULL, by_imap, 1},
                                        {"peer", "Dovecot", "BENCH_DOVECOT", dovecot_imap, 6}};

    row("mime-imap/small", small, all, 2, options);
    row("mime-imap/attachments", files, all, 2, options);
}

int main(int count, char **words)
{
    struct measure_options options;
    struct text small = mime_text(0, 0), files = mime_text(2, 6000);
    mailproto_mime_callbacks callbacks;
    mailproto_mime_config config;
    const char *what = count > 1 ? words[1] : "";

    if (count < 2 || measure_options_read(&options, count - 1, words + 1))
        return 2;
    mailproto_mime_callbacks_init(&callbacks, sizeof callbacks);
    mailproto_mime_config_init(&config, sizeof config);
    callbacks.on_body = on_body;
    config.flags = MAILPROTO_MIME_PARSER_DECODE;
    if (mailproto_mime_tree_new(NULL, NULL, 0, &tree) || mailproto_mime_parser_new(&config, &callbacks, NULL, &parser))
        die("no memory");
    opened("BENCH_DOVECOT", open_dovecot);
    opened("BENCH_ETPAN", open_etpan);
    opened("BENCH_GMIME", open_gmime);
    if (!strcmp(what, "decode"))
        decode_rows(&small, &files, &options);
    else if (!strcmp(what, "imap"))
        imap_rows(&small, &files, &options);
    else if (!strcmp(what, "memory"))
        memory_row(&options);
    else
        die("what is to be measured?");
    free(small.p);
    free(files.p);
    mailproto_mime_tree_free(tree);
    mailproto_mime_parser_free(parser);
    return 0;
}
