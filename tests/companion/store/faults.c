/* faults.c - the faults of the wrong stores, one for each rule of the kit, as small as it can be.
 * mailproto/store.h, RULES. */
#include "faults.h"

const struct fault *wrong_fault(size_t index)
{
    static const struct fault *const all[] = {wrong_mailbox_faults, wrong_upload_faults, wrong_message_faults};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (const struct fault *fault = all[i]; fault->rule; fault++)
            if (!index--)
                return fault;
    return NULL;
}

const struct fault *wrong_fault_of(const char *rule)
{
    const struct fault *fault;

    for (size_t i = 0; (fault = wrong_fault(i)); i++)
        if (!strcmp(fault->rule, rule))
            return fault;
    return NULL;
}
