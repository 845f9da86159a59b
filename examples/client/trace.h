/* trace.h - --trace: the conversation on standard error, credentials hidden.
 * "C:" is what we say, "S:" what the server says. */
#ifndef MAILPROTO_CLIENT_TRACE_H
#define MAILPROTO_CLIENT_TRACE_H

#include <mailproto/session.h>

struct trace {
    uint32_t direction; /* of the body octets that were counted and not yet told */
    uint64_t body;
};

/* Has the session raise TRACE events. */
void trace_on(mailproto_session *session);
/* Shows one. */
void trace_show(struct trace *trace, const mailproto_trace *event);
/* Tells what was only counted so far. */
void trace_end(struct trace *trace);

#endif
