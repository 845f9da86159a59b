/* check_mail.c - `mailprotod check-mail`: what is wrong in Maildirs and their indexes, and its repair.
 * mailproto/maildir.h, mailproto_maildir_check and _repair: messages are never removed. */
#include "check_mail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { EXIT_PROBLEMS = 1, EXIT_UNREADABLE = 66 };

struct account {
    struct check_mail *check;
    const char *path;
    uint32_t told;
};

static void report(void *user, uint32_t fixed, const char *sentence, size_t len)
{
    struct account *account = user;

    account->told++;
    account->check->repaired += fixed;
    printf("%s: %s%.*s\n", account->path, fixed ? "repaired: " : "", (int)len, sentence);
}

/* To open an account makes it: nothing is to be made where none is. 1: there is one; 0; or a negative errno. */
static int is_there(const char *path)
{
    char cur[4096];
    struct stat status;

    if (snprintf(cur, sizeof cur, "%s/cur", path) >= (int)sizeof cur)
        return -ENAMETOOLONG;
    if (!stat(cur, &status))
        return S_ISDIR(status.st_mode) ? 1 : -ENOTDIR;
    return errno == ENOENT ? 0 : -errno;
}

static void cannot(struct check_mail *check, const char *path, const char *why)
{
    fprintf(stderr, "mailprotod: %s: %s\n", path, why);
    check->failed = 1;
}

static void look(struct check_mail *check, const char *path)
{
    int32_t (*const act)(const char *, const mailproto_maildir_config *,
                         void (*)(void *, uint32_t, const char *, size_t), void *, uint32_t *) =
        check->repair ? mailproto_maildir_repair : mailproto_maildir_check;
    struct account account = {check, path, 0};
    uint32_t problems = 0;
    int32_t result = act(path, NULL, report, &account, &problems);

    check->accounts++;
    check->problems += problems;
    if (result)
        check->failed = 1;
    if (result && !account.told)
        cannot(check, path, mailproto_result_text(result));
    else if (!account.told)
        printf("%s: good\n", path);
}

void check_mail_folder(struct check_mail *check, const char *path)
{
    int there = is_there(path);

    if (there < 0)
        cannot(check, path, strerror(-there));
    else if (!there)
        cannot(check, path, "is no Maildir: it has no folder cur");
    else
        look(check, path);
}

void check_mail_users(struct check_mail *check, const struct users *users)
{
    for (size_t i = 0; i < users->count; i++) {
        const char *path = users->items[i].box->path;
        int there = is_there(path);

        if (there < 0)
            cannot(check, path, strerror(-there));
        else if (!there)
            printf("%s: is not there yet\n", path);
        else
            look(check, path);
    }
}

int check_mail_end(const struct check_mail *check)
{
    printf("%zu account%s looked at, %u problem%s%s", check->accounts, check->accounts == 1 ? "" : "s",
           (unsigned)check->problems, check->problems == 1 ? "" : "s", check->repair ? " left" : "");
    if (check->repair)
        printf(", %u repaired", (unsigned)check->repaired);
    printf("\n");
    if (check->failed)
        return EXIT_UNREADABLE;
    return check->problems ? EXIT_PROBLEMS : EXIT_SUCCESS;
}
