/* config_check.c - what only the whole configuration can be wrong about: what is missing, or does not go together.
 * mailprotod(8) tells what has to be there. */
#include "config_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { WARN_DAYS = 14, DAY_S = 86400 };

struct checking {
    struct settings *settings;
    const char *path;
    FILE *problems;
    int wrong;
};

static void complain(struct checking *c, const char *sentence)
{
    fprintf(c->problems, "%s: %s\n", c->path, sentence);
    c->wrong++;
}

static void complain_of_user(void *context, const struct user *user, const char *sentence)
{
    struct checking *c = context;

    if (!user) {
        complain(c, sentence);
        return;
    }
    fprintf(c->problems, "%s:%d: %s %s\n", c->path, user->line, user->address, sentence);
    c->wrong++;
}

/* ---- what is missing ---- */

static void need(struct checking *c, int there, const char *key)
{
    if (there)
        return;
    fprintf(c->problems, "%s: %s is missing in [server]\n", c->path, key);
    c->wrong++;
}

/* Passwords are kept as keys, of which nobody can read them, where these can be computed. */
static void check_secret(struct checking *c, const struct user *user)
{
    int has_crypto = tls_crypto() != NULL;

    if (has_crypto && user->password)
        fprintf(
            c->problems,
            "%s:%d: %s has a password in clear text, which is not taken: \"mailprotod passwd --convert --config %s\" "
            "puts keys in the place of all of them\n",
            c->path, user->line, user->address, c->path);
    else if (!has_crypto && user->key_count)
        fprintf(c->problems, "%s:%d: %s has keys, and %s; password = TEXT is all that it takes\n", c->path, user->line,
                user->address, tls_missing());
    else if (!user->password && !user->key_count && !user->keys_wrong)
        fprintf(c->problems, "%s:%d: %s has no %s\n", c->path, user->line, user->address,
                has_crypto ? "keys: \"mailprotod passwd\" makes them of a password" : "password");
    else
        return;
    c->wrong++;
}

static void check_missing(struct checking *c, const struct config_seen *seen)
{
    const struct users *users = &c->settings->users;

    if (seen->lines_unread)
        return;
    for (size_t i = 0; i < users->count; i++)
        check_secret(c, &users->items[i]);
    if (seen->sections_unknown)
        return;
    need(c, seen->hostname, "hostname");
    need(c, seen->mail, "mail");
    need(c, seen->domains, "domains");
    if (!seen->listen)
        complain(c, "nothing to listen on: add a line like smtp = 127.0.0.1:25 to [listen]");
}

/* ---- what does not go together ---- */

static void check_cleartext(struct checking *c)
{
    const struct settings *settings = c->settings;

    if (settings->cleartext == CLEARTEXT_NO &&
        (settings->listen[SERVICE_SUBMISSION].count || settings->listen[SERVICE_POP3].count))
        complain(c, "submission and pop3 need passwords, and without TLS they cross the network in clear text: add a "
                    "[tls] section with certificate and key, or say cleartext_auth = loopback in [server] to take them "
                    "from this machine only");
}

/* The files are read here: what is wrong with them is wrong with the configuration. */
static void check_tls(struct checking *c, const struct config_seen *seen)
{
    struct settings *settings = c->settings;
    const char *missing = tls_missing();
    char why[TLS_WHY];

    for (int service = 0; service < SERVICES && !seen->tls; service++)
        if (service_is_implicit((enum service)service) && settings->listen[service].count) {
            fprintf(c->problems, "%s: %s begins with TLS: add a [tls] section with certificate and key\n", c->path,
                    service_names[service]);
            c->wrong++;
        }
    if (!seen->tls || seen->tls_wrong)
        return;
    if (missing)
        fprintf(c->problems, "%s: [tls]: %s, or take the section out\n", c->path, missing);
    else if (!settings->tls_files.certificate)
        fprintf(c->problems,
                "%s: certificate is missing in [tls]: the PEM file of this server's certificate and of those that "
                "signed it\n",
                c->path);
    else if (!(settings->tls = tls_load(&settings->tls_files, why, sizeof why)))
        fprintf(c->problems, "%s: [tls]: %s\n", c->path, why);
    c->wrong += !settings->tls;
}

static void warn_of_expiry(const struct checking *c)
{
    int64_t expires = c->settings->tls ? tls_expires(c->settings->tls) : 0, left = expires - (int64_t)time(NULL);

    if (!expires || left > WARN_DAYS * DAY_S)
        return;
    if (left < 0)
        fprintf(c->problems, "%s: warning: the certificate %s has expired: clients will refuse it\n", c->path,
                c->settings->tls_files.certificate);
    else
        fprintf(c->problems, "%s: warning: the certificate %s expires in %d day%s\n", c->path,
                c->settings->tls_files.certificate, (int)(left / DAY_S), left / DAY_S == 1 ? "" : "s");
}

/* A group may be one that is meant to. */
static void warn_of_everybody(const struct checking *c, const char *path, const char *what)
{
    struct stat status;

    if (path && !stat(path, &status) && S_ISREG(status.st_mode) && status.st_mode & S_IROTH)
        fprintf(c->problems, "%s: warning: everybody may read it, and %s in it: chmod o-r %s\n", path, what, path);
}

/* Whether an address was there before: in another service, or the same. */
static void check_endpoint(struct checking *c, int service, size_t at)
{
    const struct endpoints *listen = c->settings->listen;
    const char *text = listen[service].items[at];

    if (endpoint_may_repeat(text))
        return;
    for (int before = 0; before <= service; before++)
        for (size_t i = 0; i < (before == service ? at : listen[before].count); i++) {
            if (strcmp(text, listen[before].items[i]))
                continue;
            fprintf(c->problems, "%s: %s is in [listen] twice, for %s and %s\n", c->path, text, service_names[before],
                    service_names[service]);
            c->wrong++;
            return;
        }
}

static void check_endpoints(struct checking *c)
{
    for (int service = 0; service < SERVICES; service++)
        for (size_t i = 0; i < c->settings->listen[service].count; i++)
            check_endpoint(c, service, i);
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(const struct user *const *)a)->box->path, (*(const struct user *const *)b)->box->path);
}

static void check_boxes(struct checking *c)
{
    const struct users *users = &c->settings->users;
    const struct user **sorted = calloc(users->count + 1, sizeof *sorted);

    if (!sorted) {
        complain(c, "there is no memory left");
        return;
    }
    for (size_t i = 0; i < users->count; i++)
        sorted[i] = &users->items[i];
    qsort(sorted, users->count, sizeof *sorted, by_path);
    for (size_t i = 1; i < users->count; i++)
        /* who is there twice was told so */
        if (!strcmp(sorted[i]->box->path, sorted[i - 1]->box->path) &&
            strcmp(sorted[i]->address, sorted[i - 1]->address)) {
            int swapped = sorted[i]->line < sorted[i - 1]->line;
            const struct user *first = sorted[i - !swapped], *second = sorted[i - swapped];

            fprintf(c->problems, "%s:%d: %s has the same maildir as %s\n", c->path, second->line, second->address,
                    first->address);
            c->wrong++;
        }
    free(sorted);
}

/* Whom the hashes or iterations of the first user are not those of. A name that nobody has takes as long as one of them. */
static int differs(const struct user *user, const struct user *first)
{
    if (user->key_count != first->key_count)
        return 1;
    for (size_t i = 0; i < user->key_count; i++) {
        const struct keys *other = users_keys(first, user->keys[i].hash);

        if (!other || other->iterations != user->keys[i].iterations)
            return 1;
    }
    return 0;
}

static void warn_of_keys(const struct checking *c)
{
    const struct users *users = &c->settings->users;

    for (size_t i = 1; i < users->count; i++)
        if (differs(&users->items[i], users->items)) {
            fprintf(c->problems,
                    "%s:%d: warning: the keys of %s have other hashes or iterations than those of %s: how long a login "
                    "takes tells that there is such a user; \"mailprotod passwd\" makes new ones\n",
                    c->path, users->items[i].line, users->items[i].address, users->items->address);
            return;
        }
}

int config_check(struct settings *settings, const struct config_seen *seen, const char *path, FILE *problems)
{
    struct checking c = {settings, path, problems, 0};

    check_missing(&c, seen);
    if (!seen->lines_unread && !seen->sections_unknown)
        check_tls(&c, seen);
    if (settings->tokens_file)
        c.wrong += tokens_read(&settings->tokens, settings->tokens_file, problems);
    warn_of_expiry(&c);
    warn_of_everybody(&c, settings->tls_files.key ? settings->tls_files.key : settings->tls_files.certificate,
                      "the key of the certificate is");
    warn_of_everybody(&c, settings->tokens_file, "there are tokens");
    if (!seen->cleartext_wrong && !seen->tls && !seen->sections_unknown)
        check_cleartext(&c);
    check_endpoints(&c);
    if (seen->lines_unread || seen->sections_unknown || !seen->domains || seen->users_wrong)
        return c.wrong;
    users_finish(&settings->users, complain_of_user, &c);
    if (!c.wrong)
        warn_of_keys(&c);
    if (!settings->mail)
        return c.wrong;
    if (settings_make_boxes(settings))
        complain(&c, "there is no memory left");
    else
        check_boxes(&c);
    return c.wrong;
}
