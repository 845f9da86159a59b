/* wrong_module.c - the wrong stores as a shared object for mailproto-store-check: the argument names the rule to break.
 * mailproto/store_kit.h, mailproto_store_kit_entry_function. */
#include <string.h>

#include "wrong.h"

MAILPROTO_API int32_t mailproto_store_kit_entry(mailproto_store_kit_factory *factory, const char *argument);

int32_t mailproto_store_kit_entry(mailproto_store_kit_factory *factory, const char *argument)
{
    const struct fault *fault = wrong_faults;

    while (fault->rule && strcmp(fault->rule, argument) != 0)
        fault++;
    if (!fault->rule && *argument)
        return MAILPROTO_ERR_NOT_FOUND;
    wrong_factory(factory, fault->rule ? fault : NULL);
    return MAILPROTO_OK;
}
