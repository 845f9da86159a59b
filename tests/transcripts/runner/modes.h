/* modes.h - all the ways a transcript is played in.
 * contract.md section 5.1. */
#ifndef TRANSCRIPTS_MODES_H
#define TRANSCRIPTS_MODES_H

#include "play.h"

struct count {
    unsigned long plays, transcripts, failures;
    unsigned long left_out; /* transcripts that need hashes, in a build that has none for tests */
};

/* Plays it in every way. `every`: 1 for all splits and cuts; n: one in n of them, for slow builds.
   Prints the first failure. 0: passed. */
int play_all(const struct transcript *t, unsigned every, struct count *count);

#endif
