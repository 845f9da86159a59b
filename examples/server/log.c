/* log.c - one clear line an event on standard error: time, level, text.
 * Times are UTC as RFC 3339 5.6 writes them. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 2048 };

static enum log_level threshold = LOG_INFO;
static const char *const names[] = {"error", "warning", "info", "debug", "trace"};

void log_set_level(enum log_level level)
{
    threshold = level;
}

int log_wants(enum log_level level)
{
    return level <= threshold;
}

static size_t put_prefix(char *line, size_t size, enum log_level level)
{
    struct timespec now;
    struct tm utc;
    int n;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    n = snprintf(line, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                 utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(now.tv_nsec / 1000000), names[level]);
    return (size_t)n;
}

/* How many octets of UTF-8 (RFC 3629) a character has that may be shown; 0: it is none, or it controls a terminal. */
static size_t shown(const unsigned char *at)
{
    size_t more = *at >= 0xc2 && *at < 0xe0 ? 1 : *at >= 0xe0 && *at < 0xf0 ? 2 : *at >= 0xf0 && *at < 0xf5 ? 3 : 0;

    if (*at < 0x80)
        return *at >= 0x20 && *at != 0x7f;
    if (!more || (*at == 0xc2 && at[1] < 0xa0) || (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
        (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
        return 0;
    for (size_t i = 1; i <= more; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return more + 1;
}

/* Copies text so that it stays one line: what a peer said may hold anything. */
static size_t put_escaped(char *line, size_t at, size_t size, const char *text)
{
    static const char hex[] = "0123456789abcdef";

    for (; *text && at + 5 < size; text++) {
        unsigned char c = (unsigned char)*text;
        size_t len = shown((const unsigned char *)text);

        if (len) {
            memcpy(line + at, text, len);
            at += len;
            text += len - 1;
            continue;
        }
        line[at++] = '\\';
        line[at++] = 'x';
        line[at++] = hex[c >> 4];
        line[at++] = hex[c & 15];
    }
    return at;
}

void log_line(enum log_level level, const char *format, ...)
{
    char text[LINE_MAX_OCTETS], line[LINE_MAX_OCTETS];
    va_list arguments;
    size_t at;

    if (!log_wants(level))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    at = put_prefix(line, sizeof line, level);
    at = put_escaped(line, at, sizeof line - 1, text);
    line[at++] = '\n';
    if (write(STDERR_FILENO, line, at) < 0)
        return; /* nobody is left to be told */
}
