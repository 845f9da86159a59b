/* kit_tally.c - what a run of the kit's rules came to: each rule passes, but for those that a test names, which are left out.
 * mailproto/store_kit.h, mailproto_store_kit_line. */
#include "kit_tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int named(const struct kit_tally *tally, const mailproto_text *rule)
{
    for (size_t i = 0; tally->left_out[i]; i++)
        if (rule->len == strlen(tally->left_out[i]) && !memcmp(rule->ptr, tally->left_out[i], rule->len))
            return 1;
    return 0;
}

void kit_tally_line(void *user, const mailproto_store_kit_line *line)
{
    static const char *const words[] = {"", "passed", "failed", "was left out"};
    struct kit_tally *tally = user;
    const uint32_t expected = named(tally, &line->rule) ? MAILPROTO_STORE_KIT_LEFT_OUT : MAILPROTO_STORE_KIT_PASSED;

    tally->passed += line->outcome == MAILPROTO_STORE_KIT_PASSED;
    tally->left += line->outcome == MAILPROTO_STORE_KIT_LEFT_OUT;
    if (line->outcome == expected)
        return;
    tally->wrong++;
    print_message("%s: %s%.*s %s: %.*s\n", tally->title, line->late ? "late " : "", (int)line->rule.len, line->rule.ptr,
                  words[line->outcome & 3], (int)line->seen.len, line->seen.ptr);
}

void kit_tally_check(const struct kit_tally *tally)
{
    unsigned rules = 0, named_rules = 0;

    while (mailproto_store_kit_rule(rules, NULL, NULL) == MAILPROTO_OK)
        rules++;
    while (tally->left_out[named_rules])
        named_rules++;
    assert_int_equal(tally->wrong, 0);
    assert_int_equal(tally->left, 2 * named_rules);
    assert_int_equal(tally->passed, 2 * (rules - named_rules));
}
