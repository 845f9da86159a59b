/* bench_text_scan.c - speed of the text scan against memcpy and a memchr from line end to line end; each version of it.
 * RFC 5321 section 4.1.1.4: what message data costs to look at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text_scan.h"
#include "measure.h"

enum { TEXT_MAX = 1 << 20 };

static uint8_t copy[TEXT_MAX];

/* What every candidate is given, and the one that it is. */
struct work {
    const uint8_t *text;
    size_t len, calls;
    mp_text_scan_fn scan;
};

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

        if (!lf)
            break;
        at = (size_t)(lf - p) + 1;
    }
    return at;
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

/* Octets a nanosecond; every call has to find that all of the text is in order. */
static double speed(void *user)
{
    const struct work *w = user;
    uint64_t start = measure_cpu();

    for (size_t i = 0; i < w->calls; i++) {
        size_t column = 0;

        if (w->scan(w->text, w->len, 998, MP_TEXT_NO_NUL, &column) != w->len)
            abort();
    }
    return (double)(w->len * w->calls) / (double)(measure_cpu() - start);
}

/* The versions that this processor can run, beside the one that is chosen. */
static void compare(const char *name, const uint8_t *p, size_t n, const struct measure_options *options)
{
    struct work works[MEASURE_CANDIDATES];
    struct measure_row row = {.name = name, .unit = "GB/s", .better = "more"};
    struct measure_candidate *c = row.candidates;
    size_t count = 3;

    c[0] = (struct measure_candidate){"ours", "", speed, &works[0]};
    c[1] = (struct measure_candidate){"peer", "memchr", speed, &works[1]};
    c[2] = (struct measure_candidate){"floor", "memcpy", speed, &works[2]};
    for (size_t i = 0; i < count; i++)
        works[i] = (struct work){p, n, (options->smoke ? 100000 : 100000000) / (n + 200) + 1, NULL};
    works[0].scan = mp_text_scan;
    works[1].scan = by_memchr;
    works[2].scan = by_memcpy;
    for (size_t i = 0; count < MEASURE_CANDIDATES; i++, count++) {
        works[count] = works[0];
        c[count] = (struct measure_candidate){.role = "other", .figure = speed, .user = &works[count]};
        works[count].scan = mp_text_scan_version(i, &c[count].name);
        if (!works[count].scan) {
            c[count].role = NULL;
            break;
        }
    }
    measure(&row, options);
}

int main(int count, char **words)
{
    static const struct {
        const char *name;
        size_t len, shortest, longest;
    } texts[] = {{"text-scan/mail-64K", 65536, 60, 76},   {"text-scan/base64-64K", 65536, 76, 76},
                 {"text-scan/short-64K", 65536, 0, 20},   {"text-scan/blank-64K", 65536, 0, 0},
                 {"text-scan/long-64K", 65536, 900, 998}, {"text-scan/mail-1M", TEXT_MAX, 60, 76},
                 {"text-scan/mail-500", 500, 38, 38},     {"text-scan/mail-40", 40, 38, 38}};
    struct measure_options options;
    uint8_t *p;

    if (measure_options_read(&options, count, words))
        return 2;
    p = malloc(TEXT_MAX);
    if (!p)
        return 1;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        compare(texts[t].name, p, write_text(p, texts[t].len, texts[t].shortest, texts[t].longest), &options);
    free(p);
    return 0;
}
