/* json.h - --json: one object on standard output, with what a script would read.
 * json_send.c, json_pop3.c and json_mime.c make it with jansson; json_none.c stands in their place where that was not found. */
#ifndef MAILPROTO_CLIENT_JSON_H
#define MAILPROTO_CLIENT_JSON_H

#include "mime.h"
#include "pop3.h"
#include "send.h"

/* Each prints a result. 0, or -1. */
struct json_writers {
    int (*send)(const mailproto_host_outcome *outcome, const struct send_options *options, int status);
    int (*pop3)(const struct pop3_result *result);
    int (*mime)(const struct mime_message *message);
};

/* NULL: this build has no JSON. */
const struct json_writers *json_writers(void);

#endif
