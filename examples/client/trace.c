/* trace.c - --trace: the conversation on standard error, credentials hidden.
 * Message text is counted, not shown: it may be long, and it is the mail of somebody. */
#include "trace.h"

#include "text.h"

#include <string.h>

void trace_on(mailproto_session *session)
{
    mailproto_session_set_trace(session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY | MAILPROTO_TRACE_PRIVATE);
}

static const char *who(uint32_t direction)
{
    return direction == MAILPROTO_TRACE_OUT ? "C: " : "S: ";
}

void trace_end(struct trace *trace)
{
    if (trace->body)
        fprintf(stderr, "%s(message text, %llu octets)\n", who(trace->direction), (unsigned long long)trace->body);
    trace->body = 0;
}

static void show_lines(const char *lead, const char *p, size_t n)
{
    while (n) {
        const char *lf = memchr(p, '\n', n);
        size_t line = lf ? (size_t)(lf - p) : n, shown = line;

        if (shown && p[shown - 1] == '\r')
            shown--;
        fputs(lead, stderr);
        text_show(stderr, p, shown);
        fputc('\n', stderr);
        line += lf != NULL;
        p += line;
        n -= line;
    }
}

void trace_show(struct trace *trace, const mailproto_trace *event)
{
    if (event->kind != MAILPROTO_TRACE_BODY || event->direction != trace->direction)
        trace_end(trace);
    trace->direction = event->direction;
    if (event->kind == MAILPROTO_TRACE_BODY)
        trace->body += event->bytes.len;
    else if (event->kind == MAILPROTO_TRACE_LINE)
        show_lines(who(event->direction), event->bytes.ptr, event->bytes.len);
    else
        fprintf(stderr, "%s(credentials, not shown)\n", who(event->direction));
}
