/* test_config.c - mailprotod's configuration file: what is read, and how each mistake is told.
 * And whose mailbox an address is: RFC 5321 2.4, 4.1.2, 4.5.1. */
#include "../../examples/server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../examples/server/config_values.h"

#include <cmocka.h>

#define SERVER      "[server]\nhostname = mail.example.test\ndomains = Example.test, example.org\nmail = /var/mail\n"
#define ALICE       "[user Alice@example.test]\npassword = secret\n"
#define GOOD        SERVER "cleartext_auth = loopback\n[listen]\nsmtp = 127.0.0.1:25\n" ALICE

#define LISTEN_FORM "must be addresses like 127.0.0.1:25 or [::1]:25, or unix:/path, inherited:NAME or fd:NUMBER"

static char path[64];
static char *said;

/* Reads the text as a file only its owner may read; what was said about it is in `said`, the path left out. */
static int read_text(struct settings *settings, const char *text)
{
    size_t len, skip;
    FILE *problems, *file;
    char *at;
    int result, fd;

    free(said);
    strcpy(path, "/tmp/mailproto-config-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    file = fdopen(fd, "w");
    fputs(text, file);
    fclose(file);
    problems = open_memstream(&said, &len);
    settings_init(settings);
    result = config_read(settings, path, problems);
    fclose(problems);
    unlink(path);
    skip = strlen(path);
    while ((at = strstr(said, path)))
        memmove(at, at + skip, strlen(at + skip) + 1);
    return result;
}

static void assert_wrong(const char *text, const char *expected)
{
    struct settings settings;

    assert_int_equal(read_text(&settings, text), 78);
    settings_clear(&settings);
    assert_string_equal(said, expected);
}

/* ---- the file ---- */

static void test_a_whole_file(void **state)
{
    static const char text[] = "# a comment\n"
                               "[server]\n"
                               "hostname = mail.example.test\n"
                               "domains = Example.test, example.org\n"
                               "mail = /var/mail\n"
                               "postmaster = bob@example.org\n"
                               "run_as = mail\n"
                               "log = debug\n"
                               "cleartext_auth = yes\n"
                               "sync = file\n"
                               "threads = 4\n"
                               "[listen]\n"
                               "smtp = 127.0.0.1:2525 [::1]:2526\n"
                               "pop3 = 0.0.0.0:110 ; everywhere\n"
                               "[limits]\n"
                               "message_size = 10M\n"
                               "recipients = 100\n"
                               "sessions = 7\n"
                               "command_time = 5m\n"
                               "auth_delay = 10ms\n"
                               "[user alice@example.test]\n"
                               "password = a secret\n"
                               "[user bob@example.org]\n"
                               "maildir = robert\n"
                               "password = x\n"
                               "[user carol@example.org]\n"
                               "maildir = /home/carol/Maildir\n"
                               "password = x\n";
    struct settings settings;

    (void)state;
    assert_int_equal(read_text(&settings, text), 0);
    assert_string_equal(said, "");
    assert_string_equal(settings.hostname, "mail.example.test");
    assert_string_equal(settings.run_as, "mail");
    assert_int_equal(settings.log, LOG_DEBUG);
    assert_int_equal(settings.cleartext, CLEARTEXT_YES);
    assert_int_equal(settings.sync, MAILPROTO_MAILDIR_SYNC_FILE);
    assert_int_equal(settings.threads, 4);
    assert_int_equal(settings.limits.message_size, 10 << 20);
    assert_int_equal(settings.limits.recipients, 100);
    assert_int_equal(settings.limits.sessions, 7);
    assert_int_equal(settings.limits.command_time, 300000);
    assert_int_equal(settings.limits.auth_delay, 10);
    assert_int_equal(settings.limits.sessions_per_address, 100); /* the default */
    assert_int_equal(settings.listen[SERVICE_SMTP].count, 2);
    assert_string_equal(settings.listen[SERVICE_SMTP].items[0], "127.0.0.1:2525");
    assert_string_equal(settings.listen[SERVICE_SMTP].items[1], "[::1]:2526");
    assert_int_equal(settings.listen[SERVICE_POP3].count, 1);
    assert_int_equal(settings.users.count, 3);
    assert_string_equal(settings.users.items[0].box->path, "/var/mail/alice@example.test");
    assert_string_equal(settings.users.items[1].box->path, "/var/mail/robert");
    assert_string_equal(settings.users.items[2].box->path, "/home/carol/Maildir");
    assert_string_equal(settings.users.items[0].password, "a secret");
    assert_string_equal(settings.users.postmaster_user->address, "bob@example.org");
    settings_clear(&settings);
}

static void test_mistakes_have_their_line(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {GOOD "shoe_size = 44\n", ":10: shoe_size: there is no such key; a user has keys and maildir\n"},
        {GOOD "password = again\n", ":10: password: is said twice\n"},
        {GOOD "[servre]\nlog = info\nlog = info\n",
         ":10: section servre: there is no such section; there are [server], [listen], [tls], [oauth], [limits] and "
         "[user ADDRESS]\n"},
        {GOOD "[server]\ncolour = red\n",
         ":11: colour: there is no such key in this section; mailprotod(8) lists them\n"},
        {GOOD "[server]\nmail = /elsewhere\n", ":11: mail: is said twice\n"},
        {GOOD "[server]\nlog = loud\n", ":11: log: must be error, warning, info or debug\n"},
        {GOOD "[server]\nsync = maybe\n", ":11: sync: must be full, file or none\n"},
        {GOOD "[server]\nthreads = -1\n", ":11: threads: must be a number from 1 on\n"},
        {GOOD "[limits]\nmessage_size = 0\n", ":11: message_size: must be a size like 64K, 50M or 1G\n"},
        {GOOD "[limits]\nmessage_size = 10X\n", ":11: message_size: must be a size like 64K, 50M or 1G\n"},
        {GOOD "[limits]\ncommand_time = 10\n", ":11: command_time: must be a time like 500ms, 30s, 5m or 1h\n"},
        {GOOD "[listen]\npop3 = localhost:110\n", ":11: pop3: " LISTEN_FORM "\n"},
        {GOOD "[listen]\npop3 = 127.0.0.1:65536\n", ":11: pop3: " LISTEN_FORM "\n"},
        {GOOD "[listen]\npop3 = [::1:110\n", ":11: pop3: " LISTEN_FORM "\n"},
        {GOOD "[user bob@example.org]\nmaildir = bob\n", ":10: bob@example.org has no password\n"},
        {GOOD "just words\n", ":10: this is neither a [section] nor KEY = VALUE\n"},
        {"log = info\n" GOOD, ":1: log: stands before the first [section]\n"},
        {SERVER ALICE, ": nothing to listen on: add a line like smtp = 127.0.0.1:25 to [listen]\n"},
        {"[listen]\nsmtp = 127.0.0.1:25\n" ALICE,
         ": hostname is missing in [server]\n: mail is missing in [server]\n: domains is missing in [server]\n"},
        {SERVER "[listen]\nsmtp = 127.0.0.1:25\n", ": there is no user: add a section like [user alice@example.org]\n"},
        {GOOD "[user bob@elsewhere.test]\npassword = x\n[user eve@nowhere.test]\npassword = x\n",
         ":10: bob@elsewhere.test is of a domain that is not among the domains of [server]\n"
         ":12: eve@nowhere.test is of a domain that is not among the domains of [server]\n"},
        {GOOD "[user bob]\npassword = x\n", ":10: user bob: is not an address like alice@example.org\n"},
        {GOOD "[user b@example.org]\npassword = x\n[user B@example.ORG]\npassword = x\n",
         ":12: b@example.org is there twice\n"},
        {GOOD "[server]\npostmaster = nobody@example.org\n", ": postmaster is not the address of a user\n"},
        {GOOD "[user bob@example.org]\npassword = x\nmaildir = alice@example.test\n",
         ":10: bob@example.org has the same maildir as alice@example.test\n"},
        {SERVER "[listen]\nsubmission = 127.0.0.1:587\n" ALICE,
         ": submission and pop3 need passwords, and without TLS they cross the network in clear text: add a [tls] "
         "section with "
         "certificate and key, or say cleartext_auth = loopback in [server] to take them from this machine only\n"},
        {SERVER "[listen]\npop3s = 127.0.0.1:995\nsubmissions = 127.0.0.1:465\n" ALICE,
         ": submissions begins with TLS: add a [tls] section with certificate and key\n"
         ": pop3s begins with TLS: add a [tls] section with certificate and key\n"},
        {GOOD "[tls]\ncertificate = /c.pem\n", ": [tls]: this mailprotod was built without TLS: build it where mbedTLS "
                                               "is (libmbedtls-dev), or take the section "
                                               "out\n"},
        {GOOD "[tls]\nmin_version = 1.1\n", ":11: min_version: must be 1.2 or 1.3: older versions are not safe\n"},
        {GOOD "[oauth]\ntokens = /nonexistent\n", "/nonexistent: cannot be read: No such file or directory\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_wrong(cases[i].text, cases[i].said);
}

static void test_all_mistakes_are_told(void **state)
{
    (void)state;
    assert_wrong("[server]\nhostname = -\nlog = x\n[listen]\nsmtp = 1\n",
                 ":2: hostname: must be a host name like mail.example.org\n"
                 ":3: log: must be error, warning, info or debug\n"
                 ":5: smtp: " LISTEN_FORM "\n"
                 ": mail is missing in [server]\n"
                 ": domains is missing in [server]\n");
}

/* A file of another kind is told to be one, once, and nothing is said of passwords in it. */
static void test_other_files_are_no_configurations(void **state)
{
    static const char *const texts[] = {"", "localhost\n", "NAME=\"Debian\"\nID=debian\n", "# a comment\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_wrong(texts[i], ": this is no configuration of mailprotod: there is no [server], [listen] or [user "
                               "ADDRESS] in it; mailprotod(8) shows one\n");
}

/* A program, an archive: what is wrong in its lines would be without end. */
static void test_a_file_that_is_no_text(void **state)
{
    static const char octets[] = "[server]\nlog = x\n[a\0b]\nlog = y\n";
    struct settings settings;
    char name[] = "/tmp/mailproto-config-XXXXXX", *told = NULL;
    FILE *file = fdopen(mkstemp(name), "w"), *problems;
    size_t size;

    (void)state;
    assert_int_equal(fwrite(octets, 1, sizeof octets - 1, file), sizeof octets - 1);
    fclose(file);
    problems = open_memstream(&told, &size);
    settings_init(&settings);
    assert_int_equal(config_read(&settings, name, problems), 78);
    fclose(problems);
    unlink(name);
    settings_clear(&settings);
    assert_string_equal(told + strlen(name),
                        ": this is no configuration of mailprotod: it is no text; mailprotod(8) shows one\n");
    free(told);
}

/* What stands behind something that could not be read may be what would be missing. */
static void test_nothing_is_missing_after_a_syntax_error(void **state)
{
    (void)state;
    assert_wrong("[server]\nhostname mail.example.test\n", ":2: this is neither a [section] nor KEY = VALUE\n");
    assert_wrong(
        "[usr b]\n",
        ":1: section usr b: there is no such section; there are [server], [listen], [tls], [oauth], [limits] and "
        "[user ADDRESS]\n");
    assert_wrong(GOOD "[user bob@example.org]\npassword x\n", ":11: this is neither a [section] nor KEY = VALUE\n");
}

static void test_wrong_values_are_not_missing_too(void **state)
{
    (void)state;
    assert_wrong("[server]\nhostname = -\ndomains = -\nmail =\ncleartext_auth = perhaps\n[listen]\npop3 = 1\n" ALICE,
                 ":2: hostname: must be a host name like mail.example.org\n"
                 ":3: domains: must be domains like example.org example.net\n"
                 ":4: mail: must not be empty\n"
                 ":5: cleartext_auth: must be no, loopback or yes\n"
                 ":7: pop3: " LISTEN_FORM "\n");
    assert_wrong(SERVER "cleartext_auth = perhaps\n[listen]\npop3 = 127.0.0.1:110\n" ALICE,
                 ":5: cleartext_auth: must be no, loopback or yes\n");
    assert_wrong(GOOD "[user bob@example.org]\npassword =\n", ":11: password: must not be empty\n");
}

/* ---- sections ---- */

static void test_sections_without_keys(void **state)
{
    (void)state;
    assert_wrong(GOOD "[user bob@example.org]\n", ":10: bob@example.org has no password\n");
    assert_wrong(GOOD "[user bob@example.org]", ":10: bob@example.org has no password\n");
    assert_wrong(GOOD "[user bob@example.org]\n[user carol@example.org]\n# none\n[limits]\n",
                 ":10: bob@example.org has no password\n:11: carol@example.org has no password\n");
    assert_wrong(GOOD "[usr b]\n",
                 ":10: section usr b: there is no such section; there are [server], [listen], [tls], [oauth], "
                 "[limits] and [user ADDRESS]\n");
    assert_wrong(GOOD "[user b@example.org]\n[usr b]\npassword = x\n",
                 ":11: section usr b: there is no such section; there are [server], [listen], [tls], [oauth], [limits] "
                 "and [user "
                 "ADDRESS]\n:10: b@example.org has no password\n");
    assert_wrong(GOOD "[user]\n",
                 ":10: section user: there is no such section; there are [server], [listen], [tls], [oauth], "
                 "[limits] and [user ADDRESS]\n");
    assert_wrong(GOOD "[user bob@example.org]\npassword = x\n[user bob@example.org]\nmaildir = x\n",
                 ":12: bob@example.org has no password\n:12: bob@example.org is there twice\n");
}

static void test_how_sections_are_written(void **state)
{
    struct settings settings;

    (void)state;
    assert_int_equal(read_text(&settings, "\xef\xbb\xbf [ server ] ; this one\nhostname = mail.example.test\n"
                                          "domains = example.org\nmail = /var/mail\n[listen] # that\n"
                                          "smtp = 127.0.0.1:25\n[user\t bob@example.org ]\r\npassword = [x]\r\n"),
                     0);
    assert_string_equal(settings.users.items[0].address, "bob@example.org");
    assert_string_equal(settings.users.items[0].password, "[x]");
    settings_clear(&settings);
    assert_wrong(GOOD "[limits] recipients = 7\n", ":10: section limits: nothing may stand behind it in the line\n");
    assert_wrong(GOOD "  [user bob@example.org]\n", ":10: password: is said twice\n"); /* it goes on with the value */
}

static void test_long_addresses_are_whole(void **state)
{
    static const char name[] = "a.user.whose.name.is.as.long.as.they.may.be@mail.department.example.org";
    struct settings settings;
    char text[1024];

    (void)state;
    snprintf(text, sizeof text,
             "[server]\nhostname = mail.example.test\ndomains = mail.department.example.org\n"
             "mail = /var/mail\n[listen]\nsmtp = 127.0.0.1:25\n[user %s]\npassword = x\n",
             name);
    assert_int_equal(read_text(&settings, text), 0);
    assert_string_equal(settings.users.items[0].address, name);
    settings_clear(&settings);
}

/* ---- values ---- */

static void test_users_are_addresses(void **state)
{
    static const char *const wrong[] = {"a b@example.org", "x@@example.org",    "../b@example.org", ".b@example.org",
                                        "b.@example.org",  "b..c@example.org",  "@example.org",     "b@",
                                        "b@example.org.",  "\"b\"@example.org", "b,c@example.org",  "b:c@example.org"};
    char text[1024], expected[256];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, GOOD "[user %s]\npassword = x\n", wrong[i]);
        snprintf(expected, sizeof expected, ":10: user %s: is not an address like alice@example.org\n", wrong[i]);
        assert_wrong(text, expected);
    }
}

static void test_maildirs_stay_below_mail(void **state)
{
    static const char *const wrong[] = {"../../etc", "..", ".", "a/../../b", "a/..", "./a"};
    struct settings settings;
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, GOOD "[user b@example.org]\npassword = x\nmaildir = %s\n", wrong[i]);
        assert_wrong(text, ":12: maildir: must be below mail, without . and .., or begin with a slash\n");
    }
    assert_int_equal(read_text(&settings, GOOD "[user b@example.org]\npassword = x\nmaildir = b/..c/.d\n"), 0);
    assert_string_equal(settings.users.items[1].box->path, "/var/mail/b/..c/.d");
    settings_clear(&settings);
}

static void test_addresses_to_listen_on_differ(void **state)
{
    struct settings settings;

    (void)state;
    assert_wrong(SERVER "[listen]\nsmtp = 127.0.0.1:25 127.0.0.1:25\n" ALICE,
                 ": 127.0.0.1:25 is in [listen] twice, for smtp and smtp\n");
    assert_wrong(SERVER "[listen]\nlmtp = [::1]:24\nsmtp = 127.0.0.1:24 [0::1]:24\n" ALICE,
                 ": [::1]:24 is in [listen] twice, for smtp and lmtp\n");
    assert_int_equal(read_text(&settings, SERVER "[listen]\nsmtp = 127.0.0.1:25 127.0.0.2:25 [::1]:25\n" ALICE), 0);
    settings_clear(&settings);
    assert_wrong(SERVER "[listen]\nsmtp = fd:7\nlmtp = fd:007\n" ALICE,
                 ": fd:7 is in [listen] twice, for smtp and lmtp\n");
    assert_wrong(SERVER "[listen]\nsmtp = inherited:0 inherited:0\n" ALICE,
                 ": inherited:0 is in [listen] twice, for smtp and smtp\n");
    /* each of the name is another socket */
    assert_int_equal(read_text(&settings, SERVER "[listen]\nsmtp = inherited:smtp inherited:smtp\n" ALICE), 0);
    settings_clear(&settings);
}

static void test_sockets_that_are_passed_on(void **state)
{
    struct settings settings;
    const struct endpoints *smtp = &settings.listen[SERVICE_SMTP], *lmtp = &settings.listen[SERVICE_LMTP];
    char text[512], path_of_108[109];

    (void)state;
    assert_int_equal(read_text(&settings,
                               SERVER "[listen]\nsmtp = inherited:smtp, fd:7\nlmtp = unix:/run/mail/lmtp\n" ALICE),
                     0);
    assert_int_equal(smtp->count, 2);
    assert_string_equal(smtp->items[0], "inherited:smtp");
    assert_string_equal(smtp->items[1], "fd:7");
    assert_int_equal(lmtp->count, 1);
    assert_string_equal(lmtp->items[0], "unix:/run/mail/lmtp");
    settings_clear(&settings);
    assert_wrong(SERVER "[listen]\nsmtp = inherited:\n" ALICE,
                 ":6: smtp: has inherited: without the name or number of a socket\n");
    assert_wrong(SERVER "[listen]\nsmtp = fd:x\n" ALICE, ":6: smtp: has fd: without the number of a descriptor\n");
    assert_wrong(SERVER "[listen]\nsmtp = fd:2147483648\n" ALICE,
                 ":6: smtp: has fd: without the number of a descriptor\n");
    assert_wrong(SERVER "[listen]\nlmtp = unix:run\n" ALICE,
                 ":6: lmtp: has unix: without a path that begins with a slash and has at most 107 octets\n");
    memset(path_of_108, 'x', sizeof path_of_108 - 1);
    path_of_108[sizeof path_of_108 - 1] = 0;
    *path_of_108 = '/';
    snprintf(text, sizeof text, SERVER "[listen]\nlmtp = unix:%s\n" ALICE, path_of_108);
    assert_wrong(text, ":6: lmtp: has unix: without a path that begins with a slash and has at most 107 octets\n");
    path_of_108[107] = 0;
    snprintf(text, sizeof text, SERVER "[listen]\nlmtp = unix:%s\n" ALICE, path_of_108);
    assert_int_equal(read_text(&settings, text), 0);
    assert_string_equal(lmtp->items[0] + 5, path_of_108);
    settings_clear(&settings);
}

static void test_long_lines(void **state)
{
    char text[1024];
    struct settings settings;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "[server]\nhostname = ", 20);
    strcpy(text + 1000, "\nlog = info\n");
    assert_int_equal(read_text(&settings, text), 78);
    settings_clear(&settings);
    assert_non_null(strstr(said, ":2: this line is too long\n"));
    assert_null(strstr(said, ":3:"));
}

static void test_a_file_that_cannot_be_read(void **state)
{
    struct settings settings;
    FILE *problems;
    size_t len;

    (void)state;
    free(said);
    problems = open_memstream(&said, &len);
    settings_init(&settings);
    assert_int_equal(config_read(&settings, "/nonexistent/file", problems), 66);
    fclose(problems);
    settings_clear(&settings);
    assert_string_equal(said, "/nonexistent/file: cannot be read: No such file or directory\n");
}

static void test_a_folder(void **state)
{
    struct settings settings;
    FILE *problems;
    size_t len;

    (void)state;
    free(said);
    problems = open_memstream(&said, &len);
    settings_init(&settings);
    assert_int_equal(config_read(&settings, "/tmp", problems), 66);
    fclose(problems);
    settings_clear(&settings);
    assert_string_equal(said, "/tmp: cannot be read: Is a directory\n"); /* and no advice to chmod 600 it */
}

static void test_a_file_that_others_may_read(void **state)
{
    struct settings settings;
    FILE *problems, *file;
    size_t len;
    int fd;

    (void)state;
    free(said);
    strcpy(path, "/tmp/mailproto-config-XXXXXX");
    fd = mkstemp(path);
    file = fdopen(fd, "w");
    fputs(GOOD, file);
    fclose(file);
    assert_int_equal(chmod(path, 0644), 0);
    problems = open_memstream(&said, &len);
    settings_init(&settings);
    assert_int_equal(config_read(&settings, path, problems), 0);
    fclose(problems);
    unlink(path);
    settings_clear(&settings);
    assert_non_null(strstr(said, "warning: others may read this file"));
}

/* ---- addresses ---- */

static void add(struct users *users, const char *address, const char *password)
{
    struct user *user;

    assert_int_equal(users_add(users, address, &user), 0);
    user->password = strdup(password);
    user->box = mailbox_new(address);
}

static void no_complaint(void *context, const struct user *user, const char *sentence)
{
    (void)context;
    fail_msg("%s: %s", user ? user->address : "", sentence);
}

static void make_users(struct users *users)
{
    memset(users, 0, sizeof *users);
    users_add_domain(users, "example.test");
    users_add_domain(users, "Example.ORG");
    add(users, "bob@example.test", "");
    add(users, "Alice@Example.Test", "secret");
    add(users, "alice+lists@example.test", "other");
    add(users, "ann lee@example.org", "x");
    assert_int_equal(users_finish(users, no_complaint, NULL), 0);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *address;
        int found;
        const char *user;
    } cases[] = {
        {"alice@example.test", USERS_LOCAL, "alice@example.test"},
        {"ALICE@EXAMPLE.TEST", USERS_LOCAL, "alice@example.test"},
        {"alice+anything@example.test", USERS_LOCAL, "alice@example.test"},
        {"alice+a+b@example.test", USERS_LOCAL, "alice@example.test"},
        {"alice+lists@example.test", USERS_LOCAL, "alice+lists@example.test"},
        {"\"alice\"@example.test", USERS_LOCAL, "alice@example.test"},
        {"\"al\\ice\"@example.test", USERS_LOCAL, "alice@example.test"},
        {"\"ann lee\"@example.org", USERS_LOCAL, "ann lee@example.org"},
        {"alice@example.org", USERS_UNKNOWN, NULL},
        {"+alice@example.test", USERS_UNKNOWN, NULL},
        {"nobody@example.test", USERS_UNKNOWN, NULL},
        {"@example.test", USERS_UNKNOWN, NULL},
        {"alice@elsewhere.test", USERS_ELSEWHERE, NULL},
        {"alice@example.test.", USERS_ELSEWHERE, NULL},
        {"alice@[127.0.0.1]", USERS_ELSEWHERE, NULL},
        {"\"alice@example.test\"@elsewhere.test", USERS_ELSEWHERE, NULL},
        {"alice", USERS_ELSEWHERE, NULL},
        {"Postmaster", USERS_LOCAL, "bob@example.test"},
        {"postmaster@example.org", USERS_LOCAL, "bob@example.test"},
        {"postmaster@elsewhere.test", USERS_ELSEWHERE, NULL},
    };
    struct users users;

    (void)state;
    make_users(&users);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct user *user;

        assert_int_equal(users_find(&users, cases[i].address, strlen(cases[i].address), &user), cases[i].found);
        if (cases[i].user)
            assert_string_equal(user->address, cases[i].user);
        else
            assert_null(user);
    }
    users_clear(&users);
}

static const struct user *login(const struct users *users, const char *name, const char *password)
{
    const struct user *user = users_named(users, name, strlen(name));

    return users_login(user, password, strlen(password)) ? user : NULL;
}

static void test_logins(void **state)
{
    struct users users;

    (void)state;
    make_users(&users);
    assert_non_null(login(&users, "alice@example.test", "secret"));
    assert_non_null(login(&users, "ALICE@example.test", "secret"));
    assert_non_null(login(&users, "alice", "secret"));
    assert_null(login(&users, "alice", "Secret"));
    assert_null(login(&users, "alice", "secre"));
    assert_null(login(&users, "alice", "secretsecret"));
    assert_null(login(&users, "alice", ""));
    assert_null(login(&users, "alice+x", "secret"));
    assert_null(login(&users, "nobody", "no such user"));
    assert_null(login(&users, "bob", "x"));
    assert_null(users_named(&users, "alice\0", 6));
    users_clear(&users);
}

/* After a reload a user whose Maildir is the same keeps the object that deliveries under way know. */
static void test_reload_keeps_the_boxes(void **state)
{
    struct users old, fresh;
    const struct user *before, *after;

    (void)state;
    make_users(&old);
    make_users(&fresh);
    users_inherit(&fresh, &old);
    users_find(&old, "alice@example.test", 18, &before);
    users_find(&fresh, "alice@example.test", 18, &after);
    assert_ptr_equal(before->box, after->box);
    users_clear(&old);
    assert_string_equal(after->box->path, "Alice@Example.Test");
    users_clear(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_file),
        cmocka_unit_test(test_mistakes_have_their_line),
        cmocka_unit_test(test_all_mistakes_are_told),
        cmocka_unit_test(test_nothing_is_missing_after_a_syntax_error),
        cmocka_unit_test(test_other_files_are_no_configurations),
        cmocka_unit_test(test_a_file_that_is_no_text),
        cmocka_unit_test(test_wrong_values_are_not_missing_too),
        cmocka_unit_test(test_sections_without_keys),
        cmocka_unit_test(test_how_sections_are_written),
        cmocka_unit_test(test_long_addresses_are_whole),
        cmocka_unit_test(test_users_are_addresses),
        cmocka_unit_test(test_maildirs_stay_below_mail),
        cmocka_unit_test(test_addresses_to_listen_on_differ),
        cmocka_unit_test(test_sockets_that_are_passed_on),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_a_folder),
        cmocka_unit_test(test_a_file_that_cannot_be_read),
        cmocka_unit_test(test_a_file_that_others_may_read),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_reload_keeps_the_boxes),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(said);
    return failed;
}
