/* dispatch.c - what a callback's return value does, in public calls only. contract.md section 2, "Requests". */
#include "core/dispatch.h"

void mp_dispatch(mailproto_session *s, const mailproto_event *event, int32_t result)
{
    if (result < 0)
        mailproto_session_fail(s, event->token);
    else if (result == MAILPROTO_USE_DEFAULT && event->token)
        mailproto_session_use_default(s, event->token);
}
