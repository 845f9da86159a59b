/* config.c - the configuration file: an INI file read by libinih, every mistake told with its line.
 * The file's format is told in mailprotod(8). */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config_values.h"

enum { EXIT_NO_INPUT = 66, EXIT_CONFIG = 78 };

const char *const service_names[SERVICES] = {"smtp", "submission", "lmtp", "pop3"};

/* Where the reader is: libinih asks for lines through it, so that the number of the line is known to all. */
struct reading {
    struct settings *settings;
    const char *path;
    FILE *file, *problems;
    int line, wrong;
    uint64_t seen; /* keys of the table below, by index */
    struct user *user;
    int user_line;
    char section[300];
};

static int complain(struct reading *r, const char *what, const char *subject, const char *sentence)
{
    fprintf(r->problems, "%s:%d: %s%s%s%s\n", r->path, r->line, what, subject, *what || *subject ? ": " : "", sentence);
    r->wrong++;
    return 1; /* libinih goes on: all mistakes are told at once */
}

/* ---- the keys ---- */

typedef const char *parse(void *out, const char *text);

/* The parsers have the type of their value; these give them one of the table. */
#define PARSER(name, type)                                                                                             \
    static const char *parse_##name(void *out, const char *text)                                                       \
    {                                                                                                                  \
        return value_##name((type *)out, text);                                                                        \
    }
PARSER(count, uint64_t)
PARSER(size, uint64_t)
PARSER(time, uint64_t)
PARSER(text, char *)
PARSER(hostname, char *)
PARSER(log, enum log_level)
PARSER(cleartext, enum cleartext)
PARSER(sync, enum maildir_sync)
PARSER(endpoints, struct endpoints)
PARSER(domains, struct users)

#define KEY(section, key, parser, field)                                                                               \
    {                                                                                                                  \
        section, key, parse_##parser, offsetof(struct settings, field)                                                 \
    }
static const struct {
    const char *section, *key;
    parse *read;
    size_t offset;
} keys[] = {
    KEY("server", "hostname", hostname, hostname),
    KEY("server", "domains", domains, users),
    KEY("server", "mail", text, mail),
    KEY("server", "postmaster", text, users.postmaster),
    KEY("server", "run_as", text, run_as),
    KEY("server", "log", log, log),
    KEY("server", "cleartext_auth", cleartext, cleartext),
    KEY("server", "sync", sync, sync),
    KEY("server", "threads", count, threads),
    KEY("listen", "smtp", endpoints, listen[SERVICE_SMTP]),
    KEY("listen", "submission", endpoints, listen[SERVICE_SUBMISSION]),
    KEY("listen", "lmtp", endpoints, listen[SERVICE_LMTP]),
    KEY("listen", "pop3", endpoints, listen[SERVICE_POP3]),
    KEY("limits", "message_size", size, limits.message_size),
    KEY("limits", "recipients", count, limits.recipients),
    KEY("limits", "messages_per_session", count, limits.messages_per_session),
    KEY("limits", "sessions", count, limits.sessions),
    KEY("limits", "sessions_per_address", count, limits.sessions_per_address),
    KEY("limits", "greeting_time", time, limits.greeting_time),
    KEY("limits", "command_time", time, limits.command_time),
    KEY("limits", "body_time", time, limits.body_time),
    KEY("limits", "answer_time", time, limits.answer_time),
    KEY("limits", "stall_time", time, limits.stall_time),
    KEY("limits", "shutdown_time", time, limits.shutdown_time),
    KEY("limits", "auth_delay", time, limits.auth_delay),
};
enum { KEYS = sizeof keys / sizeof *keys };
_Static_assert(KEYS <= 64, "reading.seen has a bit a key");

static int take_key(struct reading *r, const char *section, const char *key, const char *value)
{
    int section_known = 0;
    const char *wrong;

    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].section, section))
            continue;
        section_known = 1;
        if (strcmp(keys[i].key, key))
            continue;
        if (r->seen & UINT64_C(1) << i)
            return complain(r, key, "", "is said twice");
        r->seen |= UINT64_C(1) << i;
        wrong = keys[i].read((char *)r->settings + keys[i].offset, value);
        return wrong ? complain(r, key, "", wrong) : 1;
    }
    if (!*section)
        return complain(r, key, "", "stands before the first [section]");
    if (!section_known)
        return complain(r, "section ", section,
                        "there is no such section; there are [server], [listen], [limits] and "
                        "[user ADDRESS]");
    return complain(r, key, "", "there is no such key in this section; mailprotod(8) lists them");
}

/* ---- users ---- */

static void end_user(struct reading *r)
{
    if (r->user && !r->user->password) {
        fprintf(r->problems, "%s:%d: %s has no password\n", r->path, r->user_line, r->user->address);
        r->wrong++;
    }
    r->user = NULL;
}

static int begin_user(struct reading *r, const char *address)
{
    if (users_add(&r->settings->users, address, &r->user))
        return complain(r, "", "", "there is no memory left");
    r->user_line = r->line;
    return 1;
}

static int take_user_key(struct reading *r, const char *key, const char *value)
{
    const char *wrong = NULL;
    char *path = NULL;

    if (!r->user)
        return 1; /* told before */
    if (!strcmp(key, "password")) {
        wrong = r->user->password ? "is said twice" : value_text(&r->user->password, value);
    } else if (!strcmp(key, "maildir")) {
        wrong = r->user->box ? "is said twice" : value_text(&path, value);
        if (path) {
            r->user->box = maildir_new(path);
            free(path);
        }
    } else {
        wrong = "there is no such key; a user has password and maildir";
    }
    return wrong ? complain(r, key, "", wrong) : 1;
}

static int take(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;
    int new_section = strcmp(r->section, section) != 0;

    if (new_section) {
        end_user(r);
        snprintf(r->section, sizeof r->section, "%s", section);
    }
    if (strncmp(section, "user ", 5))
        return take_key(r, section, key, value);
    if (new_section)
        begin_user(r, section + 5 + strspn(section + 5, " \t"));
    return take_user_key(r, key, value);
}

/* ---- reading ---- */

/* libinih's lines have a fixed size; a longer one would be read as two. */
static char *next_line(char *out, int size, void *stream)
{
    struct reading *r = stream;
    char *line = fgets(out, size, r->file);

    if (!line)
        return NULL;
    r->line++;
    if (!strchr(line, '\n') && !feof(r->file)) {
        complain(r, "", "", "this line is too long");
        for (int c = 0; c != '\n' && c != EOF;)
            c = fgetc(r->file);
    }
    return line;
}

static void need(struct reading *r, const char *value, const char *key)
{
    if (value)
        return;
    fprintf(r->problems, "%s: %s is missing in [server]\n", r->path, key);
    r->wrong++;
}

static int listens(const struct settings *settings)
{
    for (int i = 0; i < SERVICES; i++)
        if (settings->listen[i].count)
            return 1;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(const struct user *const *)a)->box->path, (*(const struct user *const *)b)->box->path);
}

static void check_boxes(struct reading *r)
{
    const struct users *users = &r->settings->users;
    const struct user **sorted = calloc(users->count + 1, sizeof *sorted);

    if (!sorted)
        return;
    for (size_t i = 0; i < users->count; i++)
        sorted[i] = &users->items[i];
    qsort(sorted, users->count, sizeof *sorted, by_path);
    for (size_t i = 1; i < users->count; i++)
        if (!strcmp(sorted[i]->box->path, sorted[i - 1]->box->path)) {
            fprintf(r->problems, "%s: %s and %s have the same maildir\n", r->path, sorted[i - 1]->address,
                    sorted[i]->address);
            r->wrong++;
        }
    free(sorted);
}

static void check_whole(struct reading *r)
{
    struct settings *settings = r->settings;
    const char *wrong;

    need(r, settings->hostname, "hostname");
    need(r, settings->mail, "mail");
    need(r, settings->users.domain_count ? "" : NULL, "domains");
    if (!listens(settings)) {
        fprintf(r->problems, "%s: nothing to listen on: add a line like smtp = 127.0.0.1:25 to [listen]\n", r->path);
        r->wrong++;
    }
    if (settings->cleartext == CLEARTEXT_NO &&
        (settings->listen[SERVICE_SUBMISSION].count || settings->listen[SERVICE_POP3].count)) {
        fprintf(r->problems,
                "%s: submission and pop3 need passwords, and without TLS they cross the network in clear text; say "
                "cleartext_auth = loopback in [server] to take them from this machine only\n",
                r->path);
        r->wrong++;
    }
    if (r->wrong)
        return;
    wrong = users_finish(&settings->users);
    if (!wrong && settings_make_boxes(settings))
        wrong = "there is no memory left";
    if (wrong) {
        fprintf(r->problems, "%s: %s\n", r->path, wrong);
        r->wrong++;
    } else {
        check_boxes(r);
    }
}

static void warn_of_readers(const struct reading *r)
{
    struct stat status;

    if (!fstat(fileno(r->file), &status) && status.st_mode & (S_IRGRP | S_IROTH))
        fprintf(r->problems, "%s: warning: others may read this file, and there are passwords in it: chmod 600 %s\n",
                r->path, r->path);
}

int config_read(struct settings *settings, const char *path, FILE *problems)
{
    struct reading r = {.settings = settings, .path = path, .problems = problems};
    int first_wrong;

    r.file = fopen(path, "re");
    if (!r.file) {
        fprintf(problems, "%s: %s\n", path, strerror(errno));
        return EXIT_NO_INPUT;
    }
    warn_of_readers(&r);
    first_wrong = ini_parse_stream(next_line, &r, take, &r);
    if (ferror(r.file)) {
        fprintf(problems, "%s: %s\n", path, strerror(errno));
        fclose(r.file);
        return EXIT_NO_INPUT;
    }
    end_user(&r);
    if (first_wrong) {
        fprintf(problems, "%s:%d: this is neither a [section] nor KEY = VALUE\n", path, first_wrong);
        r.wrong++;
    }
    fclose(r.file);
    check_whole(&r);
    return r.wrong ? EXIT_CONFIG : 0;
}

/* ---- the settings ---- */

void settings_init(struct settings *settings)
{
    *settings = (struct settings){
        .log = LOG_INFO,
        .threads = 16,
        .limits = {.recipients = 1000,
                   .message_size = 50 << 20,
                   .sessions = 10000,
                   .sessions_per_address = 100,
                   .shutdown_time = 10000,
                   .auth_delay = 1000},
    };
}

void settings_clear(struct settings *settings)
{
    free(settings->hostname);
    free(settings->mail);
    free(settings->run_as);
    users_clear(&settings->users);
    *settings = (struct settings){0};
}

/* The path of a user's Maildir: as said, below `mail`; or the address, without a '/' that it may hold. */
static char *box_path(const struct settings *settings, const struct user *user)
{
    const char *said = user->box ? user->box->path : user->address;
    size_t size = strlen(settings->mail) + strlen(said) + 2;
    char *path;

    if (user->box && *said == '/')
        return strdup(said);
    path = malloc(size);
    if (!path)
        return NULL;
    snprintf(path, size, "%s/%s", settings->mail, said);
    if (!user->box)
        for (char *c = path + strlen(settings->mail) + 1; *c; c++)
            if (*c == '/')
                *c = '_';
    return path;
}

int settings_make_boxes(struct settings *settings)
{
    for (size_t i = 0; i < settings->users.count; i++) {
        struct user *user = &settings->users.items[i];
        char *path = box_path(settings, user);

        if (!path)
            return -1;
        maildir_drop(user->box);
        user->box = maildir_new(path);
        free(path);
        if (!user->box)
            return -1;
    }
    return 0;
}
