/* server.c - the running server: its start, its signals, its end in good order.
 * RFC 5321 3.8: who is served when it ends is told 421; 4.2.5: what takes mail is durable before. */
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listeners.h"
#include "privileges.h"
#include "reload.h"

enum { EXIT_UNAVAILABLE = 69, EXIT_OS = 71, EXIT_CANNOT_CREATE = 73 };
enum { FILES_BESIDE = 64 };

/* ---- the end ---- */

static void ending(mailproto_host *host, int32_t signal, void *user)
{
    unsigned long long count = mailproto_host_connections(host);
    struct server *server = user;

    (void)signal;
    server->ending = 1; /* the listeners are gone in a moment */
    log_line(LOG_INFO, "ending: %llu session%s", count, count == 1 ? "" : "s");
}

static void cut_off(mailproto_host *host, uint64_t sessions, void *user)
{
    (void)host;
    (void)user;
    log_line(LOG_WARNING, "%llu session%s cut off", (unsigned long long)sessions, sessions == 1 ? " is" : "s are");
}

static void hangup(mailproto_host *host, void *user)
{
    (void)host;
    reload_start(user);
}

/* ---- the start ---- */

static int cannot_use(const struct settings *settings, const char *what, const char *path, const char *why)
{
    if (settings->run_as)
        log_line(LOG_ERROR, "cannot %s %s as %s (run_as): %s", what, path, settings->run_as, why);
    else
        log_line(LOG_ERROR, "cannot %s %s: %s", what, path, why);
    return EXIT_CANNOT_CREATE;
}

/* What takes mail is durable in its parents before anybody is let in (RFC 5321 4.2.5). */
static int prepare_maildirs(const struct settings *settings)
{
    char what[500], why[500];

    if (mailproto_maildir_make_folder(settings->mail, NULL, why, sizeof why))
        return cannot_use(settings, "make the folder", settings->mail, why);
    for (size_t i = 0; i < settings->users.count; i++) {
        const struct user *user = &settings->users.items[i];

        if (mailproto_maildir_make(user->box->path, NULL, why, sizeof why)) {
            snprintf(what, sizeof what, "use the Maildir of %s,", user->address);
            return cannot_use(settings, what, user->box->path, why);
        }
    }
    return 0;
}

static int draw_seed(struct server *server)
{
    if (!random_octets(&server->failures.seed, sizeof server->failures.seed))
        return 0;
    log_line(LOG_ERROR, "/dev/urandom cannot be read: there are no random octets");
    return EXIT_OS;
}

static void keep_secret(struct server *server)
{
    if (server->logins.has_sasl && secret_keep(server->logins.secret, server->settings->mail))
        log_line(LOG_WARNING,
                 "cannot keep the file .mailprotod-secret in %s: %s: SCRAM's answers to names that nobody has change "
                 "with each start, which tells them from those of users",
                 server->settings->mail, strerror(errno));
}

static void limit_sessions(struct settings *settings)
{
    uint64_t files = privileges_raise_files();
    uint64_t most = files > 2 * FILES_BESIDE ? files - FILES_BESIDE : files / 2;

    if (settings->limits.sessions <= most)
        return;
    log_line(LOG_WARNING, "sessions are limited to %llu: the system lets this process open %llu files only",
             (unsigned long long)most, (unsigned long long)files);
    settings->limits.sessions = most;
}

static uint32_t limit_of(uint64_t count)
{
    return count < MAILPROTO_UNLIMITED ? (uint32_t)count : MAILPROTO_UNLIMITED;
}

/* With its signals first: who finds a port open may ask for the end at once. */
static int make_host(struct server *server)
{
    const struct settings *settings = server->settings;
    mailproto_host_signals_config signals;
    mailproto_host_config config;
    const char *why = "";

    mailproto_host_config_init(&config, sizeof config);
    config.threads = (uint32_t)settings->threads;
    config.read_size = SERVER_READ;
    config.max_sessions = limit_of(settings->limits.sessions);
    config.max_sessions_per_address = limit_of(settings->limits.sessions_per_address);
    config.on_problem = listeners_problem;
    config.user = server;
    mailproto_host_signals_config_init(&signals, sizeof signals);
    signals.drain_ms = settings->limits.shutdown_time ? limit_of(settings->limits.shutdown_time) : 1;
    signals.on_end = ending;
    signals.on_cut = cut_off;
    signals.on_hangup = hangup;
    signals.user = server;
    if (!mailproto_host_new(&server->host, &config, &why) && !mailproto_host_signals(server->host, &signals))
        return 0;
    if (server->host)
        mailproto_host_error(server->host, &why, NULL);
    log_line(LOG_ERROR, "the event loop could not be made: %s", why);
    mailproto_host_free(server->host);
    return EXIT_UNAVAILABLE;
}

static void end(struct server *server)
{
    mailboxes_end(&server->mailboxes);
    mailproto_host_free(server->host);
    mailboxes_free(&server->mailboxes);
}

int server_start(struct server *server, struct settings *settings, const char *config, int trace)
{
    int result;

    memset(server, 0, sizeof *server);
    server->settings = settings;
    server->config = config;
    server->trace = trace;
    log_set_level(trace ? LOG_TRACE : settings->log);
    logins_make(&server->logins, settings);
    if (!server->logins.has_sasl)
        log_line(LOG_WARNING, "passwords are kept, and compared, in clear text: %s", tls_missing());
    limit_sessions(settings);
    signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error like a full disk */
    result = draw_seed(server);
    if (!result)
        result = make_host(server);
    if (result)
        return result;
    result = listeners_bind(server);
    if (!result && settings->run_as)
        result = privileges_become(settings->run_as);
    server->mailboxes.host = server->host;
    server->mailboxes.sync = settings->sync;
    server->mailboxes.hostname = settings->hostname;
    if (!result && mailboxes_begin(&server->mailboxes)) {
        log_line(LOG_ERROR, "there is no memory left");
        result = EXIT_OS;
    }
    if (!result)
        result = prepare_maildirs(settings);
    if (!result)
        keep_secret(server);
    if (!result)
        result = listeners_resume(server);
    if (result)
        end(server);
    return result;
}

int server_run(struct server *server)
{
    size_t users = server->settings->users.count;

    log_line(LOG_INFO, "ready: %zu user%s, %zu listening socket%s", users, users == 1 ? "" : "s", server->listening,
             server->listening == 1 ? "" : "s");
    mailproto_host_run(server->host);
    end(server);
    log_line(LOG_INFO, "ended");
    return 0;
}
