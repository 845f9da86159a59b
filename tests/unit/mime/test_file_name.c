/* Names of files: all that a part gives are reported, the best by a stated rule, what is odd about them flagged.
   RFC 2183 section 2.3; RFC 2231; RFC 6266 section 4.3. */
#include "show.h"

static const struct {
    const char *disposition, *type, *out;
} parts[] = {
    {NULL, NULL, ""},
    {"attachment", "text/plain", ""},
    {"attachment; filename=a.txt", NULL, "{D a.txt BEST}"},
    {NULL, "text/plain; name=a.txt", "{T a.txt BEST}"},
    {"attachment; filename=a.txt", "text/plain; name=\"a.txt\"", "{D a.txt BEST}{T a.txt}"},
    {"attachment; filename=a.txt", "text/plain; name=b.exe",
     "{D a.txt BEST !FILE_NAMES}{T b.exe DIFFERENT !FILE_NAMES}"},
    {"attachment; filename=a; filename*=utf-8''b", NULL, "{D a DIFFERENT !FILE_NAMES}{D b BEST !FILE_NAMES}"},
    {"attachment; filename=a.t; filename*0=a; filename*1=.t", NULL, "{D a.t}{D a.t BEST}"},
    {"attachment; filename=a; FileName=b", NULL, "{D a BEST !FILE_NAMES}{D b DIFFERENT !FILE_NAMES}"},
    {"attachment; filename=\"\"", "a/b; name=c", "{D  EMPTY DIFFERENT !FILE_NAMES}{T c BEST !FILE_NAMES}"},
    {"attachment; filename=\" . \"", NULL, "{D  .  EMPTY}"},
    {NULL, "a/b; filename=c; name=d", "{T c DIFFERENT !FILE_NAMES}{T d BEST !FILE_NAMES}"},
    {"form-data; name=field", NULL, ""},
    {"attachment; filename=\"=?utf-8?q?=C3=A9?=\"", NULL, "{D \xc3\xa9 BEST !PARAMETER_WORD}"},
    {"attachment; filename=\"../../etc/x\"", NULL, "{D ../../etc/x BEST PATH}"},
    {"attachment; filename=\"C:x\"", NULL, "{D C:x BEST PATH}"},
    {"attachment; filename=\"a\\b\"", NULL, "{D a\\b BEST PATH}"},
    {"attachment; filename=..", NULL, "{D .. PATH EMPTY}"},
    {"attachment; filename*=utf-8''a%0D%00b", NULL, NULL},
    {"attachment; filename*=utf-8''gpj%E2%80%AEexe", NULL,
     "{D gpj\xe2\x80\xae"
     "exe BEST CONTROL}"},
};

static void open_list(mailproto_mime_parameters *list, const char *field)
{
    mailproto_mime_content_type type;

    /* a disposition is read as a type without "/" is: its parameters are found all the same */
    mailproto_mime_content_type_init(&type, sizeof type);
    mailproto_mime_content_type_read(field, field ? strlen(field) : 0, &type);
    mailproto_mime_parameters_init(list, sizeof *list, type.parameters.ptr, type.parameters.len);
}

static void show_names(struct show *s, const mailproto_mime_parameters *disposition,
                       const mailproto_mime_parameters *type)
{
    static const char *const flags[] = {" BEST", " PATH", " CONTROL", " EMPTY", " DIFFERENT"};
    mailproto_mime_file_names reader;
    mailproto_mime_file_name name;
    uint32_t count = 0;

    mailproto_mime_file_name_init(&name, sizeof name);
    assert_int_equal(mailproto_mime_file_names_init(&reader, sizeof reader, disposition, type, NULL), MAILPROTO_OK);
    for (; mailproto_mime_file_names_next(&reader, &name) == MAILPROTO_OK; count++) {
        int is_type = name.source == MAILPROTO_MIME_FILE_TYPE;
        char out[256];
        size_t made;

        assert_int_equal(mailproto_mime_parameter_text(is_type ? type : disposition, &name.parameter, NULL, out,
                                                       sizeof out, &made, NULL),
                         MAILPROTO_OK);
        show(s, is_type ? "{T " : "{D ");
        show_octets(s, out, made);
        for (int i = 0; i < 5; i++)
            if (name.flags >> i & 1)
                show(s, flags[i]);
        show_defects(s, name.defects);
        show(s, "}");
    }
    assert_int_equal(reader.count, count);
}

static void candidates(void **state)
{
    static mailproto_mime_parameters lists[2];

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct show s = {"", 0};

        if (parts[i].disposition)
            open_list(&lists[0], parts[i].disposition);
        if (parts[i].type)
            open_list(&lists[1], parts[i].type);
        show_names(&s, parts[i].disposition ? &lists[0] : NULL, parts[i].type ? &lists[1] : NULL);
        if (parts[i].out)
            assert_string_equal(s.text, parts[i].out);
        else
            assert_non_null(strstr(s.text, "{D a\r"));
    }
}

static void in_one_call(void **state)
{
    static const mailproto_text disposition = {" attachment;\r\n filename=\"a b.txt\"\r\n", 35};
    static const mailproto_text type = {"text/plain; name=c", 18};
    uint64_t defects = 0;
    char out[16];
    size_t made;

    (void)state;
    assert_int_equal(mailproto_mime_file_name_text(&disposition, &type, NULL, out, sizeof out, &made, &defects), 0);
    assert_int_equal(made, 7);
    assert_memory_equal(out, "a b.txt", 7);
    assert_int_equal(defects, BIT(FILE_NAMES));
    assert_int_equal(mailproto_mime_file_name_text(&disposition, NULL, NULL, out, 3, &made, NULL), MAILPROTO_ERR_LIMIT);
    assert_int_equal(made, 7);
    assert_int_equal(mailproto_mime_file_name_text(NULL, NULL, NULL, out, 3, &made, NULL), MAILPROTO_MIME_END);
    assert_int_equal(made, 0);
    assert_int_equal(mailproto_mime_file_name_text(NULL, &type, NULL, out, sizeof out, &made, NULL), MAILPROTO_OK);
    assert_int_equal(made, 1);
}

/* A value that is longer than what is put together at once. */
static void long_name(void **state)
{
    static char field[8192], out[8192];
    size_t n = (size_t)snprintf(field, sizeof field, "attachment; filename=\""), made;
    const size_t name = 3000;
    mailproto_text disposition;

    (void)state;
    for (size_t i = 0; i < name; i++)
        field[n + i] = i % 2 ? (char)0xa9 : (char)0xc3;
    field[n + name] = '"';
    disposition = (mailproto_text){field, n + name + 1};
    assert_int_equal(mailproto_mime_file_name_text(&disposition, NULL, NULL, out, sizeof out, &made, NULL),
                     MAILPROTO_OK);
    assert_int_equal(made, name);
    assert_memory_equal(out, field + n, name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates),
        cmocka_unit_test(in_one_call),
        cmocka_unit_test(long_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
