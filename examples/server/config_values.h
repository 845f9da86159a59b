/* config_values.h - how single values of the configuration are written: numbers, sizes, times, addresses, choices.
 * Each parser answers NULL, or a sentence that says what a value must be. */
#ifndef MAILPROTOD_CONFIG_VALUES_H
#define MAILPROTOD_CONFIG_VALUES_H

#include "config.h"

const char *value_count(uint64_t *out, const char *text); /* 25 */
const char *value_size(uint64_t *out, const char *text);  /* 512, 64K, 50M, 2G */
const char *value_time(uint64_t *out, const char *text);  /* 500ms, 30s, 5m, 1h: milliseconds */
const char *value_text(char **out, const char *text);     /* anything but nothing */
const char *value_hostname(char **out, const char *text); /* mail.example.org */
const char *value_maildir(char **out, const char *text);  /* a path that does not lead out of where it begins */
const char *value_address(const char *text);              /* alice@example.org */
const char *value_log(enum log_level *out, const char *text);
const char *value_cleartext(enum cleartext *out, const char *text);
const char *value_senders(enum senders *out, const char *text);
const char *value_tls_version(uint32_t *out, const char *text); /* 1.2, 1.3 */
const char *value_sync(uint32_t *out, const char *text);
const char *value_endpoints(struct endpoints *out, const char *text); /* several, with spaces or commas between */
const char *value_domains(struct users *out, const char *text);       /* the same */

#endif
