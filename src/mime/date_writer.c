/* date_writer.c - writes a date in the one form that is to be written, and in that of mailboxes.
 * RFC 5322 section 3.3; RFC 4155 appendix A (asctime of C). */
#include <string.h>

#include "mime/date.h"

static char *put_digits(char *out, uint32_t value, int digits)
{
    for (int i = digits; i--; value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + digits;
}

static char *put_name(char *out, const char *names, uint32_t index)
{
    memcpy(out, names + 3 * index, 3);
    return out + 3;
}

/* Year, month and day of so many days from 1970-01-01, all of them behind the year 0. */
static void date_of(int32_t days, uint32_t *year, uint32_t *month, uint32_t *day)
{
    const uint32_t from_march = (uint32_t)(days + 719468), era = from_march / 146097, of_era = from_march % 146097;
    const uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint32_t shifted = (5 * of_year + 2) / 153;

    *day = of_year - (153 * shifted + 2) / 5 + 1;
    *month = (shifted + 2) % 12;
    *year = year_of_era + era * 400 + (*month < 2);
}

/* What a date of these seconds may be: its year has four digits, whatever the zone is. */
static int is_in_range(int64_t seconds)
{
    return seconds >= mp_days_of(1900, 0, 2) * 86400 && seconds < mp_days_of(9999, 11, 31) * 86400;
}

/* The time of a day: "15:10:00". */
static char *put_time(char *out, uint32_t second)
{
    out = put_digits(out, second / 3600, 2);
    *out++ = ':';
    out = put_digits(out, second / 60 % 60, 2);
    *out++ = ':';
    return put_digits(out, second % 60, 2);
}

/* The day, and the second of it. */
static int32_t day_of(int64_t seconds, uint32_t *second)
{
    const int64_t day = (seconds >= 0 ? seconds : seconds - 86399) / 86400;

    *second = (uint32_t)(seconds - day * 86400);
    return (int32_t)day;
}

int mp_asctime(int64_t seconds, char *out)
{
    uint32_t year, month, day, second;
    int32_t days;

    if (!is_in_range(seconds))
        return 0;
    days = day_of(seconds, &second);
    date_of(days, &year, &month, &day);
    out = put_name(out, mp_weekday_names, mp_weekday_of(days));
    *out++ = ' ';
    out = put_name(out, mp_month_names, month);
    *out++ = ' ';
    *out++ = day < 10 ? ' ' : (char)('0' + day / 10);
    *out++ = (char)('0' + day % 10);
    *out++ = ' ';
    out = put_time(out, second);
    *out++ = ' ';
    put_digits(out, year, 4);
    return 1;
}

int32_t mailproto_mime_date_write(const mailproto_mime_date *date, char *out, size_t cap, size_t *made)
{
    uint32_t year, month, day, second, ahead;
    int32_t days, zone;

    if (!date || date->struct_size < sizeof *date || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    zone = date->flags & MAILPROTO_MIME_DATE_ZONE ? date->zone_minutes : 0;
    if (zone <= -24 * 60 || zone >= 24 * 60 || !is_in_range(date->seconds))
        return MAILPROTO_ERR_ARG;
    *made = MAILPROTO_MIME_DATE_LENGTH;
    days = day_of(date->seconds + (int64_t)zone * 60, &second);
    date_of(days, &year, &month, &day);
    if (day < 10)
        --*made;
    if (cap < *made)
        return MAILPROTO_ERR_LIMIT;
    out = put_name(out, mp_weekday_names, mp_weekday_of(days));
    *out++ = ',';
    *out++ = ' ';
    out = put_digits(out, day, day < 10 ? 1 : 2);
    *out++ = ' ';
    out = put_name(out, mp_month_names, month);
    *out++ = ' ';
    out = put_digits(out, year, 4);
    *out++ = ' ';
    out = put_time(out, second);
    *out++ = ' ';
    *out++ = zone < 0 || !(date->flags & MAILPROTO_MIME_DATE_ZONE) ? '-' : '+';
    ahead = (uint32_t)(zone < 0 ? -zone : zone);
    put_digits(out, ahead / 60 * 100 + ahead % 60, 4);
    return MAILPROTO_OK;
}
