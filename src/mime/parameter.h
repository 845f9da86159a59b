/* parameter.h - what the list of parameters and the decoder of their values share.
 * RFC 2231 sections 3 and 4. */
#ifndef MP_MIME_PARAMETER_H
#define MP_MIME_PARAMETER_H

#include "mailproto/mime_content.h"
#include "mime/small.h"

#define MP_SECTION_NONE UINT32_MAX

/* A section as it stands in the field, in mailproto_mime_parameters.own. */
typedef struct mp_section {
    uint32_t name;        /* offset in the field */
    uint32_t value;       /* offset in the field */
    uint32_t length;      /* of the value */
    uint32_t number;      /* "*2" of a continued one; MP_SECTION_NONE */
    uint16_t name_length; /* without "*2*" */
    uint16_t name_whole;  /* with it */
    uint16_t head;        /* the first section of the same parameter */
    uint16_t flags;
} mp_section;

_Static_assert(sizeof(mp_section) * MAILPROTO_MIME_PARAMETERS_MAX == sizeof(((mailproto_mime_parameters *)0)->own),
               "the sections fill their place");

/* The sections of a list. The place is never looked at as anything else. */
static inline mp_section *mp_sections(mailproto_mime_parameters *list)
{
    return (mp_section *)(void *)list->own;
}

static inline const mp_section *mp_section_at(const mailproto_mime_parameters *list, uint32_t index)
{
    return (const mp_section *)(const void *)list->own + index;
}

/* mp_section.flags */
enum {
    MP_SECTION_QUOTED = 1,
    MP_SECTION_OPEN = 2,     /* the quotes are not closed */
    MP_SECTION_EXTENDED = 4, /* the name ends with a star */
    MP_SECTION_ROUGH = 8,    /* escapes, folds, controls or 8-bit text in the value */
    MP_SECTION_EQUAL = 16    /* "=" in the value: it may have encoded words */
};

/* The section of the parameter `head` with the next number above that of `before` (NULL: the first of all); of those with
   the same number the one that came first. MP_SECTION_NONE: that was the last. */
uint32_t mp_next_section(const mailproto_mime_parameters *list, uint32_t head, const mp_section *before);

/* Fills in the parameter of which section `head` is the first one; PARAMETER_TWICE is not looked for. */
void mp_parameter_fill(const mailproto_mime_parameters *list, uint32_t head, mailproto_mime_parameter *parameter);

/* The next run of octets of a value that stand for themselves, between backslashes and folds; *at moves behind it. */
mailproto_text mp_parameter_run(const mailproto_text *value, int is_quoted, size_t *at);

/* All runs of a value. */
void mp_parameter_raw(mp_small_out *o, const mailproto_text *value, int is_quoted);

/* Whether a section begins a parameter that is to be preferred to that of another of the same name: name*, then name*0,
   then name (RFC 6266 4.3). */
static inline int mp_is_better_section(const mp_section *section, const mp_section *other)
{
    int star = (section->flags & MP_SECTION_EXTENDED) || section->number != MP_SECTION_NONE;
    int other_star = (other->flags & MP_SECTION_EXTENDED) || other->number != MP_SECTION_NONE;

    return star > other_star;
}

#endif
