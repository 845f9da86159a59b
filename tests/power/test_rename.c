/* test_rename.c - RENAME with a loss of power, or an operation that fails, behind each of its steps.
 * RFC 9051 6.3.6; the contract of mailproto/store.h; what a loss of power may leave: docs/design/power.md. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ask.h"
#include "life.h"
#include "state.h"
#include "survive.h"

enum { STATES = 3, OPERATIONS = 10000 };
#define LATER INT64_C(3000000000)

struct scene {
    char folder[64], live[96], lost[96];
    struct life life;
};

/* What is there before, and what is done: the functions of life.h, which keep the ledger. Each begins with what common()
   makes. */
struct way {
    const char *name;
    int (*before)(struct life *life);
    int (*rename)(struct life *life);
    int unsynced;    /* what was before is durable only when the folder is renamed: no power is lost earlier */
    int32_t refused; /* it has to be */
};

/* ---- what is there before ---- */

static uint32_t named(const struct life *life, const char *name)
{
    uint32_t box = world_find_box(&life->ledger.now, name);

    if (box == UINT32_MAX)
        fail_msg("there is no %s", name);
    return box;
}

static int filled(struct life *life, const char *name)
{
    return life_create_one(life, name) || life_append_to(life, named(life, name)) ||
           life_append_to(life, named(life, name));
}

/* A message that nobody has looked at is in new/ of each. */
static int unseen_in(struct life *life, const char *name)
{
    return life_deliver_beside(life, named(life, name), life->ledger.next_message++, 1);
}

static int common(struct life *life)
{
    return life_append_to(life, 0) || filled(life, "A") || unseen_in(life, "A") || unseen_in(life, "INBOX");
}

static int nothing(struct life *life)
{
    (void)life;
    return 0;
}

static int inferiors(struct life *life)
{
    return filled(life, "A/x") || filled(life, "A/x/y") || filled(life, "AB");
}

static const mp_files *files_of(struct life *life)
{
    return &life->recorder.files;
}

/* Folders below that of a mailbox, made by another program, durably if it has cur/. */
static int make_folders(struct life *life, const char *name, const char *const *folders)
{
    const mp_files *files = files_of(life);
    char folder[400], path[420];

    life_folder_of(life, name, folder, sizeof folder);
    if (files->mkdir(files->user, folder))
        return LIFE_WRONG(life, "%.300s cannot be made", folder);
    for (; *folders; folders++) {
        snprintf(path, sizeof path, "%s/%s", folder, *folders);
        if (files->mkdir(files->user, path))
            return LIFE_WRONG(life, "%.300s cannot be made", path);
    }
    return files->sync_directory(files->user, folder) || files->sync_directory(files->user, life->root);
}

static int another_program(struct life *life)
{
    static const char *const folders[] = {"cur", "new", "tmp", NULL};

    if (make_folders(life, "F", folders))
        return -1;
    world_add_box(&life->ledger.now, 0, "F");
    ledger_begin(&life->ledger, life_at(life), PENDING_NOTHING, NULL);
    return unseen_in(life, "F") || life_look(life, 0) || unseen_in(life, "F");
}

/* What is left of a CREATE that was cut short. */
static int left_over(struct life *life)
{
    static const char *const folders[] = {"tmp", "new", NULL};

    return make_folders(life, "T", folders);
}

static int left_over_below(struct life *life)
{
    static const char *const folders[] = {NULL};

    return inferiors(life) || make_folders(life, "T/x", folders);
}

static int left_over_of_ours(struct life *life)
{
    struct recorder *r = &life->recorder;
    uint64_t id;
    int32_t result;

    r->operations = 0;
    r->fail_what = RECORDER_WRITES;
    r->fail_with = EIO;
    r->fail_from = 3;
    r->fail_until = UINT64_MAX;
    result = ask_create(life_store(life, 0), "T", &id);
    r->fail_what = 0;
    return result ? 0 : LIFE_WRONG(life, "a mailbox was made on a failing disk");
}

static int foreign_file(struct life *life)
{
    const mp_files *files = files_of(life);
    char path[400];
    int fd;

    life_folder_of(life, "T", path, sizeof path);
    fd = files->open(files->user, path, MP_FILE_WRITE | MP_FILE_CREATE | MP_FILE_EXCLUSIVE);
    return fd < 0 || files->close(files->user, fd) || files->sync_directory(files->user, life->root);
}

static int foreign_folder(struct life *life)
{
    static const char *const folders[] = {"notes", NULL};

    return make_folders(life, "T", folders);
}

static int unlink_one(void *context, const char *name)
{
    struct life *life = ((void **)context)[0];
    char path[800];

    snprintf(path, sizeof path, "%s/%s", (const char *)((void **)context)[1], name);
    files_of(life)->unlink(files_of(life)->user, path);
    return 0;
}

/* By another program that syncs nothing. */
static int removed_beside(struct life *life)
{
    static const char *const folders[] = {"/cur", "/new", "/tmp", ""};
    char folder[400], path[420];
    void *context[] = {life, path};
    uint32_t box;

    if (filled(life, "T"))
        return -1;
    box = named(life, "T");
    life->ledger.now.boxes[box].alive = 0;
    for (size_t i = 0; i < life->ledger.now.copy_count; i++)
        if (life->ledger.now.copies[i].box == box)
            life->ledger.now.copies[i].alive = 0;
    life_folder_of(life, "T", folder, sizeof folder);
    disk_settle(life->disk);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s%s", folder, folders[i]);
        if (files_of(life)->list(files_of(life)->user, path, unlink_one, context) ||
            files_of(life)->rmdir(files_of(life)->user, path))
            return LIFE_WRONG(life, "%.300s cannot be removed", path);
    }
    ledger_begin(&life->ledger, life_at(life), PENDING_NOTHING, NULL);
    return life_look(life, 0);
}

static int deleted(struct life *life)
{
    uint64_t id;
    uint32_t box;

    if (filled(life, "T"))
        return -1;
    box = named(life, "T");
    id = life->ledger.now.boxes[box].id;
    if (ask_delete(life_store(life, 0), id))
        return LIFE_WRONG(life, "%s", ask_why());
    life->ledger.now.boxes[box].alive = 0;
    for (size_t i = 0; i < life->ledger.now.copy_count; i++)
        if (life->ledger.now.copies[i].box == box)
            life->ledger.now.copies[i].alive = 0;
    ledger_begin(&life->ledger, life_at(life), PENDING_NOTHING, NULL);
    return 0;
}

static int renamed_before(struct life *life)
{
    return filled(life, "T") || life_rename_one(life, named(life, "T"), "U");
}

/* ---- what is done ---- */

static int to_t(struct life *life)
{
    return life_rename_one(life, named(life, "A"), "T");
}

static int into_hierarchy(struct life *life)
{
    return life_rename_one(life, named(life, "A"), "N/M/T");
}

static int out_of_hierarchy(struct life *life)
{
    return life_rename_one(life, named(life, "A/x"), "T");
}

static int inbox_to_t(struct life *life)
{
    return life_rename_inbox_to(life, "T");
}

static int inbox_into_hierarchy(struct life *life)
{
    return life_rename_inbox_to(life, "A/N/T");
}

static int adopted_to_t(struct life *life)
{
    return life_rename_one(life, named(life, "F"), "T");
}

static int below_adopted(struct life *life)
{
    return life_rename_one(life, named(life, "A"), "F/T");
}

/* The name that becomes free is taken at once, and given back. */
static int in_turns(struct life *life)
{
    return to_t(life) || life_create_one(life, "A") || life_rename_one(life, named(life, "T"), "V") ||
           life_rename_one(life, named(life, "A"), "T") || life_rename_one(life, named(life, "V"), "A");
}

static int create_t(struct life *life)
{
    return life_create_one(life, "T");
}

static const struct way ways[] = {
    {"CREATE of what a failed CREATE left", left_over_of_ours, create_t, 0, 0},
    {"a mailbox", nothing, to_t, 0, 0},
    {"with those below it", inferiors, to_t, 0, 0},
    {"into a new hierarchy", inferiors, into_hierarchy, 0, 0},
    {"out of a hierarchy", inferiors, out_of_hierarchy, 0, 0},
    {"INBOX", inferiors, inbox_to_t, 0, 0},
    {"INBOX into a new hierarchy", nothing, inbox_into_hierarchy, 0, 0},
    {"a folder of another program", another_program, adopted_to_t, 0, 0},
    {"below a folder of another program", another_program, below_adopted, 0, 0},
    {"onto what is left of a CREATE", left_over, to_t, 0, 0},
    {"INBOX onto what is left of a CREATE", left_over, inbox_to_t, 0, 0},
    {"with what is left of a CREATE below it", left_over_below, to_t, 0, 0},
    {"onto what a failed CREATE left", left_over_of_ours, to_t, 0, 0},
    {"onto a mailbox that another program removed", removed_beside, to_t, 1, 0},
    {"onto a mailbox that was removed", deleted, to_t, 0, 0},
    {"onto a mailbox that was renamed", renamed_before, to_t, 0, 0},
    {"in turns", nothing, in_turns, 0, 0},
    {"onto a file", foreign_file, to_t, 0, MAILPROTO_ERR_EXISTS},
    {"onto a folder that is no mailbox", foreign_folder, to_t, 0, MAILPROTO_ERR_EXISTS},
};

/* ---- the scene ---- */

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    struct stat status;

    snprintf(s->folder, sizeof s->folder, "%s/power-rename-XXXXXX", stat("/dev/shm", &status) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(s->folder))
        return -1;
    snprintf(s->live, sizeof s->live, "%s/live", s->folder);
    snprintf(s->lost, sizeof s->lost, "%s/lost", s->folder);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    disk_remove_folder(s->folder);
    free(s);
    return 0;
}

static void begin(struct scene *s, const struct way *way)
{
    struct life *life = &s->life;

    memset(life, 0, sizeof *life);
    life->random.state = 1;
    disk_remove_folder(s->live);
    assert_int_equal(0, mkdir(s->live, 0700));
    ledger_init(&life->ledger);
    world_add_box(&life->ledger.now, 0, "INBOX");
    if (life_begin(life, s->live) || life_look(life, 0) || common(life) || way->before(life))
        fail_msg("%s: before: %s", way->name, life->why);
    life->doing = life->ledger.doing = "rename";
}

static void end(struct scene *s)
{
    life_end(&s->life);
    disk_remove_folder(s->live);
}

/* ---- a loss of power ---- */

static void lose_power(struct scene *s, const struct way *way, size_t prefix, uint64_t seed)
{
    char why[LEDGER_WHY] = "";
    struct test_random random = {prefix * 1000 + seed};

    assert_int_equal(0, disk_lose_power(s->life.disk, prefix, &random, s->lost));
    if (state_look(&s->life, prefix, s->lost, seed == 1, why)) {
        life_print(&s->life, prefix);
        fail_msg("%s: the power was lost behind effect %zu of %zu (%u): %s", way->name, prefix, life_at(&s->life),
                 (unsigned)seed, why);
    }
    disk_remove_folder(s->lost);
}

static size_t first_rename_of_folder(const struct disk *disk, size_t from)
{
    while (from < disk->count && (disk->effects[from].what != DISK_RENAME || disk->effects[from].directory ||
                                  disk->effects[from].name[0] != '.'))
        from++;
    return from;
}

static void test_power(void **state)
{
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct way *way = &ways[i];
        size_t from;
        int wrong;

        begin(s, way);
        from = life_at(&s->life);
        wrong = way->rename(&s->life);
        if (wrong != (way->refused ? -1 : 0) || (way->refused && ask_last() != way->refused))
            fail_msg("%s: %s", way->name, s->life.why);
        if (way->refused && life_look(&s->life, 0))
            fail_msg("%s: after it was refused: %s", way->name, s->life.why);
        if (way->unsynced)
            from = first_rename_of_folder(s->life.disk, from);
        for (; from <= life_at(&s->life); from++)
            for (uint64_t seed = 0; seed < STATES; seed++)
                lose_power(s, way, from, seed);
        end(s);
    }
}

/* ---- operations that fail ---- */

struct failing {
    int error;
    unsigned what;
    uint64_t length;
    uint64_t
        close; /* so many operations of the rename are tried each; those behind it, where it is looked at, more seldom */
};

/* What may be answered while operations fail. Where there is no room for their UIDs new messages need not be seen yet. */
static void is_clear(const struct way *way, const struct life *life, const struct failing *f, uint64_t n,
                     const char *where)
{
    int32_t result = ask_last();

    if (result == MAILPROTO_ERR_UNAVAILABLE || result == MAILPROTO_ERR_FULL || (!result && f->error == ENOSPC))
        return;
    life_print(life, life_at(life));
    fail_msg("%s: operation %llu failed: %s: %s: %s", way->name, (unsigned long long)n, where,
             mailproto_result_name(result), life->why);
}

static void must(const struct way *way, struct life *life, uint64_t n, int wrong, const char *where)
{
    if (!wrong)
        return;
    life_print(life, life_at(life));
    fail_msg("%s: operation %llu failed: %s: %s", way->name, (unsigned long long)n, where, life->why);
}

/* Where there is no room in the index what is new need not be seen yet. */
static int look_meanwhile(struct life *life, const struct failing *f, unsigned handle)
{
    struct seen seen;
    int wrong;

    if (f->error != ENOSPC)
        return life_look(life, handle);
    wrong = see(&seen, life_store(life, handle), life->why);
    seen_free(&seen);
    return wrong;
}

/* The n-th operation fails. 0: there are not so many. Where a write to the index failed behind the sync of a commit, that is
   refused and may still happen if the power is lost before the next: so it is lost before anything is told, and after that. */
static int fail_one(struct scene *s, const struct way *way, const struct failing *f, uint64_t n)
{
    struct life *life = &s->life;
    struct recorder *r = &life->recorder;
    int hit;

    begin(s, way);
    r->operations = 0;
    r->failed = 0;
    r->fail_with = f->error;
    r->fail_from = n;
    r->fail_until = f->length > UINT64_MAX - n ? UINT64_MAX : n + f->length;
    r->fail_what = f->what;
    ask_forget();
    if (way->rename(life) && (!way->refused || ask_last() != way->refused))
        is_clear(way, life, f, n, "rename");
    hit = r->failed != 0;
    life->disk->clock += LATER; /* so that folders that nobody has finished are looked at again */
    if (hit && !way->unsynced)
        lose_power(s, way, life_at(life), n % STATES);
    for (unsigned i = 0; hit && i < 2; i++) {
        ask_forget();
        if (look_meanwhile(life, f, i))
            is_clear(way, life, f, n, "while it fails");
    }
    r->fail_what = 0;
    must(way, life, n, life_look(life, 0), "when it fails no more");
    if (hit) {
        life_close(life);
        must(way, life, n, life_open(life) || life_look(life, 1), "opened anew");
        must(way, life, n, life_append_to(life, 0) || life_look(life, 0), "and appended to");
        if (n % STATES == 0 && !way->unsynced)
            lose_power(s, way, life_at(life), n % STATES);
    }
    end(s);
    return hit;
}

static void test_failures(void **state)
{
    static const struct failing failings[] = {
        {EROFS, RECORDER_WRITES, UINT64_MAX, 100},
        {EIO, RECORDER_WRITES, 1, 100},
        {EIO, RECORDER_WRITES | RECORDER_INDEX, UINT64_MAX, 20},
        {ENOSPC, RECORDER_INDEX, UINT64_MAX, 8},
        {EIO, RECORDER_INDEX, 1, 20},
        {EACCES, RECORDER_READS | RECORDER_WRITES, 3, 15},
    };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (size_t k = 0; k < sizeof failings / sizeof *failings; k++) {
            uint64_t n = 1;

            while (n < OPERATIONS && fail_one(*state, &ways[i], &failings[k], n))
                n += 1 + n / failings[k].close;
            assert_in_range(n, ways[i].refused ? 1 : 2, OPERATIONS - 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_power, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
