/* power.c - loses the power many times, and looks whether everything that was promised is there.
 * RFC 5321 4.2.5 (what was accepted is not lost), RFC 9051 2.3.1.1, RFC 7162 3.1; how: docs/design/power.md. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "life.h"
#include "state.h"
#include "survive.h"

enum {
    LIVES = 3,      /* one after the other: each begins with what the one before left */
    STATES = 20,    /* of each life that are looked at */
    STEPS = 40,     /* of a life */
    FEW_STEPS = 12, /* of those after the first, where opening is what matters */
    JOBS = 64
};

struct options {
    uint64_t seed, states, only;
    unsigned jobs;
    int keep, verbose, first;
    char folder[200];
};

struct chain {
    const struct options *options;
    struct test_random random;
    struct life life;
    uint64_t state; /* the number of the next */
    uint64_t done, failures;
    char live[256], lost[256];
};

/* ---- one state ---- */

static int is_careless(const struct life *life, size_t at)
{
    for (size_t i = 0; i < life->careless_count; i++)
        if (at > life->careless_from[i] && at < life->careless_to[i])
            return 1;
    return 0;
}

/* Somewhere between a question and what comes behind its answer. */
static size_t inside_of_question(struct chain *c)
{
    const struct ledger *ledger = &c->life.ledger;
    size_t which = test_random_below(&c->random, ledger->moment_count), from, to;

    while (which && !ledger->moments[which].pending)
        which--;
    from = ledger->moments[which].at;
    to = which + 1 < ledger->moment_count ? ledger->moments[which + 1].at : c->life.disk->count;
    return from + test_random_below(&c->random, to - from + 1);
}

/* What is rare is over after some effects. */
static size_t inside_of_rare(struct chain *c)
{
    const struct life *life = &c->life;
    size_t which = test_random_below(&c->random, life->rare_count < LIFE_RARE ? life->rare_count : LIFE_RARE);
    size_t from = life->rare_from[which], at = from + test_random_below(&c->random, life->rare_to[which] - from + 1);

    return at < life->disk->count ? at : life->disk->count;
}

/* Where the power is lost: anywhere, while a question is worked on, or where something has just been promised. */
static size_t moment_of_loss(struct chain *c)
{
    const struct ledger *ledger = &c->life.ledger;
    size_t count = c->life.disk->count, base = c->life.disk->base, at;

    do {
        switch (test_random_below(&c->random, c->life.rare_count ? 6 : 3)) {
        case 0:
            at = base + test_random_below(&c->random, count - base + 1);
            break;
        case 1:
            at = inside_of_question(c);
            break;
        case 2:
            at = ledger->moments[test_random_below(&c->random, ledger->moment_count)].at;
            at += test_random_below(&c->random, 2) * (at < count);
            break;
        default:
            at = inside_of_rare(c);
        }
    } while (is_careless(&c->life, at));
    return at;
}

static void fail(struct chain *c, const char *what, const char *why)
{
    c->failures++;
    printf("FAILED: state %llu of seed %llu%s: %s\n", (unsigned long long)c->state,
           (unsigned long long)c->options->seed, what, why);
    if (c->options->keep) {
        char kept[600];

        snprintf(kept, sizeof kept, "%s/kept-%llu", c->options->folder, (unsigned long long)c->state);
        if (!rename(c->lost, kept))
            printf("  kept in %s\n", kept);
    }
    fflush(stdout);
}

enum { AS_IT_IS, REPAIRED, WITHOUT_INDEX };

/* One way to look at a state, which is made for it. */
static void look_in_a_way(struct chain *c, size_t prefix, struct test_random random, int way)
{
    static const char *const ways[] = {"", ", repaired", ", without its index"};
    char why[LEDGER_WHY] = "";

    if (disk_lose_power(c->life.disk, prefix, &random, c->lost)) {
        fail(c, "", "the state could not be made");
    } else if (way == WITHOUT_INDEX ? state_look_without_index(&c->life, prefix, c->lost, why)
                                    : state_look(&c->life, prefix, c->lost, way == REPAIRED, why)) {
        fail(c, ways[way], why);
        if (c->options->verbose)
            life_print(&c->life, prefix);
    }
    disk_remove_folder(c->lost);
}

static void look_at_state(struct chain *c)
{
    size_t prefix = moment_of_loss(c);
    struct test_random random = {test_random_next(&c->random)};
    size_t chance = test_random_below(&c->random, 12);

    if (c->options->only == UINT64_MAX || c->options->only == c->state) {
        look_in_a_way(c, prefix, random, chance < 3 ? REPAIRED : AS_IT_IS);
        if (chance >= 10)
            look_in_a_way(c, prefix, random, WITHOUT_INDEX);
        c->done++;
    }
    c->state++;
}

/* ---- lives ---- */

/* The power is lost for this life: the next one begins with what is left, and with what was told. */
static int next_life(struct chain *c)
{
    size_t prefix = moment_of_loss(c);
    struct test_random random = {test_random_next(&c->random)};
    struct ledger ledger;
    struct seen seen = {0};
    mailproto_maildir *maildir = NULL;
    const struct moment *last = ledger_at(&c->life.ledger, prefix);
    struct life_kind kind = c->life.kind;
    char why[LEDGER_WHY], account[300];
    int64_t clock;
    int wrong = 0;

    ledger_continue(&ledger, &c->life.ledger, prefix);
    world_copy(&ledger.now, &last->now);
    /* what was pending may have happened, and the next life's own questions come on top: it is looked at in a copy */
    if (last->pending) {
        struct world world = {0};

        disk_lose_power(c->life.disk, prefix, &(struct test_random){random.state}, c->lost);
        snprintf(account, sizeof account, "%s%s", c->lost, c->life.kind.account);
        wrong = state_open(&maildir, account, 0, NULL, c->life.why) ||
                see(&seen, mailproto_maildir_store(maildir), c->life.why) ||
                survives(&c->life.ledger, prefix, &seen, &world, c->life.why);
        mailproto_maildir_close(maildir);
        disk_remove_folder(c->lost);
        if (!wrong) {
            world_free(&ledger.now);
            world_copy(&ledger.now, &world);
        }
        world_free(&world);
        seen_free(&seen);
    }
    disk_remove_folder(c->live);
    if (!wrong)
        wrong = disk_lose_power(c->life.disk, prefix, &random, c->live);
    clock = c->life.disk->clock;
    memcpy(why, c->life.why, sizeof why);
    life_end(&c->life);
    c->life = (struct life){.random = {test_random_next(&c->random)},
                            .kind = kind,
                            .clock = clock + 5000000000,
                            .ledger = ledger};
    c->life.kind.many = 0;
    c->life.doing = c->life.ledger.doing = "opening what is left";
    memcpy(c->life.why, why, sizeof why);
    return wrong;
}

/* Of some chains the account's folder is yet to be made, or the disk has no hard links, or many messages come and go. */
static int first_life(struct chain *c, uint64_t number)
{
    static const char *const often[] = {
        NULL,          "copy or move",    NULL,         "rename INBOX",       NULL, "delete", "reopen",
        "rename",      "another program", "create",     "a careless program", NULL, "look",   "lose the index",
        "a full disk", "lose the index",  "a full disk"};
    uint32_t inbox;

    disk_remove_folder(c->live);
    if (mkdir(c->live, 0700))
        return -1;
    c->life = (struct life){.random = {test_random_next(&c->random)}};
    snprintf(c->life.kind.account, sizeof c->life.kind.account, "%s", number % 3 == 1 ? "/users/someone" : "");
    c->life.kind.no_links = number % 5 == 2;
    c->life.kind.deliver_first = number % 4 == 3;
    c->life.kind.many = number % 12 == 7;
    c->life.kind.limits = number % 6 >= 4;
    c->life.kind.ends = 1;
    c->life.kind.often = often[number % (sizeof often / sizeof *often)];
    ledger_init(&c->life.ledger);
    inbox = world_add_box(&c->life.ledger.now, 0, "INBOX");
    return (int)inbox;
}

static int live(struct chain *c, unsigned steps)
{
    if (life_begin(&c->life, c->live) || life_look(&c->life, 0))
        return -1;
    while (steps--)
        if ((c->life.kind.many && steps == STEPS / 2 && life_many(&c->life)) || life_step(&c->life))
            return -1;
    return disk_agrees(c->life.disk, c->life.why, sizeof c->life.why) ? 0 : -1;
}

static void run_chain(struct chain *c, uint64_t number)
{
    uint64_t first = number * LIVES * STATES;

    c->random.state = c->options->seed * UINT64_C(1000003) + number;
    c->state = first;
    for (unsigned life = 0; life < LIVES; life++) {
        int wrong;

        wrong = life ? next_life(c) : first_life(c, number);
        if (!wrong)
            wrong = live(c, life ? FEW_STEPS : STEPS);
        if (wrong) {
            char what[120];

            snprintf(what, sizeof what, ", life %u, in \"%s\"", life + 1, c->life.doing ? c->life.doing : "begin");
            fail(c, what, c->life.why);
            if (c->options->verbose)
                disk_print(c->life.disk, c->life.disk->count > 60 ? c->life.disk->count - 60 : 0, c->life.disk->count);
            break;
        }
        while (c->state < first + (life + 1) * STATES && c->state < c->options->states &&
               !(c->options->first && c->failures))
            look_at_state(c);
        if (c->state >= c->options->states || (c->options->first && c->failures))
            break;
    }
    life_end(&c->life);
    disk_remove_folder(c->live);
}

/* ---- the program ---- */

static int run_job(const struct options *options, unsigned job, int report)
{
    struct chain c = {.options = options};
    uint64_t chains = (options->states + LIVES * STATES - 1) / (LIVES * STATES), result[2];

    snprintf(c.live, sizeof c.live, "%s/live-%u", options->folder, job);
    snprintf(c.lost, sizeof c.lost, "%s/lost-%u", options->folder, job);
    for (uint64_t i = job; i < chains; i += options->jobs) {
        if (options->only != UINT64_MAX && options->only / (LIVES * STATES) != i)
            continue;
        run_chain(&c, i);
        if (c.failures >= (options->first ? 1 : 5))
            break;
    }
    result[0] = c.done;
    result[1] = c.failures;
    return write(report, result, sizeof result) == (ssize_t)sizeof result ? 0 : 1;
}

static int run(const struct options *options)
{
    uint64_t done = 0, failures = 0, result[2];
    struct timespec begin, end;
    int reports[2], status;
    unsigned heard = 0;
    pid_t jobs[JOBS];

    if (pipe(reports))
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (unsigned job = 0; job < options->jobs; job++) {
        jobs[job] = fork();
        if (jobs[job] == 0)
            _exit(run_job(options, job, reports[1]));
    }
    close(reports[1]);
    for (; read(reports[0], result, sizeof result) == (ssize_t)sizeof result; heard++) {
        done += result[0];
        failures += result[1];
        for (unsigned job = 0; job < options->jobs && options->first && result[1]; job++)
            if (jobs[job] > 0)
                kill(jobs[job], SIGTERM); /* one failure is enough */
    }
    while (wait(&status) > 0)
        if (status)
            failures++;
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("seed %llu: the power was lost %llu times, %.1f seconds\n", (unsigned long long)options->seed,
           (unsigned long long)done, (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    if (heard != options->jobs)
        failures++;
    if (done > failures)
        done -= failures;
    printf("%llu passed, %llu failed, 0 skipped\n", (unsigned long long)done, (unsigned long long)failures);
    return failures || !done;
}

static void usage(void)
{
    puts("usage: power [--seed N] [--states N] [--jobs N] [--only STATE] [--first] [--keep] [--verbose]\n\n"
         "Lets a Maildir store work, loses the power, and looks whether what was promised is there: STATES times,\n"
         "in JOBS processes. --first ends with the first failure; --only replays one state of a seed;\n"
         "--keep leaves the folder of one that failed, --verbose shows what was done to the disk before.");
}

static int parse(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        uint64_t value = i + 1 < argc ? strtoull(argv[i + 1], NULL, 10) : 0;

        if (!strcmp(argv[i], "--keep"))
            options->keep = 1;
        else if (!strcmp(argv[i], "--verbose"))
            options->verbose = 1;
        else if (!strcmp(argv[i], "--first"))
            options->first = 1;
        else if (i + 1 == argc)
            return -1;
        else if (!strcmp(argv[i], "--seed"))
            options->seed = value, i++;
        else if (!strcmp(argv[i], "--states"))
            options->states = value, i++;
        else if (!strcmp(argv[i], "--jobs"))
            options->jobs = (unsigned)value, i++;
        else if (!strcmp(argv[i], "--only"))
            options->only = value, i++;
        else
            return -1;
    }
    return options->jobs && options->jobs <= JOBS && options->states ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options options = {.seed = (uint64_t)time(NULL), .states = 1000, .only = UINT64_MAX, .jobs = 2};
    struct stat status;
    int result;

    if (parse(&options, argc, argv)) {
        usage();
        return 2;
    }
    if (options.only != UINT64_MAX) {
        options.jobs = 1;
        if (options.states <= options.only)
            options.states = options.only + 1;
    }
    snprintf(options.folder, sizeof options.folder, "%s/power-XXXXXX", stat("/dev/shm", &status) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(options.folder)) {
        perror(options.folder);
        return 2;
    }
    printf("seed %llu\n", (unsigned long long)options.seed);
    fflush(stdout);
    result = run(&options);
    if (!options.keep || !result)
        disk_remove_folder(options.folder);
    return result;
}
