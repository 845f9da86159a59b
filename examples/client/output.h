/* output.h - --output: a file that appears only when it is whole, or standard output.
 * What is written to it may fail at its end; until then nothing is in its place. */
#ifndef MAILPROTO_CLIENT_OUTPUT_H
#define MAILPROTO_CLIENT_OUTPUT_H

struct output {
    const char *path; /* NULL: standard output */
    char *temporary;  /* the file until it is whole; NULL: standard output, or a thing that is not a file */
    int fd;
};

/* 0, or -1: it was reported, and there is nothing to close. */
int output_open(struct output *output, const char *path);

/* Puts the file in its place. 0, or -1 with errno. */
int output_done(struct output *output);

/* Says that it cannot be written, for errno. */
void output_report(const struct output *output);

/* Ends it; what is not done is taken away. */
void output_close(struct output *output);

#endif
