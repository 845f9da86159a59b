/* mime_extract.c - `mailproto mime extract`: the body of one part, decoded or as it stands.
 * RFC 2045 section 6. Of a multipart or a message in the message it is all that is in it. */
#include "mime.h"

#include "exits.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "writer.h"

#include <stdlib.h>

static int put_raw(const struct mime_message *message, uint32_t index, struct writer *writer)
{
    mailproto_text body;

    mailproto_mime_tree_text(message->tree, index, NULL, &body);
    return writer_put(writer, body.ptr, body.len);
}

static int put_decoded(const struct mime_message *message, uint32_t index, struct writer *writer)
{
    mailproto_mime_stream stream;
    char piece[16384];
    size_t n;

    mailproto_mime_stream_init(&stream, sizeof stream);
    mailproto_mime_tree_open(message->tree, index, &stream);
    while (!mailproto_mime_stream_read(&stream, piece, sizeof piece, &n))
        if (interrupted() || writer_put(writer, piece, n))
            return -1;
    for (uint32_t i = 0; i < MAILPROTO_MIME_DEFECTS; i++)
        if (stream.defects & MAILPROTO_MIME_DEFECT_BIT(i))
            report("%s: %s: %s", message->name, mime_path(message, index), mailproto_mime_defect_text(i));
    return 0;
}

static int write_part(const struct mime_options *options, const struct mime_message *message, uint32_t index)
{
    struct writer *writer = malloc(sizeof *writer);
    struct output output;
    mailproto_mime_part part;
    int failed;

    if (!writer || output_open(&output, options->output)) {
        if (!writer)
            report_no_memory();
        free(writer);
        return EXIT_LOCAL;
    }
    mime_part(message, index, &part);
    writer_begin(writer, writer_to_file, &output.fd, 0);
    failed = options->raw || part.kind != MAILPROTO_MIME_LEAF ? put_raw(message, index, writer)
                                                              : put_decoded(message, index, writer);
    if (failed || writer_flush(writer) || output_done(&output)) {
        if (!interrupted())
            output_report(&output);
        failed = 1;
    }
    output_close(&output);
    free(writer);
    return failed ? EXIT_LOCAL : EXIT_ALL;
}

int mime_extract(const struct mime_options *options)
{
    struct mime_message message;
    uint32_t index;
    int status;

    if (mime_open(&message, options->file))
        return EXIT_LOCAL;
    index = mime_find(&message, options->part);
    if (index == MAILPROTO_MIME_NO_PART) {
        report("%s has no part %s", message.name, options->part);
        report_hint("mailproto mime dump %s shows those that it has.", message.name);
        status = EXIT_USAGE;
    } else {
        status = write_part(options, &message, index);
    }
    mime_close(&message);
    return status;
}
