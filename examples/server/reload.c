/* reload.c - SIGHUP: the users, tokens, the certificate, and what is listened on, are read again, while sessions go on.
 * A file that is wrong changes nothing. */
#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listeners.h"

struct reload {
    struct server *server;
    struct settings settings;
    char *problems;
    size_t problems_len;
    int status;
};

static void read_again(void *user)
{
    struct reload *reload = user;
    FILE *problems = open_memstream(&reload->problems, &reload->problems_len);
    const char *run_as = reload->server->settings->run_as;
    char why[500];

    if (!problems) {
        reload->status = -1;
        return;
    }
    reload->status = config_read(&reload->settings, reload->server->config, problems);
    for (size_t i = 0; !reload->status && i < reload->settings.users.count; i++) {
        const struct mailbox *box = reload->settings.users.items[i].box;

        if (mailproto_maildir_make(box->path, NULL, why, sizeof why)) {
            fprintf(problems, "cannot use the Maildir of %s, %s%s%s: %s\n", reload->settings.users.items[i].address,
                    box->path, run_as ? " as " : "", run_as ? run_as : "", why);
            reload->status = -1;
        }
    }
    fclose(problems);
}

static void log_problems(const struct reload *reload)
{
    char *at = reload->problems, *lf;

    for (; at && (lf = strchr(at, '\n')); at = lf + 1) {
        *lf = 0;
        log_line(reload->status ? LOG_ERROR : LOG_WARNING, "%s", at);
    }
}

static void take_over(struct reload *reload)
{
    struct server *server = reload->server;
    struct users *users = &server->settings->users, before = *users;
    struct tokens tokens = server->settings->tokens;
    struct tls *tls = server->settings->tls;
    struct tls_settings tls_files = server->settings->tls_files;

    users_inherit(&reload->settings.users, users);
    *users = reload->settings.users;
    reload->settings.users = before;
    server->settings->tls = reload->settings.tls; /* sessions that there are go on with the old one */
    reload->settings.tls = tls;
    server->settings->tls_files = reload->settings.tls_files;
    reload->settings.tls_files = tls_files;
    server->settings->tokens = reload->settings.tokens;
    reload->settings.tokens = tokens;
    logins_make(&server->logins, server->settings);
    memcpy(server->settings->listen, reload->settings.listen, sizeof server->settings->listen);
    log_line(
        LOG_INFO,
        "the configuration was read again: %zu user%s, %zu listening socket%s; what else changed in it needs a new "
        "start",
        users->count, users->count == 1 ? "" : "s", server->listening, server->listening == 1 ? "" : "s");
}

static void apply(int32_t result, void *user)
{
    struct reload *reload = user;
    struct server *server = reload->server;

    if (result || server->ending)
        reload->status = -1;
    log_problems(reload);
    if (!reload->status)
        reload->status = listeners_change(server, &reload->settings);
    if (!reload->status)
        take_over(reload);
    else if (!server->ending)
        log_line(LOG_ERROR, "the users stay as they were, and the certificate, and what is listened on: the "
                            "configuration was not taken");
    server->reloading = 0;
    settings_clear(&reload->settings);
    free(reload->problems);
    free(reload);
}

void reload_start(struct server *server)
{
    struct reload *reload;

    if (!server->config || server->reloading) {
        log_line(LOG_INFO,
                 server->config ? "the configuration is being read already" : "there is no file to read again");
        return;
    }
    reload = calloc(1, sizeof *reload);
    if (!reload)
        return;
    server->reloading = 1;
    reload->server = server;
    settings_init(&reload->settings);
    if (!mailproto_host_work(server->host, read_again, apply, reload))
        return;
    server->reloading = 0;
    settings_clear(&reload->settings);
    free(reload);
}
