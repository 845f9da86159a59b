/* state.c - opens what a loss of power left, and looks whether everything that was promised is there.
 * RFC 5321 4.2.5 (what was accepted is not lost), RFC 9051 2.3.1.1, RFC 7162 3.1; how: docs/design/power.md. */
#include "state.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "survive.h"

int state_open(mailproto_maildir **out, const char *path, uint32_t options, const mp_files *files, char *why)
{
    mailproto_maildir_config config;

    mailproto_maildir_config_init(&config, sizeof config);
    config.options = options;
    config.files = files;
    config.host = (mailproto_text){"test", 4};
    return mailproto_maildir_open(out, path, &config, why, LEDGER_WHY);
}

static void reported(void *user, uint32_t fixed, const char *sentence, size_t len)
{
    char *why = user;

    if (!fixed)
        snprintf(why, LEDGER_WHY, "repair leaves: %.*s", (int)len, sentence);
}

/* What repair cannot mend. */
static int repairs(const char *path, char *why)
{
    mailproto_maildir_config config;
    uint32_t problems = 0;
    int32_t result;

    mailproto_maildir_config_init(&config, sizeof config);
    config.host = (mailproto_text){"test", 4};
    result = mailproto_maildir_repair(path, &config, reported, why, &problems);
    if (result)
        snprintf(why, LEDGER_WHY, "repair: %s", mailproto_result_name(result));
    else if (problems && !*why)
        snprintf(why, LEDGER_WHY, "repair leaves %u problems", (unsigned)problems);
    return result || problems ? -1 : 0;
}

/* A client that comes later, when there were other changes, sees what is there as well. */
static int later(const struct life *life, size_t prefix, const mailproto_store *store, char *why)
{
    struct seen seen;
    int wrong = see(&seen, store, why) || views_survive(&life->ledger, prefix, &seen, store, why);
    char first[LEDGER_WHY];

    if (wrong) {
        memcpy(first, why, sizeof first);
        snprintf(why, LEDGER_WHY, "later: %.400s", first);
    }
    seen_free(&seen);
    return wrong;
}

/* Who delivers and opens no index knows of the limit. */
static int limit_holds(const char *account, const struct seen *seen, char *why)
{
    mailproto_maildir *maildir = NULL;
    int wrong;

    if (!seen->beside.limit)
        return 0;
    wrong = state_open(&maildir, account, MAILPROTO_MAILDIR_DELIVERY, NULL, why) ||
            beside_limit_holds(&seen->beside, mailproto_maildir_store(maildir), why);
    mailproto_maildir_close(maildir);
    return wrong;
}

/* Opens what the power left, and looks. */
int state_look(const struct life *life, size_t prefix, const char *folder, int repair, char *why)
{
    char account[300];
    mailproto_maildir *maildir = NULL;
    const mailproto_store *store;
    struct seen seen = {0};
    struct world world = {0};
    const struct ledger *ledger = &life->ledger;
    int wrong;

    *why = 0;
    snprintf(account, sizeof account, "%s%s", folder, life->kind.account);
    if (repair && repairs(account, why))
        return -1;
    wrong = state_open(&maildir, account, 0, NULL, why);
    store = mailproto_maildir_store(maildir);
    if (!wrong)
        wrong = see(&seen, store, why) || survives(ledger, prefix, &seen, &world, why) ||
                limit_holds(account, &seen, why) || views_survive(ledger, prefix, &seen, store, why) ||
                store_works(ledger, prefix, &seen, store, why) || later(life, prefix, store, why);
    seen_free(&seen);
    world_free(&world);
    mailproto_maildir_close(maildir);
    return wrong ? -1 : 0;
}

/* A clock that lost its battery with the power. */
static void long_ago(void *user, int64_t *seconds, int32_t *nanoseconds)
{
    (void)user;
    *seconds = 86400;
    *nanoseconds = 0;
}

static void remove_index(const char *account)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char path[400];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s/mailproto/index.sqlite%s", account, suffixes[i]);
        (void)unlink(path);
    }
}

/* The index went with the power, and the time, too: it is made again, and gives no UIDVALIDITY that was told. */
int state_look_without_index(const struct life *life, size_t prefix, const char *folder, char *why)
{
    const struct ledger *ledger = &life->ledger;
    mp_files files = *mp_files_posix();
    mailproto_maildir *maildir = NULL;
    struct seen seen = {0};
    char account[300];
    int wrong;

    files.now = long_ago;
    snprintf(account, sizeof account, "%s%s", folder, life->kind.account);
    remove_index(account);
    wrong = state_open(&maildir, account, 0, &files, why) || see(&seen, mailproto_maildir_store(maildir), why) ||
            validities_are_new(ledger, prefix, &seen, why);
    seen_free(&seen);
    mailproto_maildir_close(maildir);
    return wrong ? -1 : 0;
}
