/* A message parsed in every way there is, for tests: as a tree, and by the push parser in pieces, called back and polled.
   mime_parser.h: "the events are the same however it was cut"; mime.md, "One structure machine". */
#ifndef TEST_MIME_PLAY_H
#define TEST_MIME_PLAY_H

#include <mailproto/mime_tree.h>

#include "support/bytes.h"

/* How the push parser gets the message. */
struct mime_way {
    uint32_t flags; /* MAILPROTO_MIME_PARSER_... */
    size_t first;   /* octets of the first piece; 0: no such piece */
    size_t piece;   /* octets of the pieces behind it; 0: all of it; SIZE_MAX: at random, by the seed */
    uint64_t seed;
    int polled;
    const mailproto_mime_config *config; /* limits and allocator; may be NULL */
};

/* Parses and writes the events to the log, a line each; body slices that follow each other are one. Gives what the parser
   answered. */
int32_t mime_play(const uint8_t *message, size_t n, const struct mime_way *way, struct test_bytes *log);

/* Writes what the same events must be, by the tree, with bodies raw or (DECODE) decoded. */
int32_t mime_play_tree(const uint8_t *message, size_t n, const struct mime_way *way, struct test_bytes *log);

/* The message put together again from its tree: headers, preambles, the lines of boundaries, bodies and epilogues are all
   of its octets, each once and in order. What breaks it is printed, and the program aborted. */
void mime_put_together(const mailproto_mime_tree *tree);

/* What must hold of any message: all logs are equal, for some cuts, or with `all_cuts` for each in two; the scans of all
   versions are, and put together again the trees are the message. What breaks it is printed, and the program aborted.
   config may be NULL. */
void mime_play_all(const uint8_t *message, size_t n, const mailproto_mime_config *config, int all_cuts);

#endif
