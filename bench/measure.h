/* measure.h - rounds in process: the candidates of a row in turn, and their figures as a line of JSON.
 * tools/bench makes the medians, ratios and spreads of it, the same way for every row. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

enum { MEASURE_CANDIDATES = 8 };

struct measure_candidate {
    const char *role; /* "ours", "peer" or "floor" */
    const char *name; /* of the peer or floor */
    double (*figure)(void *user);
    void *user;
};

struct measure_row {
    const char *name, *unit;
    const char *better; /* "more" or "less" */
    double aim;         /* the figure, if there is no peer to compare with; 0: none */
    struct measure_candidate candidates[MEASURE_CANDIDATES];
};

/* Reads --rounds N and --smoke (shorter work, so that a test can run it). 0; -1: wrong, and that was said. */
struct measure_options {
    size_t rounds;
    int smoke;
};
int measure_options_read(struct measure_options *options, int count, char **words);

void measure(const struct measure_row *row, const struct measure_options *options);

/* Nanoseconds of CPU that this process has used. */
uint64_t measure_cpu(void);

#endif
