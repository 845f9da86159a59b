/* Dates: as they are to be, obsolete, and as seen in the wild; the writer, and that the reader reads what it wrote.
   RFC 5322 sections 3.3, 4.3, appendix A. */
#include "show.h"
#include "support/random.h"

#define OLD   BIT(DATE_OBSOLETE)
#define WRONG BIT(DATE)
#define NONE  INT32_MIN /* no zone is known */

static const struct {
    const char *in;
    int64_t seconds;
    int32_t zone;
    uint64_t defects;
} dates[] = {
    {"Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360, 0},
    {" Tue, 1 Jul 2003 10:52:37 +0200\r\n", 1057049557, 120, 0},
    {"Thu, 13 Feb 1969 23:32 -0330", -27723480, -210, 0},
    {"1 Jan 1970 00:00:00 +0000", 0, 0, 0},
    {"31 Dec 1998 23:59:60 +0000", 915148800, 0, 0},
    {"29 Feb 2000 12:00:00 +0000", 951825600, 0, 0},
    {"Fri, 21 Nov 1997 09:55:06 -0000", 880106106, NONE, 0},
    {"Fri, 21 Nov 1997 09:55:06 -0600 (CST)", 880127706, -360, 0},
    {"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706, -360, OLD},
    /* obsolete: RFC 5322 A.6.2 */
    {"21 Nov 97 09:55:06 GMT", 880106106, 0, OLD},
    {"21 Nov 97 09:55:06 UT", 880106106, 0, OLD},
    {"21 Nov 1997 09:55:06 EST", 880124106, -300, OLD},
    {"21 Nov 1997 09:55:06 PDT", 880131306, -420, OLD},
    {"21 Nov 1997 09:55:06 A", 880106106, NONE, OLD},
    {"21 Nov 1997 09:55:06 Z", 880106106, 0, OLD},
    {"21 Nov 1997 09:55:06 XYZ", 880106106, NONE, OLD | WRONG},
    {"21 Nov 49 09:55:06 +0000", 2521101306, 0, OLD},
    {"21 Nov 102 09:55:06 +0000", 1037872506, 0, OLD},
    /* in the wild */
    {"Mon, 21 Nov 1997 09:55:06 -0600", 880127706, -360, WRONG},
    {"Fri Nov 21 09:55:06 1997", 880106106, NONE, WRONG},
    {"Fri Nov 21 09:55:06 EST 1997", 880124106, -300, OLD | WRONG},
    {"1997-11-21T09:55:06Z", 880106106, 0, OLD | WRONG},
    {"1997-11-21T09:55:06.123+01:00", 880102506, 60, WRONG},
    {"1997-11-21 09:55:06", 880106106, NONE, WRONG},
    {"21-Nov-1997 09:55:06 +0000", 880106106, 0, WRONG},
    {"21.11.1997 09:55:06 +0000", 880106106, 0, WRONG},
    {"11/21/1997 09:55:06 +0000", 880106106, 0, WRONG},
    {"21/11/97 09:55 +0000", 880106100, 0, OLD | WRONG},
    {"Friday, 21 November 1997 9:55:06 +0000", 880106106, 0, WRONG},
    {"Nov 21, 1997 9:55 AM", 880106100, NONE, WRONG},
    {"21 Nov 1997 12:05:00 AM +0000", 880070700, 0, WRONG},
    {"21 Nov 1997 12:05:00 PM +0000", 880113900, 0, WRONG},
    {"21 Nov 1997 03:05:00 PM", 880124700, NONE, WRONG},
    {"Fri, 21 Nov 1997 09:55:06 GMT+0100", 880102506, 60, OLD},
    {"Fri, 021 Nov 1997 09:55:06 +0000", 880106106, 0, WRONG},
    {"Fri, 21 Nov 1997 9:5:6 +-0500", 880103106, NONE, WRONG},
    {"21 Nov 1997", 880070400, NONE, WRONG},
    {"31 Feb 1999 00:00:00 +0000", 920419200, 0, WRONG},
    {"21 Nov 1997 24:00:00 +0000", 880156800, 0, WRONG},
};

static void reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        size_t n = strlen(dates[i].in);
        char *in = exact(dates[i].in, n);
        mailproto_mime_date date;

        mailproto_mime_date_init(&date, sizeof date);
        assert_int_equal(mailproto_mime_date_read(in, n, &date), MAILPROTO_OK);
        if (date.seconds != dates[i].seconds || date.defects != dates[i].defects)
            print_error("%s: %lld, %llx\n", dates[i].in, (long long)date.seconds, (unsigned long long)date.defects);
        assert_int_equal(date.seconds, dates[i].seconds);
        assert_int_equal(date.flags & MAILPROTO_MIME_DATE_ZONE ? date.zone_minutes : NONE, dates[i].zone);
        assert_int_equal(date.defects, dates[i].defects);
        free(in);
        for (size_t cut = 0; cut < n; cut++) {
            in = exact(dates[i].in, cut);
            mailproto_mime_date_read(in, cut, &date);
            free(in);
        }
    }
}

static void reads_none(void **state)
{
    static const char *const none[] = {"",
                                       "soon",
                                       "21 Nov",
                                       "Nov 1997 09:55:06",
                                       "32 Nov 1997 00:00:00 +0000",
                                       "0 Nov 1997 00:00:00 +0000",
                                       "21 Nov 1997 25:00:00 +0000",
                                       "21 Nov 1997 09:60:00 +0000",
                                       "21 Nov 123456789012 09:00:00",
                                       "1997-13-01",
                                       "99999999999999999999",
                                       "(21 Nov 1997)"};
    mailproto_mime_date date;

    (void)state;
    mailproto_mime_date_init(&date, sizeof date);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        date.defects = 0;
        assert_int_equal(mailproto_mime_date_read(none[i], strlen(none[i]), &date), MAILPROTO_ERR_PROTOCOL);
        assert_true(date.defects & WRONG);
    }
    assert_int_equal(mailproto_mime_date_read(NULL, 1, &date), MAILPROTO_ERR_ARG);
    date.struct_size = 4;
    assert_int_equal(mailproto_mime_date_read("", 0, &date), MAILPROTO_ERR_ARG);
}

static void write_one(int64_t seconds, int32_t zone, const char *wanted)
{
    char out[MAILPROTO_MIME_DATE_LENGTH + 1] = {0};
    mailproto_mime_date date;
    size_t made;

    mailproto_mime_date_init(&date, sizeof date);
    date.seconds = seconds;
    if (zone != NONE) {
        date.flags = MAILPROTO_MIME_DATE_ZONE;
        date.zone_minutes = zone;
    }
    assert_int_equal(mailproto_mime_date_write(&date, out, MAILPROTO_MIME_DATE_LENGTH, &made), MAILPROTO_OK);
    assert_int_equal(made, strlen(wanted));
    assert_string_equal(out, wanted);
    assert_int_equal(mailproto_mime_date_write(&date, out, made - 1, &made), MAILPROTO_ERR_LIMIT);
}

static void writes(void **state)
{
    mailproto_mime_date date;
    char out[40];
    size_t made;

    (void)state;
    write_one(880127706, -360, "Fri, 21 Nov 1997 09:55:06 -0600");
    write_one(0, 0, "Thu, 1 Jan 1970 00:00:00 +0000");
    write_one(-1, NONE, "Wed, 31 Dec 1969 23:59:59 -0000");
    write_one(951782400, 330, "Tue, 29 Feb 2000 05:30:00 +0530");
    write_one(951782399, -210, "Mon, 28 Feb 2000 20:29:59 -0330");
    write_one(951782399, -30, "Mon, 28 Feb 2000 23:29:59 -0030");
    mailproto_mime_date_init(&date, sizeof date);
    date.seconds = INT64_MAX;
    assert_int_equal(mailproto_mime_date_write(&date, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    date.seconds = 0;
    date.flags = MAILPROTO_MIME_DATE_ZONE;
    date.zone_minutes = 24 * 60;
    assert_int_equal(mailproto_mime_date_write(&date, out, sizeof out, &made), MAILPROTO_ERR_ARG);
}

/* What is written is read again, on every day from 1900 on, with any zone. */
static void round_trip(void **state)
{
    struct test_random seed = {11};
    mailproto_mime_date date, again;
    char out[MAILPROTO_MIME_DATE_LENGTH];
    size_t made;

    (void)state;
    mailproto_mime_date_init(&date, sizeof date);
    mailproto_mime_date_init(&again, sizeof again);
    date.flags = MAILPROTO_MIME_DATE_ZONE;
    for (int64_t day = -25500; day < 30000; day++) {
        date.seconds = day * 86400 + (int64_t)test_random_below(&seed, 86400);
        date.zone_minutes = (int32_t)test_random_below(&seed, 2 * 1439) - 1439;
        assert_int_equal(mailproto_mime_date_write(&date, out, sizeof out, &made), MAILPROTO_OK);
        assert_int_equal(mailproto_mime_date_read(out, made, &again), MAILPROTO_OK);
        assert_int_equal(again.seconds, date.seconds);
        assert_int_equal(again.zone_minutes, date.zone_minutes);
        assert_int_equal(again.flags, MAILPROTO_MIME_DATE_ZONE | MAILPROTO_MIME_DATE_WEEKDAY);
        assert_int_equal(again.defects, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(reads_none),
        cmocka_unit_test(writes),
        cmocka_unit_test(round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
