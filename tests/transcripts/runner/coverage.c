/* coverage.c - whether every command, reply, capability and result of the engines' own tables has a transcript.
 * contract.md section 5.1: "one without a transcript fails the run". */
#include "coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/engine.h"
#include "pop3_words.h"
#include "role.h"
#include "smtp_words.h"

#ifdef HAVE_SMTP_SERVER
#include "smtp/server.h"
#endif
#ifdef HAVE_POP3_SERVER
#include "pop3/server.h"
#endif

enum side { SMTP_SERVER, SMTP_CLIENT, POP3_SERVER, POP3_CLIENT, SIDES };
static const char *const side_names[SIDES] = {"SMTP server", "SMTP client", "POP3 server", "POP3 client"};

/* Lines of transcripts, each with a LF before and behind it. */
struct coverage {
    struct buffer input[SIDES], output[SIDES], events[SIDES], capabilities[SIDES];
    unsigned missing;
};

struct coverage *coverage_new(void)
{
    struct coverage *coverage = calloc(1, sizeof *coverage);

    if (!coverage)
        exit(2);
    return coverage;
}

static enum side side_of(const char *role)
{
    if (!strcmp(role, "pop3-server"))
        return POP3_SERVER;
    if (!strcmp(role, "pop3-client"))
        return POP3_CLIENT;
    return role_is_server(role) ? SMTP_SERVER : SMTP_CLIENT;
}

static void add_line(struct buffer *lines, const char *ptr, size_t n)
{
    buffer_text(lines, "\n");
    for (size_t i = 0; i < n; i++)
        buffer_add(lines, ptr[i] ? ptr + i : " ", 1);
    buffer_text(lines, "\n");
}

void coverage_add(struct coverage *coverage, const struct transcript *t)
{
    enum side side = side_of(t->role);

    if (t->capability)
        add_line(&coverage->capabilities[side], t->capability, strlen(t->capability));
    if (t->refused)
        add_line(&coverage->events[side], t->refused, strlen(t->refused));
    for (size_t i = 0; i < t->count; i++) {
        const struct step *step = &t->steps[i];

        if (step->kind == STEP_INPUT)
            add_line(&coverage->input[side], step->octets.ptr, step->octets.len);
        else if (step->kind == STEP_OUTPUT)
            add_line(&coverage->output[side], step->octets.ptr, step->octets.len);
        else
            add_line(&coverage->events[side], step->raw, strlen(step->raw));
    }
}

static void missing(struct coverage *coverage, enum side side, const char *what, const char *name)
{
    fprintf(stderr, "%s: no transcript for the %s %s\n", side_names[side], what, name);
    coverage->missing++;
}

#if defined HAVE_SMTP_SERVER || defined HAVE_POP3_SERVER
/* A line that begins with this word, whatever its case. */
static int has_command(const struct buffer *lines, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = buffer_string(lines); (at = strchr(at, '\n')); at++)
        if (!strncasecmp(at + 1, name, n) && strchr(" \r\n", at[1 + n]))
            return 1;
    return 0;
}

static void need_capabilities(struct coverage *coverage, enum side side, const struct word *words)
{
    for (; words->name; words++) {
        char line[64], spelled[40];
        size_t n = strlen(words->name);

        if (n >= sizeof spelled)
            continue;
        for (size_t i = 0; i <= n; i++)
            spelled[i] = words->name[i] == '_' ? '-' : words->name[i];
        snprintf(line, sizeof line, "\n%s\n", spelled);
        if (!strstr(buffer_string(&coverage->capabilities[side]), line))
            missing(coverage, side, "capability", spelled);
    }
}
#endif

/* ---- results: of a protocol, both its roles together ---- */

#define RESULT_ROW(name, value, sentence) #name,
static const char *const results[] = {MAILPROTO_RESULT_TABLE(RESULT_ROW)};

/* What stores answer: engines make replies of it, and end no session with it. */
static int is_of_stores(const char *name)
{
    static const char *const names[] = {"ERR_NOT_FOUND", "ERR_EXISTS", "ERR_GONE",        "ERR_DENIED",  "ERR_BUSY",
                                        "ERR_QUOTA",     "ERR_FULL",   "ERR_UNAVAILABLE", "ERR_CORRUPT", "ERR_RESYNC"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return 1;
    return 0;
}

/* What every play shows: all verbs in every callback, every allocation. */
static int shown_by_every_play(const char *name)
{
    return !strncmp(name, "ERR_", 4) ? !strcmp(name, "ERR_REENTRANT") || !strcmp(name, "ERR_NOMEM") : 1;
}

static int has_result(const struct buffer *lines, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = buffer_string(lines); (at = strstr(at, name)); at++)
        if (at[-1] == ' ' && strchr(" \n", at[n]))
            return 1;
    return 0;
}

/* POP3 has no command that needs more of a server than that it tries. */
static int has_no_use(enum side client, const char *name)
{
    return client == POP3_CLIENT && !strcmp(name, "ERR_UNSUPPORTED");
}

static void need_results(struct coverage *coverage, enum side server, enum side client)
{
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (!shown_by_every_play(results[i]) && !is_of_stores(results[i]) && !has_no_use(client, results[i]) &&
            !has_result(&coverage->events[server], results[i]) && !has_result(&coverage->events[client], results[i]))
            missing(coverage, client, "result", results[i]);
}

/* ---- the servers' tables ---- */

/* What servers are told and what clients say: the same commands. */
#if defined HAVE_SMTP_SERVER || defined HAVE_POP3_SERVER
static void need_command(struct coverage *coverage, enum side server, enum side client, const char *name)
{
    if (!has_command(&coverage->input[server], name))
        missing(coverage, server, "command", name);
    if (!has_command(&coverage->output[client], name))
        missing(coverage, client, "command", name);
}
#endif

#ifdef HAVE_SMTP_SERVER
static void need_smtp_commands(struct coverage *coverage)
{
    for (const struct mp_smtp_command *c = mp_smtp_commands; *c->name; c++)
        need_command(coverage, SMTP_SERVER, SMTP_CLIENT, c->name);
}

/* A line "code enhanced [hostname ]text". */
static int has_reply(const struct buffer *lines, unsigned code, const char *enhanced, const char *text)
{
    char begin[32];
    size_t n;

    snprintf(begin, sizeof begin, "\n%u %s", code, enhanced);
    n = strlen(begin);
    for (const char *at = buffer_string(lines); (at = strstr(at, begin)); at++) {
        const char *end = strchr(at + 1, '\r');
        size_t k = strlen(text);

        if (end && (size_t)(end - at) >= n + k && !memcmp(end - k, text, k))
            return 1;
    }
    return 0;
}

#define REPLY_ROW(name, code, enhanced, text, flags) {#name, code, enhanced, text},
static void need_smtp_replies(struct coverage *coverage)
{
    static const struct {
        const char *name;
        unsigned code;
        const char *enhanced, *text;
    } replies[] = {MP_SMTP_REPLIES(REPLY_ROW)};

    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        if (!has_reply(&coverage->output[SMTP_SERVER], replies[i].code, replies[i].enhanced, replies[i].text))
            missing(coverage, SMTP_SERVER, "reply", replies[i].name);
}
#endif

#ifdef HAVE_POP3_SERVER
static void need_pop3_commands(struct coverage *coverage)
{
    for (const struct mp_pop3_command *c = mp_pop3_commands; c->name; c++)
        need_command(coverage, POP3_SERVER, POP3_CLIENT, c->name);
}

static void need_response_codes(struct coverage *coverage)
{
    char code[24];

    for (const struct word *w = pop3_code_words + 1; w[1].name; w++) {
        snprintf(code, sizeof code, "\n-ERR [%s]", w->name);
        if (!strstr(buffer_string(&coverage->output[POP3_SERVER]), code))
            missing(coverage, POP3_SERVER, "response code", w->name);
    }
}
#endif

static void free_lines(struct coverage *coverage)
{
    for (int i = 0; i < SIDES; i++) {
        buffer_free(&coverage->input[i]);
        buffer_free(&coverage->output[i]);
        buffer_free(&coverage->events[i]);
        buffer_free(&coverage->capabilities[i]);
    }
    free(coverage);
}

int coverage_end(struct coverage *coverage)
{
    int failed;

#ifdef HAVE_SMTP_SERVER
    need_smtp_commands(coverage);
    need_smtp_replies(coverage);
    need_capabilities(coverage, SMTP_SERVER, smtp_extension_words);
    need_capabilities(coverage, SMTP_CLIENT, smtp_extension_words);
#endif
#ifdef HAVE_POP3_SERVER
    need_pop3_commands(coverage);
    need_response_codes(coverage);
    need_capabilities(coverage, POP3_SERVER, pop3_capability_words);
    need_capabilities(coverage, POP3_CLIENT, pop3_capability_words);
#endif
    need_results(coverage, SMTP_SERVER, SMTP_CLIENT);
    need_results(coverage, POP3_SERVER, POP3_CLIENT);
    failed = coverage->missing != 0;
    if (!failed)
        puts("every command, reply, capability and result has a transcript");
    free_lines(coverage);
    return failed;
}
