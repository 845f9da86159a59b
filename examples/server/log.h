/* log.h - one clear line an event on standard error. Credentials never come here.
 * Lines are whole: one write each, control characters escaped, so that no peer can forge one. */
#ifndef MAILPROTOD_LOG_H
#define MAILPROTOD_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_TRACE };

void log_set_level(enum log_level level);
/* Whether a line of this level would be written: for callers whose line costs something to make. */
int log_wants(enum log_level level);
/* Writes a line. The format is printf's. Any thread may call it. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
