/* mime_check.h - what the fuzz targets of header fields share: a copy whose end is seen, places inside of it.
 * No part of any protocol. */
#ifndef FUZZ_MIME_CHECK_H
#define FUZZ_MIME_CHECK_H

#include <stdlib.h>
#include <string.h>

#include "mailproto/mime_content.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

/* The field: copied, so that a sanitizer sees every octet beyond. */
struct field {
    char *p;
    size_t n;
};

static inline void demand(int kept)
{
    if (!kept)
        abort();
}

static inline char *room(size_t n)
{
    char *p = malloc(n ? n : 1);

    demand(p != NULL);
    return p;
}

static inline struct field field_of(const void *data, size_t n)
{
    struct field f = {room(n), n};

    if (n)
        memcpy(f.p, data, n);
    return f;
}

/* A text is empty or lies inside of the field. */
static inline void inside(const struct field *f, mailproto_text text)
{
    demand(!text.len || (text.ptr >= f->p && text.len <= f->n && text.ptr <= f->p + f->n - text.len));
}

#endif
