/* date.h - what the reader and the writer of dates share: names, and days of the calendar.
 * RFC 5322 section 3.3. */
#ifndef MP_MIME_DATE_H
#define MP_MIME_DATE_H

#include "mailproto/mime_header.h"

/* Three letters each, January and Sunday first. */
extern const char mp_month_names[], mp_weekday_names[];

/* Days from 1970-01-01 to that day; months are from 0. */
int64_t mp_days_of(int64_t year, int32_t month, int32_t day);

/* Which day of the week it is: 0 is Sunday. */
uint32_t mp_weekday_of(int64_t days);

/* Writes a date as asctime of C does, UTC: "Thu Nov 23 15:10:00 2026", without NUL. 0: a year that dates do not have. */
enum { MP_ASCTIME = 24 };
int mp_asctime(int64_t seconds, char *out);

#endif
