/* config_check.c - what only the whole configuration can be wrong about: what is missing, or does not go together.
 * mailprotod(8) tells what has to be there. */
#include "config_check.h"

#include <stdlib.h>
#include <string.h>

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

static void check_missing(struct checking *c, const struct config_seen *seen)
{
    const struct users *users = &c->settings->users;

    if (seen->lines_unread)
        return;
    for (size_t i = 0; i < users->count; i++)
        if (!users->items[i].password)
            complain_of_user(c, &users->items[i], "has no password");
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
        complain(c, "submission and pop3 need passwords, and without TLS they cross the network in clear text; say "
                    "cleartext_auth = loopback in [server] to take them from this machine only");
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

int config_check(struct settings *settings, const struct config_seen *seen, const char *path, FILE *problems)
{
    struct checking c = {settings, path, problems, 0};

    check_missing(&c, seen);
    if (!seen->cleartext_wrong)
        check_cleartext(&c);
    check_endpoints(&c);
    if (seen->lines_unread || seen->sections_unknown || !seen->domains || seen->users_wrong)
        return c.wrong;
    users_finish(&settings->users, complain_of_user, &c);
    if (!settings->mail)
        return c.wrong;
    if (settings_make_boxes(settings))
        complain(&c, "there is no memory left");
    else
        check_boxes(&c);
    return c.wrong;
}
