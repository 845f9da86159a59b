/* mime_build_parts.c - the bodies of a message that is composed: its text, its HTML, files that are attached.
 * RFC 2046 section 5.1: both texts are alternatives, and what is attached is mixed with them. */
#include "mime_build.h"

#include "exits.h"
#include "report.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a file is ---- */

/* By the end of its name, in lower case. What is not here is application/octet-stream. */
static const char types[][2][72] = {
    {".csv", "text/csv"},          {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {".eml", "message/rfc822"},    {".gif", "image/gif"},
    {".gz", "application/gzip"},   {".htm", "text/html"},
    {".html", "text/html"},        {".ics", "text/calendar"},
    {".jpeg", "image/jpeg"},       {".jpg", "image/jpeg"},
    {".json", "application/json"}, {".odt", "application/vnd.oasis.opendocument.text"},
    {".pdf", "application/pdf"},   {".png", "image/png"},
    {".svg", "image/svg+xml"},     {".txt", "text/plain"},
    {".webp", "image/webp"},       {".xml", "application/xml"},
    {".zip", "application/zip"},
};

static int ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end), i = 0;

    if (n < k)
        return 0;
    while (i < k && (path[n - k + i] | (path[n - k + i] >= 'A' && path[n - k + i] <= 'Z' ? 32 : 0)) == end[i])
        i++;
    return i == k;
}

static const char *type_of(const char *path)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (ends_with(path, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

/* Whether all of the text is UTF-8. */
static int is_utf8(const char *p, size_t n)
{
    for (size_t i = 0, step; i < n; i += step) {
        step = text_utf8(p + i, n - i);
        if (!step)
            return 0;
    }
    return 1;
}

/* The same of a file. 1, 0, or -1: it cannot be read, which was reported. */
static int is_utf8_file(struct source *source)
{
    char piece[65536];
    size_t n, held = 0, at;
    uint64_t offset = 0;

    for (;;) {
        if (source_read(source, offset, piece + held, sizeof piece - held, &n))
            return -1;
        offset += n;
        n += held;
        /* a character that is cut off is looked at with what follows it */
        for (at = 0; at < n && (n - at >= 4 || n == held); at++) {
            size_t step = text_utf8(piece + at, n - at);

            if (!step)
                return 0;
            at += step - 1;
        }
        if (n == held)
            return 1;
        held = n - at;
        memmove(piece, piece + at, held);
    }
}

/* ---- bodies ---- */

static int32_t read_source(void *user, uint64_t offset, void *out, size_t cap, size_t *got)
{
    return source_read(user, offset, out, cap, got) ? MAILPROTO_ERR_HOST : 0;
}

static struct build_body *open_body(struct build *build, const char *path)
{
    struct build_body *body = &build->bodies[build->count];

    build->status = EXIT_LOCAL;
    if (source_open(&body->source, path))
        return NULL;
    body->open = 1;
    build->count++;
    return body;
}

/* A text of the command line, with the line end that it lacks. */
static struct build_body *text_body(struct build *build, const char *text)
{
    struct build_body *body = &build->bodies[build->count++];
    size_t n = strlen(text);

    body->text = malloc(n + 2);
    if (!body->text) {
        build_failed(build, MAILPROTO_ERR_NOMEM, "");
        return NULL;
    }
    memcpy(body->text, text, n + 1);
    if (n && text[n - 1] != '\n')
        body->text[n++] = '\n';
    body->n = n;
    return body;
}

void build_bodies_close(struct build *build)
{
    for (int i = 0; i < build->count; i++) {
        if (build->bodies[i].open)
            source_close(&build->bodies[i].source);
        free(build->bodies[i].text);
    }
    free(build->bodies);
}

static void begin_content(mailproto_mime_builder_content *content, struct build_body *body, const char *type)
{
    mailproto_mime_builder_content_init(content, sizeof *content);
    content->type = text_of(type);
    if (body->text) {
        content->data = (mailproto_text){body->text, body->n};
    } else {
        content->read = read_source;
        content->user = &body->source;
    }
}

/* ---- leaves ---- */

/* --text or --text-file, --html or --html-file. */
static int put_text(struct build *build, uint32_t node, const char *type, enum mime_given_kind text,
                    enum mime_given_kind file)
{
    const char *value = build_given(build, text), *path = build_given(build, file);
    struct build_body *body = path ? open_body(build, path) : text_body(build, value ? value : "");
    mailproto_mime_builder_content content;
    int32_t code;
    int valid;

    if (!body)
        return -1;
    valid = path ? is_utf8_file(&body->source) : is_utf8(body->text, body->n);
    if (valid < 0)
        return -1;
    if (!valid) {
        report("mime: build: %s is not UTF-8", path ? path : value);
        build->status = EXIT_USAGE;
        return -1;
    }
    begin_content(&content, body, type);
    code = mailproto_mime_builder_leaf(build->builder, node, &content);
    return code ? build_failed(build, code, type) : 0;
}

/* Whether a message can be attached as one: it is never encoded (RFC 2046 5.2.1), and few servers take what is binary.
   Most take what is 8bit, so that is told only. 1, 0, or -1: it was reported. */
static int can_travel(struct build *build, struct build_body *body, const char *path)
{
    mailproto_mime_builder_content content;
    mailproto_mime_builder *builder = NULL;
    uint32_t needs = 0;
    int32_t code = mailproto_mime_builder_new(NULL, &builder);

    begin_content(&content, body, "message/rfc822");
    if (!code)
        code = mailproto_mime_builder_leaf(builder, 0, &content);
    if (!code)
        code = mailproto_mime_builder_needs(builder, &needs);
    mailproto_mime_builder_free(builder);
    if (code)
        return build_failed(build, code, path);
    if (needs & MAILPROTO_MIME_BUILDER_BINARY) {
        report("mime: build: %s is attached as application/octet-stream in base64, not as a message:", path);
        report_hint("it has NUL, CR alone, or a line of more than 998 octets, and few servers take that");
        return 0;
    }
    if (needs & MAILPROTO_MIME_BUILDER_8BITMIME) {
        report("mime: build: %s has octets above 127, and a message in a message is never encoded:", path);
        report_hint("only servers that offer 8BITMIME take it");
    }
    return 1;
}

static int attach(struct build *build, uint32_t node, const char *path)
{
    const char *slash = strrchr(path, '/'), *type = type_of(path);
    struct build_body *body = open_body(build, path);
    mailproto_mime_builder_content content;
    int32_t code;
    int valid = 1, is_message = !strcmp(type, "message/rfc822");

    if (!body)
        return -1;
    if (!strncmp(type, "text/", 5))
        valid = is_utf8_file(&body->source);
    else if (is_message)
        valid = can_travel(build, body, path);
    if (valid < 0)
        return -1;
    /* a charset that nobody knows is none; lines of a message end with CRLF, of all else the octets are kept */
    begin_content(&content, body, valid ? type : "application/octet-stream");
    if (!is_message || !valid)
        content.flags = MAILPROTO_MIME_CONTENT_EXACT;
    if (is_message && !valid)
        content.encoding = MAILPROTO_MIME_ENCODING_BASE64;
    content.disposition = text_of("attachment");
    if (strcmp(path, "-") != 0)
        content.file_name = text_of(slash ? slash + 1 : path);
    code = mailproto_mime_builder_leaf(build->builder, node, &content);
    return code ? build_failed(build, code, path) : 0;
}

/* ---- the tree ---- */

static int has(const struct build *build, enum mime_given_kind kind)
{
    return build_given(build, kind) != NULL;
}

/* A new part, or the message itself where `parent` is none. */
static int add(struct build *build, uint32_t parent, uint32_t *node)
{
    int32_t code = MAILPROTO_OK;

    *node = 0;
    if (parent != MAILPROTO_MIME_NO_PART)
        code = mailproto_mime_builder_add(build->builder, parent, node);
    return code ? build_failed(build, code, "a part") : 0;
}

static int multipart(struct build *build, uint32_t node, const char *subtype)
{
    int32_t code = mailproto_mime_builder_multipart(build->builder, node, subtype);

    return code ? build_failed(build, code, subtype) : 0;
}

/* What is to be read, in `parent` or as the whole. */
static int put_texts(struct build *build, uint32_t parent)
{
    int text = has(build, MIME_GIVEN_TEXT) || has(build, MIME_GIVEN_TEXT_FILE);
    int html = has(build, MIME_GIVEN_HTML) || has(build, MIME_GIVEN_HTML_FILE);
    uint32_t node;

    if (text && html) {
        if (add(build, parent, &node) || multipart(build, node, "alternative"))
            return -1;
        parent = node;
    }
    if (text || !html)
        if (add(build, parent, &node) || put_text(build, node, "text/plain", MIME_GIVEN_TEXT, MIME_GIVEN_TEXT_FILE))
            return -1;
    if (html)
        if (add(build, parent, &node) || put_text(build, node, "text/html", MIME_GIVEN_HTML, MIME_GIVEN_HTML_FILE))
            return -1;
    return 0;
}

int build_parts(struct build *build)
{
    int texts = has(build, MIME_GIVEN_TEXT) || has(build, MIME_GIVEN_TEXT_FILE) || has(build, MIME_GIVEN_HTML) ||
                has(build, MIME_GIVEN_HTML_FILE);
    uint32_t node;

    if (!has(build, MIME_GIVEN_ATTACH))
        return put_texts(build, MAILPROTO_MIME_NO_PART);
    if (multipart(build, 0, "mixed") || (texts && put_texts(build, 0)))
        return -1;
    for (int i = 0; i < build->options->n_given; i++)
        if (build->options->given[i].kind == MIME_GIVEN_ATTACH)
            if (add(build, 0, &node) || attach(build, node, build->options->given[i].value))
                return -1;
    return 0;
}
