/* parser.h - the push parser: the structure machine, and the event that is told.
 * include/mailproto/mime_parser.h; contract.md section 2, "Events". */
#ifndef MP_MIME_PARSER_H
#define MP_MIME_PARSER_H

#include "mailproto/mime_parser.h"
#include "mime/body_decoder.h"
#include "mime/structure.h"

enum { MP_PARSER_FIELDS = 16, MP_PARSER_DECODED = 4096 };

/* What the step in hand still has to tell. */
enum {
    MP_PARSER_NEXT,
    MP_PARSER_IN_FIELDS,
    MP_PARSER_IN_BODY,
    MP_PARSER_AT_END,
    MP_PARSER_AT_DEFECT,
    MP_PARSER_AT_PART_END
};

struct mailproto_mime_parser {
    mailproto_allocator memory;
    uint32_t flags;
    int32_t error;
    mailproto_mime_callbacks callbacks;
    void *user;
    uint8_t has_callbacks, in_callback, free_due, busy, ended, over;
    uint8_t choosing; /* the event that was told last is the HEADER_END of a leaf */
    mp_structure structure;
    uint16_t first[MAILPROTO_MIME_FIELDS];
    mp_field fields[MP_PARSER_FIELDS];

    uint32_t doing, field_i;
    char type[MP_TYPE_MAX], subtype[MP_TYPE_MAX];
    uint32_t type_n, subtype_n;

    /* the leaf in hand */
    uint32_t as;          /* MAILPROTO_MIME_AS_... */
    const uint8_t *slice; /* what of the slice is not yet decoded */
    size_t slice_n;
    uint64_t decoded;
    mp_body_decoder decoder;
    uint8_t out[MP_PARSER_DECODED];

    char *unfolded;
    size_t unfolded_cap;

    union {
        mailproto_event head;
        mailproto_mime_part_event part;
        mailproto_mime_field_event field;
        mailproto_mime_header_end header_end;
        mailproto_mime_body body;
        mailproto_mime_part_end part_end;
        mailproto_mime_defect defect;
        mailproto_mime_message_end message_end;
    } event;
};

/* parser_events.c: the next event, NULL: there is none now, or the parser stopped. */
const mailproto_event *mp_parser_advance(mailproto_mime_parser *p);

#endif
