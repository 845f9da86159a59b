/* trace.c - what crosses the wire of a session, as lines of text for people: credentials hidden, bodies counted.
 * include/mailproto/host_trace.h. Nothing a peer says can forge a line or reach a terminal. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/ascii.h"
#include "internal.h"

enum { LINE = 2048, STAMP = 32 };

struct line {
    char text[LINE];
    size_t len;
};

/* ---- a line ---- */

static void put(struct line *line, const char *text, size_t len)
{
    if (len > LINE - 2 - line->len)
        len = LINE - 2 - line->len;
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void put_time(struct line *line)
{
    struct timespec now;
    struct tm utc;
    char stamp[64];
    int n;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    n = snprintf(stamp, sizeof stamp, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", utc.tm_year + 1900, utc.tm_mon + 1,
                 utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(now.tv_nsec / 1000000));
    put(line, stamp, (size_t)n);
}

static void begin(const mailproto_host_tracer *tracer, struct line *line, uint32_t direction)
{
    int server = (tracer->flags & MAILPROTO_HOST_TRACE_SERVER) != 0;

    line->len = 0;
    if (tracer->flags & MAILPROTO_HOST_TRACE_TIME)
        put_time(line);
    if (tracer->label.len)
        put(line, tracer->label.ptr, tracer->label.len);
    put(line, (direction == MAILPROTO_TRACE_OUT) == server ? "S: " : "C: ", 3);
}

static void end(const mailproto_host_tracer *tracer, struct line *line)
{
    line->text[line->len] = 0;
    if (tracer->line) {
        tracer->line(line->text, line->len, tracer->user);
        return;
    }
    line->text[line->len++] = '\n';
    if (write(STDERR_FILENO, line->text, line->len) < 0)
        return; /* nobody is left to be told */
}

/* ---- what a peer said ---- */

/* Octets of the UTF-8 character at p that can be shown, or 0 (RFC 3629 4; C1 controls are none). */
static size_t shown(const unsigned char *p, size_t n)
{
    size_t len = *p < 0x80                 ? 1
                 : *p >= 0xc2 && *p < 0xe0 ? 2
                 : *p >= 0xe0 && *p < 0xf0 ? 3
                 : *p >= 0xf0 && *p < 0xf5 ? 4
                                           : 0;

    if (!len || len > n)
        return 0;
    if (len == 1)
        return *p >= ' ' && *p != 0x7f;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
        return 0;
    return len;
}

static void put_escaped(struct line *line, const char *text, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *p = (const unsigned char *)text;

    for (size_t i = 0; i < n;) {
        size_t len = shown(p + i, n - i);
        char escape[4] = {'\\', 'x', hex[p[i] >> 4], hex[p[i] & 15]};

        if (len)
            put(line, text + i, len);
        else
            put(line, escape, 4);
        i += len ? len : 1;
    }
}

static void show_lines(const mailproto_host_tracer *tracer, uint32_t direction, mailproto_text bytes)
{
    const char *at = bytes.ptr, *stop = at + bytes.len;
    struct line line;

    while (at < stop) {
        const char *lf = memchr(at, '\n', (size_t)(stop - at));
        size_t len = (size_t)((lf ? lf : stop) - at);

        begin(tracer, &line, direction);
        put_escaped(&line, at, len && at[len - 1] == '\r' ? len - 1 : len);
        end(tracer, &line);
        at += len + (lf != NULL);
    }
}

static void show_count(const mailproto_host_tracer *tracer, uint32_t direction, const char *before, uint64_t count,
                       const char *after)
{
    struct line line;
    char text[64];
    int n = snprintf(text, sizeof text, "(%s%llu octets%s)", before, (unsigned long long)count, after);

    begin(tracer, &line, direction);
    put(&line, text, (size_t)n);
    end(tracer, &line);
}

/* ---- for programs ---- */

int32_t mailproto_host_trace_end(mailproto_host_tracer *tracer)
{
    if (!tracer || tracer->struct_size < sizeof *tracer)
        return MAILPROTO_ERR_ARG;
    if (tracer->body)
        show_count(tracer, tracer->direction, "message text, ", tracer->body, "");
    tracer->body = 0;
    return MAILPROTO_OK;
}

int32_t mailproto_host_trace(mailproto_host_tracer *tracer, const mailproto_trace *trace)
{
    if (!tracer || tracer->struct_size < sizeof *tracer || !trace)
        return MAILPROTO_ERR_ARG;
    if (trace->kind != MAILPROTO_TRACE_BODY || trace->direction != tracer->direction)
        mailproto_host_trace_end(tracer);
    tracer->direction = trace->direction;
    if (trace->kind == MAILPROTO_TRACE_BODY)
        tracer->body += trace->bytes.len;
    else if (trace->kind == MAILPROTO_TRACE_LINE)
        show_lines(tracer, trace->direction, trace->bytes);
    else
        show_count(tracer, trace->direction, "", trace->bytes.len, ", hidden");
    return MAILPROTO_OK;
}

int32_t mailproto_host_tracer_init(mailproto_host_tracer *tracer, size_t size)
{
    return mp_companion_struct_init(tracer, size);
}
