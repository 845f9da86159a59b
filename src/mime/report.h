/* report.h - fields of reports: which text of a struct each one is, read and written by one table.
 * RFC 3464 section 2, RFC 8098 section 3, RFC 5965 section 3. */
#ifndef MP_MIME_REPORT_H
#define MP_MIME_REPORT_H

#include "mailproto/mime_report.h"
#include "mime/small.h"

/* A field: its name and where its text is; TYPED: behind another text, its type. MUST: a report has it. */
enum { MP_REPORT_TYPED = 1, MP_REPORT_MUST = 2 };
typedef struct mp_report_entry {
    const char *name;
    uint32_t offset, flags;
} mp_report_entry;

/* The next field, or the next line that is none, of octets from *at on: OK, MAILPROTO_MIME_END at an empty line (*at is
   then behind it) or at the end. */
int32_t mp_report_take(mailproto_text octets, size_t *at, mailproto_text *name, mailproto_text *value,
                       mailproto_text *raw);

/* Reads the fields of a block into the struct; the first of each counts. Gives whether those that must be there are. */
int mp_report_read(mailproto_mime_report_reader *reader, const mp_report_entry *entries, size_t count, void *to);

/* Writes those that are there, a line each, folded. 0: one that must be there is not, or a text breaks the syntax. */
int mp_report_write(const mp_report_entry *entries, size_t count, const void *from, mp_small_out *out);
int mp_report_write_field(const char *name, mailproto_text type, mailproto_text value, mp_small_out *out);

/* Makes the node a leaf of this type, or of `global` with octets above 127, with the octets that `write` makes: it is called
   to measure, and then to write. */
typedef int (*mp_report_writer)(const void *values, mp_small_out *out);
int32_t mp_report_build(mailproto_mime_builder *b, uint32_t node, const char *type, const char *global,
                        mp_report_writer write, const void *values);

#endif
