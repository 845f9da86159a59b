/* Speed of the text scan against memcpy, a memchr from line end to line end, and the scalar twin.
   RFC 5321 section 4.1.1.4: what message data costs to look at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/text_scan.h"

enum { TEXT_MAX = 1 << 20, ROUNDS = 15, CANDIDATES_MAX = 12 };

static volatile size_t sink;
static uint8_t copy[TEXT_MAX];

typedef struct candidate {
    const char *name;
    mp_text_scan_fn scan;
} candidate;

static size_t by_memcpy(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column)
{
    (void)max_line;
    (void)flags;
    (void)column;
    memcpy(copy, p, n);
    __asm__ volatile("" : : "r"(copy) : "memory");
    return n;
}

static size_t by_memchr(const uint8_t *p, size_t n, size_t max_line, uint32_t flags, size_t *column)
{
    size_t at = 0;
    (void)max_line;
    (void)flags;
    (void)column;
    while (at < n) {
        const uint8_t *lf = memchr(p + at, '\n', n - at);
        if (lf == NULL)
            break;
        at = (size_t)(lf - p) + 1;
    }
    return n;
}

static double nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Lines of shortest..longest octets and CRLF. */
static size_t write_text(uint8_t *p, size_t n, size_t shortest, size_t longest)
{
    uint32_t random = 1;
    size_t at = 0;
    while (n - at >= 2) {
        size_t length;
        random = random * 1664525 + 1013904223;
        length = shortest + (random >> 16) % (longest - shortest + 1);
        if (length > n - at - 2)
            length = n - at - 2;
        memset(p + at, 'a', length);
        at += length;
        p[at++] = '\r';
        p[at++] = '\n';
    }
    return at;
}

static double once(const candidate *c, const uint8_t *p, size_t n, size_t calls)
{
    double start = nanoseconds();
    for (size_t i = 0; i < calls; i++) {
        size_t column = 0;
        sink = c->scan(p, n, 998, MP_TEXT_NO_NUL, &column);
        if (sink != n)
            abort();
    }
    return (nanoseconds() - start) / (double)calls;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Candidates in turn, round by round; the median of each. */
static void compare(const char *what, const candidate *c, size_t count, const uint8_t *p, size_t n)
{
    static double times[CANDIDATES_MAX][ROUNDS];
    size_t calls = 4000000 / (n + 200) + 1;
    printf("%-22s %8zu octets", what, n);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < count; i++)
            times[i][round] = once(&c[i], p, n, calls);
    for (size_t i = 0; i < count; i++) {
        double median;
        qsort(times[i], ROUNDS, sizeof times[i][0], by_size);
        median = times[i][ROUNDS / 2];
        if (n < 1000)
            printf("  %s %.1f ns", c[i].name, median);
        else
            printf("  %s %.1f GB/s", c[i].name, (double)n / median);
    }
    putchar('\n');
}

int main(void)
{
    static const struct {
        const char *name;
        size_t shortest, longest;
    } texts[] = {{"mail, 60 to 76", 60, 76},
                 {"base64, 76", 76, 76},
                 {"short, 0 to 20", 0, 20},
                 {"blank, 0", 0, 0},
                 {"long, 900 to 998", 900, 998}};
    static const size_t sizes[] = {8192, 65536, TEXT_MAX};
    static const size_t tiny[] = {2, 7, 12, 24, 40, 78, 200, 500};
    candidate c[CANDIDATES_MAX] = {{"memcpy", by_memcpy}, {"memchr", by_memchr}};
    size_t count = 2;
    uint8_t *p = malloc(TEXT_MAX);
    if (p == NULL)
        return 1;
    for (size_t i = 0; count < CANDIDATES_MAX - 1; i++, count++) {
        c[count].scan = mp_text_scan_version(i, &c[count].name);
        if (c[count].scan == NULL)
            break;
    }
    c[count].name = "mp_text_scan";
    c[count++].scan = mp_text_scan;
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            size_t n = write_text(p, sizes[s], texts[t].shortest, texts[t].longest);
            compare(texts[t].name, c, count, p, n);
        }
    for (size_t s = 0; s < sizeof tiny / sizeof tiny[0]; s++)
        compare("tiny, 38", c, count, p, write_text(p, tiny[s], 38, 38));
    free(p);
    return 0;
}
