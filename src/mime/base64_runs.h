/* base64_runs.h - whole groups of base64 and the line ends between them, as fast as the processor can.
 * RFC 2045 section 6.8. What is not whole, not in order or not in lines is left to base64_encoder.c and base64_decoder.c. */
#ifndef MP_MIME_BASE64_RUNS_H
#define MP_MIME_BASE64_RUNS_H

#include "mime/codec.h"
#include "mime/codec_vector.h"

/* The length of a line that never ends. */
#define MP_BASE64_NO_LINE (SIZE_MAX - 3)

/* Encodes groups of three octets as far as io goes. Both lengths are multiples of four; a line break is written before
   the group that no longer fits into its line, never behind the last one. */
typedef struct mp_base64_writer {
    mp_codec_io io;
    size_t room; /* characters until the line in hand is full */
    size_t line; /* characters of every line behind it */
} mp_base64_writer;
typedef void (*mp_base64_write_fn)(mp_base64_writer *w);

/* Decodes groups of four characters as far as io goes, or to the first group that is not all of the alphabet or does not
   end where the line does. A line end is passed where one is expected. */
typedef struct mp_base64_reader {
    mp_codec_io io;
    size_t room; /* characters of the line in hand, a multiple of four */
    size_t line; /* characters of every line behind it, a multiple of four; 0: stop where the line in hand ends */
    size_t end;  /* octets of a line end: 2 for CRLF, 1 for LF */
    size_t ends; /* how many were passed */
} mp_base64_reader;
typedef void (*mp_base64_read_fn)(mp_base64_reader *r);

/* The definition, a group at a time: every other version does exactly what this one does. */
void mp_base64_write_scalar(mp_base64_writer *w);
void mp_base64_read_scalar(mp_base64_reader *r);

/* Both directions of a version; name is for tests and measurements. */
typedef struct mp_base64_version {
    const char *name;
    mp_base64_write_fn write;
    mp_base64_read_fn read;
} mp_base64_version;

/* The versions that this processor can run, slowest first; NULL when index is past the last. */
const mp_base64_version *mp_base64_versions(size_t index);

/* The fastest of them. */
const mp_base64_version *mp_base64_choose(void);

/* It writes, or reads. Without vector code there is one version, and a program that only reads has no code that writes. */
static inline void mp_base64_write(mp_base64_writer *w)
{
#if MP_VECTOR
    mp_base64_choose()->write(w);
#else
    mp_base64_write_scalar(w);
#endif
}

static inline void mp_base64_read(mp_base64_reader *r)
{
#if MP_VECTOR
    mp_base64_choose()->read(r);
#else
    mp_base64_read_scalar(r);
#endif
}

/* The same of one processor's own, without the scalar one: NULL past the last, and on any other processor. */
const mp_base64_version *mp_base64_versions_x86(size_t index);
const mp_base64_version *mp_base64_versions_arm(size_t index);

/* Of each character its value; or a bit above these if it is not of the alphabet. */
enum { MP_BASE64_OTHER = 128 };
extern const uint8_t mp_base64_values[256];
extern const char mp_base64_alphabet[64];

/* Whether a line end of `end` octets lies at p. */
static inline int mp_base64_line_end(const uint8_t *p, size_t end)
{
    return end == 1 ? p[0] == '\n' : p[0] == '\r' && p[1] == '\n';
}

#endif
