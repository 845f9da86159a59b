/* tokens.c - bearer tokens from a file.
 * RFC 6750 section 2.1 for what they are made of. */
#include "tokens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE = 4400 };

static int read_expiry(int64_t *expires, const char *text)
{
    char *end;

    if (!strcmp(text, "never")) {
        *expires = INT64_MAX;
        return 0;
    }
    *expires = strtoll(text, &end, 10);
    return *text < '0' || *text > '9' || *end ? -1 : 0;
}

static int add(struct tokens *tokens, char **words, int64_t expires)
{
    struct token *grown = realloc(tokens->items, (tokens->count + 1) * sizeof *grown);

    if (!grown)
        return -1;
    tokens->items = grown;
    grown += tokens->count;
    grown->address = strdup(words[0]);
    grown->text = strdup(words[1]);
    grown->expires = expires;
    tokens->count++;
    for (char *c = grown->address; c && *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
    return grown->address && grown->text ? 0 : -1;
}

/* NULL, or what is wrong with it. */
static const char *take_line(struct tokens *tokens, char *line)
{
    static const char blank[] = " \t\r\n";
    char *words[4] = {NULL}, *rest = NULL;
    int64_t expires;

    for (int i = 0; i < 4 && (words[i] = strtok_r(i ? NULL : line, blank, &rest)); i++)
        if (!i && *words[0] == '#')
            return NULL;
    if (!words[0])
        return NULL;
    if (!words[2] || words[3] || read_expiry(&expires, words[2]))
        return "this is not ADDRESS TOKEN EXPIRY, with EXPIRY in Unix seconds or \"never\"";
    return add(tokens, words, expires) ? "there is no memory left" : NULL;
}

int tokens_read(struct tokens *tokens, const char *path, FILE *problems)
{
    FILE *file = fopen(path, "re");
    char line[LINE];
    const char *wrong;
    int number = 0, mistakes = 0;

    if (!file) {
        fprintf(problems, "%s: cannot be read: %s\n", path, strerror(errno));
        return 1;
    }
    while (fgets(line, sizeof line, file)) {
        number++;
        wrong = strchr(line, '\n') || feof(file) ? take_line(tokens, line) : "this line is too long";
        if (!wrong)
            continue;
        fprintf(problems, "%s:%d: %s\n", path, number, wrong);
        mistakes++;
    }
    if (ferror(file)) {
        fprintf(problems, "%s: cannot be read: %s\n", path, strerror(errno));
        mistakes++;
    }
    fclose(file);
    memset(line, 0, sizeof line);
    return mistakes;
}

void tokens_clear(struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        for (volatile char *c = tokens->items[i].text; c && *c; c++)
            *c = 0;
        free(tokens->items[i].text);
        free(tokens->items[i].address);
    }
    free(tokens->items);
    *tokens = (struct tokens){0};
}

static int is_same(const char *known, mailproto_text given)
{
    size_t len = strlen(known);
    unsigned different = len != given.len;

    for (size_t i = 0; i < given.len; i++)
        different |= (unsigned char)(known[len ? i % len : 0] ^ given.ptr[i]);
    return !different;
}

int tokens_allow(const struct tokens *tokens, mailproto_text token, const struct user *user)
{
    int64_t now = (int64_t)time(NULL);
    int allowed = 0;

    for (size_t i = 0; i < tokens->count; i++)
        allowed |= is_same(tokens->items[i].text, token) && tokens->items[i].expires > now && user &&
                   !strcmp(user->address, tokens->items[i].address);
    return allowed;
}
