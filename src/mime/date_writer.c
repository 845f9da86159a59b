/* date_writer.c - writes a date in the one form that is to be written.
 * RFC 5322 section 3.3. */
#include <string.h>

#include "mime/date.h"

static char *put_digits(char *out, int64_t value, int digits)
{
    for (int i = digits; i--; value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + digits;
}

static char *put_name(char *out, const char *names, int64_t index)
{
    memcpy(out, names + 3 * index, 3);
    return out + 3;
}

/* Year, month and day of so many days from 1970-01-01. */
static void date_of(int64_t days, int64_t *year, int32_t *month, int32_t *day)
{
    int64_t from_march = days + 719468, era = (from_march >= 0 ? from_march : from_march - 146096) / 146097;
    int64_t of_era = from_march - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100), shifted;

    shifted = (5 * of_year + 2) / 153;
    *day = (int32_t)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int32_t)((shifted + 2) % 12);
    *year = year_of_era + era * 400 + (*month < 2);
}

int32_t mailproto_mime_date_write(const mailproto_mime_date *date, char *out, size_t cap, size_t *made)
{
    int64_t local, days, second, year;
    int32_t month, day, zone;

    if (!date || date->struct_size < sizeof *date || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    zone = date->flags & MAILPROTO_MIME_DATE_ZONE ? date->zone_minutes : 0;
    if (zone <= -24 * 60 || zone >= 24 * 60 || date->seconds < mp_days_of(1900, 0, 2) * 86400 ||
        date->seconds >= mp_days_of(9999, 11, 31) * 86400)
        return MAILPROTO_ERR_ARG;
    *made = MAILPROTO_MIME_DATE_LENGTH;
    local = date->seconds + (int64_t)zone * 60;
    days = (local >= 0 ? local : local - 86399) / 86400;
    second = local - days * 86400;
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
    out = put_digits(out, second / 3600, 2);
    *out++ = ':';
    out = put_digits(out, second / 60 % 60, 2);
    *out++ = ':';
    out = put_digits(out, second % 60, 2);
    *out++ = ' ';
    *out++ = zone < 0 || !(date->flags & MAILPROTO_MIME_DATE_ZONE) ? '-' : '+';
    put_digits(out, (zone < 0 ? -zone : zone) / 60 * 100 + (zone < 0 ? -zone : zone) % 60, 4);
    return MAILPROTO_OK;
}
