/* before_tls.c - walks a transcript in which TLS is required, as it is written and as it is played: no octet and no event of a
 * login stands before TLS_STARTED. RFC 3207 section 6, RFC 2595 section 7, RFC 8314 section 3.
 * What is written is what every play comes to, so both together are about the engines and not about the files. */
#include "before_tls.h"

#include <stdio.h>
#include <string.h>

#include "role.h"
#include "support/crypto.h"

static int tls_is_due(const struct transcript *t)
{
    mailproto_text value;

    for (size_t i = 0; i < t->config_count; i++)
        if (word_value(t->config[i], "tls", &value) && (word_is(value, "REQUIRED") || word_is(value, "IMPLICIT")))
            return 1;
    return 0;
}

static int begins_with(const char *text, size_t len, const char *const *words)
{
    for (; *words; words++) {
        size_t n = strlen(*words);

        if (len >= n && !memcmp(text, *words, n))
            return 1;
    }
    return 0;
}

/* An event of a login, whoever is asked. */
static int event_of_login(const struct step *step)
{
    static const char *const events[] = {"AUTH ", "KEYS ", "DERIVE ", "STEP ", "CREDENTIALS ", NULL};

    return step->kind == STEP_EVENT && begins_with(step->words, strlen(step->words), events);
}

/* Octets of one that the engine makes: commands of a client, challenges of a server. */
static int output_of_login(const struct step *step, int server)
{
    static const char *const commands[] = {"AUTH", "USER", "PASS", "APOP", NULL};
    static const char *const challenges[] = {"334", "+ ", "235", NULL};

    return step->kind == STEP_OUTPUT &&
           (step->secret || begins_with(step->octets.ptr, step->octets.len, server ? challenges : commands));
}

/* The first step of a login before TLS, or NULL; *login tells whether there is one at all. */
static const struct step *early(const struct transcript *t, int server, int *login)
{
    int tls = 0;

    for (size_t i = 0; i < t->count; i++) {
        const struct step *step = &t->steps[i];

        tls |= step->kind == STEP_EVENT && !strncmp(step->words, "TLS_STARTED", 11);
        if (!event_of_login(step) && !output_of_login(step, server))
            continue;
        *login = 1;
        if (!tls)
            return step;
    }
    return NULL;
}

/* Octet by octet, behind a layer, polled and answered late: the audit of plays fails if a private octet or an event of a login
   comes before TLS. */
static int plays_fail(const struct transcript *t)
{
    static const struct variation ways[] = {{.trace = 1},
                                            {.trace = 1, .split = SPLIT_OCTETS},
                                            {.trace = 1, .seed = 1, .later = 1, .split = SPLIT_RANDOM},
                                            {.trace = 1, .seed = 2, .polled = 1}};
    int failed = 0;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct outcome outcome = {0};

        failed |= play(t, &ways[i], &outcome, NULL);
        fputs(buffer_string(&outcome.failure), stderr);
        outcome_free(&outcome);
    }
    return failed;
}

int before_tls_check(const struct transcript *t, struct before_tls *sum)
{
    int server = role_is_server(t->role), login = 0, failed = 0;
    const struct step *step;

    sum->transcripts++;
    if (!tls_is_due(t) || t->refused)
        return 0;
    sum->required[server]++;
    step = early(t, server, &login);
    sum->logins[server] += login != 0;
    if (step) {
        fprintf(stderr, "%s:%d: a login before TLS, which is required: %s\n", t->path, step->line, step->raw);
        failed = 1;
    } else if (role_find(t->role) && (!t->has_sasl || test_crypto_there())) {
        failed = plays_fail(t);
    }
    sum->faults += failed != 0;
    return failed;
}

int before_tls_end(const struct before_tls *sum)
{
    static const char *const sides[] = {"clients", "servers"};

    printf("%lu transcripts, %lu faults; TLS is required in", sum->transcripts, sum->faults);
    for (int i = 0; i < 2; i++)
        printf(" %lu of %s (%lu with a login)%s", sum->required[i], sides[i], sum->logins[i], i ? "\n" : ",");
    return sum->faults || !sum->logins[0] || !sum->logins[1];
}
