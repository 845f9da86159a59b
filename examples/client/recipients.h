/* recipients.h - whom a message is for: from the command line, and from files.
 * A list that grows, linked when it is whole. */
#ifndef MAILPROTO_CLIENT_RECIPIENTS_H
#define MAILPROTO_CLIENT_RECIPIENTS_H

#include <mailproto/host.h>

struct recipients {
    mailproto_host_recipient *list;
    uint32_t count, room;
};

/* The address is copied. 0, or -1 without memory: it was reported. */
int recipients_add(struct recipients *all, const char *address);

/* Adds the addresses of a file, one a line; empty lines and lines that begin with '#' do not count. 0, or -1: it was
   reported. */
int recipients_add_file(struct recipients *all, const char *path);

/* The first of them, each with what it is to be reported for. */
const mailproto_host_recipient *recipients_link(struct recipients *all, uint32_t notify);

void recipients_free(struct recipients *all);

#endif
