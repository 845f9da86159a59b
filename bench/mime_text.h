/* mime_text.h - what the benchmarks of MIME share: messages that are made here, libraries that are opened at run time.
 * RFC 2045, RFC 2046. */
#ifndef BENCH_MIME_TEXT_H
#define BENCH_MIME_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
    uint8_t *p;
    size_t n, room;
    size_t leaves; /* texts and files */
};

_Noreturn void die(const char *what);

/* A message of 5 KB with two texts; or one with a text and files of `lines` lines of base64. p is freed by the caller. */
struct text mime_text(size_t files, size_t lines);

/* A pointer of dlsym as a function, which C has no cast for. */
void find(void *library, const char *name, void *function);

/* Whether the environment names this library; then it is opened, and `use` looks for its functions. */
int opened(const char *variable, void (*use)(void *library));

#endif
