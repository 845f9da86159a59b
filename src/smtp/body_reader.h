/* body_reader.h - takes the message text out of DATA and BDAT: dots unstuffed, only CRLF.CRLF is the end.
 * RFC 5321 sections 2.3.8, 4.1.1.4 and 4.5.2; RFC 3030 section 2. */
#ifndef MP_SMTP_BODY_READER_H
#define MP_SMTP_BODY_READER_H

#include "mailproto/base.h"

enum {
    MP_BODY_CHUNKED = 1,   /* BDAT: no dot means anything, the end is told from outside */
    MP_BODY_NORMALISE = 2, /* a bare CR or LF becomes CRLF instead of being a fault; what follows begins no SMTP line */
    MP_BODY_ACCEPT_NUL = 4
};

/* What is wrong with the text; the first that is found stays. */
enum { MP_BODY_NO_FAULT = 0, MP_BODY_BARE = 1, MP_BODY_NUL = 2, MP_BODY_LONG_LINE = 3 };

enum { MP_BODY_MORE = 0, MP_BODY_SLICE = 1, MP_BODY_END = 2 };

struct mp_body_reader {
    size_t column;   /* octets of the line in hand */
    size_t max_line; /* without CRLF */
    uint32_t flags;
    uint64_t skipped; /* octets that nobody gets, since the caller last looked */
    uint8_t held;     /* octets that were taken and not yet understood */
    uint8_t soft;     /* what comes begins a line of text, not of SMTP: its dot is just a dot */
    uint8_t fault;    /* MP_BODY_BARE ... */
    char behind[3];   /* a slice that is put together */
    uint8_t skip;     /* no more slices: only the end is looked for */
};

void mp_body_begin(struct mp_body_reader *r, size_t max_line, uint32_t flags);

/* Takes some of the n octets at p, *took of them, at least one. SLICE: *slice is text of the message, which lives as
   long as p does and until the next call. END: the final
   dot was taken, and nothing behind it. MORE: all was taken. A fault sets skip. */
int mp_body_read(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took, mailproto_text *slice);

/* BDAT LAST: nothing more comes. May find a fault: a CR that was the last octet. */
void mp_body_finish(struct mp_body_reader *r);

#endif
