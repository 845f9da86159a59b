/* report.h - what the program says to people on standard error.
 * Lines of text of others pass through text_show; a progress bar on the terminal is taken away first. */
#ifndef MAILPROTO_CLIENT_REPORT_H
#define MAILPROTO_CLIENT_REPORT_H

#include "progress.h"

/* "mailproto: ..." and, for the second, two spaces instead: what to do about it. Both end the line. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says that memory is short. */
void report_no_memory(void);

#endif
