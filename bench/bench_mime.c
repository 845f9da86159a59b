/* bench_mime.c - speed of finding a message's structure, against Dovecot's parser, libetpan and GMime.
 * RFC 2045, RFC 2046. Libraries are opened at run time: bench_mime.py says which are to be had, and where. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailproto/mime_tree.h"
#include "measure.h"
#include "mime/structure_scan.h"
#include "mime_text.h"

/* ---- ours: a tree that is used again, and the parser ---- */

typedef size_t (*work_fn)(const struct text *t);

static mailproto_mime_tree *tree;
static mailproto_mime_parser *parser;

static size_t by_tree(const struct text *t)
{
    if (mailproto_mime_tree_parse(tree, t->p, t->n))
        die("the tree failed");
    return mailproto_mime_tree_parts(tree);
}

static uint32_t parts_seen;

static int32_t on_part(mailproto_mime_parser *p, const mailproto_mime_part_event *event, void *user)
{
    (void)p;
    (void)event;
    (void)user;
    parts_seen++;
    return 0;
}

/* In pieces, as they come from a file or connection. */
static size_t by_parser(const struct text *t)
{
    enum { PIECE = 16384 };

    parts_seen = 0;
    mailproto_mime_parser_reset(parser);
    for (size_t at = 0; at < t->n; at += PIECE)
        mailproto_mime_parser_feed(parser, t->p + at, t->n - at < PIECE ? t->n - at : PIECE);
    mailproto_mime_parser_end(parser);
    return parts_seen;
}

/* ---- libraries ---- */

/* Dovecot's message parser: a tree of struct message_part, in a pool that is made for each message. */
struct dovecot_pool {
    const struct {
        const char *(*get_name)(void *pool);
        void (*ref)(void *pool);
        void (*unref)(struct dovecot_pool **pool);
    } * v;
};

static struct {
    struct dovecot_pool *(*pool)(const char *name, size_t size);
    void *(*stream)(const void *data, size_t n);
    void (*unref)(void **stream);
    void *(*init)(struct dovecot_pool *pool, void *stream, const void *settings);
    void (*parse)(void *context, void *callback, void *user);
    void (*deinit)(void **context, void **part);
} dovecot;

static void open_dovecot(void *library)
{
    void (*init)(void);

    find(library, "lib_init", &init);
    init();
    find(library, "pool_alloconly_create", &dovecot.pool);
    find(library, "i_stream_create_from_data", &dovecot.stream);
    find(library, "i_stream_unref", &dovecot.unref);
    find(library, "message_parser_init", &dovecot.init);
    find(library, "message_parser_parse_body", &dovecot.parse);
    find(library, "message_parser_deinit", &dovecot.deinit);
}

static void dovecot_header(void *part, void *line, void *user)
{
    (void)part;
    (void)line;
    (void)user;
}

static size_t by_dovecot(const struct text *t)
{
    static const uint64_t settings[16] = {(uint64_t)1 << 32}; /* flags: MESSAGE_PARSER_FLAG_SKIP_BODY_BLOCK */
    struct dovecot_pool *pool = dovecot.pool("bench", 4096);
    void *stream = dovecot.stream(t->p, t->n), *part = NULL, *context = dovecot.init(pool, stream, settings), *callback;
    void (*header_fn)(void *, void *, void *) = dovecot_header;

    memcpy(&callback, &header_fn, sizeof callback);
    dovecot.parse(context, callback, NULL);
    dovecot.deinit(&context, &part);
    dovecot.unref(&stream);
    pool->v->unref(&pool);
    return part ? 1 : 0;
}

static struct {
    int (*parse)(const char *message, size_t n, size_t *index, void **result);
    void (*free)(void *mime);
} etpan;

static void open_etpan(void *library)
{
    find(library, "mailmime_parse", &etpan.parse);
    find(library, "mailmime_free", &etpan.free);
}

static size_t by_etpan(const struct text *t)
{
    size_t index = 0;
    void *mime = NULL;

    if (etpan.parse((const char *)t->p, t->n, &index, &mime) || !mime)
        return 0;
    etpan.free(mime);
    return 1;
}

static struct {
    void *(*stream)(const char *p, size_t n), *(*parser)(void *stream), *(*message)(void *parser, void *options);
    void (*unref)(void *object);
} gmime;

static void open_gmime(void *library)
{
    void (*init)(void);

    find(library, "g_mime_init", &init);
    init();
    find(library, "g_mime_stream_mem_new_with_buffer", &gmime.stream);
    find(library, "g_mime_parser_new_with_stream", &gmime.parser);
    find(library, "g_mime_parser_construct_message", &gmime.message);
    find(RTLD_DEFAULT, "g_object_unref", &gmime.unref);
}

static size_t by_gmime(const struct text *t)
{
    void *stream = gmime.stream((const char *)t->p, t->n), *made = gmime.parser(stream);
    void *message = gmime.message(made, NULL);

    gmime.unref(stream);
    gmime.unref(made);
    if (!message)
        return 0;
    gmime.unref(message);
    return 1;
}

/* ---- rows ---- */

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
            die("a parser found nothing");
    return (double)r->text->n * (double)r->calls * 1000 / (double)(measure_cpu() - start);
}

static void row(const char *name, const struct text *text, size_t parts, const struct measure_options *options)
{
    static const struct {
        const char *role, *name, *variable;
        work_fn work;
        size_t slower;
    } all[] = {{"ours", "tree", NULL, by_tree, 1},
               {"other", "parser, pieces of 16 KiB", NULL, by_parser, 1},
               {"peer", "Dovecot", "BENCH_DOVECOT", by_dovecot, 6},
               {"peer", "libetpan", "BENCH_ETPAN", by_etpan, 20},
               {"peer", "GMime", "BENCH_GMIME", by_gmime, 20}};
    static struct run runs[MEASURE_CANDIDATES];
    struct measure_row measured = {.name = name, .unit = "MB/s", .better = "more"};
    const size_t octets = options->smoke ? 2000000 : 300000000;
    size_t n = 0;

    if (by_tree(text) != parts || by_parser(text) != parts)
        die("a message has not the parts that it was made of");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].variable && !getenv(all[i].variable))
            continue;
        runs[n] = (struct run){all[i].work, text, octets / text->n / all[i].slower + 1};
        measured.candidates[n] = (struct measure_candidate){all[i].role, all[i].name, speed, &runs[n]};
        n++;
    }
    measure(&measured, options);
}

int main(int count, char **words)
{
    struct measure_options options;
    struct text small, files;
    mailproto_mime_callbacks callbacks;

    if (count > 1 && !strcmp(words[1], "version")) {
        puts(mp_scan_choose()->name);
        return 0;
    }
    if (measure_options_read(&options, count, words))
        return 2;
    mailproto_mime_callbacks_init(&callbacks, sizeof callbacks);
    callbacks.on_part = on_part;
    if (mailproto_mime_tree_new(NULL, NULL, 0, &tree) || mailproto_mime_parser_new(NULL, &callbacks, NULL, &parser))
        die("no memory");
    opened("BENCH_DOVECOT", open_dovecot);
    opened("BENCH_ETPAN", open_etpan);
    opened("BENCH_GMIME", open_gmime);
    small = mime_text(0, 0);
    files = mime_text(2, 6000);
    row("mime-structure/small", &small, 3, &options);
    row("mime-structure/attachments", &files, 4, &options);
    free(small.p);
    free(files.p);
    mailproto_mime_tree_free(tree);
    mailproto_mime_parser_free(parser);
    return 0;
}
