/* mime.c - `mailproto mime`: the verbs, and dump over its files.
 * A file that cannot be read is reported, and the others are shown. */
#include "mime.h"

#include "exits.h"
#include "interrupt.h"
#include "json.h"
#include "report.h"

static int show(const struct mime_options *options, const char *path)
{
    struct mime_message message;
    int failed;

    if (mime_open(&message, path))
        return -1;
    failed = options->jsonl ? json_writers()->mime(&message) : mime_dump(&message);
    if (failed)
        report("%s could not be shown: no memory, or standard output takes no more", message.name);
    mime_close(&message);
    return failed;
}

int mime_run(const struct mime_options *options)
{
    int status = EXIT_ALL;

    if (options->verb == MIME_EXTRACT)
        return mime_extract(options);
    if (options->verb == MIME_STRUCTURE)
        return mime_structure(options);
    if (options->verb == MIME_BUILD)
        return mime_build(options);
    for (int i = 0; i < options->count && !interrupted(); i++)
        if (show(options, options->files[i]))
            status = EXIT_LOCAL;
    return status;
}
