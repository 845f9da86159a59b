/* json_values.h - what the JSON writers share: values made of what is not always there, and printing.
 * Strings become valid UTF-8 first: servers say what they like, JSON does not take it (RFC 8259 section 8.1). */
#ifndef MAILPROTO_CLIENT_JSON_VALUES_H
#define MAILPROTO_CLIENT_JSON_VALUES_H

#include "json.h"

#include <jansson.h>

/* text_of(NULL) is null; for the second "" is, too. */
json_t *json_words(mailproto_text text);
json_t *json_filled(mailproto_text text);
/* The server: its URL, the address that was reached, and the name it told. */
json_t *json_server(const mailproto_host_url *url, mailproto_text address, mailproto_text greeting);
/* What ended the session before its time, or null. */
json_t *json_error(int32_t why, mailproto_text text);
/* A list of the names whose bit is set. */
struct json_bit {
    uint32_t bit;
    const char *name;
};
json_t *json_bits(uint32_t set, const struct json_bit *names, unsigned count);

/* Sets a member, and takes the value over. */
void json_put(json_t *object, const char *name, json_t *value);
/* Prints the object as one line and lets it go. 0, or -1. */
int json_print(json_t *object);

/* The writers themselves. */
int json_send(const mailproto_host_outcome *outcome, const struct send_options *options, int status);
int json_pop3(const struct pop3_result *result);
int json_mime(const struct mime_message *message);

#endif
