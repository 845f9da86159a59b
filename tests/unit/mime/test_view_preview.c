/* The preview of a message: quotes, signatures, armour, characters, limits.
   RFC 8970 section 3.3; RFC 8621 section 4.1.4; mailproto/mime_view.h. */
#include "show.h"

#include "mailproto/mime_view.h"

enum { PARTS = 64, MESSAGE = 16384 };

static const char letter[] = "Content-Type: multipart/mixed; boundary=o\r\n\r\n"
                             "--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
                             "--i\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n> old\r\nGr\xc3\xbc\xc3\x9f"
                             "e,\r\n\r\n  the   text\r\n-- \r\nname\r\n"
                             "--i\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Gr=FC=DFe</p>\r\n--i--\r\n"
                             "--o\r\nContent-Type: application/pdf; name=old.pdf\r\n"
                             "Content-Disposition: attachment; filename*=utf-8''%C3%BCber.pdf\r\n\r\nx\r\n"
                             "--o\r\nContent-Type: application/x-without\r\n\r\nx\r\n--o--\r\n";

static void preview_of(const char *message, size_t n, uint32_t most, size_t cap, struct show *s)
{
    mailproto_mime_tree *t;
    mailproto_mime_view view;
    uint32_t roles[PARTS];
    char *out = malloc(cap ? cap : 1);
    size_t made;

    assert_non_null(out);
    assert_int_equal(mailproto_mime_tree_new(NULL, message, n, &t), MAILPROTO_OK);
    mailproto_mime_view_init(&view, sizeof view);
    assert_int_equal(mailproto_mime_view_read(t, roles, PARTS, &view), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_preview(t, roles, PARTS, NULL, most, out, cap, &made), MAILPROTO_OK);
    assert_true(made <= cap);
    s->n = 0;
    show_octets(s, out, made);
    free(out);
    mailproto_mime_tree_free(t);
}

static void assert_preview(const char *head, const char *body, const char *wanted)
{
    struct show s = {{0}, 0};
    char message[8192];
    const int n = snprintf(message, sizeof message, "%s\r\n%s", head, body);

    assert_true(n > 0 && (size_t)n < sizeof message);
    preview_of(message, (size_t)n, 0, MAILPROTO_MIME_PREVIEW_ROOM, &s);
    assert_string_equal(s.text, wanted);
}

static void test_previews(void **state)
{
    struct show s = {{0}, 0};

    (void)state;
    preview_of(letter, sizeof letter - 1, 0, MAILPROTO_MIME_PREVIEW_ROOM, &s);
    assert_string_equal(s.text, "Gr\xc3\xbc\xc3\x9f"
                                "e, the text");
    assert_preview("", "", "");
    assert_preview("", " \r\n\t\r\n", "");
    assert_preview("", "  one\r\n\r\n two\t three  \r\n", "one two three");
    assert_preview("Content-Type: application/x\r\n", "x", "");
    assert_preview("Content-Type: text/html\r\n", "<title>no</title><h1>A</h1><p>b &amp; c", "A b & c");
    /* an alternative whose plain text is empty */
    assert_preview("Content-Type: multipart/alternative; boundary=b\r\n",
                   "--b\r\n\r\n \r\n--b\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n--b--\r\n", "html");
    /* what comes behind the first text */
    assert_preview("Content-Type: multipart/mixed; boundary=b\r\n",
                   "--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>two</b>\r\n--b--\r\n", "one two");
}

static void test_preview_quotes(void **state)
{
    (void)state;
    assert_preview("", "On Monday she wrote:\r\n> old\r\n> words\r\n\r\nnew\r\n", "new");
    assert_preview("", "Hello\r\nshe wrote:\r\n\r\n> old\r\nnew\r\n", "Hello new");
    assert_preview("", "This is it:\r\na list\r\n", "This is it: a list");
    assert_preview("", "> only\r\n>> quoted\r\n", "only quoted");
    assert_preview("", "he wrote:\r\n> only\r\n", "he wrote: only");
    assert_preview("", "text\r\n-- \r\nname\r\n", "text");
    assert_preview("", "text\r\n--\r\nmore\r\n", "text -- more");
    assert_preview("Content-Type: text/html\r\n", "she wrote:<blockquote><p>old<br>words</blockquote>new", "new");
    assert_preview("Content-Type: text/html\r\n", "<blockquote>all of it</blockquote>", "all of it");
}

static void test_preview_armour(void **state)
{
    (void)state;
    assert_preview("",
                   "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\ntext\r\n"
                   "-----BEGIN PGP SIGNATURE-----\r\n\r\niQ==\r\n-----END PGP SIGNATURE-----\r\nmore\r\n",
                   "text more");
    assert_preview("", "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEM\r\n-----END PGP MESSAGE-----\r\n", "");
}

static void test_preview_characters(void **state)
{
    (void)state;
    /* controls and turns of direction go, white space of all kinds is one space */
    assert_preview("Content-Type: text/plain; charset=utf-8\r\n",
                   "a\x01\x7f"
                   "b\xe2\x80\xae"
                   "c\xc2\xa0\xe2\x80\x83\xe3\x80\x80"
                   "d",
                   "abc d");
    /* invisible ones stay inside of a word and go next to white space */
    assert_preview("Content-Type: text/plain; charset=utf-8\r\n",
                   "\xe2\x80\x8c"
                   "a\xe2\x80\x8c"
                   "b\xe2\x80\x8c \xe2\x80\x8c\xc2\xa0\xe2\x80\x8c\xcd\x8f c\xe2\x80\x8c",
                   "a\xe2\x80\x8c"
                   "b c");
}

/* Every limit of characters and of octets: the beginning, and whole characters. */
static void test_preview_limits(void **state)
{
    char message[2048] = "Content-Type: text/plain; charset=utf-8\r\n\r\n";
    struct show s = {{0}, 0};

    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(message, "\xf0\x9f\x98\x80"
                        "a\xc3\xa9 ");
    preview_of(message, strlen(message), 0, MAILPROTO_MIME_PREVIEW_ROOM, &s);
    assert_int_equal(s.n, 50 * 8 - 1); /* 200 characters would end with a space */
    preview_of(message, strlen(message), 256, MAILPROTO_MIME_PREVIEW_ROOM, &s);
    assert_int_equal(s.n, 64 * 8 - 1);
    for (uint32_t most = 1; most < 30; most++) {
        size_t characters = 0;

        preview_of(message, strlen(message), most, MAILPROTO_MIME_PREVIEW_ROOM, &s);
        for (size_t i = 0; i < s.n; i++)
            characters += ((uint8_t)s.text[i] & 0xc0) != 0x80;
        assert_true(characters == most || characters == most - 1);
        assert_true(s.text[s.n - 1] != ' ');
        assert_memory_equal(s.text, message + 43, s.n);
    }
    for (size_t cap = 0; cap < 30; cap++) {
        preview_of(message, strlen(message), 0, cap, &s);
        assert_memory_equal(s.text, message + 43, s.n);
        assert_true(((uint8_t)message[43 + s.n] & 0xc0) != 0x80);
        assert_true(cap - s.n <= 4 + 4);
    }
}

/* Lines that are longer than what is held: characters are not cut, quotes are known by where the line begins. */
static void test_preview_long_lines(void **state)
{
    static char message[MESSAGE];
    struct show s = {{0}, 0};
    const char *head = "Content-Type: text/plain; charset=utf-8\r\n\r\n";

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        strcpy(message, head);
        strcat(message, ">   ");
        for (int i = 0; i < 3000; i++)
            strcat(message, "q ");
        strcat(message, "\r\n");
        strcat(message, &"xxxx"[4 - shift]);
        for (int i = 0; i < 1100; i++)
            strcat(message, "\xe2\x80\x8c");
        strcat(message, "\xe2\x82\xac end");
        preview_of(message, strlen(message), 0, MAILPROTO_MIME_PREVIEW_ROOM, &s);
        assert_memory_equal(s.text + s.n - 7, "\xe2\x82\xac end", 7);
        assert_null(memchr(s.text, 'q', s.n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_previews),       cmocka_unit_test(test_preview_quotes),
        cmocka_unit_test(test_preview_armour), cmocka_unit_test(test_preview_characters),
        cmocka_unit_test(test_preview_limits), cmocka_unit_test(test_preview_long_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
