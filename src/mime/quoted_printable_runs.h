/* quoted_printable_runs.h - quoted-printable that is in order, as fast as the processor can.
 * RFC 2045 section 6.7. What is not in order, or waits for more, is left to quoted_printable_encoder.c and _decoder.c. */
#ifndef MP_MIME_QUOTED_PRINTABLE_RUNS_H
#define MP_MIME_QUOTED_PRINTABLE_RUNS_H

#include "mime/codec.h"
#include "mime/codec_vector.h"

/* ---- encoding ---- */

/* Encodes as far as io goes, or to an octet that needs those behind it, when they are not there. */
typedef struct mp_qp_writer {
    mp_codec_io io;
    size_t column;  /* characters of the line in hand */
    size_t line;    /* the most of a line, with the "=" of a soft break; SIZE_MAX: no soft breaks */
    uint32_t flags; /* MAILPROTO_QP_... */
    int last;       /* the data end where io does */
    int starved;    /* set when it stopped for what is not there */
} mp_qp_writer;
typedef void (*mp_qp_write_fn)(mp_qp_writer *w);

/* The definition, an octet at a time: every other version does exactly what this one does. */
void mp_qp_write_scalar(mp_qp_writer *w);

/* One octet, or a line break, with the soft break before it if it needs one. 0: it could not be written. */
int mp_qp_write_one(mp_qp_writer *w);

/* ---- decoding ---- */

/* Decodes as far as io goes, or to the first octet that is not in order: blanks at the end of a line, an escape that is
   none or in lower case, a CR alone, an octet that should have been encoded. It never stops behind a blank. Bare LF and
   lines that are too long are noted. */
typedef struct mp_qp_reader {
    mp_codec_io io;
    size_t column; /* characters of the line in hand */
    size_t bare_lf, first_bare_lf;
    size_t long_lines, first_long_line; /* the first as an offset from where io.in began */
} mp_qp_reader;
typedef void (*mp_qp_read_fn)(mp_qp_reader *r);

void mp_qp_read_scalar(mp_qp_reader *r);

/* What a version is made of: one escape, line break or octet of a text that began at `begin`, 0 if it is not in order;
   and what all end with: what is left, and back before the blanks. */
int mp_qp_read_one(mp_qp_reader *r, const uint8_t *begin);
void mp_qp_read_rest(mp_qp_reader *r, const uint8_t *begin);

/* Counts an octet at p, not the first of its line, into its line. */
static inline void mp_qp_pass(mp_qp_reader *r, const uint8_t *begin, const uint8_t *p)
{
    if (*p == '\r' || *p == '\n') {
        if (*p == '\n' && (p == begin || p[-1] != '\r') && !r->bare_lf++)
            r->first_bare_lf = (size_t)(p - begin);
        r->column = 0;
    } else if (++r->column == MP_CODEC_LINE + 1 && !r->long_lines++)
        r->first_long_line = (size_t)(p - begin);
}

/* ---- versions ---- */

typedef struct mp_qp_version {
    const char *name;
    mp_qp_write_fn write;
    mp_qp_read_fn read;
} mp_qp_version;

/* The versions that this processor can run, slowest first; NULL when index is past the last. */
const mp_qp_version *mp_qp_versions(size_t index);

/* The fastest of them. */
const mp_qp_version *mp_qp_choose(void);

/* It writes, or reads. Without vector code there is one version, and a program that only reads has no code that writes. */
static inline void mp_qp_write(mp_qp_writer *w)
{
#if MP_VECTOR
    mp_qp_choose()->write(w);
#else
    mp_qp_write_scalar(w);
#endif
}

static inline void mp_qp_read(mp_qp_reader *r)
{
#if MP_VECTOR
    mp_qp_choose()->read(r);
#else
    mp_qp_read_scalar(r);
#endif
}

/* The same of one processor's own, without the scalar one: NULL past the last, and on any other processor. */
const mp_qp_version *mp_qp_versions_x86(size_t index);
const mp_qp_version *mp_qp_versions_arm(size_t index);
const mp_qp_version *mp_qp_version_avx512(void);
void mp_qp_write_avx512(mp_qp_writer *w);

/* What an octet is. */
enum {
    MP_QP_PLAIN = 16, /* may stand for itself, if it does not end a line */
    MP_QP_BLANK = 32, /* space or tab: PLAIN too */
    MP_QP_DIGIT = 64, /* 0 to 9, A to F: the low four bits are its value; PLAIN too */
    MP_QP_LOWER = 128 /* a to f: the same */
};
extern const uint8_t mp_qp_class[256];

#endif
