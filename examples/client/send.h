/* send.h - `mailproto send`: what was asked for, and what is told of the
 * outcome. The sending itself is mailproto_host_send. */
#ifndef MAILPROTO_CLIENT_SEND_H
#define MAILPROTO_CLIENT_SEND_H

#include "options.h"

/* Does it all and reports it. The exit code. */
int send_run(struct send_options *options);

/* send_status.c: the exit code. */
int send_status(const mailproto_host_outcome *outcome);
/* Whether the server refused because nobody has logged in. */
int send_needs_login(const mailproto_host_outcome *outcome);
int send_is_temporary(const mailproto_smtp_response *reply);

/* send_report.c: tells people. */
void send_report(const mailproto_host_outcome *outcome, const struct send_options *options);

#endif
