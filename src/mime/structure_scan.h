/* structure_scan.h - the two scans that find a message's structure: to the end of a header field, to a possible boundary.
 * RFC 5322 sections 2.1 and 2.2.3; RFC 2046 section 5.1.1. */
#ifndef MP_MIME_STRUCTURE_SCAN_H
#define MP_MIME_STRUCTURE_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* What was seen among the octets that were scanned. */
enum {
    MP_SEEN_EIGHT_BIT = 1,
    MP_SEEN_NUL = 2,
    MP_SEEN_BARE_LF = 4,
    MP_SEEN_BARE_CR = 8,
    MP_SEEN_LONG_LINE = 16,
    MP_SEEN_ALL = 31
};

/* RFC 5322 2.1.1: octets of a line without its line end. */
enum { MP_LINE_MAX = 998 };

/* A header field that is scanned, with the lines that continue it. */
typedef struct mp_field_scan {
    size_t scanned;   /* octets from its first that are known not to end it: 0 to begin with */
    size_t colon;     /* where the first colon is, SIZE_MAX if none was met: to begin with */
    uint64_t strange; /* a bit for each of its first octets that is a blank, a control or above 127; all set where that
                        is not known: to begin with */
    uint32_t lines;   /* LFs */
    uint32_t seen;    /* MP_SEEN_..., but for LONG_LINE */
} mp_field_scan;

/* Looks for the end of a field among the n octets at p, of which the first begins a line: behind an LF that no blank
   follows, or, if nothing follows because `last` is set, behind an LF that is the last octet. Gives the octets of the
   field with that LF; 0 if its end is not there, and then f says how far it is known: with more octets behind the same n
   it goes on there. Octets from `low` on may be read. */
typedef size_t (*mp_scan_field_fn)(const uint8_t *low, const uint8_t *p, size_t n, int last, mp_field_scan *f);

/* A body that is scanned. */
typedef struct mp_body_scan {
    uint64_t column;   /* octets of the line in hand before p */
    uint64_t lines;    /* LFs are added to it */
    uint32_t seen;     /* MP_SEEN_... are added to it */
    uint32_t after_cr; /* 1: the octet before p is a CR. 0 or 1 */
    uint32_t stop;     /* 1: stop at a possible boundary */
} mp_body_scan;

/* Looks for LF "--" in the n octets at p. Gives where the LF is, b telling of what stands before it; n if there is none,
   b telling of all n. Octets from `low` on may be read. */
typedef size_t (*mp_scan_body_fn)(const uint8_t *low, const uint8_t *p, size_t n, mp_body_scan *b);

typedef struct mp_scan_version {
    const char *name;
    mp_scan_field_fn field;
    mp_scan_body_fn body;
} mp_scan_version;

/* The definition, an octet at a time: every other version does exactly what this one does. */
size_t mp_scan_field_scalar(const uint8_t *low, const uint8_t *p, size_t n, int last, mp_field_scan *f);
size_t mp_scan_body_scalar(const uint8_t *low, const uint8_t *p, size_t n, mp_body_scan *b);

/* The versions that this processor can run, slowest first; NULL when index is past the last. And the fastest. */
const mp_scan_version *mp_scan_versions(size_t index);
const mp_scan_version *mp_scan_choose(void);

/* The same of one processor's own, without the scalar one: NULL past the last, and on any other processor. */
const mp_scan_version *mp_scan_versions_x86(size_t index);
const mp_scan_version *mp_scan_versions_arm(size_t index);

/* Where the first octet is for which one bit of MP_SEEN_... stands, from p on. What is before p is known from `before`: a
   CR there, or the 999th octet of a long line, may be meant; then it is negative. n if there is none. */
int64_t mp_scan_first(const uint8_t *p, size_t n, uint32_t bit, const mp_body_scan *before);

#endif
