/* main.c - mailproto-store-check: runs the rules of the storage contract against a store, one line a rule.
 * mailproto/store_kit.h; docs/man/mailproto-store-check.1 tells how it is used. */
#include <dlfcn.h>
#include <string.h>

#include "check.h"
#include "mailproto/version.h"

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

static void list_rules(void)
{
    const char *rule, *says;

    for (uint32_t i = 0; mailproto_store_kit_rule(i, &rule, &says) == MAILPROTO_OK; i++)
        printf("%-22s %s\n", rule, says);
}

/* ---- stores ---- */

/* The entry of a shared object. It stays loaded. NULL: it was told why. */
static mailproto_store_kit_entry_function load(const char *path)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol = NULL;
    mailproto_store_kit_entry_function entry = NULL;

    if (!object) {
        const char *why = dlerror();

        mp_check_complain("%s cannot be loaded: %s", path, why ? why : "nobody says why");
        return NULL;
    }
    symbol = dlsym(object, "mailproto_store_kit_entry");
    if (!symbol) {
        mp_check_complain(
            "%s has no mailproto_store_kit_entry: look at mailproto/store_kit.h, and whether the symbol is "
            "exported",
            path);
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no conversion to a function */
    return entry;
}

static mailproto_store_kit_entry_function find_inside(const char *store)
{
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (strcmp(store, built_in[i].name) == 0)
            return built_in[i].entry;
    return NULL;
}

/* 0, or -1: it was told what is wrong. */
static int make_factory(mailproto_store_kit_factory *factory, const char *store, const char *argument)
{
    mailproto_store_kit_entry_function entry = find_inside(store);
    const int is_inside = entry != NULL;
    int32_t result;

    if (!is_inside && !strchr(store, '/'))
        mp_check_complain("there is no store \"%s\" inside; a shared object is named with its path, as ./%s", store,
                          store);
    else if (!is_inside)
        entry = load(store);
    if (!entry)
        return -1;
    (void)mailproto_store_kit_factory_init(factory, sizeof *factory);
    result = entry(factory, argument);
    if (result && !is_inside) /* the others have told it themselves */
        mp_check_complain("%s cannot be used with the argument \"%s\": %s", store, argument,
                          mailproto_result_text(result));
    else if (!result && (!factory->make || !factory->end))
        mp_check_complain("%s: its factory lacks `make` or `end`, which are required", store);
    return result || !factory->make || !factory->end ? -1 : 0;
}

/* ---- the rules ---- */

static int32_t run_rules(const mailproto_store_kit_factory *factory, mailproto_store_kit_config *config,
                         const mp_check_options *options)
{
    int32_t result = MAILPROTO_OK;

    if (!options->rule_count)
        return mailproto_store_kit_run(factory, config, NULL);
    for (size_t i = 0; i < options->rule_count && !result; i++) {
        config->rule = (mailproto_text){options->rules[i], strlen(options->rules[i])};
        result = mailproto_store_kit_run(factory, config, NULL);
    }
    return result;
}

static int run(const mp_check_options *options)
{
    struct counts counts = {.quiet = options->quiet};
    mailproto_store_kit_factory factory;
    mailproto_store_kit_config config;
    int32_t result;

    if (make_factory(&factory, options->store, options->argument))
        return MP_CHECK_UNABLE;
    (void)mailproto_store_kit_config_init(&config, sizeof config);
    config.on_line = on_line;
    config.user = &counts;
    config.only_prompt = (uint32_t)options->only_prompt;
    config.seed = options->seed;
    result = run_rules(&factory, &config, options);
    if (result) {
        mp_check_complain("%s: the rules cannot go on, for an account could not be made, opened or driven: %s",
                          options->store, mailproto_result_text(result));
        return MP_CHECK_UNABLE;
    }
    printf("%u passed, %u failed, %u left out\n", counts.passed, counts.failed, counts.left_out);
    return counts.failed ? MP_CHECK_FAILED : MP_CHECK_PASSED;
}

int main(int argc, char **argv)
{
    mp_check_options options;
    int status = MP_CHECK_PASSED;

    if (mp_check_read_options(&options, argc, argv))
        return MP_CHECK_UNABLE;
    if (options.help)
        mp_check_help(stdout);
    else if (options.version)
        printf("mailproto-store-check %s\n", mailproto_version());
    else if (options.list)
        list_rules();
    else
        status = run(&options);
    if (fflush(stdout) || ferror(stdout)) {
        mp_check_complain("the result could not be written to standard output");
        return MP_CHECK_UNABLE;
    }
    return status;
}
