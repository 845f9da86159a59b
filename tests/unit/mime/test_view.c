/* Which parts are text, HTML and attachments; names of files; values of bodies; previews.
   RFC 8621 sections 4.1.4 and 4.2; RFC 8970 section 3.3; mailproto/mime_view.h. */
#include "show.h"

#include "mailproto/mime_view.h"

enum { PARTS = 64 };

static mailproto_mime_tree *tree_of(const char *message, size_t n)
{
    mailproto_mime_tree *t;

    assert_int_equal(mailproto_mime_tree_new(NULL, message, n, &t), MAILPROTO_OK);
    return t;
}

static void free_tree(mailproto_mime_tree *t)
{
    mailproto_mime_tree_free(t);
}

/* ---- messages out of a few words ---- */

/* "mixed(plain html related(html image:i) )": each word is a part, of a multipart with "(", its letters say its type:
   p text/plain, h text/html, i image/jpeg, x application/x, r message/rfc822, m mixed, a alternative, l related, s signed;
   behind it "!" attachment, "=" inline, "?" a disposition of its own, "n" a file name, "c" a Content-ID. */
static void compose(const char **spec, unsigned depth, struct show *s)
{
    static const char *const types[] = {"ptext/plain",
                                        "htext/html",
                                        "iimage/jpeg",
                                        "xapplication/x",
                                        "rmessage/rfc822",
                                        "mmultipart/mixed",
                                        "amultipart/alternative",
                                        "lmultipart/related",
                                        "smultipart/signed",
                                        "ttext/calendar"};
    const char letter = *(*spec)++;
    char line[128];

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i][0] == letter) {
            snprintf(line, sizeof line, "Content-Type: %s; boundary=b%u\r\n", types[i] + 1, depth);
            show(s, line);
        }
    for (; **spec && strchr("!=?nc", **spec); ++*spec) {
        const char mark = **spec;

        show(s, mark == '!'   ? "Content-Disposition: attachment\r\n"
                : mark == '=' ? "Content-Disposition: inline\r\n"
                : mark == '?' ? "Content-Disposition: own\r\n"
                : mark == 'n' ? "Content-Disposition: inline; filename=f.txt\r\n"
                              : "Content-ID: <a@b>\r\n");
    }
    show(s, "\r\n");
    if (letter == 'r')
        show(s, "Subject: inner\r\n\r\ninner\r\n");
    if (**spec == '(') {
        ++*spec;
        while (**spec && **spec != ')') {
            snprintf(line, sizeof line, "\r\n--b%u\r\n", depth);
            show(s, line);
            compose(spec, depth + 1, s);
        }
        ++*spec;
        snprintf(line, sizeof line, "\r\n--b%u--\r\n", depth);
        show(s, line);
    } else if (letter != 'r')
        show(s, "words");
}

/* The roles of all parts: T, H, A of each that has one, "-" of those without; and "+" if there is an attachment. */
static void assert_roles(const char *spec, const char *wanted)
{
    struct show s = {{0}, 0};
    const char *at = spec;
    mailproto_mime_tree *t;
    mailproto_mime_view view;
    uint32_t roles[PARTS];
    char got[256];
    size_t n = 0;

    compose(&at, 0, &s);
    t = tree_of(s.text, s.n);
    mailproto_mime_view_init(&view, sizeof view);
    assert_int_equal(mailproto_mime_view_read(t, roles, PARTS, &view), MAILPROTO_OK);
    for (uint32_t i = 0; i < view.parts; i++) {
        const size_t before = n;

        assert_false(roles[i] >> 9); /* what it keeps while it reads is gone */
        if (roles[i] & MAILPROTO_MIME_VIEW_TEXT)
            got[n++] = 'T';
        if (roles[i] & MAILPROTO_MIME_VIEW_HTML)
            got[n++] = 'H';
        if (roles[i] & MAILPROTO_MIME_VIEW_ATTACHMENT)
            got[n++] = 'A';
        if (n == before)
            got[n++] = '-';
        got[n++] = ' ';
    }
    n -= n > 0;
    got[n] = '\0';
    if (view.has_attachment)
        strcpy(got + n, " +");
    assert_string_equal(got, wanted);
    free_tree(t);
}

static void test_roles(void **state)
{
    (void)state;
    assert_roles("p", "TH");
    assert_roles("h", "TH");
    assert_roles("i", "TH");
    assert_roles("x", "A +");
    assert_roles("t", "A +");
    assert_roles("r", "A - +");
    assert_roles("p!", "A +");
    assert_roles("p?", "A +");
    assert_roles("a(ph)", "- T H");
    assert_roles("a(p)", "- TH");
    assert_roles("a(h)", "- TH");
    assert_roles("a(pht)", "- T H A +");
    assert_roles("m(pp)", "- TH TH");
    assert_roles("m(pip)", "- TH TH TH");
    assert_roles("m(ppn)", "- TH A");  /* a name, and not the first: a file, though inline */
    assert_roles("m(pnp)", "- TH TH"); /* the first may have a name */
    assert_roles("m(pin)", "- TH TH");
    assert_roles("l(hic)", "- TH A"); /* the image is the HTML's */
    assert_roles("l(hi)", "- TH A +");
    assert_roles("m(a(pl(hic))x!)", "- - T - H A A +");
    assert_roles("s(px)", "- TH A"); /* a signature is no attachment to speak of */
    assert_roles("m(px=)", "- TH A");
}

/* The example of RFC 8621 4.1.4. */
static void test_rfc_example(void **state)
{
    (void)state;
    assert_roles("m(p=m(a(m(p=i=p=)l(hi))i!xr)p=)",
                 /* m  A  m a m  B  C   D l E F  G H J -  K */
                 "- TH - - - T TA T - H A A A A - TH +");
}

static void test_alternatives(void **state)
{
    (void)state;
    /* an alternative of which one side is a mixture */
    assert_roles("a(pm(hx!))", "- T - H A +");
    assert_roles("a(m(hp)h)", "- - TH A TH +"); /* no list is left for the plain text: it is a file */
    assert_roles("a(ph)", "- T H");
    assert_roles("a(a(a(h)))", "- - - TH");
    assert_roles("m(a(h)a(p))", "- - TH - TH");
    assert_roles("a(pi)", "- TH A +");
}

static void test_nothing_is_hidden(void **state)
{
    static const char opaque[] = "Content-Type: multipart/mixed\r\n\r\nno boundary\r\n";
    static const char without[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\nit never comes\r\n";
    static const char empty[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    static const struct {
        const char *message;
        uint32_t role;
    } rows[] = {{opaque, MAILPROTO_MIME_VIEW_ATTACHMENT}, {without, MAILPROTO_MIME_VIEW_ATTACHMENT}, {empty, 0}};
    mailproto_mime_view view;
    uint32_t role;

    (void)state;
    mailproto_mime_view_init(&view, sizeof view);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mailproto_mime_tree *t = tree_of(rows[i].message, strlen(rows[i].message));

        assert_int_equal(mailproto_mime_view_read(t, &role, 1, &view), MAILPROTO_OK);
        assert_int_equal(role, rows[i].role);
        assert_int_equal(view.attachments, role != 0);
        assert_int_equal(view.text, MAILPROTO_MIME_NO_PART);
        free_tree(t);
    }
}

static const char letter[] = "Content-Type: multipart/mixed; boundary=o\r\n\r\n"
                             "--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
                             "--i\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n> old\r\nGr\xc3\xbc\xc3\x9f"
                             "e,\r\n\r\n  the   text\r\n-- \r\nname\r\n"
                             "--i\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Gr=FC=DFe</p>\r\n--i--\r\n"
                             "--o\r\nContent-Type: application/pdf; name=old.pdf\r\n"
                             "Content-Disposition: attachment; filename*=utf-8''%C3%BCber.pdf\r\n\r\nx\r\n"
                             "--o\r\nContent-Type: application/x-without\r\n\r\nx\r\n--o--\r\n";

static void test_summary_and_names(void **state)
{
    mailproto_mime_tree *t = tree_of(letter, sizeof letter - 1);
    mailproto_mime_view view;
    uint32_t roles[PARTS];
    char name[64];
    size_t made;

    (void)state;
    mailproto_mime_view_init(&view, sizeof view);
    assert_int_equal(mailproto_mime_view_read(t, roles, 5, &view), MAILPROTO_ERR_LIMIT);
    assert_int_equal(view.parts, 6);
    assert_int_equal(mailproto_mime_view_read(t, roles, 6, &view), MAILPROTO_OK);
    assert_int_equal(view.texts, 1);
    assert_int_equal(view.htmls, 1);
    assert_int_equal(view.attachments, 2);
    assert_int_equal(view.text, 2);
    assert_int_equal(view.html, 3);
    assert_int_equal(roles[2], MAILPROTO_MIME_VIEW_TEXT | MAILPROTO_MIME_VIEW_IS_PLAIN);
    assert_int_equal(roles[3], MAILPROTO_MIME_VIEW_HTML | MAILPROTO_MIME_VIEW_IS_HTML);
    assert_int_equal(roles[4], MAILPROTO_MIME_VIEW_ATTACHMENT | MAILPROTO_MIME_VIEW_NAMED);
    assert_int_equal(mailproto_mime_view_name(t, 4, NULL, name, sizeof name, &made, NULL), MAILPROTO_OK);
    assert_int_equal(made, 9);
    assert_memory_equal(name,
                        "\xc3\xbc"
                        "ber.pdf",
                        9);
    assert_int_equal(mailproto_mime_view_name(t, 4, NULL, name, 8, &made, NULL), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 9);
    assert_int_equal(mailproto_mime_view_name(t, 5, NULL, name, sizeof name, &made, NULL), MAILPROTO_MIME_END);
    assert_int_equal(made, 0);
    assert_int_equal(mailproto_mime_view_name(t, 6, NULL, name, sizeof name, &made, NULL), MAILPROTO_ERR_ARG);
    free_tree(t);
}

/* Nested as deep as the limit allows, and wide: one pass, no stack. */
static void test_deep(void **state)
{
    enum { DEPTH = 24 };
    struct show s = {{0}, 0};
    char spec[4 * DEPTH + 8] = "";
    const char *at = spec;
    mailproto_mime_tree *t;
    mailproto_mime_view view;
    uint32_t roles[PARTS + DEPTH];

    (void)state;
    for (int i = 0; i < DEPTH; i++)
        strcat(spec, i % 2 ? "a(" : "m(");
    strcat(spec, "h");
    for (int i = 0; i < DEPTH; i++)
        strcat(spec, ")");
    compose(&at, 10, &s);
    t = tree_of(s.text, s.n);
    mailproto_mime_view_init(&view, sizeof view);
    assert_int_equal(mailproto_mime_view_read(t, roles, PARTS + DEPTH, &view), MAILPROTO_OK);
    assert_true(view.parts > 16);
    assert_int_equal(view.texts + view.attachments, 1);
    free_tree(t);
}

/* ---- values ---- */

/* The text of the only part, in one piece and as a stream by little. */
static void assert_value(const char *message, size_t n, size_t cap, const char *wanted, size_t wanted_n, int truncated,
                         int problem)
{
    mailproto_mime_tree *t = tree_of(message, n);
    mailproto_mime_value value;
    char out[4096];

    mailproto_mime_value_init(&value, sizeof value);
    assert_true(cap <= sizeof out);
    assert_int_equal(mailproto_mime_view_value(t, 0, NULL, out, cap, &value), MAILPROTO_OK);
    assert_int_equal(value.made, wanted_n);
    assert_memory_equal(out, wanted, wanted_n);
    assert_int_equal(value.truncated, truncated);
    assert_int_equal(value.problem, problem);
    if (!truncated) {
        mailproto_mime_text_stream s;
        char piece[MAILPROTO_MIME_TEXT_ROOM];
        size_t all = 0, made;
        int32_t result;

        mailproto_mime_text_stream_init(&s, sizeof s);
        assert_int_equal(mailproto_mime_text_open(t, 0, NULL, &s), MAILPROTO_OK);
        while (!(result = mailproto_mime_text_read(&s, piece, sizeof piece, &made))) {
            assert_true(made && made <= wanted_n - all);
            assert_memory_equal(piece, wanted + all, made);
            all += made;
        }
        assert_int_equal(result, MAILPROTO_MIME_END);
        assert_int_equal(all, wanted_n);
        assert_int_equal(s.problem, problem);
        mailproto_mime_text_close(&s);
        mailproto_mime_text_close(&s);
        assert_int_equal(mailproto_mime_text_read(&s, piece, sizeof piece, &made), MAILPROTO_ERR_ARG);
    }
    free_tree(t);
}

#define ASSERT_VALUE(message, cap, wanted, truncated, problem)                                                         \
    assert_value(message, sizeof(message) - 1, cap, wanted, sizeof(wanted) - 1, truncated, problem)

static void test_values(void **state)
{
    (void)state;
    ASSERT_VALUE("\r\n", 4096, "", 0, 0);
    ASSERT_VALUE("\r\na\r\nb\nc\rd\r\r\ne\r", 4096, "a\nb\nc\rd\r\ne\r", 0, 0);
    ASSERT_VALUE("Content-Type: text/plain; charset=latin1\r\n\r\ncaf\xe9\r\n", 4096, "caf\xc3\xa9\n", 0, 0);
    ASSERT_VALUE("Content-Type: text/plain; charset=utf-8\r\n\r\ncaf\xe9\r\n", 4096, "caf\xef\xbf\xbd\n", 0, 1);
    ASSERT_VALUE("Content-Type: text/plain; charset=nobody-knows\r\n\r\ncaf\xe9", 4096, "caf\xc3\xa9", 0, 1);
    ASSERT_VALUE("Content-Transfer-Encoding: own\r\n\r\n=41", 4096, "=41", 0, 1);
    ASSERT_VALUE("Content-Transfer-Encoding: base64\r\n\r\nYQ0KYg0=", 4096, "a\nb\r", 0, 0);
    ASSERT_VALUE("Content-Type: text/plain; charset=utf-16be\r\nContent-Transfer-Encoding: base64\r\n\r\nAA0ACgBi",
                 4096, "\nb", 0, 0);
}

static void test_html_charset(void **state)
{
    (void)state;
    ASSERT_VALUE("Content-Type: text/html\r\n\r\n<meta charset=\"koi8-r\">\xc1", 4096,
                 "<meta charset=\"koi8-r\">\xd0\xb0", 0, 0);
    ASSERT_VALUE(
        "Content-Type: text/html\r\n\r\n<META http-equiv=Content-Type content='text/html; charset=koi8-r'>\xc1", 4096,
        "<META http-equiv=Content-Type content='text/html; charset=koi8-r'>\xd0\xb0", 0, 0);
    /* what Content-Type says comes first; and in plain text it is mere text */
    ASSERT_VALUE("Content-Type: text/html; charset=latin1\r\n\r\n<meta charset=koi8-r>\xc1", 4096,
                 "<meta charset=koi8-r>\xc3\x81", 0, 0);
    ASSERT_VALUE("Content-Type: text/plain\r\n\r\n<meta charset=koi8-r>\xc1", 4096, "<meta charset=koi8-r>\xc3\x81", 0,
                 0);
    ASSERT_VALUE("Content-Type: text/html\r\n\r\n<p>charset=koi8-r\xc1", 4096, "<p>charset=koi8-r\xc3\x81", 0, 0);
    ASSERT_VALUE("Content-Type: text/html\r\n\r\n<meta charset=utf-16>\xc1", 4096, "<meta charset=utf-16>\xc3\x81", 0,
                 0);
}

static void test_truncation(void **state)
{
    (void)state;
    ASSERT_VALUE("\r\nabc", 3, "abc", 0, 0);
    ASSERT_VALUE("\r\nabcd", 3, "abc", 1, 0);
    ASSERT_VALUE("\r\na", 0, "", 1, 0);
    ASSERT_VALUE("\r\n", 0, "", 0, 0);
    ASSERT_VALUE("\r\nab\xe2\x82\xac", 5, "ab\xe2\x82\xac", 0, 0);
    ASSERT_VALUE("\r\nab\xe2\x82\xac", 4, "ab", 1, 0);
    ASSERT_VALUE("\r\nab\xe2\x82\xac", 3, "ab", 1, 0);
    ASSERT_VALUE("\r\nab\xe2\x82\xac", 2, "ab", 1, 0);
    ASSERT_VALUE("Content-Type: text/html\r\n\r\nab <a href=x>c</a>", 8, "ab ", 1, 0);
    ASSERT_VALUE("Content-Type: text/html\r\n\r\nab <a href=x>c</a>", 13, "ab <a href=x>", 1, 0);
    ASSERT_VALUE("Content-Type: text/html\r\n\r\n1 < 2 but 3", 8, "1 < 2 bu", 1, 0);
    ASSERT_VALUE("Content-Type: text/plain\r\n\r\nab <a href=x>c</a>", 8, "ab <a hr", 1, 0);
}

/* At every limit what is given is the beginning of the whole, and whole characters. */
static void test_every_limit(void **state)
{
    static const char message[] = "Content-Type: text/plain; charset=utf-8\r\n\r\nx\r\n\xc3\xa9\r\n\xe2\x82\xac\r\n"
                                  "\xf0\x9f\x98\x80\r\nand the rest of it, \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 end\r\n";
    mailproto_mime_tree *t = tree_of(message, sizeof message - 1);
    mailproto_mime_value value;
    char whole[256], out[256];
    size_t n;

    (void)state;
    mailproto_mime_value_init(&value, sizeof value);
    assert_int_equal(mailproto_mime_view_value(t, 0, NULL, whole, sizeof whole, &value), MAILPROTO_OK);
    n = value.made;
    for (size_t cap = 0; cap <= n; cap++) {
        char *exactly = exact(out, cap);

        assert_int_equal(mailproto_mime_view_value(t, 0, NULL, exactly, cap, &value), MAILPROTO_OK);
        assert_int_equal(value.truncated, cap < n);
        assert_true(value.made <= cap && cap - value.made < 4);
        assert_memory_equal(exactly, whole, value.made);
        assert_true(value.made == n || ((uint8_t)whole[value.made] & 0xc0) != 0x80);
        free(exactly);
    }
    free_tree(t);
}

static void test_arguments(void **state)
{
    mailproto_mime_tree *t = tree_of(letter, sizeof letter - 1), *none;
    mailproto_mime_view view;
    mailproto_mime_value value;
    mailproto_mime_text_stream s;
    mailproto_charset_provider provider;
    uint32_t roles[PARTS] = {0};
    char out[64];
    size_t made;

    (void)state;
    mailproto_mime_view_init(&view, sizeof view);
    mailproto_mime_value_init(&value, sizeof value);
    mailproto_mime_text_stream_init(&s, sizeof s);
    mailproto_charset_provider_init(&provider, sizeof provider);
    assert_int_equal(mailproto_mime_view_read(NULL, roles, PARTS, &view), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_view_read(t, NULL, 1, &view), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_view_read(t, roles, PARTS, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_view_value(t, 99, NULL, out, sizeof out, &value), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_view_value(t, 2, NULL, out, sizeof out, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_text_open(t, 2, &provider, &s), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_text_open(t, 2, NULL, &s), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_text_read(&s, out, MAILPROTO_MIME_TEXT_ROOM - 1, &made), MAILPROTO_ERR_ARG);
    mailproto_mime_text_close(NULL);
    assert_int_equal(mailproto_mime_text_stream_init(&s, sizeof s - 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_preview(t, roles, 5, NULL, 0, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_preview(t, roles, PARTS, NULL, 257, out, sizeof out, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_preview(t, roles, PARTS, NULL, 0, NULL, 1, &made), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_tree_new(NULL, NULL, 0, &none), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_view_read(none, NULL, 0, &view), MAILPROTO_OK);
    assert_int_equal(view.parts, 0);
    assert_int_equal(mailproto_mime_preview(none, NULL, 0, NULL, 0, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, 0);
    free_tree(none);
    free_tree(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_rfc_example),
        cmocka_unit_test(test_alternatives),
        cmocka_unit_test(test_nothing_is_hidden),
        cmocka_unit_test(test_summary_and_names),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_html_charset),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_every_limit),
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
