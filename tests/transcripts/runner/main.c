/* main.c - plays all transcripts of a folder, or writes down what one becomes.
 * contract.md section 5.1; the format is told in ../README.md. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "before_tls.h"
#include "coverage.h"
#include "modes.h"
#include "role.h"
#include "support/crypto.h"

enum { SKIPPED = 77, MAX_FILES = 1000 };

struct files {
    char *path[MAX_FILES];
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_file(struct files *files, const char *folder, const char *name)
{
    size_t n = strlen(folder) + strlen(name) + 2;
    char *path = malloc(n);

    if (!path || files->count == MAX_FILES)
        exit(2);
    snprintf(path, n, "%s/%s", folder, name);
    files->path[files->count++] = path;
}

static int list_folder(struct files *files, const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    if (!dir) {
        perror(folder);
        return -1;
    }
    while ((entry = readdir(dir))) {
        size_t n = strlen(entry->d_name);

        if (n > 4 && !strcmp(entry->d_name + n - 4, ".txt"))
            add_file(files, folder, entry->d_name);
    }
    closedir(dir);
    qsort(files->path, files->count, sizeof *files->path, by_name);
    return 0;
}

static void free_files(struct files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->path[i]);
}

static int play_file(const char *path, unsigned every, struct count *count)
{
    struct transcript *t = transcript_read(path);
    int failed = 1;

    if (!t) {
        count->failures++;
        return 1;
    }
    if (!role_find(t->role)) {
        failed = !role_known(t->role);
        if (failed)
            fprintf(stderr, "%s: unknown role %s\n", path, t->role);
    } else if (t->has_sasl && !test_crypto_there()) {
        count->left_out++;
        failed = 0;
    } else {
        failed = play_all(t, every, count);
    }
    transcript_free(t);
    return failed;
}

static int play_folder(const char *folder, unsigned every)
{
    struct files files = {.count = 0};
    struct count count = {0};
    int failed = 0;

    if (list_folder(&files, folder))
        return 2;
    for (size_t i = 0; i < files.count; i++)
        failed |= play_file(files.path[i], every, &count);
    free_files(&files);
    if (!count.transcripts && !failed) {
        puts("this build has no role of these transcripts");
        return SKIPPED;
    }
    printf("%lu transcripts, %lu plays, %lu failed\n", count.transcripts, count.plays, count.failures);
    if (count.left_out)
        printf("%lu left out: they log in by hashes, which this build has not (nettle)\n", count.left_out);
    return failed != 0;
}

/* Each of them says what is not so, and has to fail in its first play. */
static int check_wrong(const char *folder)
{
    struct files files = {.count = 0};
    unsigned long played = 0, passed = 0;

    if (list_folder(&files, folder))
        return 2;
    for (size_t i = 0; i < files.count; i++) {
        struct transcript *t = transcript_read(files.path[i]);
        struct variation v = {.trace = 1, .quiet = 1};

        if (t && role_find(t->role)) {
            played++;
            if (!play(t, &v, NULL, NULL)) {
                fprintf(stderr, "%s: it passes, and must not\n", files.path[i]);
                passed++;
            }
        }
        if (t)
            transcript_free(t);
    }
    free_files(&files);
    if (!played) {
        puts("this build has no role of these transcripts");
        return SKIPPED;
    }
    printf("%lu wrong transcripts, %lu of them pass\n", played, passed);
    return passed != 0;
}

/* Checks that the lists of the engines are covered by the transcripts of all folders. */
static int check_coverage(int argc, char **argv)
{
    struct coverage *coverage = coverage_new();
    int failed = 0;

    for (int i = 0; i < argc; i++) {
        struct files files = {.count = 0};

        failed |= list_folder(&files, argv[i]);
        for (size_t k = 0; k < files.count; k++) {
            struct transcript *t = transcript_read(files.path[k]);

            failed |= !t;
            if (t) {
                coverage_add(coverage, t);
                transcript_free(t);
            }
        }
        free_files(&files);
    }
    return (coverage_end(coverage) || failed) != 0;
}

/* Checks that nothing of a login comes before TLS where that is required, in all folders. */
static int check_before_tls(int argc, char **argv)
{
    struct before_tls sum = {0};
    int failed = 0;

    for (int i = 0; i < argc; i++) {
        struct files files = {.count = 0};

        failed |= list_folder(&files, argv[i]);
        for (size_t k = 0; k < files.count; k++) {
            struct transcript *t = transcript_read(files.path[k]);

            failed |= !t;
            if (t) {
                failed |= before_tls_check(t, &sum);
                transcript_free(t);
            }
        }
        free_files(&files);
    }
    return (before_tls_end(&sum) || failed) != 0;
}

static int record(const char *path)
{
    struct transcript *t = transcript_read(path);
    struct variation v = {.split = SPLIT_OCTETS}; /* what comes out then stands where it belongs */
    struct outcome outcome = {0};
    struct buffer written = {0};
    int failed;

    if (!t || !role_find(t->role))
        return 2;
    failed = play(t, &v, &outcome, &written);
    fputs(buffer_string(&written), stdout);
    fputs(buffer_string(&outcome.failure), stderr);
    buffer_free(&written);
    outcome_free(&outcome);
    transcript_free(t);
    return failed;
}

static int usage(void)
{
    fputs("usage: transcripts [--every N] FOLDER      play all transcripts of a folder\n"
          "       transcripts [--every N] --one FILE   play one\n"
          "       transcripts --coverage FOLDER...     check that every command, code and capability has one\n"
          "       transcripts --before-tls FOLDER...   check that no login is before TLS where that is required\n"
          "       transcripts --wrong FOLDER           check that each of them fails\n"
          "       transcripts --record FILE            write down what happens, given its inputs and answers\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct count count = {0};
    unsigned every = 1;

    if (argc > 2 && !strcmp(argv[1], "--every")) {
        every = (unsigned)strtoul(argv[2], NULL, 10);
        every = every ? every : 1;
        argc -= 2;
        argv += 2;
    }
    if (argc > 2 && !strcmp(argv[1], "--coverage"))
        return check_coverage(argc - 2, argv + 2);
    if (argc > 2 && !strcmp(argv[1], "--before-tls"))
        return check_before_tls(argc - 2, argv + 2);
    if (argc == 3 && !strcmp(argv[1], "--wrong"))
        return check_wrong(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "--record"))
        return record(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "--one"))
        return play_file(argv[2], every, &count);
    if (argc == 2 && argv[1][0] != '-')
        return play_folder(argv[1], every);
    return usage();
}
