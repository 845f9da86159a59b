/* mime_build.h - what `mailproto mime build` is made of: the header in mime_build.c, the bodies in mime_build_parts.c.
 * All octets of the message come out of mailproto/mime_builder.h. */
#ifndef MAILPROTO_CLIENT_MIME_BUILD_H
#define MAILPROTO_CLIENT_MIME_BUILD_H

#include "mime.h"
#include "source.h"

#include <mailproto/mime_builder.h>

/* A body: a text in memory, or a file that is read when the message is written. */
struct build_body {
    struct source source;
    int open;   /* the source is */
    char *text; /* NULL: it is the source */
    size_t n;
};

struct build {
    const struct mime_options *options;
    mailproto_mime_builder *builder;
    struct build_body *bodies; /* one for each option at most */
    int count;
    int status; /* what the program ends with if something failed; it was reported */
};

/* Says that the builder answered no, about what; answers -1. */
int build_failed(struct build *build, int32_t code, const char *about);

/* Makes node 0 what the options say. 0, or -1: it was reported. */
int build_parts(struct build *build);
void build_bodies_close(struct build *build);

/* The first option of a kind; NULL: it was not given. */
const char *build_given(const struct build *build, enum mime_given_kind kind);

#endif
