/* dispatch.h - what a callback's return value does. contract.md section 2, "Requests". */
#ifndef MP_CORE_DISPATCH_H
#define MP_CORE_DISPATCH_H

#include "mailproto/session.h"

/* Calls nothing but mailproto/session.h: a polling host could do the same. */
void mp_dispatch(mailproto_session *s, const mailproto_event *event, int32_t result);

#endif
