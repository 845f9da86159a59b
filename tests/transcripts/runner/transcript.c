/* transcript.c - reads a transcript. The format is told in ../README.md. */
#include "transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct transcript *t;
    size_t capacity;
    int line, server, apart;
    const char *raw;
};

static int complain(const struct reader *r, const char *what)
{
    fprintf(stderr, "%s:%d: %s: %s\n", r->t->path, r->line, what, r->raw);
    return -1;
}

int role_is_server(const char *role)
{
    return strstr(role, "-server") != NULL;
}

static struct step *add_step(struct reader *r, enum step_kind kind)
{
    struct transcript *t = r->t;

    if (t->count == r->capacity) {
        r->capacity = r->capacity ? r->capacity * 2 : 32;
        t->steps = realloc(t->steps, r->capacity * sizeof *t->steps);
        if (!t->steps)
            exit(2);
    }
    t->steps[t->count] = (struct step){.kind = kind, .line = r->line, .raw = r->raw, .apart = r->apart};
    r->apart = 0;
    return &t->steps[t->count++];
}

static mailproto_text keep(struct transcript *t, const struct buffer *b)
{
    return (mailproto_text){pool_copy(t->pool, buffer_string(b), b->len), b->len};
}

/* The octets of an event's or a message's body line: quoted exactly, else a line with its CRLF. */
static int body_octets(struct reader *r, const char *text, struct buffer *out)
{
    if (text && *text == '"')
        return parse_octets(text, out) ? complain(r, "malformed octets") : 0;
    if (text)
        buffer_text(out, text);
    buffer_text(out, "\r\n");
    return 0;
}

/* The last word of a secret line is what must stay hidden; "=" and "*" alone are no secrets. */
static void add_secret(struct transcript *t, const char *line)
{
    const char *last = strrchr(line, ' ');
    size_t n;

    last = last ? last + 1 : line;
    n = strlen(last);
    if (n >= 4 && t->secret_count < MAX_SECRETS)
        t->secrets[t->secret_count++] = (mailproto_text){last, n};
}

/* password=X in an event or an answer: a secret too. */
static void add_passwords(struct transcript *t, const char *line)
{
    while ((line = strstr(line, "password="))) {
        const char *value = line + strlen("password=");
        size_t n = strcspn(value, " \"");

        if (n >= 4 && t->secret_count < MAX_SECRETS)
            t->secrets[t->secret_count++] = (mailproto_text){value, n};
        line = value;
    }
}

static int read_line_step(struct reader *r, int from_server, int secret, const char *text)
{
    struct step *step = add_step(r, from_server == r->server ? STEP_OUTPUT : STEP_INPUT);
    size_t n = strlen(text);
    char *octets = pool_get(r->t->pool, n + 3);

    memcpy(octets, text, n);
    memcpy(octets + n, "\r\n", 2);
    step->octets = (mailproto_text){octets, n + 2};
    step->secret = secret;
    if (secret)
        add_secret(r->t, text);
    return 0;
}

static int read_octets_step(struct reader *r, enum step_kind kind, const char *text)
{
    struct step *step = add_step(r, kind);
    struct buffer octets = {0};
    int result = text ? parse_octets(text, &octets) : -1;

    if (result)
        complain(r, "malformed octets");
    step->octets = keep(r->t, &octets);
    buffer_free(&octets);
    return result;
}

static int read_body_event(struct reader *r, struct step *step, const char *text)
{
    struct buffer octets = {0};
    int result = 0;

    if (text && !strcmp(text, "*"))
        step->any = 1;
    else
        result = body_octets(r, text, &octets);
    step->octets = keep(r->t, &octets);
    buffer_free(&octets);
    return result;
}

static int read_event(struct reader *r, const char *text)
{
    struct step *step = add_step(r, STEP_EVENT);
    const char *arrow = strstr(text, " -> ");
    char *words = pool_copy(r->t->pool, text, arrow ? (size_t)(arrow - text) : strlen(text));
    size_t n = strlen(words);

    step->words = words;
    step->answer = arrow ? arrow + 4 : NULL;
    add_passwords(r->t, text);
    if (!strcmp(words, "BODY") || !strncmp(words, "BODY ", 5)) {
        step->body = BODY_ARRIVED;
        return read_body_event(r, step, words[4] ? words + 5 : NULL);
    }
    if (!strncmp(words, "PREPENDED ", 10)) {
        step->body = BODY_PREPENDED;
        return read_body_event(r, step, words + 10);
    }
    if (n > 2 && !strcmp(words + n - 2, " *")) {
        step->any = 1;
        words[n - 1] = '\0';
    }
    return 0;
}

static int read_settings(struct reader *r, const char *text, mailproto_text *to, size_t *count)
{
    struct words words;

    if (parse_words(r->t->pool, text, &words))
        return complain(r, "malformed words");
    for (size_t i = 0; i < words.count; i++) {
        if (*count == MAX_CONFIG)
            return complain(r, "too many settings");
        to[(*count)++] = words.word[i];
    }
    return 0;
}

/* MESSAGE name: a message of the host's; its lines follow as "| text" or "| "octets"". */
static int read_message(struct reader *r, const char *name)
{
    struct message *message = pool_get(r->t->pool, sizeof *message), **at = &r->t->messages;

    message->name = (mailproto_text){name, strlen(name)};
    while (*at)
        at = &(*at)->next;
    *at = message;
    return 0;
}

static int read_message_line(struct reader *r, const char *text)
{
    struct message *message = r->t->messages;

    if (!message)
        return complain(r, "no MESSAGE before this line");
    while (message->next)
        message = message->next;
    if (text && !strcmp(text, "FAILS")) {
        message->fails = 1;
        return 0;
    }
    if (text && !strcmp(text, "WHOLE")) {
        message->whole = 1;
        return 0;
    }
    return body_octets(r, text, &message->octets);
}

static int is(const char *line, const char *word, const char **rest)
{
    size_t n = strlen(word);

    if (strncmp(line, word, n) || (line[n] && line[n] != ' '))
        return 0;
    *rest = line[n] ? line + n + 1 : NULL;
    return 1;
}

static const char *const actions[] = {"EOF", "LOST", "TICK",   "HOLD", "RELEASE", "FINISH",
                                      "TLS", "WALL", "ANSWER", "DO",   "WANTS",   NULL};

static int read_action(struct reader *r)
{
    const char *rest;

    for (size_t i = 0; actions[i]; i++)
        if (is(r->raw, actions[i], &rest)) {
            add_step(r, STEP_ACTION)->words = r->raw;
            return 0;
        }
    return complain(r, "unknown line");
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static int read_one(struct reader *r)
{
    const char *rest;

    if (!*r->raw)
        r->apart = 1;
    if (!*r->raw || *r->raw == '#')
        return 0;
    if (is(r->raw, "ROLE", &rest) && rest) {
        r->t->role = rest;
        r->server = role_is_server(rest);
        return 0;
    }
    if (!r->t->role)
        return complain(r, "ROLE must come first");
    if (is(r->raw, "CONFIG", &rest) && rest)
        return read_settings(r, rest, r->t->config, &r->t->config_count);
    if (is(r->raw, "SASL", &rest)) {
        r->t->has_sasl = 1;
        return read_settings(r, or_empty(rest), r->t->sasl, &r->t->sasl_count);
    }
    if (is(r->raw, "SECRET", &rest) && rest) {
        add_secret(r->t, rest);
        return 0;
    }
    if (is(r->raw, "CAPABILITY", &rest) && rest) {
        r->t->capability = rest;
        return 0;
    }
    if (is(r->raw, "NEW", &rest) && rest) {
        r->t->refused = rest;
        return 0;
    }
    if (is(r->raw, "MESSAGE", &rest))
        return read_message(r, or_empty(rest));
    if (is(r->raw, "|", &rest))
        return read_message_line(r, rest);
    if (is(r->raw, "C:", &rest) || is(r->raw, "S:", &rest))
        return read_line_step(r, *r->raw == 'S', 0, or_empty(rest));
    if (is(r->raw, "C*:", &rest) || is(r->raw, "S*:", &rest))
        return read_line_step(r, *r->raw == 'S', 1, or_empty(rest));
    if (is(r->raw, "RAW", &rest))
        return read_octets_step(r, STEP_INPUT, rest);
    if (is(r->raw, "OUT", &rest))
        return read_octets_step(r, STEP_OUTPUT, rest);
    if (is(r->raw, "EVENT", &rest) && rest)
        return read_event(r, rest);
    return read_action(r);
}

static int read_file(const char *path, struct buffer *out)
{
    char piece[4096];
    FILE *file = fopen(path, "rb");
    size_t n;

    if (!file) {
        perror(path);
        return -1;
    }
    while ((n = fread(piece, 1, sizeof piece, file)))
        buffer_add(out, piece, n);
    fclose(file);
    return 0;
}

static int read_lines(struct reader *r, const char *text)
{
    int result = 0;

    for (r->line = 1; *text; r->line++) {
        size_t n = strcspn(text, "\n");

        r->raw = pool_copy(r->t->pool, text, n);
        if (r->line == 1 && (*r->raw != '#' || (!strstr(r->raw, "RFC ") && !strstr(r->raw, "draft-"))))
            result |= complain(r, "the first line must be a comment that cites the RFC and its section");
        result |= read_one(r);
        text += n + (text[n] == '\n');
    }
    if (!r->t->role)
        result |= complain(r, "no ROLE");
    return result;
}

struct transcript *transcript_read(const char *path)
{
    struct pool *pool = pool_new();
    struct reader r = {.t = pool_get(pool, sizeof(struct transcript)), .raw = ""};
    struct buffer text = {0};
    int result;

    r.t->pool = pool;
    r.t->path = pool_copy(pool, path, strlen(path));
    result = read_file(path, &text);
    if (!result)
        result = read_lines(&r, buffer_string(&text));
    buffer_free(&text);
    if (!result)
        return r.t;
    transcript_free(r.t);
    return NULL;
}

void transcript_free(struct transcript *t)
{
    for (struct message *m = t->messages; m; m = m->next)
        buffer_free(&m->octets);
    free(t->steps);
    pool_free(t->pool);
}
