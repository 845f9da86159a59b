/* Content-Type and parameters in every form that is seen, Content-Disposition, Content-Transfer-Encoding and others.
   RFC 2045 sections 5 and 6; RFC 2183; RFC 2231; RFC 2047 section 5. */
#include "show.h"

/* ---- types and parameters ---- */

static const struct {
    const char *in, *out;
} types[] = {
    {" text/plain\r\n", "text/plain"},
    {"TEXT/Plain; Charset=UTF-8", "text/plain Charset=[UTF-8]"},
    {"text/plain; charset=us-ascii (Plain text)", "text/plain charset=[us-ascii]"},
    {"text/plain; charset=\"us-ascii\"", "text/plain charset=[us-ascii]"},
    {"(c) text (c) / (c) html (c) ; (c) charset (c) = (c) x (c)", "text/html charset=[x]"},
    /* no type */
    {"", "text/plain !CONTENT_TYPE"},
    {"text", "text/plain !CONTENT_TYPE"},
    {"text; charset=utf-8", "text/plain !CONTENT_TYPE charset=[utf-8]"},
    {"charset=utf-8", "text/plain !CONTENT_TYPE charset=[utf-8]"},
    {"text/; a=b", "text/plain !CONTENT_TYPE a=[b]"},
    {"/plain", "text/plain !CONTENT_TYPE"},
    {"; a=b", "text/plain !CONTENT_TYPE a=[b]"},
    {"\"text/html\"; a=b", "text/html !CONTENT_TYPE a=[b]"},
    {"\"text\"/html", "text/html !CONTENT_TYPE"},
    /* separators */
    {"text/plain;charset=utf-8;;", "text/plain charset=[utf-8]"},
    {"text/plain;;; charset=utf-8; ", "text/plain charset=[utf-8]"},
    {"text/plain charset=utf-8", "text/plain charset=[utf-8]"},
    {"text/plain; charset=utf-8 format=flowed", "text/plain charset=[utf-8] format=[flowed] list !PARAMETER"},
    {"text/plain; charset=\"utf-8\" format=flowed", "text/plain charset=[utf-8] format=[flowed]"},
    {"text/plain, charset=utf-8", "text/plain charset=[utf-8]"},
    {"text/plain; charset = utf-8", "text/plain charset=[utf-8]"},
    {"text/plain;\r\n\tcharset=utf-8;\r\n\tformat=flowed\r\n", "text/plain charset=[utf-8] format=[flowed]"},
    /* what is no parameter */
    {"text/plain; charset", "text/plain list !PARAMETER"},
    {"text/plain; charset; a=b", "text/plain a=[b] list !PARAMETER"},
    {"text/plain; =x; a=b", "text/plain a=[b] list !PARAMETER"},
    {"text/plain; \"x\"; a=b", "text/plain a=[b] list !PARAMETER"},
    {"text/plain; a=", "text/plain a=[]"},
    {"text/plain; a=\"\"; b=c", "text/plain a=[] b=[c]"},
    /* values without quotes */
    {"a/b; name=my file (1).pdf", "a/b name=[my file (1).pdf]"},
    {"a/b; name=file(1).pdf; x=y", "a/b name=[file(1).pdf] x=[y]"},
    {"a/b; name=a, b; x=y", "a/b name=[a, b] x=[y]"},
    {"a/b; name=a=b", "a/b name=[a=b]"},
    {"multipart/mixed; boundary=----=_Part_1_2.3", "multipart/mixed boundary=[----=_Part_1_2.3]"},
    {"multipart/mixed; boundary=a?b:c/d", "multipart/mixed boundary=[a?b:c/d]"},
    /* quoted strings */
    {"a/b; name=\"a\\\"b\\\\c\"", "a/b name=[a\"b\\c]"},
    {"a/b; name=\"C:\\temp\\x.txt\"", "a/b name=[C:\\temp\\x.txt]"},
    {"a/b; name=\"a\r\n b\"", "a/b name=[a b]"},
    {"a/b; name=\"a;b=c\"; d=e", "a/b name=[a;b=c] d=[e]"},
    {"a/b; name=\"open; d=e\r\n", "a/b name=[open; d=e !QUOTED_STRING] list !QUOTED_STRING"},
    {"a/b; name=\"a\"b; c=d", "a/b name=[a] c=[d] list !PARAMETER"},
    /* twice */
    {"a/b; x=1; X=2", "a/b x=[1] X=[2 !PARAMETER_TWICE]"},
    /* RFC 2231 */
    {"a/b; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "a/b title=[This is ***fun***]"},
    {"a/b; url*0=\"ftp://\";\r\n url*1=\"cs.utk.edu/x\"", "a/b url=[ftp://cs.utk.edu/x]"},
    {"a/b; t*0*=us-ascii'en'This%20is%20even%20more%20; t*1*=%2A%2A%2Afun%2A%2A%2A%20; t*2=\"isn't it!\"",
     "a/b t=[This is even more ***fun*** isn't it!]"},
    {"a/b; n*1=b; n*0=a", "a/b n=[ab]"},
    {"a/b; n*0=a; m=x; n*1=b", "a/b n=[ab] m=[x]"},
    {"a/b; n*0=a; n*2=c", "a/b n=[ac !PARAMETER_SECTION]"},
    {"a/b; n*1=b; n*2=c", "a/b n=[bc !PARAMETER_SECTION]"},
    {"a/b; n*0=a; n*0=b; n*1=c", "a/b n=[ac !PARAMETER_SECTION]"},
    {"a/b; n*00=a; n*01=b", "a/b n=[ab]"},
    {"a/b; n*0*=utf-8''%C3; n*1*=%A9", "a/b n=[\xc3\xa9]"},
    {"a/b; n*0=x; n*1*=%41", "a/b n=[xA]"},
    {"a/b; n*=iso-8859-1''caf%E9", "a/b n=[caf\xc3\xa9]"},
    {"a/b; n*=\"utf-8''%C3%A9\"", "a/b n=[\xc3\xa9]"},
    {"a/b; n*=plain", "a/b n=[plain !PARAMETER]"},
    {"a/b; n*=''%C3%A9", "a/b n=[\xc3\xa9]"},
    {"a/b; n*=utf-8''a%zz", "a/b n=[a%zz !PARAMETER]"},
    {"a/b; n*=utf-8''", "a/b n=[]"},
    {"a/b; n=x; n*=utf-8''y", "a/b n=[x] n=[y]"},
    {"a/b; n*x=y", "a/b n*x=[y]"},
    {"a/b; n*0x=y", "a/b n*0x=[y]"},
    {"a/b; *=y", "a/b *=[y]"},
    /* encoded words, where none may be */
    {"a/b; name=\"=?utf-8?q?=C3=A9?=\"", "a/b name=[\xc3\xa9 !PARAMETER_WORD]"},
    {"a/b; name==?utf-8?b?w6k=?=", "a/b name=[\xc3\xa9 !PARAMETER_WORD]"},
    {"a/b; name=\"=?utf-8?q?a?=\r\n =?utf-8?q?b?=\"", "a/b name=[ab !PARAMETER_WORD]"},
    {"a/b; name==?utf-8?q?a?= =?utf-8?q?b?=; x=y", "a/b name=[ab !PARAMETER_WORD] x=[y]"},
    {"a/b; n*0=\"=?utf-8?q?=C3\"; n*1=\"=A9?=\"", "a/b n=[\xc3\xa9 !PARAMETER_WORD]"},
    /* 8-bit */
    {"a/b; name=\"\xc3\xa9\"", "a/b name=[\xc3\xa9]"},
    {"a/b; name=\xe9.txt", "a/b name=[\xc3\xa9.txt !EIGHT_BIT_HEADER]"},
    {"a/b; name=\"a\x01\"", "a/b name=[a\x01 !CONTROL]"},
};

static void show_parameters(struct show *s, mailproto_text field)
{
    mailproto_mime_parameters list;
    mailproto_mime_parameter p;
    char out[256];
    size_t made, need;

    mailproto_mime_parameter_init(&p, sizeof p);
    assert_int_equal(mailproto_mime_parameters_init(&list, sizeof list, field.ptr, field.len), MAILPROTO_OK);
    while (mailproto_mime_parameters_next(&list, &p) == MAILPROTO_OK) {
        uint64_t defects = p.defects;

        assert_true(p.name.ptr >= field.ptr && p.name.ptr + p.name.len <= field.ptr + field.len);
        assert_true(p.value.ptr >= field.ptr && p.value.ptr + p.value.len <= field.ptr + field.len);
        assert_int_equal(mailproto_mime_parameter_text(&list, &p, NULL, out, sizeof out, &made, &defects), 0);
        if (p.flags & MAILPROTO_MIME_PARAMETER_PLAIN) {
            assert_int_equal(made, p.value.len);
            assert_memory_equal(out, p.value.ptr, made);
        }
        assert_int_equal(mailproto_mime_parameter_text(&list, &p, NULL, NULL, 0, &need, NULL),
                         made ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK);
        assert_int_equal(need, made);
        show_text(s, " ", p.name);
        show(s, "=[");
        show_octets(s, out, made);
        show_defects(s, defects);
        show(s, "]");
        assert_int_equal(mailproto_mime_parameter_raw(&p, out, sizeof out, &made), MAILPROTO_OK);
        assert_true(made <= p.value.len);
    }
    if (list.defects) {
        show(s, " list");
        show_defects(s, list.defects);
    }
}

static void show_type(struct show *s, const char *in, size_t n)
{
    mailproto_mime_content_type type;
    char out[64];
    size_t made;

    mailproto_mime_content_type_init(&type, sizeof type);
    assert_int_equal(mailproto_mime_content_type_read(in, n, &type), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_content_type_text(&type, out, sizeof out, &made), MAILPROTO_OK);
    show_octets(s, out, made);
    show_defects(s, type.defects);
    assert_true(type.parameters.ptr >= in && type.parameters.ptr + type.parameters.len <= in + n);
    show_parameters(s, type.parameters);
}

static void reads_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (size_t cut = 0, whole = strlen(types[i].in); cut <= whole; cut++) {
            char *in = exact(types[i].in, whole - cut);
            struct show s = {"", 0};

            show_type(&s, in, whole - cut);
            if (!cut)
                assert_string_equal(s.text, types[i].out);
            free(in);
        }
}

static void compares_types(void **state)
{
    mailproto_mime_content_type type;

    (void)state;
    mailproto_mime_content_type_init(&type, sizeof type);
    mailproto_mime_content_type_read("Text/HTML", 9, &type);
    assert_int_equal(mailproto_mime_content_type_is(&type, "text", "html"), 1);
    assert_int_equal(mailproto_mime_content_type_is(&type, "text", NULL), 1);
    assert_int_equal(mailproto_mime_content_type_is(&type, "text", "plain"), 0);
    assert_int_equal(mailproto_mime_content_type_is(&type, "tex", NULL), 0);
    mailproto_mime_content_type_read("image", 5, &type);
    assert_int_equal(mailproto_mime_content_type_is(&type, "text", "plain"), 1);
    assert_int_equal(mailproto_mime_content_type_is(&type, "image", NULL), 0);
}

static void gets_by_name(void **state)
{
    static const char field[] = "; a=1; n=x; n*=utf-8''y; A=2; b*1=q; b*0=p; \"a";
    mailproto_mime_parameters list;
    mailproto_mime_parameter p;
    char out[16];
    size_t made;

    (void)state;
    mailproto_mime_parameter_init(&p, sizeof p);
    mailproto_mime_parameters_init(&list, sizeof list, field, sizeof field - 1);
    assert_int_equal(list.count, 6);
    assert_int_equal(mailproto_mime_parameters_get(&list, "a", &p), MAILPROTO_OK);
    assert_int_equal(p.value.ptr[0], '1');
    assert_int_equal(p.defects, BIT(PARAMETER_TWICE));
    assert_int_equal(mailproto_mime_parameters_get(&list, "n", &p), MAILPROTO_OK);
    assert_int_equal(p.flags, MAILPROTO_MIME_PARAMETER_EXTENDED);
    assert_int_equal(mailproto_mime_parameters_get(&list, "b", &p), MAILPROTO_OK);
    assert_int_equal(p.flags, MAILPROTO_MIME_PARAMETER_CONTINUED);
    assert_int_equal(mailproto_mime_parameter_text(&list, &p, NULL, out, sizeof out, &made, NULL), MAILPROTO_OK);
    assert_int_equal(made, 2);
    assert_memory_equal(out, "pq", 2);
    assert_int_equal(mailproto_mime_parameters_get(&list, "c", &p), MAILPROTO_MIME_END);
    assert_int_equal(mailproto_mime_parameters_section(&list, 4, &p), MAILPROTO_OK);
    assert_int_equal(p.name.len, 3);
    assert_memory_equal(p.name.ptr, "b*1", 3);
    assert_int_equal(mailproto_mime_parameters_section(&list, 6, &p), MAILPROTO_MIME_END);
}

/* ---- limits ---- */

static uint32_t count_of(const char *piece, size_t count, uint64_t *defects)
{
    static mailproto_mime_parameters list;
    size_t n = strlen(piece);
    char *in = malloc(n * count);

    for (size_t i = 0; i < count; i++)
        memcpy(in + i * n, piece, n);
    assert_int_equal(mailproto_mime_parameters_init(&list, sizeof list, in, n * count), MAILPROTO_OK);
    *defects = list.defects;
    free(in);
    return list.count;
}

static void limits(void **state)
{
    uint64_t defects;

    (void)state;
    assert_int_equal(count_of("a=b;", 256, &defects), 256);
    assert_int_equal(defects, 0);
    assert_int_equal(count_of("a=b;", 257, &defects), 256);
    assert_int_equal(defects, BIT(PARAMETERS_MANY));
    assert_int_equal(count_of("a=b;", 1 << 18, &defects), 256);
    assert_int_equal(count_of("a", 1 << 20, &defects), 0);
    assert_int_equal(count_of("=", 1 << 20, &defects), 0);
    assert_int_equal(count_of("(", 1 << 20, &defects), 0);
    assert_int_equal(count_of("a=\"", 1 << 18, &defects) > 0, 1);
    assert_int_equal(count_of("x= (", 1 << 18, &defects) > 0, 1);
    assert_int_equal(count_of("x=y (a)b", 1 << 17, &defects) > 0, 1);
    assert_int_equal(count_of("x= ( y", 1 << 17, &defects) > 0, 1);
}

/* 256 sections of a kilobyte each are put together, whatever their order. */
static void many_sections(void **state)
{
    enum { SECTIONS = 256, OCTETS = 1024 };
    static mailproto_mime_parameters list;
    char *in = malloc(SECTIONS * (OCTETS + 16)), *out = malloc(SECTIONS * OCTETS);
    mailproto_mime_parameter p;
    size_t n = 0, made;

    (void)state;
    for (int i = 0; i < SECTIONS; i++) {
        int number = (i * 77 + 5) % SECTIONS;

        n += (size_t)sprintf(in + n, ";n*%d=", number);
        memset(in + n, 'a' + number % 26, OCTETS);
        n += OCTETS;
    }
    mailproto_mime_parameter_init(&p, sizeof p);
    mailproto_mime_parameters_init(&list, sizeof list, in, n);
    assert_int_equal(mailproto_mime_parameters_get(&list, "n", &p), MAILPROTO_OK);
    assert_int_equal(p.defects, 0);
    assert_int_equal(mailproto_mime_parameter_text(&list, &p, NULL, out, SECTIONS * OCTETS, &made, NULL), 0);
    assert_int_equal(made, SECTIONS * OCTETS);
    for (size_t i = 0; i < made; i++)
        assert_int_equal(out[i], 'a' + i / OCTETS % 26);
    free(in);
    free(out);
}

/* ---- the other fields of a part ---- */

static void dispositions(void **state)
{
    static const struct {
        const char *in, *type;
        uint32_t kind;
        uint64_t defects;
    } fields[] = {
        {" attachment; filename=x", "attachment", MAILPROTO_MIME_DISPOSITION_ATTACHMENT, 0},
        {"INLINE\r\n", "INLINE", MAILPROTO_MIME_DISPOSITION_INLINE, 0},
        {"(c) inline (c);", "inline", MAILPROTO_MIME_DISPOSITION_INLINE, 0},
        {"form-data; name=x", "form-data", MAILPROTO_MIME_DISPOSITION_OTHER, 0},
        {"\"attachment\"; a=b", "attachment", MAILPROTO_MIME_DISPOSITION_ATTACHMENT, BIT(DISPOSITION)},
        {"filename=x", "", MAILPROTO_MIME_DISPOSITION_NONE, BIT(DISPOSITION)},
        {"; filename=x", "", MAILPROTO_MIME_DISPOSITION_NONE, BIT(DISPOSITION)},
        {"", "", MAILPROTO_MIME_DISPOSITION_NONE, BIT(DISPOSITION)},
    };
    mailproto_mime_disposition d;

    (void)state;
    mailproto_mime_disposition_init(&d, sizeof d);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        assert_int_equal(mailproto_mime_disposition_read(fields[i].in, strlen(fields[i].in), &d), MAILPROTO_OK);
        assert_int_equal(d.kind, fields[i].kind);
        assert_int_equal(d.defects, fields[i].defects);
        assert_int_equal(d.type.len, strlen(fields[i].type));
        assert_memory_equal(d.type.ptr, fields[i].type, d.type.len);
    }
}

static void encodings(void **state)
{
    static const struct {
        const char *in;
        uint32_t encoding;
        uint64_t defects;
    } fields[] = {
        {" Base64\r\n", MAILPROTO_MIME_ENCODING_BASE64, 0},
        {"quoted-printable", MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE, 0},
        {"(c) 7bit (c)", MAILPROTO_MIME_ENCODING_7BIT, 0},
        {"8BIT", MAILPROTO_MIME_ENCODING_8BIT, 0},
        {"binary;", MAILPROTO_MIME_ENCODING_BINARY, BIT(FIELD_SYNTAX)},
        {"\"base64\"", MAILPROTO_MIME_ENCODING_BASE64, 0},
        {"x-uuencode", MAILPROTO_MIME_ENCODING_UUENCODE, 0},
        {"X-yEnc", MAILPROTO_MIME_ENCODING_YENC, 0},
        {"", MAILPROTO_MIME_ENCODING_7BIT, 0},
        {"base65", MAILPROTO_MIME_ENCODING_UNKNOWN, BIT(ENCODING_UNKNOWN)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint32_t encoding;
        uint64_t defects = 0;
        mailproto_text token;

        assert_int_equal(mailproto_mime_transfer_encoding_read(fields[i].in, strlen(fields[i].in), &encoding, &token,
                                                               &defects),
                         MAILPROTO_OK);
        assert_int_equal(encoding, fields[i].encoding);
        assert_int_equal(defects, fields[i].defects);
    }
}

static void others(void **state)
{
    static const char languages[] = " en, (c) de-AT ,, fr;\r\n", url[] = " <x>http://a.example/\r\n b c ";
    uint8_t digest[16];
    struct show s = {"", 0};
    mailproto_text word;
    size_t at = 0, made;
    char out[64];

    (void)state;
    while (mailproto_mime_words_next(languages, sizeof languages - 1, &at, &word) == MAILPROTO_OK)
        show_text(&s, "|", word);
    assert_string_equal(s.text, "|en|de-AT|fr");
    assert_int_equal(mailproto_mime_url_text(url + 4, sizeof url - 5, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, 19);
    assert_memory_equal(out, "http://a.example/bc", 19);
    assert_int_equal(mailproto_mime_url_text("\"=?utf-8?q?=C3=A9?= =?utf-8?q?x?=\"", 34, out, sizeof out, &made), 0);
    assert_int_equal(made, 3);
    assert_int_equal(mailproto_mime_content_md5_read(" Q2hlY2sgSW50ZWdyaXR5IQ==\r\n", 27, digest), MAILPROTO_OK);
    assert_memory_equal(digest, "Check Integrity!", 16);
    assert_int_equal(mailproto_mime_content_md5_read("Q2hlY2sgSW50ZWdyaXR5", 20, digest), MAILPROTO_ERR_PROTOCOL);
    assert_int_equal(mailproto_mime_value_text(" \"a\\\"b\r\n c\" (d) ", 16, out, sizeof out, &made), MAILPROTO_OK);
    assert_int_equal(made, 6);
    assert_memory_equal(out, "a\"b c ", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_types), cmocka_unit_test(compares_types), cmocka_unit_test(gets_by_name),
        cmocka_unit_test(limits),      cmocka_unit_test(many_sections),  cmocka_unit_test(dispositions),
        cmocka_unit_test(encodings),   cmocka_unit_test(others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
