/* wrong_module.c - the wrong stores as a shared object for mailproto-store-check: the argument names the rule to break.
 * mailproto/store_kit.h, mailproto_store_kit_entry_function. */
#include "wrong.h"

MAILPROTO_API int32_t mailproto_store_kit_entry(mailproto_store_kit_factory *factory, const char *argument);

int32_t mailproto_store_kit_entry(mailproto_store_kit_factory *factory, const char *argument)
{
    const struct fault *fault = wrong_fault_of(argument);

    if (!fault && *argument)
        return MAILPROTO_ERR_NOT_FOUND;
    wrong_factory(factory, fault);
    return MAILPROTO_OK;
}
