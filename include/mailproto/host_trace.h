/* mailproto/host_trace.h - what crosses the wire, for people: TRACE events as lines of text.
 * Included by host.h. It needs no host.
 */
#ifndef MAILPROTO_HOST_TRACE_H
#define MAILPROTO_HOST_TRACE_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MAILPROTO_HOST_TRACE_SERVER = 1, /* the session is a server: what comes in is "C:" */
    MAILPROTO_HOST_TRACE_TIME = 2    /* each line begins with the time: 2026-01-31T12:00:00.000Z */
};

/* Shows the TRACE events of one session as lines of text: "C: EHLO pc.example.org". Credentials are hidden, message
   text is counted, control characters and what is no UTF-8 are written as \xNN, so that no peer can forge a line or
   reach a terminal. Zero after _init; one a session. */
typedef struct mailproto_host_tracer {
    uint32_t struct_size;
    uint32_t flags;       /* MAILPROTO_HOST_TRACE_* */
    mailproto_text label; /* before each line, as "17 "; must live as long as the tracer */
    /* takes a line, without its end and with a NUL behind it; NULL: it is written to standard error, in one write */
    void (*line)(const char *text, size_t len, void *user);
    void *user;
    uint64_t body;      /* the tracer's own: octets of message text not told yet */
    uint32_t direction; /* the tracer's own: of them */
    uint32_t reserved;  /* 0 */
} mailproto_host_tracer;
MAILPROTO_API int32_t mailproto_host_tracer_init(mailproto_host_tracer *tracer, size_t size);

/* Shows an event: call it from on_trace, after mailproto_session_set_trace with the kinds that are wanted. OK;
   ERR_ARG. */
MAILPROTO_API int32_t mailproto_host_trace(mailproto_host_tracer *tracer, const mailproto_trace *trace);

/* Tells what was only counted so far: in on_closed. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_host_trace_end(mailproto_host_tracer *tracer);

#ifdef __cplusplus
}
#endif
#endif
