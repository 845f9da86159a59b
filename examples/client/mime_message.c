/* mime_message.c - a message in memory, its parts, and their paths.
 * RFC 4155 appendix A: the From line of an mbox is no part of the message. */
#include "mime.h"

#include "report.h"
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_all(struct mime_message *message, struct source *source)
{
    size_t got = 1;

    if (source->size > SIZE_MAX / 2 || !(message->octets = malloc((size_t)source->size + 1))) {
        report("there is not enough memory for %s", source->name);
        return -1;
    }
    while (got && message->n < source->size) {
        if (source_read(source, message->n, message->octets + message->n, (size_t)source->size - message->n, &got))
            return -1;
        message->n += got;
    }
    return 0;
}

static void pass_from_line(struct mime_message *message)
{
    const char *end;

    if (message->n < 5 || memcmp(message->octets, "From ", 5) != 0)
        return;
    end = memchr(message->octets, '\n', message->n);
    message->skipped = end ? (size_t)(end - message->octets) + 1 : 0;
}

static int find_parts(struct mime_message *message)
{
    mailproto_mime_config config;

    mailproto_mime_config_init(&config, sizeof config);
    if (!mailproto_mime_tree_new(&config, message->octets + message->skipped, message->n - message->skipped,
                                 &message->tree))
        return 0;
    report("there is not enough memory for the parts of %s", message->name);
    return -1;
}

int mime_open(struct mime_message *message, const char *path)
{
    struct source source;
    int failed;

    memset(message, 0, sizeof *message);
    if (source_open(&source, path))
        return -1;
    message->name = path;
    failed = read_all(message, &source);
    source_close(&source);
    if (!failed) {
        pass_from_line(message);
        failed = find_parts(message);
    }
    if (failed)
        mime_close(message);
    return failed;
}

void mime_close(struct mime_message *message)
{
    mailproto_mime_tree_free(message->tree);
    free(message->octets);
    message->tree = NULL;
    message->octets = NULL;
}

void mime_part(const struct mime_message *message, uint32_t index, mailproto_mime_part *part)
{
    mailproto_mime_part_init(part, sizeof *part);
    mailproto_mime_tree_part(message->tree, index, part);
}

int mime_field(const struct mime_message *message, uint32_t index, uint32_t id, mailproto_text *value)
{
    mailproto_mime_field field;

    mailproto_mime_field_init(&field, sizeof field);
    if (mailproto_mime_tree_find(message->tree, index, id, NULL, &field))
        return 1;
    *value = field.value;
    return 0;
}

/* ---- paths ---- */

/* 100 parts in each other are the most that a tree has, and a number and its dot have six characters. */
enum { PATH_ROOM = 1024 };

const char *mime_path(const struct mime_message *message, uint32_t index)
{
    static char path[PATH_ROOM];
    char number[16], *at = path + sizeof path - 1;
    mailproto_mime_part part;

    *at = 0;
    mime_part(message, index, &part);
    while (part.parent != MAILPROTO_MIME_NO_PART) {
        int n = snprintf(number, sizeof number, "%u%s", part.number, *at ? "." : "");

        if (n > at - path)
            break;
        at -= n;
        memcpy(at, number, (size_t)n);
        mime_part(message, part.parent, &part);
    }
    if (part.kind == MAILPROTO_MIME_MULTIPART && *at)
        return at;
    if (*at)
        *--at = '.';
    *--at = '0';
    return at;
}

uint32_t mime_find(const struct mime_message *message, const char *path)
{
    uint32_t parts = mailproto_mime_tree_parts(message->tree);

    for (uint32_t i = 0; i < parts; i++)
        if (!strcmp(mime_path(message, i), path))
            return i;
    return MAILPROTO_MIME_NO_PART;
}
