/* kit_tally.h - what a run of the kit's rules came to: each rule passes, but for those that a test names, which are left out.
 * mailproto/store_kit.h, mailproto_store_kit_line. */
#ifndef TEST_KIT_TALLY_H
#define TEST_KIT_TALLY_H

#include <mailproto/store_kit.h>

struct kit_tally {
    const char *title;           /* what is printed with what is wrong */
    const char *const *left_out; /* the rules that the store cannot be asked for, in any order; NULL at the end */
    unsigned passed, left, wrong;
};

/* on_line of a config whose `user` is a tally. What is wrong is printed. */
void kit_tally_line(void *user, const mailproto_store_kit_line *line);

/* Asserts that every rule there is was run, at once and late, and that those named, and no others, were left out. */
void kit_tally_check(const struct kit_tally *tally);

#endif
