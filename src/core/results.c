/* results.c - names and sentences of the results, from the one table in mailproto/base.h; the release number. */
#include "mailproto/base.h"
#include "mailproto/version.h"

struct result {
    int32_t value;
    const char *name, *text;
};

#define RESULT(name, value, sentence) {value, "MAILPROTO_" #name, sentence},
static const struct result results[] = {MAILPROTO_RESULT_TABLE(RESULT)};

static const struct result *find(int32_t value)
{
    static const struct result unknown = {0, "MAILPROTO_?", "unknown result"};

    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        if (results[i].value == value)
            return &results[i];
    return &unknown;
}

const char *mailproto_result_name(int32_t result)
{
    return find(result)->name;
}

const char *mailproto_result_text(int32_t result)
{
    return find(result)->text;
}

uint32_t mailproto_version_number(void)
{
    return MAILPROTO_VERSION_MAJOR << 16 | MAILPROTO_VERSION_MINOR << 8 | MAILPROTO_VERSION_PATCH;
}

const char *mailproto_version(void)
{
    return MAILPROTO_VERSION_TEXT;
}
