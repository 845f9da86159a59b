/* config.h - what the constructors of all engines do alike: defaults, limits, and the word that says what is wrong.
 * contract.md section 3; mailproto/base.h, "STRUCTS": 0 is the default, MAILPROTO_UNLIMITED no limit. */
#ifndef MP_CORE_CONFIG_H
#define MP_CORE_CONFIG_H

#include "mailproto/base.h"

static inline void mp_or_default(uint32_t *field, uint32_t value)
{
    if (!*field)
        *field = value;
}

/* Clocks of the base run for ever at 0. */
static inline uint32_t mp_or_never(uint32_t limit)
{
    return limit == MAILPROTO_UNLIMITED ? 0 : limit;
}

/* The answer of a constructor that refuses, with its static sentence. why may be NULL. */
static inline int32_t mp_refuse(const char **why, int32_t result, const char *text)
{
    if (why)
        *why = text;
    return result;
}

#endif
