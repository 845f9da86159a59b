/* passwd.c - `mailprotod passwd`: keys of a password in the configuration.
 * Only the lines of the user are changed; all others stay as they are, comments too. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "passwd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "passwd_file.h"
#include "passwd_prompt.h"

enum { EXIT_NO_INPUT = 66, EXIT_NO_USER = 67, EXIT_UNAVAILABLE = 69, EXIT_OS = 71, EXIT_AGAIN = 75 };

enum { HASHES = 2 };

/* ---- the lines of a user ---- */

static const char *skip(const char *at)
{
    return at + strspn(at, " \t");
}

/* As the reader of the configuration sees it: behind a key an indented line goes on with its value. */
static int is_header(const char *line, int has_key)
{
    return *skip(line) == '[' && (!has_key || (*line != ' ' && *line != '\t'));
}

static int is_key(const char *line)
{
    line = skip(line);
    return *line && !strchr("\r\n#;", *line) && line[strcspn(line, "=:")];
}

static int is_secret(const char *line)
{
    size_t len;

    line = skip(line);
    len = strcspn(line, "=:");
    if (!line[len])
        return 0;
    while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    return (len == 8 && !strncmp(line, "password", 8)) || (len == 4 && !strncmp(line, "keys", 4));
}

/* What is there is emptied, and the keys stand behind the header. `at`: of the header, from 0 on. */
static int replace(struct passwd_lines *lines, size_t at, const struct keys *keys, size_t count)
{
    char text[KEYS_TEXT], written[HASHES * (KEYS_TEXT + 10)] = "";
    int has_key = 0, failed;
    size_t len = 0;

    for (size_t i = at + 1; i < lines->count && !is_header(lines->items[i], has_key); i++) {
        int secret = is_secret(lines->items[i]) && (!has_key || *skip(lines->items[i]) == *lines->items[i]);

        has_key |= is_key(lines->items[i]);
        if (secret)
            passwd_lines_drop(lines, i);
    }
    for (size_t i = 0; i < count; i++) {
        keys_write(&keys[i], text);
        len += (size_t)snprintf(written + len, sizeof written - len, "keys = %s\n", text);
    }
    failed = passwd_lines_append(lines, at, written);
    passwd_wipe(written, sizeof written);
    passwd_wipe(text, sizeof text);
    return failed;
}

static int make(const struct passwd *passwd, const char *password, size_t len, struct keys *keys, size_t *count)
{
    int32_t result = keys_make(keys, MAILPROTO_HASH_SHA_256, passwd->iterations, password, len, tls_crypto());

    *count = 1;
    if (!result && passwd->sha_1) {
        result = keys_make(keys + 1, MAILPROTO_HASH_SHA_1, passwd->iterations, password, len, tls_crypto());
        *count = 2;
    }
    if (result == MAILPROTO_ERR_ARG)
        fprintf(stderr, "mailprotod: this cannot be a password: 1 to 1024 octets of UTF-8 are needed, without control "
                        "characters (RFC 4013)\n");
    else if (result)
        fprintf(stderr, "mailprotod: the keys cannot be computed: %s\n", mailproto_result_text(result));
    return result ? -1 : 0;
}

/* ---- the command ---- */

static int changed_meanwhile(const struct passwd *passwd)
{
    fprintf(stderr, "mailprotod: %s was changed by somebody else meanwhile, and is left as it is: try again\n",
            passwd->config);
    return EXIT_AGAIN;
}

/* One user. 0, or a sysexit. The configuration was read before its lines were: these may be others. */
static int change(const struct passwd *passwd, struct passwd_lines *lines, const struct user *user,
                  const char *password, size_t len)
{
    struct keys keys[HASHES];
    size_t at = (size_t)user->line - 1, count;
    int failed;

    if (at >= lines->count || !is_header(lines->items[at], 0))
        return changed_meanwhile(passwd);
    if (len >= PASSWD_PROMPT) {
        fprintf(stderr, "mailprotod: the password of %s is too long\n", user->address);
        return EXIT_DATA;
    }
    if (make(passwd, password, len, keys, &count)) {
        passwd_wipe(keys, sizeof keys);
        return EXIT_DATA;
    }
    failed = replace(lines, at, keys, count);
    passwd_wipe(keys, sizeof keys);
    if (failed)
        fprintf(stderr, "mailprotod: there is no memory left\n");
    return failed ? EXIT_OS : 0;
}

static int is_meant(const struct passwd *passwd, const struct user *user, const struct user *named)
{
    return passwd->user ? user == named : user->password && *user->password;
}

/* Whom the name means: written as in the file, in any case of letters, or without the domain. */
static const struct user *find(const struct users *users, const char *name)
{
    const struct user *found = NULL;

    for (size_t i = 0; i < users->count && !found; i++) {
        const char *address = users->items[i].address;
        size_t at = 0;

        while (name[at] && (name[at] >= 'A' && name[at] <= 'Z' ? name[at] + 'a' - 'A' : name[at]) == address[at])
            at++;
        if (!name[at] && (!address[at] ||
                          (address[at] == '@' && users->domain_count && !strcmp(address + at + 1, users->domains[0]))))
            found = &users->items[i];
    }
    return found;
}

static int no_user(const struct passwd *passwd)
{
    fprintf(stderr, "mailprotod: there is no [user %s] in %s: add the section first\n", passwd->user, passwd->config);
    return EXIT_NO_USER;
}

static int change_all(const struct passwd *passwd, const struct users *users, struct passwd_lines *lines,
                      const struct passwd_lock *lock, const char *password)
{
    const struct user *named = passwd->user ? find(users, passwd->user) : NULL;
    size_t changed = 0;
    int result = 0;

    if (passwd->user && !named)
        return no_user(passwd);
    for (size_t i = 0; !result && i < users->count; i++)
        if (is_meant(passwd, &users->items[i], named)) {
            const char *secret = named ? password : users->items[i].password;

            result = change(passwd, lines, &users->items[i], secret, strlen(secret));
            changed++;
        }
    if (!result && passwd_changed(lock, passwd->config))
        result = changed_meanwhile(passwd);
    if (!result && changed)
        result = passwd_lines_save(lines, passwd->config);
    if (!result && passwd->user)
        printf("%s: the keys of %s are new; a running server takes them at SIGHUP\n", passwd->config, named->address);
    else if (!result)
        printf("%s: %zu password%s now keys\n", passwd->config, changed, changed == 1 ? " is" : "s are");
    return result;
}

/* What else is wrong with the file is not asked here. */
static int read_settings(const struct passwd *passwd, struct settings *settings)
{
    FILE *nothing = fopen("/dev/null", "we");
    int result = nothing ? config_read(settings, passwd->config, nothing) : EXIT_OS;

    if (nothing)
        fclose(nothing);
    return result == EXIT_NO_INPUT || result == EXIT_OS ? result : 0;
}

static int cannot_read(const struct passwd *passwd)
{
    fprintf(stderr, "mailprotod: %s cannot be read\n", passwd->config);
    return EXIT_NO_INPUT;
}

/* Asks for the password, if there is such a user: nothing is locked while somebody types. */
static int ask(const struct passwd *passwd, char password[PASSWD_PROMPT])
{
    struct settings settings;
    const struct user *named;
    size_t len;
    int result;

    settings_init(&settings);
    result = read_settings(passwd, &settings);
    if (result) {
        result = cannot_read(passwd);
    } else {
        named = find(&settings.users, passwd->user);
        result = !named ? no_user(passwd) : passwd_prompt(password, &len, named->address) ? EXIT_DATA : 0;
        if (!result && memchr(password, 0, len)) {
            fprintf(stderr, "mailprotod: this cannot be a password: there is a NUL in it\n");
            result = EXIT_DATA;
        }
    }
    settings_clear(&settings);
    return result;
}

static int change_file(const struct passwd *passwd, const char *password)
{
    struct passwd_lines lines = {0};
    struct passwd_lock lock;
    struct settings settings;
    int result;

    if (passwd_lock(&lock, passwd->config))
        return cannot_read(passwd);
    settings_init(&settings);
    if (read_settings(passwd, &settings) || passwd_lines_read(&lines, passwd->config))
        result = cannot_read(passwd);
    else
        result = change_all(passwd, &settings.users, &lines, &lock, password);
    passwd_lines_clear(&lines);
    settings_clear(&settings);
    passwd_unlock(&lock);
    return result;
}

int passwd_run(const struct passwd *passwd)
{
    char password[PASSWD_PROMPT] = "";
    int result = 0;

    if (!tls_crypto()) {
        fprintf(stderr, "mailprotod: keys cannot be computed: %s\n", tls_missing());
        return EXIT_UNAVAILABLE;
    }
    if (passwd->user)
        result = ask(passwd, password);
    if (!result)
        result = change_file(passwd, password);
    passwd_wipe(password, sizeof password);
    return result;
}
