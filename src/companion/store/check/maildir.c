/* maildir.c - the Maildir store for mailproto-store-check: accounts in folders that are made for it, and removed.
 * mailproto/maildir.h. */
#include "check.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailproto/maildir.h"

enum { HANDLES = 8, PATH = 1000 };

struct account {
    char path[PATH];
    mailproto_maildir *handles[HANDLES];
    size_t count;
};

static int32_t open_one(struct account *account, mailproto_store *store)
{
    char why[400];
    int32_t result;

    if (account->count == HANDLES)
        return MAILPROTO_ERR_LIMIT;
    result = mailproto_maildir_open(&account->handles[account->count], account->path, NULL, why, sizeof why);
    if (result) {
        mp_check_complain("%s", why);
        return result;
    }
    *store = *mailproto_maildir_store(account->handles[account->count++]);
    return MAILPROTO_OK;
}

static void close_all(struct account *account)
{
    while (account->count)
        mailproto_maildir_close(account->handles[--account->count]);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

static void end(void *user, void *of)
{
    struct account *account = of;

    (void)user;
    close_all(account);
    (void)nftw(account->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(account);
}

static int32_t make(void *user, void **of, mailproto_store *store)
{
    struct account *account = calloc(1, sizeof *account);
    int32_t result;

    if (!account)
        return MAILPROTO_ERR_NOMEM;
    (void)snprintf(account->path, sizeof account->path, "%s/mailproto-check-XXXXXX", (const char *)user);
    if (!mkdtemp(account->path)) {
        mp_check_complain("no folder can be made below %s: %s", (const char *)user, strerror(errno));
        free(account);
        return MAILPROTO_ERR_UNAVAILABLE;
    }
    result = open_one(account, store);
    if (result)
        end(user, account);
    *of = account;
    return result;
}

static int32_t more(void *user, void *account, uint32_t index, mailproto_store *store)
{
    (void)user;
    (void)index;
    return open_one(account, store);
}

static int32_t restart(void *user, void *account, mailproto_store *store)
{
    (void)user;
    close_all(account);
    return open_one(account, store);
}

/* Accounts are made below it. */
static int is_usable(const char *folder)
{
    struct stat status;

    if (strlen(folder) > PATH - 32)
        mp_check_complain("the path of the folder is too long: %zu octets, and %d can be used", strlen(folder),
                          PATH - 32);
    else if (stat(folder, &status))
        mp_check_complain("accounts would be made below %s, and that cannot be: %s", folder, strerror(errno));
    else if (!S_ISDIR(status.st_mode))
        mp_check_complain("accounts would be made below %s, and that is no folder", folder);
    else if (access(folder, W_OK | X_OK))
        mp_check_complain("accounts would be made below %s, and nothing can be made there: %s", folder,
                          strerror(errno));
    else
        return 1;
    return 0;
}

int32_t mp_check_maildir(mailproto_store_kit_factory *factory, const char *argument)
{
    static const char tmp[] = "/tmp";
    const char *const folder = *argument ? argument : tmp;

    if (!is_usable(folder))
        return MAILPROTO_ERR_CONFIG;
    memcpy(&factory->user, &folder, sizeof folder);
    factory->make = make;
    factory->more = more;
    factory->restart = restart;
    factory->end = end;
    return MAILPROTO_OK;
}
