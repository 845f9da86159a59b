/* check_mail.c - `mailprotod check-mail`: what is wrong in Maildirs and their indexes, and its repair.
 * mailproto/maildir.h, mailproto_maildir_check and _repair: a look changes nothing, messages are never removed. */
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

static void report(void *user, uint32_t what, const char *sentence, size_t len)
{
    static const char *const kinds[] = {
        [MAILPROTO_MAILDIR_REPAIRED] = "repaired: ", [MAILPROTO_MAILDIR_REMARK] = "note: "};
    struct account *account = user;

    account->told++;
    account->check->problems += what == MAILPROTO_MAILDIR_PROBLEM;
    account->check->repaired += what == MAILPROTO_MAILDIR_REPAIRED;
    printf("%s: %s%.*s\n", account->path, what < 3 && kinds[what] ? kinds[what] : "", (int)len, sentence);
}

/* The sentence of an account that could not be looked at is not one about its mail. */
static void cannot(void *user, uint32_t what, const char *sentence, size_t len)
{
    struct account *account = user;

    (void)what;
    account->told++;
    fprintf(stderr, "mailprotod: %s: %.*s\n", account->path, (int)len, sentence);
}

/* What was found is told when it is known whether it could be looked at. */
struct found {
    char *text; /* what and sentence, each with a NUL */
    size_t len;
    FILE *file;
};

static void keep(void *user, uint32_t what, const char *sentence, size_t len)
{
    struct found *found = user;

    fprintf(found->file, "%c%.*s%c", (int)(what + '0'), (int)len, sentence, 0);
}

static void tell(struct account *account, const struct found *found, int32_t result)
{
    const char *end = found->text + found->len;

    for (const char *at = found->text; at < end; at += strlen(at) + 1) {
        int is_last = at + strlen(at) + 1 == end;

        (result && is_last ? cannot : report)(account, (uint32_t)(*at - '0'), at + 1, strlen(at + 1));
    }
}

static void look(struct check_mail *check, const char *path, int repair)
{
    int32_t (*const act)(const char *, const mailproto_maildir_config *,
                         void (*)(void *, uint32_t, const char *, size_t), void *, uint32_t *) =
        repair ? mailproto_maildir_repair : mailproto_maildir_check;
    struct account account = {check, path, 0};
    struct found found = {NULL, 0, NULL};
    int32_t result;

    found.file = open_memstream(&found.text, &found.len);
    if (!found.file) {
        cannot(&account, 0, "there is no memory", 18);
        check->failed++;
        return;
    }
    result = act(path, NULL, keep, &found, NULL);
    fclose(found.file);
    tell(&account, &found, result);
    free(found.text);
    *(result ? &check->failed : &check->accounts) += 1;
    if (result && !account.told)
        cannot(&account, 0, mailproto_result_text(result), strlen(mailproto_result_text(result)));
    else if (!account.told)
        printf("%s: good\n", path);
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

void check_mail_folder(struct check_mail *check, const char *path)
{
    look(check, path, check->repair && is_there(path) > 0); /* a look says best that it is no Maildir */
}

void check_mail_users(struct check_mail *check, const struct users *users)
{
    for (size_t i = 0; i < users->count; i++) {
        const char *path = users->items[i].box->path;

        if (is_there(path))
            check_mail_folder(check, path);
        else
            printf("%s: is not there yet\n", path);
    }
}

static void print_count(unsigned long count, const char *one, const char *behind)
{
    printf("%lu %s%s%s", count, one, count == 1 ? "" : "s", behind);
}

int check_mail_end(const struct check_mail *check)
{
    print_count((unsigned long)check->accounts, "account", " looked at, ");
    print_count(check->problems, "problem", check->repair ? " left" : "");
    if (check->repair)
        printf(", %u repaired", (unsigned)check->repaired);
    if (check->failed) {
        printf("; ");
        print_count((unsigned long)check->failed, "account", " could not be looked at");
    }
    printf("\n");
    if (check->failed)
        return EXIT_UNREADABLE;
    return check->problems ? EXIT_PROBLEMS : EXIT_SUCCESS;
}
