/* date.c - reads dates: as they are to be, as they once were, and as they are seen.
 * RFC 5322 sections 3.3 and 4.3; RFC 3339 (what ISO 8601 is in mail); asctime of C. */
#include "mime/date.h"
#include "core/ascii.h"
#include "core/memory.h"
#include "mime/header_scan.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

enum { UNSET = -1 };

/* In which order RFC 5322 has what a date is made of. */
enum { BEGIN, WEEKDAY, DAY, MONTH, YEAR, TIME, ZONE };

/* A date that is being read; what is not known yet is UNSET. */
struct reading {
    mp_scan s;
    size_t at;
    int32_t weekday, day, month, year, hour, minute, second;
    int32_t zone; /* minutes */
    int zone_is_known;
    int order; /* what was read last */
    uint64_t defects;
};

const char mp_month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
const char mp_weekday_names[] = "SunMonTueWedThuFriSat";

int32_t mailproto_mime_date_init(mailproto_mime_date *date, size_t size)
{
    return mp_struct_init(date, size);
}

/* Notes that something was read, and that it is not where it belongs. */
static void in_order(struct reading *r, int what)
{
    if (what < r->order)
        r->defects |= BIT(DATE);
    r->order = what;
}

/* ---- numbers ---- */

/* A number of at most nine digits at r->at; gives how many digits it has. */
static size_t read_number(struct reading *r, int32_t *value)
{
    size_t begin = r->at;

    *value = 0;
    while (r->at < r->s.n && r->at - begin < 9 && mp_ascii_is_digit(r->s.p[r->at]))
        *value = *value * 10 + (r->s.p[r->at++] - '0');
    return r->at - begin;
}

static int is_at(const struct reading *r, uint8_t octet)
{
    return r->at < r->s.n && r->s.p[r->at] == octet;
}

static int is_digit_behind(const struct reading *r)
{
    return r->at + 1 < r->s.n && mp_ascii_is_digit(r->s.p[r->at + 1]);
}

/* RFC 5322 4.3: comments and blanks may stand around the colons of a time. Goes to a colon behind them. */
static void find_colon(struct reading *r)
{
    size_t at = r->at;

    if (at < r->s.n && (mp_is_blank(r->s.p[at]) || r->s.p[at] == '(') &&
        (at = mp_skip_cfws(&r->s, at, NULL)) < r->s.n && r->s.p[at] == ':') {
        r->defects |= BIT(DATE_OBSOLETE);
        r->at = at;
    }
}

/* Steps over a colon, if a digit follows. */
static int read_colon(struct reading *r, uint8_t colon)
{
    size_t at;

    if (!is_at(r, colon))
        return 0;
    at = mp_skip_cfws(&r->s, r->at + 1, NULL);
    if (at == r->s.n || !mp_ascii_is_digit(r->s.p[at]))
        return 0;
    if (at > r->at + 1)
        r->defects |= BIT(DATE_OBSOLETE);
    r->at = at;
    return 1;
}

/* RFC 5322 4.3: years of two and three digits. */
static void set_year(struct reading *r, int32_t value, size_t digits)
{
    if (digits < 4)
        r->defects |= BIT(DATE_OBSOLETE);
    if (digits < 3)
        value += value < 50 ? 2000 : 1900;
    else if (digits == 3)
        value += 1900;
    r->year = value;
    in_order(r, YEAR);
}

/* Behind the hour and its colon: minutes, seconds and what is smaller. */
static void read_time(struct reading *r, int32_t hour, size_t digits, uint8_t colon)
{
    if (digits != 2 || colon != ':')
        r->defects |= BIT(DATE);
    in_order(r, TIME);
    r->hour = hour;
    r->second = 0;
    if (read_number(r, &r->minute) != 2)
        r->defects |= BIT(DATE);
    if (colon == ':')
        find_colon(r);
    if (read_colon(r, colon) && read_number(r, &r->second) != 2)
        r->defects |= BIT(DATE);
    if ((is_at(r, '.') || is_at(r, ',')) && is_digit_behind(r)) {
        r->defects |= BIT(DATE);
        r->at = mp_ascii_span(r->s.p + r->at + 1, r->s.n - r->at - 1, MP_DIGIT) + r->at + 1;
    }
}

/* "2024-01-02", "02-01-2024", "1/2/2024": behind the first number. */
static void read_numeric_date(struct reading *r, int32_t first, size_t digits)
{
    uint8_t dash = r->s.p[r->at++];
    int32_t second, third;
    size_t third_digits;

    r->defects |= BIT(DATE);
    read_number(r, &second);
    if (!is_at(r, dash) || !is_digit_behind(r))
        return;
    r->at++;
    third_digits = read_number(r, &third);
    in_order(r, YEAR);
    if (digits >= 4) {
        r->year = first;
        r->month = second - 1;
        r->day = third;
        return;
    }
    /* with slashes as it is done in America, else as everywhere */
    r->day = dash == '/' && second > 12 ? second : dash == '/' && first <= 12 ? second : first;
    r->month = (r->day == second && dash == '/' ? first : second) - 1;
    set_year(r, third, third_digits);
}

/* A number, by what stands behind it and by what is still missing. */
static void read_digits(struct reading *r)
{
    int32_t value;
    size_t digits = read_number(r, &value);

    if (r->hour == UNSET && r->day != UNSET)
        find_colon(r);
    if (r->hour == UNSET && read_colon(r, ':'))
        read_time(r, value, digits, ':');
    else if (r->hour == UNSET && r->year != UNSET && is_at(r, '.') && is_digit_behind(r)) {
        r->at++;
        read_time(r, value, digits, '.');
    } else if (r->month == UNSET && (is_at(r, '-') || is_at(r, '/') || (is_at(r, '.') && r->day == UNSET)) &&
               is_digit_behind(r))
        read_numeric_date(r, value, digits);
    else if (r->day == UNSET && (digits < 3 || (digits == 3 && value < 32))) {
        r->day = value;
        in_order(r, DAY);
        if (digits > 2)
            r->defects |= BIT(DATE);
        if (is_at(r, '-')) { /* 02-Jan-2024 */
            r->defects |= BIT(DATE);
            r->at++;
        }
    } else if (r->year == UNSET)
        set_year(r, value, digits);
    else
        r->defects |= BIT(DATE);
}

/* ---- zones ---- */

/* "+hhmm", and "+hh:mm", "+h" as they are seen. "+-0500", which is also seen, says nothing. */
static void read_offset(struct reading *r)
{
    int minus = r->s.p[r->at++] == '-';
    int32_t value, minutes = 0;
    size_t digits = read_number(r, &value);

    if (!digits) {
        r->at++;
        read_number(r, &value);
    }
    if (digits > 2) {
        minutes = value % 100;
        value /= 100;
    } else if (is_at(r, ':') && is_digit_behind(r)) {
        r->at++;
        read_number(r, &minutes);
    }
    if (digits != 4 || minutes > 59 || value > 23)
        r->defects |= BIT(DATE);
    if (!digits || digits > 4 || minutes > 59)
        return;
    in_order(r, ZONE);
    r->zone = value * 60 + minutes;
    r->zone_is_known = r->zone || !minus;
    if (minus)
        r->zone = -r->zone;
}

/* RFC 5322 4.3: the names that are known; all others, those of the military too, say nothing. */
static void read_zone_name(struct reading *r, const uint8_t *word, size_t n)
{
    static const struct {
        char name[4];
        int8_t hours;
    } zones[] = {{"ut", 0},   {"gmt", 0},  {"utc", 0},  {"z", 0},    {"est", -5}, {"edt", -4},
                 {"cst", -6}, {"cdt", -5}, {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7}};

    in_order(r, ZONE);
    r->defects |= BIT(DATE_OBSOLETE);
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        if (mp_ascii_equal(word, n, zones[i].name)) {
            r->zone = zones[i].hours * 60;
            r->zone_is_known = 1;
            return;
        }
    if (n > 1)
        r->defects |= BIT(DATE);
}

/* ---- words ---- */

/* Which of the names of three letters the word begins with, or UNSET. */
static int32_t name_index(const char *names, int32_t count, const uint8_t *word, size_t n)
{
    for (int32_t i = 0; n >= 3 && i < count; i++)
        if (mp_ascii_same(names + 3 * i, word, 3))
            return i;
    return UNSET;
}

/* Twelve hours, as they are seen. */
static int read_half(struct reading *r, const uint8_t *word, size_t n)
{
    if (n != 2 || r->hour == UNSET || mp_ascii_lower(word[1]) != 'm')
        return 0;
    if (mp_ascii_lower(word[0]) == 'p')
        r->hour += r->hour < 12 ? 12 : 0;
    else if (mp_ascii_lower(word[0]) == 'a')
        r->hour = r->hour == 12 ? 0 : r->hour;
    else
        return 0;
    r->defects |= BIT(DATE);
    return 1;
}

static void read_word(struct reading *r)
{
    const uint8_t *word = r->s.p + r->at;
    size_t n = 0;
    int32_t index;

    while (r->at + n < r->s.n && mp_ascii_is_alpha(word[n]))
        n++;
    r->at += n;
    index = name_index(mp_month_names, 12, word, n);
    if (index != UNSET && r->month == UNSET) {
        r->month = index;
        in_order(r, MONTH);
        if (n != 3)
            r->defects |= BIT(DATE);
        if (is_at(r, '-')) {
            r->defects |= BIT(DATE);
            r->at++;
        }
        return;
    }
    index = name_index(mp_weekday_names, 7, word, n);
    if (index != UNSET && r->weekday == UNSET) {
        r->weekday = index;
        in_order(r, WEEKDAY);
        if (n != 3)
            r->defects |= BIT(DATE);
    } else if (read_half(r, word, n)) {
        ;
    } else if (r->hour != UNSET && !r->zone_is_known && r->order >= TIME)
        read_zone_name(r, word, n);
    else if (n != 1 || mp_ascii_lower(word[0]) != 't') /* between date and time of ISO 8601 */
        r->defects |= BIT(DATE);
}

/* ---- the whole ---- */

static void read_all(struct reading *r)
{
    while ((r->at = mp_skip_cfws(&r->s, r->at, NULL)) < r->s.n) {
        uint8_t octet = r->s.p[r->at];

        if (mp_ascii_is_digit(octet))
            read_digits(r);
        else if (mp_ascii_is_alpha(octet))
            read_word(r);
        else if ((octet == '+' || octet == '-') && r->hour != UNSET && (!r->zone_is_known || !r->zone) &&
                 (is_digit_behind(r) || (r->at + 1 < r->s.n && r->s.p[r->at + 1] == '-')))
            read_offset(r);
        else {
            if (octet != ',' || r->order != WEEKDAY)
                r->defects |= BIT(DATE);
            r->at++;
        }
    }
}

/* Days from 1970-01-01 to a day of the Gregorian calendar. Years begin in March: then leap days come last. */
int64_t mp_days_of(int64_t year, int32_t month, int32_t day)
{
    int64_t y = month < 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * ((month + 10) % 12) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

uint32_t mp_weekday_of(int64_t days)
{
    int64_t day = (days + 4) % 7;

    return (uint32_t)(day < 0 ? day + 7 : day);
}

static int is_date(const struct reading *r)
{
    return r->day >= 1 && r->day <= 31 && r->month >= 0 && r->month <= 11 && r->year != UNSET && r->year <= 9999 &&
           r->hour <= 24 && r->minute <= 59 && r->second <= 60;
}

static int32_t days_in(int32_t year, int32_t month)
{
    return (int32_t)(mp_days_of(month == 11 ? year + 1 : year, (month + 1) % 12, 1) - mp_days_of(year, month, 1));
}

static void look_at_all(struct reading *r)
{
    if (r->hour == UNSET) {
        r->hour = r->minute = r->second = 0;
        r->defects |= BIT(DATE);
    }
    if (r->order < ZONE || r->hour == 24)
        r->defects |= BIT(DATE);
    if (r->day > 28 && r->day > days_in(r->year, r->month))
        r->defects |= BIT(DATE);
}

int32_t mailproto_mime_date_read(const void *in, size_t n, mailproto_mime_date *date)
{
    struct reading r = {{mp_octets(in), n, 0}, 0, UNSET, UNSET, UNSET, UNSET, UNSET, 0, 0, 0, 0, BEGIN, 0};
    int64_t days;

    if ((!in && n) || !date || date->struct_size < sizeof *date)
        return MAILPROTO_ERR_ARG;
    read_all(&r);
    if (!is_date(&r)) {
        date->defects = r.defects | r.s.defects | BIT(DATE);
        return MAILPROTO_ERR_PROTOCOL;
    }
    look_at_all(&r);
    days = mp_days_of(r.year, r.month, r.day);
    date->weekday = mp_weekday_of(days);
    if (r.weekday != UNSET && r.weekday != (int32_t)date->weekday)
        r.defects |= BIT(DATE);
    date->seconds = days * 86400 + r.hour * 3600 + r.minute * 60 + r.second - (int64_t)r.zone * 60;
    date->zone_minutes = r.zone_is_known ? r.zone : 0;
    date->flags =
        (r.zone_is_known ? MAILPROTO_MIME_DATE_ZONE : 0) | (r.weekday != UNSET ? MAILPROTO_MIME_DATE_WEEKDAY : 0);
    date->defects = r.defects | r.s.defects;
    return MAILPROTO_OK;
}
