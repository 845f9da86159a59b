/* config.h - what mailprotod is told to do: the settings, from a small INI file or made by `demo`.
 * Unknown sections and keys, and keys said twice, are errors, with the number of the line. */
#ifndef MAILPROTOD_CONFIG_H
#define MAILPROTOD_CONFIG_H

#include <stdio.h>

#include "endpoint.h"
#include "log.h"
#include "tls.h"
#include "tokens.h"
#include "users.h"

/* The second of two that are alike begins with TLS (RFC 8314). */
enum service {
    SERVICE_SMTP,
    SERVICE_SUBMISSION,
    SERVICE_SUBMISSIONS,
    SERVICE_LMTP,
    SERVICE_POP3,
    SERVICE_POP3S,
    SERVICES
};

extern const char *const service_names[SERVICES];

int service_is_pop3(enum service service);
int service_is_submission(enum service service);
int service_is_implicit(enum service service);

/* Whether passwords may cross a connection without TLS. */
enum cleartext { CLEARTEXT_NO, CLEARTEXT_LOOPBACK, CLEARTEXT_YES };

/* Which senders of the own domains a login may use in submission. */
enum senders { SENDERS_OWN, SENDERS_ANY };

enum { ENDPOINTS_MAX = 8 };

struct endpoints {
    char items[ENDPOINTS_MAX][ENDPOINT_TEXT];
    size_t count;
};

/* 0 in a time or size: the engine's default. */
struct limits {
    uint64_t message_size;
    uint64_t recipients;
    uint64_t messages_per_session;
    uint64_t sessions;
    uint64_t sessions_per_address;
    uint64_t greeting_time, command_time, body_time, answer_time, stall_time; /* milliseconds */
    uint64_t shutdown_time;
    uint64_t auth_delay; /* before the answer to a wrong password */
};

struct settings {
    char *hostname;
    char *mail; /* the folder of the Maildirs */
    char *run_as;
    enum log_level log;
    enum cleartext cleartext;
    enum senders senders;
    uint32_t sync; /* MAILPROTO_MAILDIR_SYNC_* */
    uint64_t threads;
    struct endpoints listen[SERVICES];
    struct limits limits;
    struct tls_settings tls_files;
    struct tls *tls; /* what was read from them; NULL: none */
    char *tokens_file;
    struct tokens tokens;
    struct users users;
};

void settings_init(struct settings *settings);
void settings_clear(struct settings *settings);

/* Reads the file. 0; 66: it cannot be read; 78: it is wrong: the sysexits of both, and what is wrong was written to
   `problems`, a line each. Warnings go there too. */
int config_read(struct settings *settings, const char *path, FILE *problems);

/* Makes the Maildir objects of the users that have none, below `mail`. 0; -1: no memory. */
int settings_make_boxes(struct settings *settings);

/* Adds what endpoint_read takes. NULL, or what is wrong. */
const char *endpoints_add(struct endpoints *endpoints, const char *text);

#endif
