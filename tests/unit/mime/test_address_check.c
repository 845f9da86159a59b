/* Verdicts on single addresses: each category, limits, literals; with a corpus, those that others came to.
   RFC 5321 sections 4.1.2, 4.1.3, 4.5.3.1; RFC 5322 sections 3.4.1 and 4.4; RFC 6531 section 3.3. */
#include "show.h"

#define V(name) MAILPROTO_MIME_VERDICT_##name

static const struct {
    const char *address;
    uint32_t verdict;
} addresses[] = {
    {"someone@example.com", V(VALID)},
    {"a.b+c!#$%&'*/=?^_`{|}~-@x-1.example", V(VALID)},
    {"someone@localhost", V(TOP_LEVEL)},
    {"a@b.1c", V(TOP_LEVEL_NUMERIC)},
    {"\"a b\"@c.example", V(QUOTED)},
    {"\"\"@c.example", V(QUOTED)},
    {"\"a\\\"b\"@c.example", V(QUOTED)},
    {"a@[192.0.2.255]", V(LITERAL)},
    {"a@[IPv6:2001:db8:0:0:0:0:0:1]", V(LITERAL)},
    {"a@[ipv6:2001:db8::1]", V(LITERAL)},
    {"a@[IPv6:::]", V(LITERAL)},
    {"a@[IPv6:::192.0.2.1]", V(LITERAL)},
    {"a@[IPv6:1:2:3:4:5:6:192.0.2.1]", V(LITERAL)},
    {"\xc3\xa9@\xc3\xbc.example", V(INTERNATIONAL)},
    {"a@example.com(c)", V(COMMENT)},
    {"a@example.com (c)", V(BLANK)},
    {"(c)a@example.com", V(COMMENT)},
    {"(a(b)\\)c)a@example.com", V(COMMENT)},
    {" a@example.com", V(BLANK)},
    {"\r\n a@example.com", V(BLANK)},
    {"a.\"b\"@example.com", V(OLD_LOCAL)},
    {"a(c).b@example.com", V(OLD_LOCAL)},
    {"a . b@example.com", V(OLD_BLANK)},
    {" \r\n \r\n a@example.com", V(OLD_BLANK)},
    {"\"\x01\"@example.com", V(OLD_QUOTED)},
    {"\"\\\x01\"@example.com", V(OLD_PAIR)},
    {"a@b.(c)example", V(OLD_COMMENT)},
    {"(\x01)a@example.com", V(OLD_COMMENT_TEXT)},
    {"a @example.com", V(OLD_NEAR_AT)},
    {"a@ example.com", V(OLD_NEAR_AT)},
    {"a@[IPv6:1::3:4:5:6:7:8]", V(LITERAL_V6_OLD)},
    {"a@b_c.example", V(DOMAIN)},
    {"a@[x]", V(LITERAL_OTHER)},
    {"a@[256.0.2.1]", V(LITERAL_OTHER)},
    {"a@[192.0.2]", V(LITERAL_OTHER)},
    {"a@[1192.0.2.1]", V(LITERAL_OTHER)},
    {"a@[\\x]", V(LITERAL_OLD)},
    {"a@[IPv6:1:2:3]", V(LITERAL_V6_GROUPS)},
    {"a@[IPv6:1::2::3]", V(LITERAL_V6_ELISIONS)},
    {"a@[IPv6:1::12345]", V(LITERAL_V6_OCTET)},
    {"a@[IPv6:1::g]", V(LITERAL_V6_OCTET)},
    {"a@[IPv6:1:2:3:4::5:6:7:8:9]", V(LITERAL_V6_MANY)},
    {"a@[IPv6:1:2:3:4::5:6:7:8]", V(LITERAL_V6_MANY)},
    {"a@[IPv6::1::2]", V(LITERAL_V6_COLON_FIRST)},
    {"a@[IPv6:1::2:]", V(LITERAL_V6_COLON_LAST)},
    {"a@", V(NO_DOMAIN)},
    {"@example.com", V(NO_LOCAL)},
    {"a", V(NO_AT)},
    {"", V(NO_AT)},
    {"a..b@example.com", V(DOTS)},
    {"a@b..example", V(DOTS)},
    {".a@example.com", V(DOT_FIRST)},
    {"a@.example.com", V(DOT_FIRST)},
    {"a.@example.com", V(DOT_LAST)},
    {"a@example.com.", V(DOT_LAST)},
    {"a@-example.com", V(HYPHEN_FIRST)},
    {"a@example-.com", V(HYPHEN_LAST)},
    {"a@example.com-", V(HYPHEN_LAST)},
    {"a,b@example.com", V(ATEXT)},
    {"a@b@example.com", V(ATEXT)},
    {"a\"b\"@example.com", V(ATEXT)},
    {"\"a\"b@example.com", V(AFTER_QUOTED)},
    {"a b@example.com", V(AFTER_COMMENT)},
    {"a@b c", V(AFTER_COMMENT)},
    {"a@[192.0.2.1]b", V(AFTER_LITERAL)},
    {"\"\n\"@example.com", V(QTEXT)},
    {"\"\\\xc3\xa9\"@example.com", V(PAIR)},
    {"(\n)a@example.com", V(CTEXT)},
    {"a@[[]", V(DTEXT)},
    {"\"a@example.com", V(OPEN_QUOTED)},
    {"(a@example.com", V(OPEN_COMMENT)},
    {"a@[192.0.2.1", V(OPEN_LITERAL)},
    {"\"a\\", V(BACKSLASH_LAST)},
    {"a\r@example.com", V(CR_ALONE)},
    {"a@example.com\r\n", V(FOLD_LAST)},
    {"a\r\n@example.com", V(FOLD_LAST)},
    {"a@example.com\r\n\r\n ", V(FOLD_TWICE)},
    {"\xe9@example.com", V(UTF8)},
};

static uint32_t check(const char *text, size_t n)
{
    char *in = exact(text, n);
    uint32_t verdict = UINT32_MAX;

    assert_int_equal(mailproto_mime_address_check(in, n, &verdict), MAILPROTO_OK);
    assert_non_null(mailproto_mime_verdict_text(verdict));
    free(in);
    return verdict;
}

static void verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        uint32_t verdict = check(addresses[i].address, strlen(addresses[i].address));

        if (verdict != addresses[i].verdict)
            print_error("%s: %s\n", addresses[i].address, mailproto_mime_verdict_text(verdict));
        assert_int_equal(verdict, addresses[i].verdict);
        for (size_t n = 0; n < strlen(addresses[i].address); n++)
            check(addresses[i].address, n);
    }
    assert_null(mailproto_mime_verdict_text(0xfff));
}

/* A local part of so many octets, and a domain of so many, in labels of 50. */
static uint32_t check_lengths(size_t local, size_t domain, size_t label)
{
    char text[1024];

    memset(text, 'a', local);
    text[local] = '@';
    for (size_t i = 0; i < domain; i++)
        text[local + 1 + i] = (i + 1) % (label + 1) ? 'b' : '.';
    text[local + domain] = 'c';
    return check(text, local + 1 + domain);
}

static void lengths(void **state)
{
    (void)state;
    assert_int_equal(check_lengths(64, 189, 50), V(VALID));
    assert_int_equal(check_lengths(65, 100, 50), V(LONG_LOCAL));
    assert_int_equal(check_lengths(64, 190, 50), V(LONG));
    assert_int_equal(check_lengths(1, 255, 50), V(LONG));
    assert_int_equal(check_lengths(1, 256, 50), V(LONG_DOMAIN));
    assert_int_equal(check_lengths(1, 200, 63), V(VALID));
    assert_int_equal(check_lengths(1, 200, 64), V(LONG_LABEL));
}

/* ---- the verdicts of isemail, where the corpus is ---- */

/* The text of an element in s, with what XML has in place of some octets, and NUL behind it; its length, for NUL may be in
   it, too. -1: there is none before `end`; one without any text is "<name/>". */
static int element(const char *s, const char *end, const char *name, char *out)
{
    char open[32];
    const char *p;
    int n = 0;

    sprintf(open, "<%s/>", name);
    p = strstr(s, open);
    out[0] = '\0';
    if (p && p < end)
        return 0;
    sprintf(open, "<%s>", name);
    p = strstr(s, open);
    if (!p || p > end)
        return -1;
    for (p += strlen(open); *p != '<'; p++) {
        if (*p == '&') {
            unsigned code = 0;

            if (p[1] == '#')
                code = (unsigned)strtoul(p[2] == 'x' ? p + 3 : p + 2, NULL, p[2] == 'x' ? 16 : 10);
            else
                code = p[1] == 'a' ? (p[2] == 'm' ? '&' : '\'') : p[1] == 'q' ? '"' : p[1] == 'l' ? '<' : '>';
            /* U+2400 and those behind it stand for controls */
            out[n++] = (char)(code >= 0x2400 ? code - 0x2400 : code);
            p = strchr(p, ';');
        } else if (!strncmp(p, "\xe2\x90", 2) && (uint8_t)p[2] < 0xa0) {
            out[n++] = (char)((uint8_t)p[2] - 0x80);
            p += 2;
        } else
            out[n++] = *p;
    }
    out[n] = '\0';
    return n;
}

static uint32_t category_of(const char *name)
{
    static const char *const names[] = {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_RFC5321", "ISEMAIL_CFWS",
                                        "ISEMAIL_DEPREC",         "ISEMAIL_RFC5322", "ISEMAIL_ERR"};

    for (uint32_t i = 0; i < 6; i++)
        if (!strcmp(names[i], name))
            return i;
    return 0; /* ISEMAIL_DNSWARN: DNS is not asked here */
}

/* The addresses that get another category here, by their id: isemail asks DNS of "test@io" and finds it, here a domain of one
   label is of RFC 5321. */
static int is_other(const char *test)
{
    static const unsigned long others[] = {5};
    const unsigned long id = strtoul(test + strlen("<test id=\""), NULL, 10);

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (id == others[i])
            return 1;
    return 0;
}

static void isemail(void **state)
{
    enum { TESTS = 164 };
    const char *corpus = getenv("MAILPROTO_CORPUS");
    char path[1024], *text, address[2048], category[256];
    size_t n, count = 0, wrong = 0;
    FILE *file;

    (void)state;
    if (!corpus)
        skip();
    snprintf(path, sizeof path, "%s/dominicsayers+isemail/test/tests.xml", corpus);
    file = fopen(path, "rb");
    if (!file)
        skip();
    text = malloc(1 << 20);
    assert_non_null(text);
    n = fread(text, 1, (1 << 20) - 1, file);
    text[n] = '\0';
    fclose(file);
    for (char *test = text, *end; (test = strstr(test, "<test id")) && (end = strstr(test, "</test>")); test = end) {
        const int len = element(test, end, "address", address);
        uint32_t verdict;

        assert_true(len >= 0 && element(test, end, "category", category) >= 0);
        count++;
        verdict = check(address, (size_t)len);
        if ((MAILPROTO_MIME_VERDICT_CATEGORY(verdict) != category_of(category)) == is_other(test))
            continue;
        wrong++;
        print_error("%.14s %s: %s, not %s\n", test, address, mailproto_mime_verdict_text(verdict), category);
    }
    free(text);
    assert_int_equal(count, TESTS);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(lengths),
        cmocka_unit_test(isemail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
