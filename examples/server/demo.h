/* demo.h - `mailprotod demo`: a mail server for two users, without a configuration.
 * On 127.0.0.1 only, at ports that need no root. */
#ifndef MAILPROTOD_DEMO_H
#define MAILPROTOD_DEMO_H

#include "config.h"

enum { DEMO_PORT_BASE = 10000, DEMO_PORT_BASE_MAX = 64000 };

struct demo {
    const char *dir;
    unsigned port_base;
    char fingerprint[TLS_FINGERPRINT]; /* of its certificate; "": there is no TLS */
};

/* Makes the folder, the certificate and the settings. 0; or a sysexit, and what was wrong was printed. */
int demo_settings(struct demo *demo, struct settings *settings);
/* Says on standard output where it listens and how to try it. */
void demo_explain(const struct demo *demo, const struct settings *settings);

#endif
