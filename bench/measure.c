/* measure.c - rounds in process: the candidates of a row in turn, and their figures as a line of JSON.
 * A round of one candidate follows that of another, so that a slow moment of the machine meets all of them. */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS_MAX = 1000 };

uint64_t measure_cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int measure_options_read(struct measure_options *options, int count, char **words)
{
    *options = (struct measure_options){.rounds = 15};
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "--smoke"))
            options->smoke = 1;
        else if (!strcmp(words[i], "--rounds") && i + 1 < count)
            options->rounds = strtoul(words[++i], NULL, 10);
        else
            options->rounds = 0;
    }
    if (options->rounds && options->rounds <= ROUNDS_MAX)
        return 0;
    fprintf(stderr, "usage: %s [--rounds N] [--smoke]\n", words[0]);
    return -1;
}

static size_t candidates(const struct measure_row *row)
{
    size_t n = 0;

    while (n < MEASURE_CANDIDATES && row->candidates[n].role)
        n++;
    return n;
}

static void print_candidate(const struct measure_candidate *c, const double *figures, size_t rounds)
{
    printf("{\"role\": \"%s\", \"name\": \"%s\", \"figures\": [", c->role, c->name);
    for (size_t i = 0; i < rounds; i++)
        printf("%s%.6g", i ? ", " : "", figures[i]);
    printf("]}");
}

void measure(const struct measure_row *row, const struct measure_options *options)
{
    static double figures[MEASURE_CANDIDATES][ROUNDS_MAX];
    size_t count = candidates(row);

    for (size_t i = 0; i < count; i++)
        row->candidates[i].figure(row->candidates[i].user); /* once for the caches and the clock of the processor */
    for (size_t round = 0; round < options->rounds; round++)
        for (size_t i = 0; i < count; i++)
            figures[i][round] = row->candidates[i].figure(row->candidates[i].user);
    printf("{\"name\": \"%s\", \"unit\": \"%s\", \"better\": \"%s\", \"aim\": %g, \"candidates\": [", row->name,
           row->unit, row->better, row->aim);
    for (size_t i = 0; i < count; i++) {
        printf("%s", i ? ", " : "");
        print_candidate(&row->candidates[i], figures[i], options->rounds);
    }
    printf("]}\n");
    fflush(stdout);
}
