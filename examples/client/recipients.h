/* recipients.h - whom a message is for: from the command line, and from a file.
 * A list that grows, linked when it is whole. */
#ifndef MAILPROTO_CLIENT_RECIPIENTS_H
#define MAILPROTO_CLIENT_RECIPIENTS_H

#include <mailproto/host.h>

struct recipients {
    mailproto_host_recipient *list;
    uint32_t count, room;
};

/* The address is not copied. 0, or -1 without memory. */
int recipients_add(struct recipients *all, const char *address);

/* Adds the addresses of a file, one a line; empty lines and lines that begin with '#' do not count. The text of the
   file is kept in *text, which outlives the list. 0, or -1: it was reported. */
int recipients_add_file(struct recipients *all, const char *path, char **text);

/* The first of them, each with what it is to be reported for. */
const mailproto_host_recipient *recipients_link(struct recipients *all, uint32_t notify);

#endif
