/* users.h - who has a mailbox here: addresses, domains, passwords.
 * RFC 5321 2.4, 4.5.1: domains and, here, local parts are compared without case; postmaster always exists. */
#ifndef MAILPROTOD_USERS_H
#define MAILPROTOD_USERS_H

#include "keys.h"
#include "mailbox.h"

struct user {
    char *address;  /* in small letters */
    char *password; /* in clear text: only where keys cannot be computed */
    struct keys *keys;
    size_t key_count;
    struct mailbox *box;
    int line; /* of the configuration */
    int keys_wrong;
};

struct users {
    struct user *items; /* in the order of the file until users_finish */
    size_t count;
    char **domains; /* in small letters; the first completes names without a domain */
    size_t domain_count;
    char *postmaster; /* the address that gets its mail; NULL: the first user */
    const struct user *postmaster_user;
};

void users_clear(struct users *users); /* passwords are wiped */
/* 0; -1: no memory; 1: it is there already. */
int users_add_domain(struct users *users, const char *domain);
int users_add(struct users *users, const char *address, struct user **added);
/* Told what is wrong with a user, as a sentence without its subject; or with the whole, where user is NULL. */
typedef void users_complain(void *context, const struct user *user, const char *sentence);
/* After the last: makes look-ups possible. 0, or -1: something was wrong, and all of it was told. */
int users_finish(struct users *users, users_complain *complain, void *context);

enum { USERS_LOCAL, USERS_UNKNOWN, USERS_ELSEWHERE };
/* Whose mailbox an address is: USERS_LOCAL and *user; USERS_UNKNOWN: the domain is ours, the user is not;
   USERS_ELSEWHERE. "alice+detail@..." is alice's. */
int users_find(const struct users *users, const char *address, size_t len, const struct user **user);
/* The user with that name (an address; without a domain the first domain's), or NULL. */
const struct user *users_named(const struct users *users, const char *name, size_t len);
/* A name as it is compared, whether somebody has it or not; "": nobody can have it. */
enum { USERS_PLAIN = 402 };
void users_plain(const struct users *users, const char *name, size_t len, char out[USERS_PLAIN]);
/* The user's keys of a hash, or NULL. */
const struct keys *users_keys(const struct user *user, uint32_t hash);
/* One more of them. 0; 1: there are some of this hash; -1: no memory. */
int users_add_keys(struct user *user, const struct keys *keys);
/* Whether it is the password of the user, who may be NULL: the time it takes tells nothing about it. */
int users_login(const struct user *user, const char *password, size_t len);

/* Lets the users of `fresh` go on with the Maildir objects of `old` where they are the same: after a reload, what is
   under way in them is still known. */
void users_inherit(struct users *fresh, const struct users *old);

#endif
