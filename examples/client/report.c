/* report.c - what the program says to people on standard error.
 * Errors name the server, the recipient or the file, then what was said, then what to do. */
#include "report.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* nonnull: with a sanitizer gcc wonders what becomes of a format that is none */
static void say(const char *lead, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0), nonnull(2)));

static void say(const char *lead, const char *format, va_list arguments)
{
    va_list again;
    char *line;
    int n;

    va_copy(again, arguments);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    line = n < 0 ? NULL : malloc((size_t)n + 1);
    if (!line)
        return;
    vsnprintf(line, (size_t)n + 1, format, arguments);
    progress_hide();
    fputs(lead, stderr);
    text_show(stderr, line, (size_t)n);
    fputc('\n', stderr);
    free(line);
}

void report(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say("mailproto: ", format, arguments);
    va_end(arguments);
}

void report_hint(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say("  ", format, arguments);
    va_end(arguments);
}

void report_no_memory(void)
{
    report("there is not enough memory");
}
