/* kit.c - runs the rules of the storage contract, each on an account of its own, as the store answers and late.
 * mailproto/store_kit.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"

/* ---- rules ---- */

int mp_kit_rules_each(uint32_t index, const kit_rule **rule)
{
    const kit_rule *const all[] = {mp_kit_list_rules,    mp_kit_mailbox_rules, mp_kit_opening_rules,
                                   mp_kit_append_rules,  mp_kit_number_rules,  mp_kit_change_rules,
                                   mp_kit_message_rules, mp_kit_answer_rules,  mp_kit_optional_rules};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (*rule = all[i]; (*rule)->name; ++*rule)
            if (!index--)
                return 1;
    return 0;
}

int32_t mailproto_store_kit_rule(uint32_t index, const char **rule, const char **says)
{
    const kit_rule *found;

    if (!mp_kit_rules_each(index, &found))
        return MAILPROTO_ERR_ARG;
    if (rule)
        *rule = found->name;
    if (says)
        *says = found->says;
    return MAILPROTO_OK;
}

int mp_kit_fail(kit *k, const char *format, ...)
{
    va_list list;

    if (k->failed || k->left_out)
        return 0;
    k->failed = 1;
    va_start(list, format);
    (void)vsnprintf(k->said, sizeof k->said, format, list);
    va_end(list);
    return 0;
}

int mp_kit_leave_out(kit *k, const char *why)
{
    if (k->failed || k->left_out)
        return 0;
    k->left_out = 1;
    (void)snprintf(k->said, sizeof k->said, "%s", why);
    return 0;
}

/* xorshift64* */
uint64_t mp_kit_random(kit *k, uint64_t below)
{
    k->random ^= k->random >> 12;
    k->random ^= k->random << 25;
    k->random ^= k->random >> 27;
    return (k->random * UINT64_C(0x2545f4914f6cdd1d) >> 11) % below;
}

/* ---- stores ---- */

static int32_t put_over(kit *k, kit_handle *h)
{
    int32_t result;

    h->store = h->inner;
    if (!k->late)
        return MAILPROTO_OK;
    result = mailproto_late_store_new(&h->late, &h->inner, k->seed + k->handle_count, NULL);
    return result ? result : mailproto_late_store_functions(h->late, &h->store);
}

static void drop_handles(kit *k)
{
    for (size_t i = 0; i < k->handle_count; i++) {
        mailproto_late_store_free(k->handles[i].late);
        mp_kit_answers_free(&k->handles[i]);
        memset(&k->handles[i], 0, sizeof k->handles[i]);
    }
    k->handle_count = 0;
}

kit_handle *mp_kit_handle(kit *k)
{
    kit_handle *h = &k->handles[k->handle_count];

    if (!k->factory->more || k->handle_count == KIT_HANDLES)
        return &k->handles[0];
    mp_kit_handle_begin(h, k);
    k->broken = k->factory->more(k->factory->user, k->account, (uint32_t)k->handle_count, &h->inner);
    k->handle_count++;
    if (!k->broken)
        k->broken = put_over(k, h);
    if (!k->broken)
        return h;
    (void)mp_kit_fail(k, "the factory could not make one more store: %s", mailproto_result_name(k->broken));
    return NULL;
}

int mp_kit_restart(kit *k)
{
    kit_handle *h = &k->handles[0];

    if (!k->factory->restart)
        return mp_kit_leave_out(k, "the factory cannot restart the store");
    mp_kit_settle(k);
    drop_handles(k);
    mp_kit_handle_begin(h, k);
    k->broken = k->factory->restart(k->factory->user, k->account, &h->inner);
    k->handle_count = 1;
    if (!k->broken)
        k->broken = put_over(k, h);
    if (!k->broken)
        return 1;
    return mp_kit_fail(k, "the factory could not restart the store: %s", mailproto_result_name(k->broken));
}

/* ---- a run ---- */

static int32_t begin(kit *k)
{
    kit_handle *h = &k->handles[0];
    int32_t result;

    mp_kit_handle_begin(h, k);
    result = k->factory->make(k->factory->user, &k->account, &h->inner);
    if (result)
        return result;
    k->handle_count = 1;
    result = put_over(k, h);
    if (result) {
        drop_handles(k);
        k->factory->end(k->factory->user, k->account);
    }
    return result;
}

static void tell(const kit *k, const kit_rule *rule, const mailproto_store_kit_config *config)
{
    mailproto_store_kit_line line = {.struct_size = sizeof line, .outcome = MAILPROTO_STORE_KIT_PASSED};

    line.late = (uint32_t)k->late;
    line.rule = mp_kit_text(rule->name);
    line.says = mp_kit_text(rule->says);
    line.seen = mp_kit_text(k->said);
    if (k->left_out)
        line.outcome = MAILPROTO_STORE_KIT_LEFT_OUT;
    if (k->failed)
        line.outcome = MAILPROTO_STORE_KIT_FAILED;
    config->on_line(config->user, &line);
}

static int32_t run(const mailproto_store_kit_factory *factory, const mailproto_store_kit_config *config,
                   const kit_rule *rule, int late, uint32_t *failed)
{
    kit *k = calloc(1, sizeof *k);
    int32_t result;

    if (!k)
        return MAILPROTO_ERR_NOMEM;
    k->factory = factory;
    k->late = late;
    k->seed = config->seed ? config->seed : 1;
    k->random = k->seed * 2 + 1;
    result = begin(k);
    if (!result) {
        rule->run(k);
        mp_kit_settle(k);
        tell(k, rule, config);
        *failed += (uint32_t)k->failed;
        result = k->broken;
        drop_handles(k);
        factory->end(factory->user, k->account);
    }
    free(k);
    return result;
}

static int is_wanted(const mailproto_store_kit_config *config, const kit_rule *rule)
{
    return !config->rule.len ||
           (strlen(rule->name) == config->rule.len && memcmp(rule->name, config->rule.ptr, config->rule.len) == 0);
}

static int32_t init(void *p, size_t size)
{
    const uint32_t struct_size = (uint32_t)size;

    if (!p || size < sizeof struct_size || size > UINT32_MAX)
        return MAILPROTO_ERR_ARG;
    memset(p, 0, size);
    memcpy(p, &struct_size, sizeof struct_size);
    return MAILPROTO_OK;
}

int32_t mailproto_store_kit_factory_init(mailproto_store_kit_factory *factory, size_t size)
{
    return init(factory, size);
}

int32_t mailproto_store_kit_config_init(mailproto_store_kit_config *config, size_t size)
{
    return init(config, size);
}

int32_t mailproto_store_kit_run(const mailproto_store_kit_factory *factory, const mailproto_store_kit_config *config,
                                uint32_t *failed)
{
    uint32_t count = 0, ran = 0;
    const kit_rule *rule;

    if (!factory || !config || factory->struct_size < sizeof *factory || config->struct_size < sizeof *config ||
        !factory->make || !factory->end || !config->on_line)
        return MAILPROTO_ERR_ARG;
    for (int late = 0; late <= !config->only_prompt; late++) {
        for (uint32_t i = 0; mp_kit_rules_each(i, &rule); i++) {
            int32_t result = is_wanted(config, rule) ? run(factory, config, rule, late, &count) : MAILPROTO_OK;

            ran += (uint32_t)is_wanted(config, rule);
            if (failed)
                *failed = count;
            if (result)
                return result;
        }
    }
    return ran ? MAILPROTO_OK : MAILPROTO_ERR_ARG;
}
