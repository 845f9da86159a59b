/* mime_dump.c - `mailproto mime dump`: a message for people to read, part by part.
 * What others wrote goes through text_show: a terminal obeys some of it. */
#include "mime.h"

#include "text.h"

#include <stdlib.h>
#include <strings.h>

/* One message that is being shown. */
struct dump {
    const struct mime_message *message;
    struct mime_text text;
    uint32_t *found; /* the numbers of what the tree found wrong, by part: those of part i from first[i] on */
    uint32_t *first;
};

static void show_text(const struct dump *dump)
{
    text_show(stdout, dump->text.ptr, dump->text.len);
}

static void show_defects(uint32_t depth, uint64_t defects, const char *where)
{
    for (uint32_t i = 0; i < MAILPROTO_MIME_DEFECTS; i++)
        if (defects & MAILPROTO_MIME_DEFECT_BIT(i))
            printf("%*s! %s in %s: %s\n", (int)(2 * depth + 6), "", mailproto_mime_defect_name(i), where,
                   mailproto_mime_defect_text(i));
}

/* ---- fields ---- */

static int show_address(struct dump *dump, const mailproto_mime_address *address, uint64_t *defects)
{
    *defects |= address->defects;
    if (mime_decode_name(&dump->text, address, defects))
        return -1;
    show_text(dump);
    if (address->kind == MAILPROTO_MIME_ADDRESS_GROUP_BEGIN)
        return fputs(": ", stdout) < 0;
    if (dump->text.len)
        putchar(' ');
    if (mime_decode_address(&dump->text, address))
        return -1;
    putchar('<');
    show_text(dump);
    putchar('>');
    return 0;
}

static int show_addresses(struct dump *dump, mailproto_text value, uint64_t *defects)
{
    mailproto_mime_addresses reader;
    mailproto_mime_address address;
    uint32_t before = MAILPROTO_MIME_ADDRESS_GROUP_BEGIN;

    mailproto_mime_address_init(&address, sizeof address);
    mailproto_mime_addresses_init(&reader, sizeof reader, value.ptr, value.len);
    while (!mailproto_mime_addresses_next(&reader, &address)) {
        if (address.kind == MAILPROTO_MIME_ADDRESS_GROUP_END) {
            putchar(';');
        } else {
            if (before != MAILPROTO_MIME_ADDRESS_GROUP_BEGIN)
                fputs(", ", stdout);
            if (show_address(dump, &address, defects))
                return -1;
        }
        before = address.kind;
    }
    return 0;
}

static int show_words(struct dump *dump, mailproto_text value, uint64_t *defects)
{
    if (mime_decode_words(&dump->text, value, defects))
        return -1;
    show_text(dump);
    return 0;
}

static int show_date(struct dump *dump, mailproto_text value, uint64_t *defects)
{
    char written[MAILPROTO_MIME_DATE_LENGTH];
    mailproto_mime_date date;
    size_t made;

    mailproto_mime_date_init(&date, sizeof date);
    if (mailproto_mime_date_read(value.ptr, value.len, &date) ||
        mailproto_mime_date_write(&date, written, sizeof written, &made)) {
        *defects |= date.defects;
        return show_words(dump, value, defects);
    }
    *defects |= date.defects;
    printf("%.*s", (int)made, written);
    return 0;
}

static const struct {
    uint32_t id;
    const char *name;
    int (*show)(struct dump *dump, mailproto_text value, uint64_t *defects);
} shown[] = {
    {MAILPROTO_MIME_FIELD_DATE, "Date", show_date},
    {MAILPROTO_MIME_FIELD_FROM, "From", show_addresses},
    {MAILPROTO_MIME_FIELD_SENDER, "Sender", show_addresses},
    {MAILPROTO_MIME_FIELD_REPLY_TO, "Reply-To", show_addresses},
    {MAILPROTO_MIME_FIELD_TO, "To", show_addresses},
    {MAILPROTO_MIME_FIELD_CC, "Cc", show_addresses},
    {MAILPROTO_MIME_FIELD_BCC, "Bcc", show_addresses},
    {MAILPROTO_MIME_FIELD_SUBJECT, "Subject", show_words},
    {MAILPROTO_MIME_FIELD_MESSAGE_ID, "Message-ID", show_words},
    {MAILPROTO_MIME_FIELD_IN_REPLY_TO, "In-Reply-To", show_words},
    {MAILPROTO_MIME_FIELD_CONTENT_DESCRIPTION, "Content-Description", show_words},
};

/* Those that a part has, in the order in which they stand there. */
static int show_fields(struct dump *dump, uint32_t index, uint32_t depth)
{
    mailproto_mime_field field;

    mailproto_mime_field_init(&field, sizeof field);
    for (uint32_t n = 0; !mailproto_mime_tree_field(dump->message->tree, index, n, &field); n++)
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
            uint64_t defects = 0;

            if (shown[i].id != field.id)
                continue;
            printf("%*s%s: ", (int)(2 * depth + 4), "", shown[i].name);
            if (shown[i].show(dump, field.value, &defects))
                return -1;
            putchar('\n');
            show_defects(depth, defects, shown[i].name);
        }
    return 0;
}

/* ---- parts ---- */

static const char *encoding_name(uint32_t encoding)
{
    switch (encoding) {
    case MAILPROTO_MIME_ENCODING_8BIT:
        return "8bit";
    case MAILPROTO_MIME_ENCODING_BINARY:
        return "binary";
    case MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE:
        return "quoted-printable";
    case MAILPROTO_MIME_ENCODING_BASE64:
        return "base64";
    case MAILPROTO_MIME_ENCODING_UUENCODE:
        return "uuencode";
    case MAILPROTO_MIME_ENCODING_YENC:
        return "yenc";
    case MAILPROTO_MIME_ENCODING_UNKNOWN:
        return "unknown encoding";
    default:
        return "7bit";
    }
}

/* Whether it is text in a charset that neither the library nor the C library knows. */
static int is_unknown_text(const mailproto_mime_part *part, const struct mime_text *charset)
{
    mailproto_charset_decoder decoder;

    if (part->kind != MAILPROTO_MIME_LEAF || part->type.len != 4 || strncasecmp(part->type.ptr, "text", 4) != 0)
        return 0;
    mailproto_charset_decoder_init(&decoder, sizeof decoder);
    mailproto_charset_decoder_open(&decoder, charset->ptr, charset->len, mailproto_charset_iconv());
    mailproto_charset_decoder_close(&decoder);
    return (decoder.defects & MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_UNKNOWN)) != 0;
}

/* "2.1 text/plain; charset=utf-8, quoted-printable" */
static int show_type(struct dump *dump, uint32_t index, const mailproto_mime_part *part, uint64_t *defects)
{
    int failed;

    printf("%*s%s ", (int)(2 * part->depth + 2), "", mime_path(dump->message, index));
    if (mime_decode_type(&dump->text, part))
        return -1;
    show_text(dump);
    failed = mime_decode_parameter(&dump->text, part, "charset", defects);
    if (!failed) {
        fputs("; charset=", stdout);
        show_text(dump);
        if (is_unknown_text(part, &dump->text))
            *defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CHARSET_UNKNOWN);
    }
    if (part->kind == MAILPROTO_MIME_LEAF)
        printf(", %s", encoding_name(part->encoding));
    return failed < 0 ? -1 : 0;
}

/* How large it is: in the message, and decoded. */
static int show_sizes(const struct dump *dump, uint32_t index, const mailproto_mime_part *part, uint64_t *defects)
{
    mailproto_mime_stream stream;
    char piece[4096];
    uint64_t octets = 0;
    size_t n;

    printf(", %llu octets in %llu lines", (unsigned long long)(part->end - part->body),
           (unsigned long long)part->body_lines);
    if (part->kind == MAILPROTO_MIME_LEAF && part->encoding > MAILPROTO_MIME_ENCODING_BINARY) {
        mailproto_mime_stream_init(&stream, sizeof stream);
        mailproto_mime_tree_open(dump->message->tree, index, &stream);
        while (!mailproto_mime_stream_read(&stream, piece, sizeof piece, &n))
            octets += n;
        *defects |= stream.defects;
        printf(" (%llu decoded)", (unsigned long long)octets);
    }
    printf(", at %llu, body %llu, end %llu\n", (unsigned long long)part->begin, (unsigned long long)part->body,
           (unsigned long long)part->end);
    return 0;
}

static int show_file_name(struct dump *dump, uint32_t index, uint32_t depth, uint64_t *defects)
{
    int failed = mime_decode_file_name(&dump->text, dump->message, index, defects);

    if (failed)
        return failed < 0 ? -1 : 0;
    printf("%*sfile name: ", (int)(2 * depth + 4), "");
    show_text(dump);
    putchar('\n');
    return 0;
}

/* What other programs may take for its name. */
static int show_other_names(struct dump *dump, uint32_t index, uint32_t depth)
{
    const char *source = "";
    int failed = 0;

    for (uint32_t i = 0; !failed; i++) {
        failed = mime_decode_other_name(&dump->text, dump->message, index, i, &source);
        if (failed)
            break;
        printf("%*salso: ", (int)(2 * depth + 4), "");
        show_text(dump);
        printf(" (in %s)\n", source);
    }
    return failed < 0 ? -1 : 0;
}

/* Those that the tree found, of one part. */
static void show_found(const struct dump *dump, uint32_t index, uint32_t depth)
{
    mailproto_mime_tree_defect defect;

    mailproto_mime_tree_defect_init(&defect, sizeof defect);
    for (uint32_t i = dump->first[index]; i < dump->first[index + 1]; i++) {
        mailproto_mime_tree_defect_at(dump->message->tree, dump->found[i], &defect);
        printf("%*s! %s at %llu: %s\n", (int)(2 * depth + 6), "", mailproto_mime_defect_name(defect.kind),
               (unsigned long long)defect.offset, mailproto_mime_defect_text(defect.kind));
    }
}

static int show_part(struct dump *dump, uint32_t index)
{
    uint64_t of_type = 0, of_body = 0, of_name = 0;
    mailproto_mime_part part;

    mime_part(dump->message, index, &part);
    if (show_type(dump, index, &part, &of_type) || show_sizes(dump, index, &part, &of_body) ||
        show_file_name(dump, index, part.depth, &of_name) || show_other_names(dump, index, part.depth) ||
        mime_dump_tnef(dump->message, &part, index, &dump->text) || show_fields(dump, index, part.depth))
        return -1;
    if (part.defects)
        show_found(dump, index, part.depth);
    show_defects(part.depth, of_type & ~part.defects, "Content-Type");
    show_defects(part.depth, of_name & ~(part.defects | of_type), "the file name");
    show_defects(part.depth, of_body, "the body");
    return 0;
}

/* Sorts what was found by part: a message may have many of both. */
static int sort_found(struct dump *dump, uint32_t parts)
{
    const mailproto_mime_tree *tree = dump->message->tree;
    uint32_t count = mailproto_mime_tree_defects(tree);
    mailproto_mime_tree_defect defect;

    dump->found = calloc((size_t)count + 1, sizeof *dump->found);
    dump->first = calloc((size_t)parts + 2, sizeof *dump->first);
    if (!dump->found || !dump->first)
        return -1;
    mailproto_mime_tree_defect_init(&defect, sizeof defect);
    /* first how many there are of each, two places on; then where they begin, one place on, which filling moves to the end,
       where those of the next part begin */
    for (uint32_t n = 0; !mailproto_mime_tree_defect_at(tree, n, &defect); n++)
        dump->first[defect.part + 2]++;
    for (uint32_t i = 2; i <= parts + 1; i++)
        dump->first[i] += dump->first[i - 1];
    for (uint32_t n = 0; !mailproto_mime_tree_defect_at(tree, n, &defect); n++)
        dump->found[dump->first[defect.part + 1]++] = n;
    return 0;
}

int mime_dump(const struct mime_message *message)
{
    struct dump dump = {.message = message};
    uint32_t parts = mailproto_mime_tree_parts(message->tree);
    int failed = sort_found(&dump, parts);

    text_show(stdout, message->name, text_of(message->name).len);
    printf(": %llu octets, %u part%s\n", (unsigned long long)(message->n - message->skipped), parts,
           parts == 1 ? "" : "s");
    for (uint32_t i = 0; i < parts && !failed; i++)
        failed = show_part(&dump, i);
    mime_text_free(&dump.text);
    free(dump.found);
    free(dump.first);
    return failed || ferror(stdout) ? -1 : 0;
}
