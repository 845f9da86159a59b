/* mime_parameters.c - fuzz target: Content-Type, Content-Disposition, parameters, names of files. RFC 2045 section 5,
 * RFC 2183, RFC 2231. Items lie inside of the field, and texts take the room that is told. */
#include "fuzz.h"
#include "mime_check.h"

const char *const fuzz_before_message = "", *const fuzz_after_message = "";

/* A parameter as text, in room of exactly its size. */
static void decode(const mailproto_mime_parameters *list, const mailproto_mime_parameter *parameter)
{
    size_t need, made;
    char *out;

    demand(mailproto_mime_parameter_text(list, parameter, NULL, NULL, 0, &need, NULL) ==
           (need ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK));
    out = room(need);
    demand(mailproto_mime_parameter_text(list, parameter, NULL, out, need, &made, NULL) == MAILPROTO_OK);
    demand(made == need);
    if (parameter->flags & MAILPROTO_MIME_PARAMETER_PLAIN)
        demand(made == parameter->value.len && !memcmp(out, parameter->value.ptr, made));
    free(out);
}

static void look_at(const struct field *f, const mailproto_mime_parameter *parameter)
{
    char *out = room(parameter->value.len);
    size_t made;

    inside(f, parameter->name);
    inside(f, parameter->value);
    demand(parameter->name.len > 0);
    demand(mailproto_mime_parameter_raw(parameter, out, parameter->value.len, &made) == MAILPROTO_OK);
    free(out);
}

static void read_list(const struct field *f, mailproto_mime_parameters *list, mailproto_text parameters)
{
    mailproto_mime_parameter parameter;
    uint32_t count = 0;

    inside(f, parameters);
    mailproto_mime_parameter_init(&parameter, sizeof parameter);
    demand(mailproto_mime_parameters_init(list, sizeof *list, parameters.ptr, parameters.len) == MAILPROTO_OK);
    demand(list->count <= MAILPROTO_MIME_PARAMETERS_MAX);
    for (uint32_t i = 0; mailproto_mime_parameters_section(list, i, &parameter) == MAILPROTO_OK; i++)
        look_at(f, &parameter);
    while (mailproto_mime_parameters_next(list, &parameter) == MAILPROTO_OK) {
        look_at(f, &parameter);
        decode(list, &parameter);
        count++;
    }
    demand(count <= list->count);
}

/* A type in normal form is read as what it is. */
static void type_again(const mailproto_mime_content_type *type)
{
    mailproto_mime_content_type same;
    size_t need, made;
    char *out, *text;

    mailproto_mime_content_type_init(&same, sizeof same);
    demand(mailproto_mime_content_type_text(type, NULL, 0, &need) == MAILPROTO_ERR_LIMIT);
    out = room(need);
    text = room(need);
    demand(mailproto_mime_content_type_text(type, out, need, &made) == MAILPROTO_OK && made == need);
    if (!(type->defects & BIT(CONTENT_TYPE))) {
        demand(mailproto_mime_content_type_read(out, need, &same) == MAILPROTO_OK && !same.defects);
        demand(mailproto_mime_content_type_text(&same, text, need, &made) == MAILPROTO_OK && made == need);
        demand(!memcmp(out, text, need));
    }
    free(text);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mailproto_mime_parameters lists[2];
    struct field f = field_of(data, size);
    mailproto_mime_content_type type;
    mailproto_mime_disposition disposition;
    mailproto_mime_file_names names;
    mailproto_mime_file_name name;
    uint32_t count = 0, best = 0;

    mailproto_mime_content_type_init(&type, sizeof type);
    mailproto_mime_disposition_init(&disposition, sizeof disposition);
    mailproto_mime_file_name_init(&name, sizeof name);
    demand(mailproto_mime_content_type_read(f.p, f.n, &type) == MAILPROTO_OK);
    inside(&f, type.type);
    inside(&f, type.subtype);
    type_again(&type);
    read_list(&f, &lists[1], type.parameters);
    demand(mailproto_mime_disposition_read(f.p, f.n, &disposition) == MAILPROTO_OK);
    inside(&f, disposition.type);
    read_list(&f, &lists[0], disposition.parameters);
    demand(mailproto_mime_file_names_init(&names, sizeof names, &lists[0], &lists[1], NULL) == MAILPROTO_OK);
    while (mailproto_mime_file_names_next(&names, &name) == MAILPROTO_OK) {
        best += (name.flags & MAILPROTO_MIME_FILE_BEST) != 0;
        count++;
    }
    demand(count == names.count && best <= 1);
    free(f.p);
    return 0;
}
