/* main.c - mailproto-store-check: runs the rules of the storage contract against a store, one line a rule.
 * mailproto/store_kit.h; docs/man/mailproto-store-check.1 tells how it is used. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "core/ascii.h"

enum { PASSED = 0, FAILED = 1, UNABLE = 2 };

static const struct {
    const char *name;
    mailproto_store_kit_entry_function entry;
} built_in[] = {
    {"memory", mp_check_memory},
#ifdef MP_CHECK_MAILDIR
    {"maildir", mp_check_maildir},
#endif
};

struct counts {
    unsigned passed, failed, left_out;
    int quiet;
};

static int usage(FILE *to, int status)
{
    (void)fputs("usage: mailproto-store-check [-pq] [-r RULE] [-s SEED] STORE [ARGUMENT]\n"
                "       mailproto-store-check -l\n"
                "STORE: memory, maildir, or a shared object with mailproto_store_kit_entry, as ./object.so\n",
                to);
    return status;
}

static void on_line(void *user, const mailproto_store_kit_line *line)
{
    static const char *const words[] = {"", "ok", "FAILED", "left out"};
    struct counts *counts = user;
    const mailproto_text *tell = line->seen.len ? &line->seen : &line->says;

    counts->passed += line->outcome == MAILPROTO_STORE_KIT_PASSED;
    counts->failed += line->outcome == MAILPROTO_STORE_KIT_FAILED;
    counts->left_out += line->outcome == MAILPROTO_STORE_KIT_LEFT_OUT;
    if (counts->quiet && line->outcome != MAILPROTO_STORE_KIT_FAILED)
        return;
    printf("%-8s %-6s %-22.*s %.*s\n", words[line->outcome], line->late ? "late" : "prompt", (int)line->rule.len,
           line->rule.ptr, (int)tell->len, tell->ptr);
    if (line->outcome == MAILPROTO_STORE_KIT_FAILED)
        printf("%-8s %-6s %-22s the rule: %.*s\n", "", "", "", (int)line->says.len, line->says.ptr);
}

static int list_rules(void)
{
    const char *rule, *says;

    for (uint32_t i = 0; mailproto_store_kit_rule(i, &rule, &says) == MAILPROTO_OK; i++)
        printf("%-22s %s\n", rule, says);
    return PASSED;
}

/* The entry of a shared object. It stays loaded. NULL: it was told why. */
static mailproto_store_kit_entry_function load(const char *path)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol = NULL;
    mailproto_store_kit_entry_function entry = NULL;

    if (object)
        symbol = dlsym(object, "mailproto_store_kit_entry");
    if (!symbol) {
        const char *why = dlerror();

        (void)fprintf(stderr, "mailproto-store-check: %s: %s\n", path, why ? why : "there is no entry");
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no conversion to a function */
    return entry;
}

static mailproto_store_kit_entry_function find(const char *store)
{
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (strcmp(store, built_in[i].name) == 0)
            return built_in[i].entry;
    if (strchr(store, '/'))
        return load(store);
    (void)fprintf(stderr, "mailproto-store-check: no store %s inside; a shared object is named with its path, ./%s\n",
                  store, store);
    return NULL;
}

static int run(const char *store, const char *argument, const mailproto_store_kit_config *config,
               const struct counts *counts)
{
    mailproto_store_kit_entry_function entry = find(store);
    mailproto_store_kit_factory factory;
    int32_t result;

    if (!entry)
        return UNABLE;
    (void)mailproto_store_kit_factory_init(&factory, sizeof factory);
    result = entry(&factory, argument);
    if (!result)
        result = mailproto_store_kit_run(&factory, config, NULL);
    if (result) {
        (void)fprintf(stderr, "mailproto-store-check: %s: %s\n", store,
                      result == MAILPROTO_ERR_ARG
                          ? "the factory is not complete, or there is no such rule (-l lists them)"
                          : mailproto_result_text(result));
        return UNABLE;
    }
    printf("%u passed, %u failed, %u left out\n", counts->passed, counts->failed, counts->left_out);
    return counts->failed ? FAILED : PASSED;
}

int main(int argc, char **argv)
{
    struct counts counts = {0};
    mailproto_store_kit_config config;
    int at = 1;

    (void)mailproto_store_kit_config_init(&config, sizeof config);
    config.on_line = on_line;
    config.user = &counts;
    for (; at < argc && argv[at][0] == '-'; at++) {
        const char *option = argv[at];

        if (strcmp(option, "-l") == 0)
            return list_rules();
        if (strcmp(option, "-h") == 0 || strcmp(option, "--help") == 0)
            return usage(stdout, PASSED);
        if (strcmp(option, "-p") == 0) {
            config.only_prompt = 1;
        } else if (strcmp(option, "-q") == 0) {
            counts.quiet = 1;
        } else if (strcmp(option, "-r") == 0 && at + 1 < argc) {
            config.rule.ptr = argv[++at];
            config.rule.len = strlen(argv[at]);
        } else if (strcmp(option, "-s") == 0 && at + 1 < argc &&
                   mp_ascii_parse_decimal(argv[at + 1], strlen(argv[at + 1]), &config.seed)) {
            at++;
        } else {
            return usage(stderr, UNABLE);
        }
    }
    if (argc - at < 1 || argc - at > 2)
        return usage(stderr, UNABLE);
    return run(argv[at], at + 1 < argc ? argv[at + 1] : "", &config, &counts);
}
