/* tokens.h - bearer tokens from a file, for trying out XOAUTH2 and OAUTHBEARER.
 * RFC 6750; a server for the world asks whoever issued the token instead. */
#ifndef MAILPROTOD_TOKENS_H
#define MAILPROTOD_TOKENS_H

#include <mailproto/base.h>
#include <stdio.h>

#include "users.h"

struct token {
    char *address, *text;
    int64_t expires; /* Unix seconds; INT64_MAX: never */
};

struct tokens {
    struct token *items;
    size_t count;
};

/* Reads the file: lines of ADDRESS TOKEN EXPIRY, EXPIRY in Unix seconds or "never". How many mistakes were told. */
int tokens_read(struct tokens *tokens, const char *path, FILE *problems);
void tokens_clear(struct tokens *tokens); /* they are wiped */
/* Whether it is a token of this user, and still good. The time it takes tells nothing about the tokens. */
int tokens_allow(const struct tokens *tokens, mailproto_text token, const struct user *user);

#endif
