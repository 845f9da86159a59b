/* check.h - what mailproto-store-check is told, and the stores that it has inside.
 * mailproto/store_kit.h. */
#ifndef MP_STORE_CHECK_H
#define MP_STORE_CHECK_H

#include <stdio.h>

#include "mailproto/store_kit.h"

/* The exit codes. */
enum { MP_CHECK_PASSED = 0, MP_CHECK_FAILED = 1, MP_CHECK_UNABLE = 2 };

/* ---- options.c ---- */

enum { MP_CHECK_RULES = 256 };

typedef struct mp_check_options {
    int help, version, list, quiet, only_prompt;
    uint64_t seed;
    const char *rules[MP_CHECK_RULES]; /* those that are to be run alone; none: all */
    size_t rule_count;
    const char *store, *argument;
} mp_check_options;

/* Reads the command line. 0, or -1: what is wrong was told. */
int mp_check_read_options(mp_check_options *options, int argc, char **argv);
void mp_check_help(FILE *to);
/* To standard error: the program's name, the sentence, a line end. */
void mp_check_complain(const char *sentence, ...) __attribute__((format(printf, 1, 2)));

/* ---- memory.c, maildir.c ---- */

/* Each fills a factory, as an entry of a shared object does. What is wrong with the argument is told. */
int32_t mp_check_memory(mailproto_store_kit_factory *factory, const char *argument);
int32_t mp_check_maildir(mailproto_store_kit_factory *factory, const char *argument);

#endif
