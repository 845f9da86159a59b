/* coverage.h - whether every command, reply, capability and result of the engines' own tables has a transcript.
 * contract.md section 5.1. */
#ifndef TRANSCRIPTS_COVERAGE_H
#define TRANSCRIPTS_COVERAGE_H

#include "transcript.h"

struct coverage;

struct coverage *coverage_new(void);
void coverage_add(struct coverage *coverage, const struct transcript *t);
/* Prints what has none. 0: all have one. Frees it. */
int coverage_end(struct coverage *coverage);

#endif
