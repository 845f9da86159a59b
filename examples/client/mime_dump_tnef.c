/* mime_dump_tnef.c - what is in winmail.dat: the attachments of a part of application/ms-tnef, by their names.
 * MS-TNEF section 2.1, by mailproto/mime_tnef.h. */
#include "mime.h"

#include "text.h"

#include <mailproto/mime_tnef.h>

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static int is_tnef(const mailproto_mime_part *part)
{
    return part->kind == MAILPROTO_MIME_LEAF && part->type.len == 11 &&
           !strncasecmp(part->type.ptr, "application", 11) &&
           ((part->subtype.len == 7 && !strncasecmp(part->subtype.ptr, "ms-tnef", 7)) ||
            (part->subtype.len == 11 && !strncasecmp(part->subtype.ptr, "vnd.ms-tnef", 11)));
}

/* The decoded body: it is not longer than it is in the message, with the room that the decoder asks for. NULL: no memory. */
static char *read_body(const struct mime_message *message, const mailproto_mime_part *part, uint32_t index, size_t *n)
{
    const size_t room = (size_t)(part->end - part->body) + 4 * MAILPROTO_CODEC_ROOM;
    char *body = malloc(room);
    mailproto_mime_stream stream;
    size_t made;

    *n = 0;
    if (!body)
        return NULL;
    mailproto_mime_stream_init(&stream, sizeof stream);
    mailproto_mime_tree_open(message->tree, index, &stream);
    while (room - *n >= MAILPROTO_CODEC_ROOM && !mailproto_mime_stream_read(&stream, body + *n, room - *n, &made))
        *n += made;
    return body;
}

/* Its name as UTF-8; empty where it has none. */
static int name_of(const mailproto_tnef *tnef, const mailproto_tnef_attachment *attachment, struct mime_text *text)
{
    const mailproto_charset_provider *charsets = mailproto_charset_iconv();
    size_t need = 0;

    text->len = 0;
    if (mailproto_tnef_name(tnef, attachment, charsets, NULL, 0, &need, NULL) == MAILPROTO_MIME_END)
        return 0;
    if (mime_text_room(text, need))
        return -1;
    return mailproto_tnef_name(tnef, attachment, charsets, text->ptr, text->room, &text->len, NULL) < 0 ? -1 : 0;
}

static void show_problems(uint32_t problems, int depth)
{
    if (problems & MAILPROTO_TNEF_TRUNCATED)
        printf("%*s! the TNEF ends inside of an attribute\n", depth + 6, "");
    if (problems & MAILPROTO_TNEF_CHECKSUM)
        printf("%*s! a checksum in the TNEF is another\n", depth + 6, "");
    if (problems & MAILPROTO_TNEF_PROPERTIES)
        printf("%*s! properties of an attachment in the TNEF cannot be read\n", depth + 6, "");
}

int mime_dump_tnef(const struct mime_message *message, const mailproto_mime_part *part, uint32_t index,
                   struct mime_text *text)
{
    const int depth = (int)(2 * part->depth);
    mailproto_tnef_attachment attachment;
    mailproto_tnef tnef;
    char *body;
    size_t n;
    int failed = 0;

    if (!is_tnef(part))
        return 0;
    body = read_body(message, part, index, &n);
    if (!body)
        return -1;
    if (mailproto_tnef_init(&tnef, sizeof tnef, body, n)) {
        printf("%*s! this is no TNEF\n", depth + 6, "");
        free(body);
        return 0;
    }
    mailproto_tnef_attachment_init(&attachment, sizeof attachment);
    while (!failed && !mailproto_tnef_next(&tnef, &attachment)) {
        failed = name_of(&tnef, &attachment, text);
        if (failed)
            break;
        printf("%*sin it: ", depth + 4, "");
        text_show(stdout, text->len ? text->ptr : "(no name)", text->len ? text->len : 9);
        printf(", %llu octets%s\n", (unsigned long long)attachment.data.len,
               attachment.flags & MAILPROTO_TNEF_MESSAGE ? ", a message" : "");
    }
    show_problems(tnef.problems, depth);
    free(body);
    return failed;
}
