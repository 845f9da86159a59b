/* message.h - messages that are known by a number: what is in them follows from it.
 * RFC 5322 2.1 has their form. */
#ifndef POWER_MESSAGE_H
#define POWER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

enum { MESSAGE_SMALL = 1000000 }; /* from here on they are small */

/* The octets of a message, with CRLF, in memory to be freed. */
char *message_make(uint32_t number, size_t *len);
/* The number of a message that is whole; 0: it is none of ours, or is damaged. */
uint32_t message_number(const char *data, size_t len);
/* What its date is, seconds since 1970. */
int64_t message_date(uint32_t number);

#endif
