/* progress.h - a progress bar for long transfers, on standard error, if that is a terminal; else nothing at all.
 * One bar at a time. It appears when the transfer is large or takes longer than a second. */
#ifndef MAILPROTO_CLIENT_PROGRESS_H
#define MAILPROTO_CLIENT_PROGRESS_H

#include <stdint.h>

/* Begins one. total 0: the size is not known. `what` must live until the end. */
void progress_begin(const char *what, uint64_t total);
/* So much of it is done. */
void progress_at(uint64_t done);
/* Takes the bar off the screen, for a line of text; the next progress_at draws it again. */
void progress_hide(void);
void progress_end(void);
/* For programs that write to the same terminal all the time: no bar from now on. */
void progress_never(void);

#endif
