/* A message parsed in every way there is, for tests.
   mime_parser.h: "the events are the same however it was cut". */
#include "support/mime_play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mime/tree.h"
#include "support/random.h"

static void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

__attribute__((format(printf, 2, 3))) static void put(struct test_bytes *log, const char *format, ...)
{
    char line[512];
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= sizeof line)
        die("a line of a log is too long");
    test_bytes_add(log, line, (size_t)n);
}

static void put_text(struct test_bytes *log, const char *name, mailproto_text text)
{
    put(log, " %s=%zu:", name, text.len);
    test_bytes_add(log, text.ptr, text.len);
}

static unsigned long long wide(uint64_t n)
{
    return n;
}

/* ---- lines ---- */

static void put_part(struct test_bytes *log, uint32_t part, uint32_t parent, uint32_t depth, uint32_t number,
                     uint64_t begin)
{
    put(log, "PART %u parent=%u depth=%u number=%u begin=%llu\n", part, parent, depth, number, wide(begin));
}

static void put_field(struct test_bytes *log, const mailproto_mime_field *f)
{
    put(log, "FIELD %u id=%u flags=%u offset=%llu", f->part, f->id, f->flags, wide(f->offset));
    put_text(log, "name", f->name);
    put_text(log, "value", f->value);
    put_text(log, "raw", f->raw);
    put(log, "\n");
}

static void put_header_end(struct test_bytes *log, const mailproto_mime_header_end *e)
{
    put(log, "HEADER_END %u kind=%u encoding=%u flags=%u body=%llu lines=%llu", e->part, e->kind, e->encoding, e->flags,
        wide(e->body), wide(e->lines));
    put_text(log, "type", e->type);
    put_text(log, "subtype", e->subtype);
    put(log, "\n");
}

static void put_part_end(struct test_bytes *log, uint32_t part, uint32_t flags, const uint64_t *offsets, uint64_t lines,
                         uint64_t defects)
{
    put(log, "PART_END %u flags=%u begin=%llu body=%llu end=%llu lines=%llu defects=%llx\n", part, flags,
        wide(offsets[0]), wide(offsets[1]), wide(offsets[2]), wide(lines), wide(defects));
}

/* ---- the push parser ---- */

struct play {
    struct test_bytes *log;
    struct test_bytes body; /* slices that are not yet in the log */
    uint32_t part, form;
    uint64_t offset, decoded;
};

static void end_body(struct play *y)
{
    if (!y->body.len)
        return;
    put(y->log, "BODY %u form=%u offset=%llu", y->part, y->form, wide(y->offset));
    put_text(y->log, "bytes", (mailproto_text){(const char *)y->body.ptr, y->body.len});
    put(y->log, "\n");
    y->body.len = 0;
}

static void see_body(struct play *y, const mailproto_mime_body *e)
{
    if (y->body.len && (e->part != y->part || e->form != y->form))
        end_body(y); /* the preamble of a multipart that has no parts, then its epilogue */
    if (y->body.len && e->offset != y->offset + y->body.len)
        die("slices of a body do not follow each other");
    if (!e->bytes.len)
        die("a slice is empty");
    if (!y->body.len) {
        y->part = e->part;
        y->form = e->form;
        y->offset = e->offset;
    }
    test_bytes_add(&y->body, e->bytes.ptr, e->bytes.len);
}

static void see(struct play *y, const mailproto_event *event)
{
    union {
        const mailproto_event *head;
        const mailproto_mime_part_event *part;
        const mailproto_mime_field_event *field;
        const mailproto_mime_header_end *header_end;
        const mailproto_mime_body *body;
        const mailproto_mime_part_end *part_end;
        const mailproto_mime_defect *defect;
        const mailproto_mime_message_end *message_end;
    } e = {event};

    if (event->type == MAILPROTO_MIME_EVENT_BODY) {
        see_body(y, e.body);
        return;
    }
    if (event->type != MAILPROTO_MIME_EVENT_DEFECT)
        end_body(y);
    switch (event->type) {
    case MAILPROTO_MIME_EVENT_PART:
        put_part(y->log, e.part->part, e.part->parent, e.part->depth, e.part->number, e.part->begin);
        break;
    case MAILPROTO_MIME_EVENT_FIELD:
        put_field(y->log, &e.field->field);
        break;
    case MAILPROTO_MIME_EVENT_HEADER_END:
        put_header_end(y->log, e.header_end);
        break;
    case MAILPROTO_MIME_EVENT_PART_END:
        put_part_end(y->log, e.part_end->part, e.part_end->flags, &e.part_end->begin, e.part_end->lines,
                     e.part_end->defects);
        break;
    case MAILPROTO_MIME_EVENT_DEFECT:
        put(y->log, "DEFECT %u kind=%u offset=%llu\n", e.defect->part, e.defect->kind, wide(e.defect->offset));
        break;
    case MAILPROTO_MIME_EVENT_MESSAGE_END:
        put(y->log, "MESSAGE_END parts=%u octets=%llu lines=%llu header=%llu defects=%llx\n", e.message_end->parts,
            wide(e.message_end->octets), wide(e.message_end->lines), wide(e.message_end->header),
            wide(e.message_end->defects));
        break;
    default:
        die("an unknown event");
    }
}

#define CALLBACK(name, payload)                                                                                        \
    static int32_t name(mailproto_mime_parser *p, const payload *event, void *user)                                    \
    {                                                                                                                  \
        if (mailproto_mime_parser_feed(p, "", 0) != MAILPROTO_ERR_REENTRANT || mailproto_mime_parser_next_event(p))    \
            die("a callback may feed or poll");                                                                        \
        see(user, &event->head);                                                                                       \
        return 0;                                                                                                      \
    }
CALLBACK(on_part, mailproto_mime_part_event)
CALLBACK(on_field, mailproto_mime_field_event)
CALLBACK(on_header_end, mailproto_mime_header_end)
CALLBACK(on_body, mailproto_mime_body)
CALLBACK(on_part_end, mailproto_mime_part_end)
CALLBACK(on_defect, mailproto_mime_defect)
CALLBACK(on_message_end, mailproto_mime_message_end)

static void poll(mailproto_mime_parser *p, struct play *y)
{
    const mailproto_event *event;

    while ((event = mailproto_mime_parser_next_event(p)))
        see(y, event);
}

/* Each piece in memory of its own, so that a sanitizer sees what is read beyond it. */
static int32_t feed(mailproto_mime_parser *p, const uint8_t *data, size_t n, const struct mime_way *way, struct play *y)
{
    uint8_t *piece = malloc(n ? n : 1);
    int32_t result;

    if (!piece)
        die("no memory");
    if (n)
        memcpy(piece, data, n);
    result = mailproto_mime_parser_feed(p, piece, n);
    if (way->polled && !result) {
        poll(p, y);
        result = mailproto_mime_parser_error(p);
    }
    memset(piece, 'X', n ? n : 1);
    free(piece);
    return result;
}

int32_t mime_play(const uint8_t *message, size_t n, const struct mime_way *way, struct test_bytes *log)
{
    mailproto_mime_callbacks callbacks = {sizeof callbacks, on_part,     on_field,  on_header_end,
                                          on_body,          on_part_end, on_defect, on_message_end};
    mailproto_mime_config config = {0};
    struct test_random random = {way->seed};
    struct play y = {.log = log};
    mailproto_mime_parser *p;
    int32_t result;
    size_t at = 0;

    if (way->config)
        config = *way->config;
    config.struct_size = sizeof config;
    config.flags = way->flags;
    result = mailproto_mime_parser_new(&config, way->polled ? NULL : &callbacks, &y, &p);
    if (result)
        return result;
    while (at < n && !result) {
        size_t piece = at == 0 && way->first ? way->first : way->piece ? way->piece : n;

        if (piece == SIZE_MAX)
            piece = test_random_below(&random, 4) ? 1 + test_random_below(&random, 100) : 0;
        piece = piece < n - at ? piece : n - at;
        result = feed(p, message + at, piece, way, &y);
        at += piece;
    }
    if (!result)
        result = mailproto_mime_parser_end(p);
    if (way->polled && !result) {
        poll(p, &y);
        result = mailproto_mime_parser_error(p);
    }
    mailproto_mime_parser_free(p);
    test_bytes_free(&y.body);
    return result;
}

/* ---- the tree ---- */

static const mailproto_mime_tree *tree_make(const uint8_t *message, size_t n, const struct mime_way *way,
                                            size_t version, int32_t *result)
{
    mailproto_mime_tree *t;

    *result = mailproto_mime_tree_new(way->config, NULL, 0, &t);
    if (*result)
        return NULL;
    if (mp_scan_versions(version))
        t->structure.scan = mp_scan_versions(version);
    *result = mailproto_mime_tree_parse(t, message, n);
    return t;
}

/* The defects of a part, as far as they stand before a moment. */
static uint32_t put_defects(struct test_bytes *log, const mailproto_mime_tree *t, uint32_t *next, uint32_t part)
{
    mailproto_mime_tree_defect d;

    mailproto_mime_tree_defect_init(&d, sizeof d);
    while (*next < mailproto_mime_tree_defects(t)) {
        mailproto_mime_tree_defect_at(t, *next, &d);
        if (d.part != part)
            break;
        put(log, "DEFECT %u kind=%u offset=%llu\n", d.part, d.kind, wide(d.offset));
        ++*next;
    }
    return *next;
}

static void put_tree_defects(struct test_bytes *log, const mailproto_mime_tree *t)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < mailproto_mime_tree_defects(t); i++) {
        mailproto_mime_tree_defect d;

        mailproto_mime_tree_defect_init(&d, sizeof d);
        mailproto_mime_tree_defect_at(t, i, &d);
        next = i;
        put_defects(log, t, &next, d.part);
        i = next - 1;
    }
}

static void put_tree_body(struct test_bytes *log, const mailproto_mime_tree *t, uint32_t i,
                          const mailproto_mime_part *part, uint32_t flags)
{
    const size_t body_n = (size_t)(part->end - part->body);
    const size_t n = part->encoding == MAILPROTO_MIME_ENCODING_UUENCODE ? 32 * body_n + 32 : body_n;
    uint8_t *out = malloc(n + 1);
    mailproto_text body;
    uint64_t defects = 0;
    size_t made;

    if (!out || mailproto_mime_tree_text(t, i, NULL, &body))
        die("no body");
    if (flags & MAILPROTO_MIME_PARSER_DECODE) {
        if (mailproto_mime_tree_decode(t, i, out, n, &made, &defects))
            die("a decoded body is larger than it was");
        body = (mailproto_text){(const char *)out, made};
    }
    if (body.len) {
        put(log, "BODY %u form=%u offset=%llu", i, flags & MAILPROTO_MIME_PARSER_DECODE ? 1U : 0U,
            wide(flags & MAILPROTO_MIME_PARSER_DECODE ? 0 : part->body));
        put_text(log, "bytes", body);
        put(log, "\n");
    }
    free(out);
}

/* A part up to where its parts begin. */
static void put_tree_part(struct test_bytes *log, const mailproto_mime_tree *t, uint32_t i, uint32_t flags)
{
    mailproto_mime_part part;
    mailproto_mime_field field;
    mailproto_mime_header_end end = {0};

    mailproto_mime_part_init(&part, sizeof part);
    mailproto_mime_field_init(&field, sizeof field);
    mailproto_mime_tree_part(t, i, &part);
    put_part(log, i, part.parent, part.depth, part.number, part.begin);
    for (uint32_t k = 0; mailproto_mime_tree_field(t, i, k, &field) == 0; k++)
        put_field(log, &field);
    end.part = i;
    end.kind = part.kind;
    end.encoding = part.encoding;
    end.flags = part.flags & 0x1ff & ~(uint32_t)MAILPROTO_MIME_PART_CLOSED;
    end.body = part.body;
    end.lines = part.header_lines;
    end.type = part.type;
    end.subtype = part.subtype;
    put_header_end(log, &end);
    if (part.kind == MAILPROTO_MIME_LEAF)
        put_tree_body(log, t, i, &part, flags);
}

static void put_tree_end(struct test_bytes *log, const mailproto_mime_tree *t, uint32_t i)
{
    mailproto_mime_part part;

    mailproto_mime_part_init(&part, sizeof part);
    mailproto_mime_tree_part(t, i, &part);
    put_part_end(log, i, part.flags, &part.begin, part.body_lines, part.defects);
}

static int32_t play_tree(const uint8_t *message, size_t n, const struct mime_way *way, size_t version,
                         struct test_bytes *log)
{
    int32_t result;
    const mailproto_mime_tree *t = tree_make(message, n, way, version, &result);
    uint32_t parts = mailproto_mime_tree_parts(t);

    for (uint32_t i = 0; i < parts; i++) {
        mailproto_mime_part part;
        uint32_t ended = i;

        put_tree_part(log, t, i, way->flags);
        /* what ends where it ends: it and those around it */
        for (;;) {
            mailproto_mime_part_init(&part, sizeof part);
            mailproto_mime_tree_part(t, ended, &part);
            if (part.after != i + 1)
                break;
            put_tree_end(log, t, ended);
            if (part.parent == MAILPROTO_MIME_NO_PART)
                break;
            ended = part.parent;
        }
    }
    if (t) {
        put_tree_defects(log, t);
        mime_put_together(t);
    }
    mailproto_mime_tree_free((mailproto_mime_tree *)(uintptr_t)t);
    return result;
}

int32_t mime_play_tree(const uint8_t *message, size_t n, const struct mime_way *way, struct test_bytes *log)
{
    return play_tree(message, n, way, SIZE_MAX, log);
}

/* ---- all ways ---- */

static void differ(const char *what, const struct test_bytes *a, const struct test_bytes *b)
{
    size_t i = 0, from;

    if (a->len == b->len && (!a->len || memcmp(a->ptr, b->ptr, a->len) == 0))
        return;
    while (i < a->len && i < b->len && a->ptr[i] == b->ptr[i])
        i++;
    from = i > 300 ? i - 300 : 0;
    fprintf(stderr, "%s: from octet %zu on\n--- one\n", what, i);
    fwrite(a->ptr + from, 1, a->len - from < 900 ? a->len - from : 900, stderr);
    fprintf(stderr, "\n--- other\n");
    fwrite(b->ptr + from, 1, b->len - from < 900 ? b->len - from : 900, stderr);
    die("\nthe logs differ");
}

static void play_same(const char *what, const uint8_t *message, size_t n, const struct mime_way *way,
                      const struct test_bytes *wanted)
{
    struct test_bytes log = {0};

    if (mime_play(message, n, way, &log))
        die("the parser failed");
    differ(what, wanted, &log);
    test_bytes_free(&log);
}

/* The lines of a log that a tree has: no MESSAGE_END, no DEFECT, which come behind all others. */
static void sorted(const struct test_bytes *log, struct test_bytes *out)
{
    struct test_bytes defects = {0};
    size_t at = 0;

    while (at < log->len) {
        const char *line = (const char *)log->ptr + at;
        size_t n = 0;

        /* texts are counted: they may have any octet */
        for (; line[n] != '\n'; n++)
            if (line[n] == '=' && at + n + 1 < log->len) {
                char *end;
                unsigned long octets = strtoul(line + n + 1, &end, 10);

                if (*end == ':')
                    n = (size_t)(end - line) + octets;
            }
        n++;
        if (line[0] == 'D')
            test_bytes_add(&defects, line, n);
        else if (line[0] != 'M')
            test_bytes_add(out, line, n);
        at += n;
    }
    test_bytes_add(out, defects.ptr, defects.len);
    test_bytes_free(&defects);
}

static void tree_same(const uint8_t *message, size_t n, const struct mime_way *way, const struct test_bytes *log)
{
    struct test_bytes wanted = {0}, tree = {0};

    sorted(log, &wanted);
    test_bytes_add(&wanted, "", 1);
    for (size_t version = 0; mp_scan_versions(version); version++) {
        tree.len = 0;
        if (play_tree(message, n, way, version, &tree))
            die("the tree failed");
        test_bytes_add(&tree, "", 1);
        differ(mp_scan_versions(version)->name, &wanted, &tree);
    }
    test_bytes_free(&wanted);
    test_bytes_free(&tree);
}

void mime_play_all(const uint8_t *message, size_t n, const mailproto_mime_config *config, int all_cuts)
{
    struct mime_way way = {.config = config};
    struct test_bytes log = {0}, decoded = {0};

    if (mime_play(message, n, &way, &log))
        die("the parser failed");
    tree_same(message, n, &way, &log);
    way.polled = 1;
    play_same("polled", message, n, &way, &log);
    way.piece = 1;
    play_same("octet by octet, polled", message, n, &way, &log);
    way.polled = 0;
    play_same("octet by octet", message, n, &way, &log);
    way.piece = SIZE_MAX;
    for (way.seed = 1; way.seed < 5; way.seed++)
        play_same("at random", message, n, &way, &log);
    way.piece = 0;
    for (way.first = 1; all_cuts && way.first < n; way.first++)
        play_same("in two", message, n, &way, &log);
    way = (struct mime_way){.config = config,
                            .flags = MAILPROTO_MIME_PARSER_DECODE | MAILPROTO_MIME_PARSER_UNFOLD |
                                     MAILPROTO_MIME_PARSER_BETWEEN};
    if (mime_play(message, n, &way, &decoded))
        die("the parser failed");
    way.piece = SIZE_MAX;
    play_same("decoded, at random", message, n, &way, &decoded);
    test_bytes_free(&log);
    test_bytes_free(&decoded);
}
