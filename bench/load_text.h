/* load_text.h - what the load generator is told, and the octets it sends.
 * RFC 5321 3.3 and 4.5.2: a message has a header, lines of text, and dots stuffed. */
#ifndef BENCH_LOAD_TEXT_H
#define BENCH_LOAD_TEXT_H

#include <stddef.h>

struct load_options {
    unsigned port;
    size_t connections, messages, size;
    int idle;    /* sessions that say EHLO and nothing more */
    int lengths; /* print how long the pieces are, for the floor */
    int message; /* print the message */
};

/* 0; -1: they are wrong, and that was said. */
int load_options_read(struct load_options *options, int count, char **words);

struct load_piece {
    const char *data;
    size_t len;
};

struct load_text {
    struct load_piece message; /* as it is before its dots are stuffed */
    struct load_piece ehlo;    /* the first command */
    struct load_piece group;   /* MAIL, RCPT, DATA */
    struct load_piece next;    /* a message, its dot, and the group of the next */
    struct load_piece last;    /* a message, its dot, and QUIT */
};

/* Messages of `size` octets. 0; -1: no memory. */
int load_text_make(struct load_text *text, size_t size);

#endif
