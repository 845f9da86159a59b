/* check.h - the stores that mailproto-store-check has inside.
 * mailproto/store_kit.h. */
#ifndef MP_STORE_CHECK_H
#define MP_STORE_CHECK_H

#include "mailproto/store_kit.h"

/* Each fills a factory, as an entry of a shared object does. */
int32_t mp_check_memory(mailproto_store_kit_factory *factory, const char *argument);
int32_t mp_check_maildir(mailproto_store_kit_factory *factory, const char *argument);

#endif
