/* HTML to text: tags, comments, what is no text, references, lines, lists, quotes, links; in any pieces.
   HTML 4.01; mailproto/mime_view.h. */
#include "show.h"

#include "mailproto/mime_view.h"

/* Feeds it in pieces of `piece` octets with `room` octets of room, and gives the whole. */
static size_t play(const char *html, size_t n, uint32_t flags, size_t piece, size_t room, char *out, size_t cap)
{
    mailproto_html_text h;
    size_t all = 0, at = 0, took, made;
    int32_t result;

    assert_int_equal(mailproto_html_text_init(&h, sizeof h), MAILPROTO_OK);
    h.flags = flags;
    while (at < n) {
        const size_t next = piece < n - at ? piece : n - at;
        char *in = exact(html + at, next), *part = malloc(room);

        assert_non_null(part);
        assert_int_equal(mailproto_html_text_feed(&h, in, next, &took, part, room, &made), MAILPROTO_OK);
        assert_true(took || made);
        assert_true(made <= cap - all);
        memcpy(out + all, part, made);
        all += made;
        at += took;
        free(in);
        free(part);
    }
    do {
        result = mailproto_html_text_end(&h, out + all, room < cap - all ? room : cap - all, &made);
        all += made;
    } while (result == MAILPROTO_CODEC_MORE);
    assert_int_equal(result, MAILPROTO_OK);
    assert_int_equal(mailproto_html_text_feed(&h, html, n, &took, out, 0, &made), MAILPROTO_ERR_STATE);
    return all;
}

static void assert_n(const char *html, size_t n, uint32_t flags, const char *wanted, size_t wanted_n)
{
    static const size_t pieces[] = {1, 2, 3, 7, 1000};
    char out[4096];
    size_t made;

    assert_int_equal(mailproto_html_text_all(html, n, flags, out, sizeof out - 1, &made), MAILPROTO_OK);
    out[made] = '\0';
    assert_string_equal(out, wanted);
    assert_int_equal(made, wanted_n);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        made = play(html, n, flags, pieces[i], MAILPROTO_CODEC_ROOM + i, out, sizeof out);
        assert_int_equal(made, wanted_n);
        assert_memory_equal(out, wanted, made);
    }
    if (wanted_n) {
        char *little = malloc(wanted_n - 1 ? wanted_n - 1 : 1);

        assert_non_null(little);
        assert_int_equal(mailproto_html_text_all(html, n, flags, little, wanted_n - 1, &made), MAILPROTO_ERR_LIMIT);
        assert_int_equal(made, wanted_n);
        free(little);
    }
}

static void assert_html(const char *html, const char *wanted)
{
    assert_n(html, strlen(html), 0, wanted, strlen(wanted));
}

static void assert_links(const char *html, const char *wanted)
{
    assert_n(html, strlen(html), MAILPROTO_HTML_LINKS, wanted, strlen(wanted));
}

static void assert_quotes(const char *html, const char *wanted)
{
    assert_n(html, strlen(html), MAILPROTO_HTML_QUOTES, wanted, strlen(wanted));
}

static void test_white_space(void **state)
{
    (void)state;
    assert_html("", "");
    assert_html(" \r\n ", "");
    assert_html("  a \r\n\t b  ", "a b");
    assert_html("a&nbsp;&nbsp; \xc2\xa0"
                "b",
                "a b");
    assert_html("a\xc2\xa1"
                "b\xc3\xa9",
                "a\xc2\xa1"
                "b\xc3\xa9");
    assert_html("a <b> b</b> c", "a b c");
    assert_html("a\x01\x7f"
                "b",
                "ab");
    assert_html("a\xc2", "a\xc2");
}

static void test_blocks(void **state)
{
    (void)state;
    assert_html("a<br>b<BR/>c<br />d", "a\nb\nc\nd");
    assert_html("a<br><br><br><br>b", "a\n\nb");
    assert_html("<div>a</div><div>b</div>c", "a\nb\nc");
    assert_html("<div><div><div>a</div></div></div><div><div>b", "a\nb");
    assert_html("a<br></div><div>b", "a\nb");
    assert_html("<p>a</p><p>b</p>c", "a\n\nb\n\nc");
    assert_html("<h1>a</h1>b<hr>c", "a\n\nb\n\nc");
    assert_html("<br><p><br>a<br></p><br>", "a");
    assert_html("<table><tr><td>a</td><td>b</td></tr><tr><th>c<th>d</table>e", "a b\nc d\ne");
    assert_html("a <p> b </p> c", "a\n\nb\n\nc");
    assert_html("a<span>b</span><own-tag>c</own-tag>", "abc");
}

static void test_lists(void **state)
{
    (void)state;
    assert_html("x<ul><li>a<li>b</li></ul>y", "x\n* a\n* b\ny");
    assert_html("<ol><li>a<li>b<ul><li>c</ul><li>d</ol><li>e", "1. a\n2. b\n* c\n3. d\n* e");
    assert_html("<ul><li><p>a</p></li><li><div>b", "* a\n\n* b");
    assert_html("<ul><li></li><li>a</ul>", "* a");
    assert_html("</ul></ol>a<ol><li>b", "a\n1. b");
    {
        char html[1024] = "", wanted[1024] = "";

        for (int i = 0; i < 40; i++)
            strcat(html, "<ol>");
        strcat(html, "<li>a");
        for (int i = 0; i < 39; i++)
            strcat(html, "</ol>");
        strcat(html, "<li>b");
        strcat(wanted, "* a\n1. b");
        assert_html(html, wanted);
    }
}

static void test_pre(void **state)
{
    (void)state;
    assert_html("a<pre>  b\r\n   c  d\n\n\ne</pre>f  g", "a\n\n  b\n   c  d\n\ne\n\nf g");
    assert_html("</pre>a  b", "a b");
}

static void test_dropped(void **state)
{
    (void)state;
    assert_html("<html><head><meta x><title>no</title>no<style>no</style></head><body>yes", "yes");
    assert_html("<head><title>no</title><p>yes", "yes");
    assert_html("<head>no<body>yes", "yes");
    assert_html("a<script>if (a</b && '</scrip>' < \"</p>\") x</script >b", "ab");
    assert_html("a<STYLE type='x'>p > a { }</sTyLe>b", "ab");
    assert_html("a<style></style>b", "ab");
    assert_html("a<script><</<//script></script/>b", "ab");
    assert_html("a<script>no", "a");
    assert_html("a<xml><o:x>96</o:x></xml>b", "ab");
    assert_html("a<noscript>b</noscript>", "ab");
    assert_html("a<!-- no <p> -- > no -->b", "ab");
    assert_html("a<!-->b<!--->c<!---->d<!-- --!>e<!-- ---->f", "abcdef");
    assert_html("a<!--[if mso]><p>no</p><![endif]-->b<![if !mso]>c<![endif]>d", "abcd");
    assert_html("<!DOCTYPE html>a<?xml version='1'?>b", "ab");
    assert_html("a<!-- no", "a");
}

static void test_broken_tags(void **state)
{
    (void)state;
    assert_html("1 < 2 <3 a<", "1 < 2 <3 a<");
    assert_html("a</>b</ c>d", "abd");
    assert_html("a<b title=\"x>y\">b</b><b title='x>y'>c<b title=x>d", "abcd");
    assert_html("a<b =\">b", "ab");
    assert_html("a<b title = \"x>y\" / >b", "ab");
    assert_html("a<b title>b<b title =x>c<b title=>d", "abcd");
    assert_html("a<b title=\"no", "a");
    assert_html("a<p", "a");
    assert_html("a</p", "a");
    assert_html("a<averyveryverylongname x>b", "ab");
    assert_html("a<p/b>b", "a\n\nb");
}

static void test_references(void **state)
{
    (void)state;
    assert_html("&lt;p&gt; &amp;amp; &quot;&apos;", "<p> &amp; \"'");
    assert_html("&eacute;&Eacute;&euro;&hellip;&thetasym;&zwnj;", "\xc3\xa9\xc3\x89\xe2\x82\xac\xe2\x80\xa6\xcf\x91"
                                                                  "\xe2\x80\x8c");
    assert_html("&#233;&#xE9;&#Xe9;&#233 &#xe9<", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 \xc3\xa9<");
    assert_html("&#128512;", "\xf0\x9f\x98\x80");
    assert_html("&#150;&#x80;&#129;", "\xe2\x80\x93\xe2\x82\xac\xef\xbf\xbd");
    assert_html("&#0;&#xd800;&#x110000;&#9999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_html("a&#10;b&#1;c", "a bc");
    assert_html("&copy &eacute, &euro x", "\xc2\xa9 \xc3\xa9, &euro x");
    assert_html("&nosuch; &; & &# &#; &#x; &averyveryverylongname; &a", "&nosuch; &; & &# &#; &#x; "
                                                                        "&averyveryverylongname; &a");
    assert_html("a&amp", "a&");
    assert_html("?a=1&copyb=2", "?a=1&copyb=2");
    assert_html("a&<b>b</b>&&amp;", "a&b&&");
}

/* Every name of HTML 4 gives one character, and no other letter case of it does. */
static void test_names(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {{"AElig", "\xc3\x86"}, {"yuml", "\xc3\xbf"},       {"zwj", "\xe2\x80\x8d"}, {"alefsym", "\xe2\x84\xb5"},
                {"Alpha", "\xce\x91"}, {"zeta", "\xce\xb6"},       {"Zeta", "\xce\x96"},    {"hearts", "\xe2\x99\xa5"},
                {"OElig", "\xc5\x92"}, {"fnof", "\xc6\x92"},       {"piv", "\xcf\x96"},     {"lang", "\xe2\x8c\xa9"},
                {"not", "\xc2\xac"},   {"there4", "\xe2\x88\xb4"}, {"frac12", "\xc2\xbd"},  {"sup1", "\xc2\xb9"}};
    char html[32];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(html, sizeof html, "&%s;", rows[i].name);
        assert_html(html, rows[i].text);
    }
    assert_html("&ALPHA;&Hearts;", "&ALPHA;&Hearts;");
}

static void test_links(void **state)
{
    (void)state;
    assert_html("<a href=\"https://example.org/\">a</a>b", "ab");
    assert_links("<a href=\"https://example.org/\">a</a>b", "a <https://example.org/>b");
    assert_links("<A title=x HREF = 'http://example.org/?a=1&amp;b=2&copy=3'>a b</A>",
                 "a b <http://example.org/?a=1&b=2&copy=3>");
    assert_links("<a href=https://example.org>https://example.org</a>", "https://example.org");
    assert_links("<a href=https://example.org/a>https://example.org</a>",
                 "https://example.org <https://example.org/a>");
    assert_links("<a href=mailto:a@b>a@b</a> <a href=mailto:a@b>c</a>", "a@b c <mailto:a@b>");
    assert_links("<a href=https://example.org/><img src=x></a>b", "b");
    assert_links("<a href=#x>a</a> <a name=y>b</a> <a href=javascript:x>c</a>", "a b c");
    assert_links("<a href='https://example.org/ x'>a</a> <a href='https://example.org/&lt;'>b</a>", "a b");
    assert_links("<a href=https://a>a<a href=https://b>b<b title=\"https://c\">c</b></a>",
                 "a <https://a>bc <https://b>");
    assert_links("<a href=https://a><p>a</p></a>b", "a <https://a>\n\nb");
    assert_links("<a href=https://a>a", "a <https://a>");
    assert_links("<b href=https://a>a</b><abbr href=https://a>b</abbr><a data-href=https://a xhref=https://a>c</a>",
                 "abc");
    {
        char html[1200] = "<a href=https://", wanted[1200];

        memset(html + strlen(html), 'x', 512 - 8); /* as long as may be */
        strcpy(wanted, "t <");
        strcat(wanted, html + 8);
        strcat(wanted, ">");
        strcat(html, ">t</a>");
        assert_links(html, wanted);
        memset(html, 0, sizeof html);
        strcpy(html, "<a href=https://");
        memset(html + strlen(html), 'x', 512 - 8 + 1); /* one more */
        strcat(html, ">t</a>");
        assert_links(html, "t");
    }
}

static void test_quotes(void **state)
{
    (void)state;
    assert_html("a<blockquote>b</blockquote>c", "a\n\nb\n\nc");
    assert_quotes("a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e</blockquote>f",
                  "a\n\n> b\n> c\n\n> > d\n\ne\n\nf");
    assert_quotes("<blockquote><ul><li>a", "> * a");
}

/* What costs nothing but its length: a large input of each kind that could grow. */
static void test_large(void **state)
{
    enum { N = 300000 };
    static const char *const units[] = {"<",  "<a href=x",   "<!--", "&", "&#",      "<ol><li>", "<blockquote>", "</",
                                        "a ", "<script></s", "\"",   "-", "<pre>\n", "<td>",     "<p>x"};
    char *html = malloc(N), *out;
    size_t made, need;
    int32_t result;

    (void)state;
    assert_non_null(html);
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        for (size_t i = 0; i < N; i++)
            html[i] = units[u][i % strlen(units[u])];
        result = mailproto_html_text_all(html, N, MAILPROTO_HTML_LINKS | MAILPROTO_HTML_QUOTES, NULL, 0, &need);
        assert_int_equal(result, need ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK);
        out = malloc(need ? need : 1);
        assert_non_null(out);
        assert_int_equal(mailproto_html_text_all(html, N, MAILPROTO_HTML_LINKS | MAILPROTO_HTML_QUOTES, out, need,
                                                 &made),
                         0);
        assert_int_equal(made, need);
        free(out);
    }
    free(html);
}

static void test_arguments(void **state)
{
    mailproto_html_text h;
    char out[16];
    size_t took, made;

    (void)state;
    assert_int_equal(mailproto_html_text_init(&h, sizeof h - 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_html_text_init(&h, sizeof h), MAILPROTO_OK);
    assert_int_equal(mailproto_html_text_feed(NULL, "", 0, &took, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_html_text_feed(&h, NULL, 1, &took, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_html_text_feed(&h, "", 0, NULL, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_html_text_end(&h, out, sizeof out, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_html_text_all("a", 1, 4, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_html_text_all(NULL, 0, 0, NULL, 0, &made), MAILPROTO_OK);
    assert_int_equal(made, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_white_space), cmocka_unit_test(test_blocks),  cmocka_unit_test(test_lists),
        cmocka_unit_test(test_pre),         cmocka_unit_test(test_dropped), cmocka_unit_test(test_broken_tags),
        cmocka_unit_test(test_references),  cmocka_unit_test(test_names),   cmocka_unit_test(test_links),
        cmocka_unit_test(test_quotes),      cmocka_unit_test(test_large),   cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
