/* mime_build.c - `mailproto mime build`: composes a message from the command line.
 * RFC 5322 section 3.6. It is written as it is made, whatever its size. */
#include "mime_build.h"

#include "exits.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "text.h"
#include "writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int build_failed(struct build *build, int32_t code, const char *about)
{
    if (code == MAILPROTO_ERR_NOMEM) {
        report_no_memory();
        build->status = EXIT_LOCAL;
    } else if (!interrupted()) {
        report("mime: build: %s: %s", about, mailproto_result_text(code));
        build->status = code == MAILPROTO_ERR_BODY ? EXIT_LOCAL : EXIT_USAGE;
    }
    return -1;
}

const char *build_given(const struct build *build, enum mime_given_kind kind)
{
    for (int i = 0; i < build->options->n_given; i++)
        if (build->options->given[i].kind == kind)
            return build->options->given[i].value;
    return NULL;
}

/* ---- the builder ---- */

static int32_t random_octets(void *out, size_t n, void *user)
{
    FILE *file = fopen("/dev/urandom", "rb");
    size_t got = file ? fread(out, 1, n, file) : 0;

    (void)user;
    if (file)
        fclose(file);
    return got == n ? MAILPROTO_OK : MAILPROTO_ERR_HOST;
}

/* Minutes that the local time is ahead of UTC. */
static int32_t zone(time_t now)
{
    struct tm local, utc;
    int days;

    if (!localtime_r(&now, &local) || !gmtime_r(&now, &utc))
        return 0;
    days = local.tm_year != utc.tm_year ? local.tm_year - utc.tm_year : local.tm_yday - utc.tm_yday;
    return (int32_t)((days * 24 + local.tm_hour - utc.tm_hour) * 60 + local.tm_min - utc.tm_min);
}

static int has_high(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] > 127)
            return 1;
    return 0;
}

/* RFC 5890 2.3.2.1: with its domain in A-labels an address goes to any server. RFC 6531 3.2: where what is before the @ is
   not ASCII that would not help, and the domain stays. 0, or -1 without memory. */
static int use_a_labels(struct mime_text *spec)
{
    size_t at = spec->len, made;
    char domain[MAILPROTO_IDNA_DOMAIN + 1];

    while (at && spec->ptr[at - 1] != '@')
        at--;
    if (!at || has_high(spec->ptr, at) || !has_high(spec->ptr + at, spec->len - at) ||
        mailproto_idna_to_ascii(spec->ptr + at, spec->len - at, 0, domain, sizeof domain, &made))
        return 0;
    if (at + made > spec->room) {
        char *larger = realloc(spec->ptr, at + made);

        if (!larger)
            return -1;
        spec->ptr = larger;
        spec->room = at + made;
    }
    memcpy(spec->ptr + at, domain, made);
    spec->len = at + made;
    return 0;
}

/* local@domain as it goes out. 0, or -1 without memory. */
static int spec_of(struct mime_text *spec, const mailproto_mime_address *address)
{
    return mime_decode_address(spec, address) || use_a_labels(spec) ? -1 : 0;
}

/* What identifiers end with: the sender's domain, or where that cannot be written, this machine's name for itself. */
static mailproto_text domain_of(mailproto_text from, struct mime_text *spec)
{
    mailproto_mime_addresses reader;
    mailproto_mime_address address;
    const char *at;

    mailproto_mime_address_init(&address, sizeof address);
    mailproto_mime_addresses_init(&reader, sizeof reader, from.ptr, from.len);
    if (mailproto_mime_addresses_next(&reader, &address) || !address.domain.len ||
        !(address.flags & MAILPROTO_MIME_ADDRESS_SPEC_PLAIN) || address.flags & MAILPROTO_MIME_ADDRESS_LITERAL)
        return text_of("localhost");
    if (!(address.flags & MAILPROTO_MIME_ADDRESS_EIGHT_BIT))
        return address.domain;
    if (spec_of(spec, &address) || !(at = memchr(spec->ptr, '@', spec->len)) || has_high(spec->ptr, spec->len))
        return text_of("localhost");
    return (mailproto_text){at + 1, (size_t)(spec->ptr + spec->len - at - 1)};
}

/* Whether an address, not a name, has octets above 127 and keeps them. 1, 0, or -1 without memory. */
static int is_international(const struct build *build, struct mime_text *spec)
{
    mailproto_mime_addresses reader;
    mailproto_mime_address address;

    mailproto_mime_address_init(&address, sizeof address);
    for (int i = 0; i < build->options->n_given; i++) {
        const struct mime_given *given = &build->options->given[i];

        if (given->kind > MIME_GIVEN_CC)
            continue;
        mailproto_mime_addresses_init(&reader, sizeof reader, given->value, strlen(given->value));
        while (!mailproto_mime_addresses_next(&reader, &address)) {
            if (!(address.flags & MAILPROTO_MIME_ADDRESS_EIGHT_BIT))
                continue;
            if (spec_of(spec, &address))
                return -1;
            if (has_high(spec->ptr, spec->len))
                return 1;
        }
    }
    return 0;
}

static int32_t make_builder_with(struct build *build, struct mime_text *spec)
{
    mailproto_mime_builder_config config;
    time_t now = time(NULL);
    int32_t code;
    int international = is_international(build, spec);

    if (international < 0)
        return MAILPROTO_ERR_NOMEM;
    mailproto_mime_builder_config_init(&config, sizeof config);
    config.wall_seconds = now;
    config.zone_minutes = zone(now);
    config.domain = domain_of(text_of(build_given(build, MIME_GIVEN_FROM)), spec);
    config.random = random_octets;
    config.flags = international ? MAILPROTO_MIME_BUILDER_SMTPUTF8 : 0;
    config.max_text = MAILPROTO_UNLIMITED_64;
    code = mailproto_mime_builder_new(&config, &build->builder);
    if (code != MAILPROTO_ERR_CONFIG)
        return code;
    /* what is wrong with the address is told when it is put into its field */
    config.domain = text_of("localhost");
    return mailproto_mime_builder_new(&config, &build->builder);
}

static int32_t make_builder(struct build *build)
{
    struct mime_text spec = {NULL, 0, 0};
    int32_t code = make_builder_with(build, &spec);

    mime_text_free(&spec);
    return code;
}

/* ---- the header ---- */

/* The library would read it all the same, but it may be another one than was meant. */
static int is_doubtful(const mailproto_mime_address *address)
{
    const uint64_t bits = MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_ADDRESS) |
                          MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_GROUP) |
                          MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_COMMENT) |
                          MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_QUOTED_STRING);

    return (address->defects & bits) != 0;
}

/* One mailbox, or begin or end of a group. */
static int put_address(struct build *build, const mailproto_mime_address *address, const char *value)
{
    struct mime_text name = {NULL, 0, 0}, spec = {NULL, 0, 0};
    uint64_t defects = 0;
    int32_t code = MAILPROTO_ERR_NOMEM;

    if (is_doubtful(address))
        code = MAILPROTO_ERR_ARG;
    else if (address->kind == MAILPROTO_MIME_ADDRESS_GROUP_END)
        code = mailproto_mime_builder_group_end(build->builder);
    else if (!mime_decode_name(&name, address, &defects) && !spec_of(&spec, address))
        code = address->kind == MAILPROTO_MIME_ADDRESS_GROUP_BEGIN
                   ? mailproto_mime_builder_group(build->builder, name.ptr, name.len)
                   : mailproto_mime_builder_address(build->builder, name.ptr, name.len, spec.ptr, spec.len);
    mime_text_free(&name);
    mime_text_free(&spec);
    if (code != MAILPROTO_ERR_ARG)
        return code ? build_failed(build, code, value) : 0;
    report("mime: build: '%s' is not an address that mail can go to", value);
    build->status = EXIT_USAGE;
    return -1;
}

/* A field of all addresses that an option gave, which may be given many times. */
static int put_addresses(struct build *build, const char *field, enum mime_given_kind kind)
{
    int begun = 0;

    for (int i = 0; i < build->options->n_given; i++) {
        const struct mime_given *given = &build->options->given[i];
        mailproto_mime_addresses reader;
        mailproto_mime_address address;
        int32_t code = MAILPROTO_OK;
        int found = 0;

        if (given->kind != kind)
            continue;
        if (!begun++)
            code = mailproto_mime_builder_addresses(build->builder, 0, field);
        if (code)
            return build_failed(build, code, field);
        mailproto_mime_address_init(&address, sizeof address);
        mailproto_mime_addresses_init(&reader, sizeof reader, given->value, strlen(given->value));
        for (; !mailproto_mime_addresses_next(&reader, &address); found++)
            if (put_address(build, &address, given->value))
                return -1;
        if (!found || (kind == MIME_GIVEN_FROM && found > 1)) {
            report("mime: build: '%s' is not %s", given->value, found ? "one sender" : "an address");
            build->status = EXIT_USAGE;
            return -1;
        }
    }
    return 0;
}

static int put_message_id(struct build *build)
{
    char id[256];
    size_t n;
    int32_t code = mailproto_mime_builder_new_id(build->builder, id, sizeof id, &n);

    if (!code)
        code = mailproto_mime_builder_message_ids(build->builder, 0, "Message-ID");
    if (!code)
        code = mailproto_mime_builder_message_id(build->builder, id, n);
    return code ? build_failed(build, code, "Message-ID") : 0;
}

static int put_header(struct build *build)
{
    const char *subject = build_given(build, MIME_GIVEN_SUBJECT);
    int32_t code = mailproto_mime_builder_date(build->builder, 0, "Date", NULL);

    if (code)
        return build_failed(build, code, "Date");
    if (put_addresses(build, "From", MIME_GIVEN_FROM) || put_addresses(build, "To", MIME_GIVEN_TO) ||
        put_addresses(build, "Cc", MIME_GIVEN_CC) || put_message_id(build))
        return -1;
    if (subject)
        code = mailproto_mime_builder_text(build->builder, 0, "Subject", subject, strlen(subject));
    if (code == MAILPROTO_ERR_ARG) {
        report("mime: build: --subject is one line of UTF-8");
        build->status = EXIT_USAGE;
        return -1;
    }
    return code ? build_failed(build, code, "Subject") : 0;
}

/* ---- the message ---- */

static int write_message(struct build *build, struct writer *writer, struct output *output)
{
    char piece[16384];
    size_t made;
    int32_t code;

    while (!(code = mailproto_mime_builder_read(build->builder, piece, sizeof piece, &made)))
        if (interrupted() || writer_put(writer, piece, made))
            break;
    if (code && code != MAILPROTO_MIME_END)
        return build_failed(build, code, "the message");
    if (code && !writer_flush(writer) && !output_done(output))
        return 0;
    if (!interrupted())
        output_report(output);
    build->status = EXIT_LOCAL;
    return -1;
}

static int write_all(struct build *build)
{
    struct writer *writer = malloc(sizeof *writer);
    struct output output;
    int failed;

    build->status = EXIT_LOCAL;
    if (!writer)
        report_no_memory();
    if (!writer || output_open(&output, build->options->output)) {
        free(writer);
        return -1;
    }
    writer_begin(writer, writer_to_file, &output.fd, 0);
    failed = write_message(build, writer, &output);
    output_close(&output);
    free(writer);
    return failed;
}

int mime_build(const struct mime_options *options)
{
    struct build build = {.options = options, .status = EXIT_LOCAL};
    int32_t code;
    int failed;

    build.bodies = calloc((size_t)options->n_given + 1, sizeof *build.bodies);
    code = build.bodies ? make_builder(&build) : MAILPROTO_ERR_NOMEM;
    failed = code ? build_failed(&build, code, "the message")
                  : put_header(&build) || build_parts(&build) || write_all(&build);
    mailproto_mime_builder_free(build.builder);
    build_bodies_close(&build);
    return failed ? build.status : EXIT_ALL;
}
