/* faults.c - disks that are full, failing, read-only or not permitted, and an index that is damaged: what the store says,
 * and that nothing is lost when the condition has ended. RFC 5321 4.2.5, RFC 9051 2.3.1.1; how: docs/design/power.md. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "life.h"
#include "survive.h"

enum { STEPS_BEFORE = 8, STEPS = 12, STEPS_AFTER = 3 };

struct tally {
    uint64_t runs, failed, hit, refused;
};

static const struct {
    const char *name;
    int error;
    int32_t result;
} errors[] = {
    {"a full disk", ENOSPC, MAILPROTO_ERR_FULL},
    {"a failing disk", EIO, MAILPROTO_ERR_UNAVAILABLE},
    {"a read-only disk", EROFS, MAILPROTO_ERR_UNAVAILABLE},
    {"no permission", EACCES, MAILPROTO_ERR_UNAVAILABLE},
};

/* ---- what the store says ---- */

/* A clear answer: the result of that condition, and a sentence. Where a file cannot be read it is not seen by a look for
   messages that nobody knows yet, which is no error; afterwards it must be there. */
static int clear(const struct life *life, size_t kind, char *why)
{
    int32_t result = life->opened ? life->opened : ask_last();
    int is_step = strcmp(life->doing, "another program") && (result || life->opened);

    if (!is_step || result == errors[kind].result ||
        (result == MAILPROTO_ERR_UNAVAILABLE && errors[kind].error == ENOSPC))
        return 1;
    snprintf(why, LEDGER_WHY, "%s, in \"%s\": %s: %.250s", errors[kind].name, life->doing,
             mailproto_result_name(result), life->why);
    return 0;
}

/* Damage of an index may show when what is damaged is needed: then it is made again, and mailboxes have other ids. */
static int found_late(struct life *life, unsigned *late)
{
    int32_t result = ask_last();

    life->inside = 0;
    if (!*late ||
        (result != MAILPROTO_ERR_NOT_FOUND && result != MAILPROTO_ERR_CORRUPT && result != MAILPROTO_ERR_UNAVAILABLE))
        return 0;
    --*late;
    return !life_open(life) && !life_look(life, 0);
}

/* The condition has ended: all is there, and the store works on, also when it is opened anew. */
static int recovers(struct life *life, unsigned late, char *why)
{
    if (life_open(life) || life_look(life, 0)) {
        snprintf(why, LEDGER_WHY, "afterwards: %.300s", life->why);
        return 0;
    }
    for (unsigned i = 0; i < STEPS_AFTER; i++)
        if (life_step(life) && !found_late(life, &late)) {
            snprintf(why, LEDGER_WHY, "afterwards, in \"%s\": %.300s", life->doing, life->why);
            return 0;
        }
    life_close(life);
    if (life_open(life) || life_look(life, 1)) {
        snprintf(why, LEDGER_WHY, "opened anew: %.300s", life->why);
        return 0;
    }
    return 1;
}

static int begin(struct life *life, const char *folder, uint64_t seed)
{
    disk_remove_folder(folder);
    if (mkdir(folder, 0700))
        return -1;
    memset(life, 0, sizeof *life);
    life->random.state = seed;
    ledger_init(&life->ledger);
    world_add_box(&life->ledger.now, 0, "INBOX");
    if (life_begin(life, folder) || life_look(life, 0))
        return -1;
    for (unsigned i = 0; i < STEPS_BEFORE; i++)
        if (life_step(life))
            return -1;
    return 0;
}

/* ---- operations that fail ---- */

/* From the n-th operation on some fail; steps go on while they do. */
static int run_fault(struct life *life, size_t kind, struct tally *tally, char *why)
{
    static const unsigned what[] = {RECORDER_WRITES, RECORDER_INDEX, RECORDER_WRITES | RECORDER_INDEX, RECORDER_READS,
                                    RECORDER_READS | RECORDER_WRITES | RECORDER_INDEX | RECORDER_INDEX_READS};
    static const uint64_t lengths[] = {1, 1, 2, 30, UINT64_MAX / 2};
    struct recorder *r = &life->recorder;
    size_t choices = errors[kind].error == ENOSPC || errors[kind].error == EROFS ? 3 : 5; /* these never stop a read */

    r->operations = 0;
    r->fail_with = errors[kind].error;
    r->fail_what = what[life_below(life, choices)];
    r->fail_from = 1 + life_below(life, 120);
    r->fail_until = r->fail_from + lengths[life_below(life, 5)];
    for (unsigned i = 0; i < STEPS; i++) {
        uint64_t failed = r->failed;
        int wrong;

        life->opened = 0;
        ask_forget();
        life->inside = 0;
        wrong = life_open(life) || life_step(life);
        if (!wrong)
            continue;
        if (r->failed == failed) {
            snprintf(why, LEDGER_WHY, "in \"%s\", where nothing failed: %.300s", life->doing, life->why);
            return 0;
        }
        tally->refused++;
        if (!clear(life, kind, why))
            return 0;
        /* whether it was done is looked at when that is possible */
        if (r->operations < r->fail_until)
            break;
        life->inside = 0;
        if (life_open(life) || life_look(life, 0))
            break;
    }
    life->inside = 0;
    r->fail_what = 0;
    tally->hit += r->failed != 0;
    return recovers(life, 0, why);
}

/* ---- an index that is damaged ---- */

enum { REMOVED, TRUNCATED, EMPTIED, GARBAGE, HEADER, PAGES, DAMAGES };
static const char *const damages[] = {"removed",     "truncated",      "emptied",
                                      "overwritten", "without a head", "with pages overwritten"};

static void scribble(struct life *life, int fd, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at += 64) {
        unsigned char noise[64];

        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (unsigned char)test_random_next(&life->random);
        mp_files_posix()->pwrite(NULL, fd, noise, sizeof noise, at);
    }
}

static void damage_file(struct life *life, size_t how)
{
    const mp_files *files = mp_files_posix();
    char path[300];
    mp_file_status status;
    int fd;

    snprintf(path, sizeof path, "%s/mailproto/index.sqlite", life->root);
    fd = files->open(NULL, path, MP_FILE_READ | MP_FILE_WRITE);
    if (fd < 0 || files->fstat(NULL, fd, &status))
        return;
    switch (how) {
    case REMOVED:
        files->unlink(NULL, path);
        break;
    case TRUNCATED:
        files->ftruncate(NULL, fd, life_below(life, status.size));
        break;
    case EMPTIED:
        files->ftruncate(NULL, fd, 0);
        break;
    case GARBAGE:
        scribble(life, fd, 0, status.size);
        break;
    case HEADER:
        scribble(life, fd, 0, 64);
        break;
    default:
        for (uint64_t at = 0; at + 4096 <= status.size; at += 4096)
            if (!life_below(life, 3))
                scribble(life, fd, at, at + 4096);
    }
    files->close(NULL, fd);
}

/* By another process: one that closes a file loses the locks that SQLite has on it. */
static void damage(struct life *life, size_t how)
{
    pid_t child = fork();

    if (child == 0) {
        damage_file(life, how);
        _exit(0);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
}

/* It may be found out late, and answered once for each handle and each look; then all is well. */
static int run_damage(struct life *life, size_t how, struct tally *tally, char *why)
{
    int open = (int)life_below(life, 2);

    if (!open)
        life_close(life);
    life->ledger.numbers_may_rise = 1;
    damage(life, how);
    tally->hit++;
    for (unsigned i = 0; i < 6; i++) {
        life->opened = 0;
        ask_forget();
        life->inside = 0;
        if (!life_open(life) && !life_look(life, i % 2)) {
            if (i >= 2)
                break;
            continue;
        }
        tally->refused++;
        if (i == 5) {
            snprintf(why, LEDGER_WHY, "index %s while %s: %.300s", damages[how], open ? "open" : "closed", life->why);
            return 0;
        }
    }
    return recovers(life, 3, why);
}

/* ---- the program ---- */

static int run_one(const char *folder, uint64_t seed, uint64_t number, int print, struct tally *tally)
{
    struct test_random random = {seed * 1000003 + number};
    size_t kinds = sizeof errors / sizeof *errors, kind = number % (kinds + 1);
    size_t how = (size_t)(number / (kinds + 1) % DAMAGES);
    struct life life;
    char why[LEDGER_WHY] = "";
    int fine;

    if (begin(&life, folder, test_random_next(&random))) {
        snprintf(why, sizeof why, "before, in \"%s\": %.300s", life.doing, life.why);
        fine = 0;
    } else if (kind < kinds) {
        fine = run_fault(&life, kind, tally, why);
    } else {
        fine = run_damage(&life, how, tally, why);
    }
    if (!fine && print)
        life_print(&life, life_at(&life));
    life_end(&life);
    tally->runs++;
    if (fine)
        return 0;
    tally->failed++;
    printf("FAILED: %llu of seed %llu: %s: %s\n", (unsigned long long)number, (unsigned long long)seed,
           kind < kinds ? errors[kind].name : damages[how], why);
    return 1;
}

int main(int argc, char **argv)
{
    uint64_t runs = argc > 1 ? strtoull(argv[1], NULL, 10) : 300;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    uint64_t only = argc > 3 ? strtoull(argv[3], NULL, 10) : UINT64_MAX;
    struct tally tally = {0};
    struct stat status;
    char folder[200], live[240];

    snprintf(folder, sizeof folder, "%s/faults-XXXXXX", stat("/dev/shm", &status) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(folder)) {
        perror(folder);
        return 2;
    }
    snprintf(live, sizeof live, "%s/live", folder);
    printf("seed %llu\n", (unsigned long long)seed);
    for (uint64_t i = 0; i < runs && tally.failed < 10; i++)
        if (only == UINT64_MAX || only == i)
            run_one(live, seed, i, only == i, &tally);
    disk_remove_folder(folder);
    printf("%llu faults hit, %llu questions were refused\n", (unsigned long long)tally.hit,
           (unsigned long long)tally.refused);
    printf("%llu passed, %llu failed, 0 skipped\n", (unsigned long long)(tally.runs - tally.failed),
           (unsigned long long)tally.failed);
    return tally.failed || !tally.hit || !tally.refused;
}
