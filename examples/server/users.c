/* users.c - who has a mailbox here: addresses, domains, passwords.
 * RFC 5321 2.4, 4.1.2, 4.5.1: case, quoted local parts, postmaster. */
#include "users.h"

#include <stdlib.h>
#include <string.h>

enum { ADDRESS_MAX = 400 }; /* RFC 5321 4.5.3.1 allows 64 + 1 + 255 */

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static char *copy_small(const char *text)
{
    char *copy = strdup(text);

    for (char *c = copy; c && *c; c++)
        *c = small(*c);
    return copy;
}

static void wipe(char *text)
{
    for (volatile char *c = text; c && *c; c++)
        *c = 0;
}

/* Who has them may try passwords, and be taken for the server. */
static void wipe_keys(struct keys *keys, size_t count)
{
    for (volatile unsigned char *at = (void *)keys; count && at < (unsigned char *)(keys + count); at++)
        *at = 0;
}

void users_clear(struct users *users)
{
    for (size_t i = 0; i < users->count; i++) {
        wipe(users->items[i].password);
        free(users->items[i].password);
        wipe_keys(users->items[i].keys, users->items[i].key_count);
        free(users->items[i].keys);
        free(users->items[i].address);
        mailbox_drop(users->items[i].box);
    }
    for (size_t i = 0; i < users->domain_count; i++)
        free(users->domains[i]);
    free(users->items);
    free(users->domains);
    free(users->postmaster);
    *users = (struct users){0};
}

static const char *find_domain(const struct users *users, const char *domain)
{
    for (size_t i = 0; i < users->domain_count; i++)
        if (!strcmp(users->domains[i], domain))
            return users->domains[i];
    return NULL;
}

int users_add_domain(struct users *users, const char *domain)
{
    char **grown = realloc(users->domains, (users->domain_count + 1) * sizeof *grown);

    if (!grown)
        return -1;
    users->domains = grown;
    grown[users->domain_count] = copy_small(domain);
    if (!grown[users->domain_count])
        return -1;
    if (find_domain(users, grown[users->domain_count])) {
        free(grown[users->domain_count]);
        return 1;
    }
    users->domain_count++;
    return 0;
}

int users_add(struct users *users, const char *address, struct user **added)
{
    struct user *grown;
    char *copy = copy_small(address);

    if (!copy)
        return -1;
    if (!(users->count & (users->count + 1)) || !users->items) { /* room doubles: 1, 3, 7, ... */
        grown = realloc(users->items, (2 * users->count + 1) * sizeof *grown);
        if (!grown) {
            free(copy);
            return -1;
        }
        users->items = grown;
    }
    *added = &users->items[users->count++];
    **added = (struct user){.address = copy};
    return 0;
}

/* ---- finishing ---- */

static int by_address(const void *a, const void *b)
{
    return strcmp(((const struct user *)a)->address, ((const struct user *)b)->address);
}

static const struct user *find_exact(const struct users *users, char *address)
{
    const struct user key = {.address = address};

    return users->count ? bsearch(&key, users->items, users->count, sizeof key, by_address) : NULL;
}

/* In the order of the file those who are the same. */
static int by_address_and_line(const void *a, const void *b)
{
    int order = by_address(a, b);

    return order ? order : ((const struct user *)a)->line - ((const struct user *)b)->line;
}

static int check_users(const struct users *users, users_complain *complain, void *context)
{
    int wrong = 0;

    for (size_t i = 0; i < users->count; i++) {
        const struct user *user = &users->items[i];
        const char *at = strrchr(user->address, '@');

        if (!at || !find_domain(users, at + 1)) {
            complain(context, user, "is of a domain that is not among the domains of [server]");
            wrong = -1;
        }
        if (i && !strcmp(user->address, user[-1].address)) {
            complain(context, user, "is there twice");
            wrong = -1;
        }
    }
    return wrong;
}

int users_finish(struct users *users, users_complain *complain, void *context)
{
    char *first = users->count ? users->items[0].address : NULL;
    int wrong;

    if (!users->count) {
        complain(context, NULL, "there is no user: add a section like [user alice@example.org]");
        return -1;
    }
    qsort(users->items, users->count, sizeof *users->items, by_address_and_line);
    wrong = check_users(users, complain, context);
    for (char *c = users->postmaster; c && *c; c++)
        *c = small(*c);
    users->postmaster_user = find_exact(users, users->postmaster ? users->postmaster : first);
    if (users->postmaster_user)
        return wrong;
    complain(context, NULL, "postmaster is not the address of a user");
    return -1;
}

/* ---- looking up ---- */

/* An address taken apart and made plain: small letters, quotes of the local part removed. */
struct plain {
    char text[USERS_PLAIN]; /* ADDRESS_MAX, an '@' more, and the NUL */
    char *domain;           /* within text, behind the '@' */
};

static int make_plain(struct plain *plain, const char *address, size_t len)
{
    size_t at = 0, last = len;
    int quoted = 0;

    if (len > ADDRESS_MAX)
        return -1;
    while (last && address[last - 1] != '@' && address[last - 1] != '"')
        last--;
    if (!last || address[last - 1] != '@')
        last = len + 1; /* there is no domain */
    for (size_t i = 0; i + 1 < last; i++) {
        if (address[i] == '"') {
            quoted = !quoted;
            continue;
        }
        if (address[i] == '\\' && quoted && i + 2 < last)
            i++;
        plain->text[at++] = small(address[i]);
    }
    plain->text[at++] = '@';
    plain->domain = plain->text + at;
    for (size_t i = last; i < len; i++)
        plain->text[at++] = small(address[i]);
    plain->text[at] = 0;
    return memchr(plain->text, 0, at) ? -1 : 0;
}

static const struct user *find_without_detail(const struct users *users, struct plain *plain)
{
    char *plus = memchr(plain->text, '+', (size_t)(plain->domain - plain->text));

    if (!plus || plus == plain->text)
        return NULL;
    memmove(plus, plain->domain - 1, strlen(plain->domain - 1) + 1);
    return find_exact(users, plain->text);
}

int users_find(const struct users *users, const char *address, size_t len, const struct user **user)
{
    struct plain plain;
    int is_postmaster;

    *user = NULL;
    if (make_plain(&plain, address, len))
        return USERS_UNKNOWN;
    is_postmaster = !strncmp(plain.text, "postmaster@", 11) && plain.domain == plain.text + 11;
    if (!*plain.domain && is_postmaster) { /* RFC 5321 4.1.1.3: <Postmaster>, the one name without a domain */
        *user = users->postmaster_user;
        return USERS_LOCAL;
    }
    if (!find_domain(users, plain.domain))
        return USERS_ELSEWHERE;
    *user = find_exact(users, plain.text);
    if (!*user && is_postmaster)
        *user = users->postmaster_user;
    if (!*user)
        *user = find_without_detail(users, &plain);
    return *user ? USERS_LOCAL : USERS_UNKNOWN;
}

/* ---- logging in ---- */

/* Takes the same time for every password of a length. */
static int same_secret(const char *known, const char *given, size_t len)
{
    size_t known_len = strlen(known);
    unsigned different = known_len != len;

    for (size_t i = 0; i < len; i++)
        different |= (unsigned char)(known[known_len ? i % known_len : 0] ^ given[i]);
    return !different;
}

void users_plain(const struct users *users, const char *name, size_t len, char out[USERS_PLAIN])
{
    struct plain plain;

    *out = 0;
    if (make_plain(&plain, name, len))
        return;
    if (!*plain.domain && users->domain_count && strlen(users->domains[0]) + len < ADDRESS_MAX)
        strcpy(plain.domain, users->domains[0]);
    strcpy(out, plain.text);
}

const struct user *users_named(const struct users *users, const char *name, size_t len)
{
    char plain[USERS_PLAIN];

    users_plain(users, name, len, plain);
    return *plain ? find_exact(users, plain) : NULL;
}

const struct keys *users_keys(const struct user *user, uint32_t hash)
{
    for (size_t i = 0; i < user->key_count; i++)
        if (user->keys[i].hash == hash)
            return &user->keys[i];
    return NULL;
}

int users_add_keys(struct user *user, const struct keys *keys)
{
    struct keys *grown;

    if (users_keys(user, keys->hash))
        return 1;
    grown = malloc((user->key_count + 1) * sizeof *grown);
    if (!grown)
        return -1;
    if (user->key_count)
        memcpy(grown, user->keys, user->key_count * sizeof *grown);
    wipe_keys(user->keys, user->key_count);
    free(user->keys);
    user->keys = grown;
    grown[user->key_count++] = *keys;
    return 0;
}

int users_login(const struct user *user, const char *password, size_t len)
{
    if (user && user->password)
        return same_secret(user->password, password, len);
    same_secret("no such user", password, len); /* an unknown name costs as much as a wrong password */
    return 0;
}

void users_inherit(struct users *fresh, const struct users *old)
{
    for (size_t i = 0; i < fresh->count; i++) {
        const struct user *before = find_exact(old, fresh->items[i].address);

        if (!before || strcmp(before->box->path, fresh->items[i].box->path))
            continue;
        mailbox_drop(fresh->items[i].box);
        fresh->items[i].box = mailbox_keep(before->box);
    }
}
