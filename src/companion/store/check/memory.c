/* memory.c - the store in memory for mailproto-store-check.
 * mailproto/memory_store.h. */
#include <time.h>

#include "check.h"

#include "mailproto/memory_store.h"

static int32_t make(void *user, void **account, mailproto_store *store)
{
    mailproto_memory_store *memory;
    int32_t result = mailproto_memory_store_new(&memory, NULL);

    (void)user;
    if (result)
        return result;
    *account = memory;
    (void)mailproto_memory_store_set_wall(memory, (int64_t)time(NULL), 0);
    return mailproto_memory_store_functions(memory, store);
}

/* All sessions of a program share the account. */
static int32_t more(void *user, void *account, uint32_t index, mailproto_store *store)
{
    (void)user;
    (void)index;
    return mailproto_memory_store_functions(account, store);
}

static void end(void *user, void *account)
{
    (void)user;
    mailproto_memory_store_free(account);
}

int32_t mp_check_memory(mailproto_store_kit_factory *factory, const char *argument)
{
    if (*argument) {
        mp_check_complain("the store in memory takes no argument, and there is \"%s\"", argument);
        return MAILPROTO_ERR_ARG;
    }
    factory->make = make;
    factory->more = more;
    factory->end = end;
    return MAILPROTO_OK;
}
