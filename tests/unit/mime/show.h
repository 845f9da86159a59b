/* What the tests of header fields share: text that is built up, the names of defects.
   No part of any protocol. */
#ifndef MIME_SHOW_H
#define MIME_SHOW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mime_content.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

/* Text that grows; what does not fit fails the test. */
struct show {
    char text[4096];
    size_t n;
};

static inline void show_octets(struct show *s, const char *p, size_t n)
{
    assert_true(n < sizeof s->text - s->n);
    if (n)
        memcpy(s->text + s->n, p, n);
    s->text[s->n += n] = '\0';
}

static inline void show(struct show *s, const char *text)
{
    show_octets(s, text, strlen(text));
}

static inline void show_text(struct show *s, const char *name, mailproto_text text)
{
    if (!text.len)
        return;
    show(s, name);
    show_octets(s, text.ptr, text.len);
}

/* " !NAME" of each. */
static inline void show_defects(struct show *s, uint64_t defects)
{
    for (uint32_t i = 0; i < MAILPROTO_MIME_DEFECTS; i++)
        if (defects >> i & 1) {
            show(s, " !");
            show(s, mailproto_mime_defect_name(i));
        }
}

/* A copy that ends where the allocation ends, so that a step too far is seen. */
static inline char *exact(const char *text, size_t n)
{
    char *copy = malloc(n ? n : 1);

    assert_non_null(copy);
    memcpy(copy, text, n);
    return copy;
}

#endif
