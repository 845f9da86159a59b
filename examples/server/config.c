/* config.c - the configuration file: an INI file read by libinih, every mistake told with its line.
 * The file's format is told in mailprotod(8). */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config_check.h"
#include "config_values.h"

enum { EXIT_NO_INPUT = 66, EXIT_CONFIG = 78 };

const char *const service_names[SERVICES] = {"smtp", "submission", "submissions", "lmtp", "pop3", "pop3s"};

int service_is_pop3(enum service service)
{
    return service == SERVICE_POP3 || service == SERVICE_POP3S;
}

int service_is_submission(enum service service)
{
    return service == SERVICE_SUBMISSION || service == SERVICE_SUBMISSIONS;
}

int service_is_implicit(enum service service)
{
    return service == SERVICE_SUBMISSIONS || service == SERVICE_POP3S;
}

enum section { SECTION_NONE, SECTION_UNKNOWN, SECTION_KEYS, SECTION_USER };

/* Where the reader is: libinih asks for lines through it, so that the number of the line is known to all. */
struct reading {
    struct settings *settings;
    const char *path;
    FILE *file, *problems;
    int line, wrong;
    uint64_t seen, bad; /* keys of the table below, by index: those that were there, those with a wrong value */
    int lines_unread, sections_unknown;
    int sections;    /* there was one, known or not */
    int is_binary;   /* there is a NUL in the file */
    int has_readers; /* the file lets others read it */
    enum section section;
    char name[256]; /* of the section */
    int has_key;    /* there was a key in the section: an indented line goes on with its value */
    struct user *user;
    int users_wrong; /* one has a name that cannot be */
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
PARSER(senders, enum senders)
PARSER(sync, uint32_t)
PARSER(endpoints, struct endpoints)
PARSER(domains, struct users)
PARSER(tls_version, uint32_t)

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
    KEY("server", "senders", senders, senders),
    KEY("server", "sync", sync, sync),
    KEY("server", "threads", count, threads),
    KEY("listen", "smtp", endpoints, listen[SERVICE_SMTP]),
    KEY("listen", "submission", endpoints, listen[SERVICE_SUBMISSION]),
    KEY("listen", "submissions", endpoints, listen[SERVICE_SUBMISSIONS]),
    KEY("listen", "smtps", endpoints, listen[SERVICE_SUBMISSIONS]), /* its older name */
    KEY("listen", "lmtp", endpoints, listen[SERVICE_LMTP]),
    KEY("listen", "pop3", endpoints, listen[SERVICE_POP3]),
    KEY("listen", "pop3s", endpoints, listen[SERVICE_POP3S]),
    KEY("tls", "certificate", text, tls_files.certificate),
    KEY("tls", "key", text, tls_files.key),
    KEY("tls", "client_ca", text, tls_files.client_ca),
    KEY("tls", "min_version", tls_version, tls_files.min_version),
    KEY("oauth", "tokens", text, tokens_file),
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

static int is_section(const char *name)
{
    for (size_t i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].section, name))
            return 1;
    return 0;
}

static int take_key(struct reading *r, const char *key, const char *value)
{
    const char *wrong;

    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].section, r->name) || strcmp(keys[i].key, key))
            continue;
        if (r->seen & UINT64_C(1) << i)
            return complain(r, key, "", "is said twice");
        r->seen |= UINT64_C(1) << i;
        wrong = keys[i].read((char *)r->settings + keys[i].offset, value);
        if (!wrong)
            return 1;
        r->bad |= UINT64_C(1) << i;
        return complain(r, key, "", wrong);
    }
    return complain(r, key, "", "there is no such key in this section; mailprotod(8) lists them");
}

/* Whether a key, or any of the section, is in a set. */
static int has(uint64_t set, const char *section, const char *key)
{
    for (size_t i = 0; i < KEYS; i++)
        if (set & UINT64_C(1) << i && !strcmp(keys[i].section, section) && (!key || !strcmp(keys[i].key, key)))
            return 1;
    return 0;
}

/* ---- users ---- */

static void begin_user(struct reading *r, const char *address)
{
    const char *wrong = value_address(address);

    r->user = NULL;
    r->users_wrong |= wrong != NULL;
    if (wrong)
        complain(r, "user ", address, wrong);
    else if (users_add(&r->settings->users, address, &r->user))
        complain(r, "", "", "there is no memory left");
    else
        r->user->line = r->line;
}

static const char *take_keys(struct reading *r, const char *value)
{
    struct keys made;
    const char *wrong = keys_read(&made, value);
    int added = wrong ? 0 : users_add_keys(r->user, &made);

    r->user->keys_wrong |= wrong != NULL;
    if (wrong || !added)
        return wrong;
    return added < 0 ? "there is no memory left" : "is said twice for this hash";
}

static int take_user_key(struct reading *r, const char *key, const char *value)
{
    const char *wrong = NULL;
    char *path = NULL;

    if (!r->user)
        return 1; /* told before */
    if (!strcmp(key, "keys")) {
        wrong = take_keys(r, value);
    } else if (!strcmp(key, "password")) {
        wrong = r->user->password ? "is said twice" : value_text(&r->user->password, value);
        if (!r->user->password) /* it is not missing */
            r->user->password = strdup("");
    } else if (!strcmp(key, "maildir")) {
        wrong = r->user->box ? "is said twice" : value_maildir(&path, value);
        if (path) {
            r->user->box = mailbox_new(path);
            free(path);
        }
    } else {
        wrong = "there is no such key; a user has keys and maildir";
    }
    return wrong ? complain(r, key, "", wrong) : 1;
}

/* ---- reading ---- */

/* libinih says nothing of a section without keys, and shortens long names: headers are read here. */
static void begin_section(struct reading *r, const char *at)
{
    static const char blank[] = " \t\r\n";
    const char *end = strchr(at, ']');
    size_t len;

    if (!end)
        return; /* libinih complains */
    at += 1 + strspn(at + 1, blank);
    len = (size_t)(end - at);
    while (len && strchr(blank, at[len - 1]))
        len--;
    snprintf(r->name, sizeof r->name, "%.*s", (int)len, at);
    r->has_key = 0;
    r->sections = 1;
    end += 1 + strspn(end + 1, blank);
    if (*end && *end != ';' && *end != '#')
        complain(r, "section ", r->name, "nothing may stand behind it in the line");
    if (!strncmp(r->name, "user", 4) && r->name[4] && strchr(blank, r->name[4])) {
        r->section = SECTION_USER;
        begin_user(r, r->name + 4 + strspn(r->name + 4, blank));
        return;
    }
    r->section = is_section(r->name) ? SECTION_KEYS : SECTION_UNKNOWN;
    if (r->section == SECTION_KEYS)
        return;
    r->sections_unknown = 1;
    complain(r, "section ", r->name,
             "there is no such section; there are [server], [listen], [tls], [oauth], [limits] and [user ADDRESS]");
}

/* A key, from libinih. */
static int take(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;

    (void)section;
    r->has_key = 1;
    switch (r->section) {
    case SECTION_NONE:
        return complain(r, key, "", "stands before the first [section]");
    case SECTION_KEYS:
        return take_key(r, key, value);
    case SECTION_USER:
        return take_user_key(r, key, value);
    default:
        return 1; /* told before */
    }
}

/* fgets says nothing of a NUL in a line; the one that it adds is the last of those that it wrote. */
static char *get_line(struct reading *r, char *out, int size)
{
    const char *first;
    char *line;

    memset(out, '\n', (size_t)size);
    line = fgets(out, size, r->file);
    if (!line)
        return NULL;
    first = memchr(line, 0, (size_t)size);
    r->is_binary = memchr(first + 1, 0, (size_t)(line + size - first - 1)) != NULL;
    return r->is_binary ? NULL : line;
}

/* libinih's lines have a fixed size; a longer one would be read as two. */
static char *next_line(char *out, int size, void *stream)
{
    struct reading *r = stream;
    char *line = get_line(r, out, size);
    const char *at = line;

    if (!line)
        return NULL;
    r->line++;
    if (!strchr(line, '\n') && !feof(r->file)) {
        r->lines_unread = 1;
        complain(r, "", "", "this line is too long");
        for (int c = 0; c != '\n' && c != EOF;)
            c = fgetc(r->file);
    }
    if (r->line == 1 && !strncmp(at, "\xef\xbb\xbf", 3))
        at += 3;
    if (!r->has_key) /* else an indented line belongs to the key before it */
        at += strspn(at, " \t");
    if (*at == '[')
        begin_section(r, at);
    return line;
}

static int has_readers(FILE *file)
{
    struct stat status;

    return !fstat(fileno(file), &status) && S_ISREG(status.st_mode) && status.st_mode & (S_IRGRP | S_IROTH);
}

static void warn_of_readers(const struct reading *r)
{
    const struct users *users = &r->settings->users;
    size_t i = 0;

    while (i < users->count && !users->items[i].password && !users->items[i].key_count)
        i++;
    if (r->has_readers && i < users->count)
        fprintf(r->problems, "%s: warning: others may read this file, and there are %s in it: chmod 600 %s\n", r->path,
                users->items[i].password ? "passwords" : "keys of passwords", r->path);
}

static int check(const struct reading *r)
{
    const struct config_seen seen = {
        .lines_unread = r->lines_unread,
        .sections_unknown = r->sections_unknown,
        .hostname = has(r->seen, "server", "hostname"),
        .mail = has(r->seen, "server", "mail"),
        .domains = has(r->seen, "server", "domains"),
        .listen = has(r->seen, "listen", NULL),
        .tls = has(r->seen, "tls", NULL),
        .tls_wrong = has(r->bad, "tls", NULL),
        .users_wrong = r->users_wrong || has(r->bad, "server", "domains"),
        .cleartext_wrong = has(r->bad, "server", "cleartext_auth"),
    };

    return config_check(r->settings, &seen, r->path, r->problems);
}

/* Reads the lines. What is wrong with them is kept until it is known that this is a configuration at all. 0, or a
   sysexit. */
static int read_lines(struct reading *r)
{
    FILE *problems = r->problems;
    char *text = NULL;
    size_t len = 0;
    int first_wrong;

    r->problems = open_memstream(&text, &len);
    if (!r->problems) {
        fprintf(problems, "%s: %s\n", r->path, strerror(errno));
        return EXIT_NO_INPUT;
    }
    first_wrong = ini_parse_stream(next_line, r, take, r);
    if (first_wrong) {
        fprintf(r->problems, "%s:%d: this is neither a [section] nor KEY = VALUE\n", r->path, first_wrong);
        r->lines_unread = 1;
        r->wrong++;
    }
    fclose(r->problems);
    r->problems = problems;
    if (r->sections && !r->is_binary && text)
        fwrite(text, 1, len, problems);
    free(text);
    return 0;
}

int config_read(struct settings *settings, const char *path, FILE *problems)
{
    struct reading r = {.settings = settings, .path = path, .problems = problems};
    int result = 0;

    r.file = fopen(path, "re");
    if (r.file) {
        r.has_readers = has_readers(r.file);
        result = read_lines(&r);
    }
    if (!r.file || ferror(r.file)) {
        fprintf(problems, "%s: cannot be read: %s\n", path, strerror(errno));
        result = EXIT_NO_INPUT;
    }
    if (r.file)
        fclose(r.file);
    if (result)
        return result;
    if (!r.sections || r.is_binary) {
        fprintf(problems, "%s: this is no configuration of mailprotod: %s; mailprotod(8) shows one\n", path,
                r.is_binary ? "it is no text" : "there is no [server], [listen] or [user ADDRESS] in it");
        return EXIT_CONFIG;
    }
    warn_of_readers(&r);
    r.wrong += check(&r);
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
    free(settings->tls_files.certificate);
    free(settings->tls_files.key);
    free(settings->tls_files.client_ca);
    tls_free(settings->tls);
    free(settings->tokens_file);
    tokens_clear(&settings->tokens);
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
        mailbox_drop(user->box);
        user->box = mailbox_new(path);
        free(path);
        if (!user->box)
            return -1;
    }
    return 0;
}
