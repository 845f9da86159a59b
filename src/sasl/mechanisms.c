/* mechanisms.c - the names of the SASL mechanisms and their bits.
 * RFC 4422 section 3.1: names are matched without regard to case. */
#include <string.h>

#include "core/ascii.h"
#include "sasl/sasl.h"

/* In the order they are offered. */
static const struct {
    uint32_t bit;
    const char *name;
} mechanisms[] = {
    {MAILPROTO_SASL_PLAIN, "PLAIN"},
    {MAILPROTO_SASL_LOGIN, "LOGIN"},
};

enum { MECHANISMS = sizeof mechanisms / sizeof mechanisms[0] };

uint32_t mp_sasl_mechanism(const char *name, size_t n)
{
    for (size_t i = 0; i < MECHANISMS; i++)
        if (mp_ascii_equal(name, n, mechanisms[i].name))
            return mechanisms[i].bit;
    return 0;
}

const char *mp_sasl_name(uint32_t mechanism)
{
    for (size_t i = 0; i < MECHANISMS; i++)
        if (mechanisms[i].bit == mechanism)
            return mechanisms[i].name;
    return NULL;
}

size_t mp_sasl_write_names(char *out, uint32_t set)
{
    size_t n = 0;

    for (size_t i = 0; i < MECHANISMS; i++) {
        size_t len = strlen(mechanisms[i].name);

        if (!(set & mechanisms[i].bit))
            continue;
        out[n++] = ' ';
        memcpy(out + n, mechanisms[i].name, len);
        n += len;
    }
    return n;
}
