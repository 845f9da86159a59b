/* mime_builder.c - fuzz target: whatever the arguments of the builder are, the message has the fields and parts that were
 * made and no others, however it is read; reports, flowed text and fragments are read as they were written.
 * RFC 5322, RFC 2046; include/mailproto/mime_builder.h, include/mailproto/mime_report.h.
 *
 * An input is an octet of flags and lines: the first octet of each says what is called, the rest are arguments. */
#include "fuzz.h"
#include "mailproto/mime_report.h"
#include "mailproto/mime_tree.h"
#include "mime_check.h"

const char *const fuzz_before_message = "@p", *const fuzz_after_message = "";

enum { CALLS = 200, ROOM = 1 << 20, FILES = 8 };

struct made {
    mailproto_mime_builder *b;
    uint32_t node, fields; /* the node in hand; fields of the message */
    uint32_t parts;
    int waits; /* a field without an item is none yet */
    struct {
        uint32_t node;
        char *data;
        size_t n;
    } files[FILES]; /* what was attached octet for octet */
    uint32_t files_n;
};

static int32_t no_random(void *out, size_t n, void *user)
{
    (void)user;
    memset(out, 'r', n);
    return 0;
}

/* A field of the message counts when it is written. */
static void count(struct made *m, int32_t result, int whole)
{
    if (result)
        return;
    m->waits = !whole && !m->node;
    if (whole && !m->node)
        m->fields++;
}

static void item(struct made *m, int32_t result)
{
    if (result || !m->waits)
        return;
    m->waits = 0;
    m->fields++;
}

static void leaf(struct made *m, const char *p, size_t n, uint32_t flags)
{
    mailproto_mime_builder_content content;

    mailproto_mime_builder_content_init(&content, sizeof content);
    content.flags = flags;
    content.data = (mailproto_text){p, n};
    if (flags) {
        content.file_name = content.description = (mailproto_text){p, n < 300 ? n : 300};
        content.type = (mailproto_text){"application/x", 13};
    }
    if (mailproto_mime_builder_leaf(m->b, m->node, &content) == MAILPROTO_OK && !m->node)
        m->fields += flags ? 2 + 2u * (n > 0) : 2; /* MIME-Version, Content-Type; with a name and a description */
}

/* A file: its octets come out as they went in, whatever they are. "|" stands for LF. */
static void file(struct made *m, const char *p, size_t n, const char *type)
{
    mailproto_mime_builder_content content;
    char *data;

    if (m->files_n == FILES)
        return;
    data = room(n);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(p[i] == '|' ? '\n' : p[i]);
    mailproto_mime_builder_content_init(&content, sizeof content);
    content.flags = MAILPROTO_MIME_CONTENT_EXACT;
    content.type = (mailproto_text){type, strlen(type)};
    content.data = (mailproto_text){data, n};
    if (mailproto_mime_builder_leaf(m->b, m->node, &content) != MAILPROTO_OK) {
        free(data);
        return;
    }
    m->files[m->files_n].node = m->node;
    m->files[m->files_n].data = data;
    m->files[m->files_n++].n = n;
    if (!m->node)
        m->fields += 2;
}

static void call(struct made *m, char what, const char *p, size_t n)
{
    char name[80];
    uint32_t node;

    memcpy(name, p, n < 79 ? n : 79);
    name[n < 79 ? n : 79] = '\0';
    switch (what) {
    case 's':
        count(m, mailproto_mime_builder_text(m->b, m->node, "X-Text", p, n), 1);
        break;
    case 'v':
        count(m, mailproto_mime_builder_value(m->b, m->node, "X-Value", p, n), 1);
        break;
    case 'n':
        count(m, mailproto_mime_builder_text(m->b, m->node, name, "x", 1), 1);
        break;
    case 'p':
        mailproto_mime_builder_parameter(m->b, "p", p, n);
        break;
    case 'q':
        mailproto_mime_builder_parameter(m->b, name, p, n);
        break;
    case 't':
        count(m, mailproto_mime_builder_addresses(m->b, m->node, "X-To"), 0);
        break;
    case 'a':
        item(m, mailproto_mime_builder_address(m->b, p, n, "a@example.org", 13));
        break;
    case 'b':
        item(m, mailproto_mime_builder_address(m->b, NULL, 0, p, n));
        break;
    case 'g':
        item(m, mailproto_mime_builder_group(m->b, p, n));
        break;
    case 'e':
        mailproto_mime_builder_group_end(m->b);
        break;
    case 'i':
        count(m, mailproto_mime_builder_message_ids(m->b, m->node, "X-Ids"), 0);
        break;
    case 'j':
        item(m, mailproto_mime_builder_message_id(m->b, p, n));
        break;
    case 'm':
        if (mailproto_mime_builder_multipart(m->b, m->node, name) == MAILPROTO_OK && !m->node)
            m->fields += 2;
        break;
    case 'l':
        leaf(m, p, n, 0);
        break;
    case 'f':
        leaf(m, p, n, MAILPROTO_MIME_CONTENT_COPY);
        break;
    case 'x':
        file(m, p, n, "text/plain");
        break;
    case 'y':
        file(m, p, n, "image/x");
        break;
    case '+':
        if (mailproto_mime_builder_add(m->b, 0, &node) == MAILPROTO_OK) {
            m->node = node;
            m->parts++;
        }
        break;
    default:
        m->node = 0;
    }
}

/* The parts stand in the order of the nodes, for no multipart is in another. */
static void check_files(const struct made *m, const mailproto_mime_tree *t)
{
    for (uint32_t i = 0; i < m->files_n; i++) {
        const size_t n = m->files[i].n;
        char *back = room(n + MAILPROTO_CODEC_ROOM);
        size_t made;

        demand(mailproto_mime_tree_decode(t, m->files[i].node, back, n + MAILPROTO_CODEC_ROOM, &made, NULL) ==
               MAILPROTO_OK);
        demand(made == n && !memcmp(back, m->files[i].data, n));
        free(back);
    }
}

/* No line is too long, CR and LF stand together, and the tree has what was made. */
static void check(const struct made *m, const char *text, size_t n)
{
    mailproto_mime_tree *t;
    mailproto_mime_part part;
    size_t begin = 0;

    for (size_t i = 0; i < n; i++) {
        demand(text[i] != '\r' || (i + 1 < n && text[i + 1] == '\n'));
        if (text[i] != '\n')
            continue;
        demand(i > begin && text[i - 1] == '\r' && i - 1 - begin <= 998);
        begin = i + 1;
    }
    demand(begin == n);
    demand(mailproto_mime_tree_new(NULL, text, n, &t) == MAILPROTO_OK);
    mailproto_mime_part_init(&part, sizeof part);
    demand(mailproto_mime_tree_part(t, 0, &part) == MAILPROTO_OK);
    demand(part.children == m->parts && mailproto_mime_tree_parts(t) == m->parts + 1);
    part.fields -= part.encoding != MAILPROTO_MIME_ENCODING_7BIT; /* Content-Transfer-Encoding */
    demand(part.fields == m->fields);
    check_files(m, t);
    mailproto_mime_tree_free(t);
}

static size_t read_all(mailproto_mime_builder *b, size_t piece, char *out, int32_t *result)
{
    size_t n = 0, made;

    while ((*result = mailproto_mime_builder_read(b, out + n, piece < ROOM - n ? piece : ROOM - n, &made)) ==
           MAILPROTO_OK)
        n += made;
    return n;
}

static void build(const uint8_t *data, size_t size)
{
    mailproto_mime_builder_config config;
    struct made m = {0};
    char *out = room(ROOM), *again = room(ROOM);
    size_t at = 1, n, n_again;
    uint64_t whole;
    int32_t result;

    mailproto_mime_builder_config_init(&config, sizeof config);
    config.flags = data[0] & 3;
    config.random = no_random;
    config.max_text = 1 << 16;
    demand(mailproto_mime_builder_new(&config, &m.b) == MAILPROTO_OK);
    for (int calls = 0; at < size && calls < CALLS; calls++) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        const size_t line = end ? (size_t)(end - data) - at : size - at;

        if (line)
            call(&m, (char)data[at], (const char *)data + at + 1, line - 1);
        at += line + 1;
    }
    n = read_all(m.b, 1000, out, &result);
    if (result == MAILPROTO_MIME_END) {
        check(&m, out, n);
        mailproto_mime_builder_rewind(m.b);
        n_again = read_all(m.b, MAILPROTO_CODEC_ROOM, again, &result);
        demand(result == MAILPROTO_MIME_END && n_again == n && !memcmp(out, again, n));
        demand(mailproto_mime_builder_size(m.b, &whole) == MAILPROTO_OK && whole == n);
    } else { /* a group that is open, a multipart without a part, a boundary that is in the data */
        demand(result == MAILPROTO_ERR_STATE || result == MAILPROTO_ERR_HOST);
    }
    mailproto_mime_builder_free(m.b);
    for (uint32_t i = 0; i < m.files_n; i++)
        free(m.files[i].data);
    free(out);
    free(again);
}

/* What is written is read as it was. */
static void flowed(const struct field *f, uint32_t flags)
{
    size_t n, back_n, twice_n;
    char *wire, *back, *twice;

    mailproto_mime_flowed_decode(f->p, f->n, flags, NULL, 0, &back_n);
    back = room(back_n);
    demand(mailproto_mime_flowed_decode(f->p, f->n, flags, back, back_n, &back_n) == MAILPROTO_OK);
    free(back);
    mailproto_mime_flowed_encode(f->p, f->n, flags, 20, NULL, 0, &n);
    wire = room(n);
    demand(mailproto_mime_flowed_encode(f->p, f->n, flags, 20, wire, n, &n) == MAILPROTO_OK);
    mailproto_mime_flowed_decode(wire, n, flags, NULL, 0, &back_n);
    back = room(back_n);
    demand(mailproto_mime_flowed_decode(wire, n, flags, back, back_n, &back_n) == MAILPROTO_OK);
    mailproto_mime_flowed_encode(back, back_n, flags, 20, NULL, 0, &twice_n);
    twice = room(twice_n);
    demand(mailproto_mime_flowed_encode(back, back_n, flags, 20, twice, twice_n, &twice_n) == MAILPROTO_OK);
    demand(twice_n == n && !memcmp(twice, wire, n));
    free(wire);
    free(back);
    free(twice);
}

static void reports(const struct field *f)
{
    mailproto_mime_report_reader reader;
    mailproto_mime_dsn dsn;
    mailproto_mime_dsn_recipient recipient;
    mailproto_mime_mdn mdn;
    mailproto_mime_arf arf;

    mailproto_mime_dsn_init(&dsn, sizeof dsn);
    mailproto_mime_dsn_recipient_init(&recipient, sizeof recipient);
    mailproto_mime_mdn_init(&mdn, sizeof mdn);
    mailproto_mime_arf_init(&arf, sizeof arf);
    demand(mailproto_mime_report_init(&reader, sizeof reader, f->p, f->n) == MAILPROTO_OK);
    demand(mailproto_mime_dsn_read(&reader, &dsn) == MAILPROTO_OK);
    inside(f, dsn.reporting_mta);
    while (mailproto_mime_dsn_next(&reader, &recipient) == MAILPROTO_OK)
        inside(f, recipient.final_recipient);
    demand(mailproto_mime_mdn_read(f->p, f->n, &mdn) == MAILPROTO_OK);
    inside(f, mdn.disposition);
    inside(f, mdn.modifiers);
    demand(mailproto_mime_arf_read(f->p, f->n, &arf) == MAILPROTO_OK);
    inside(f, arf.feedback_type);
}

static void fragments(const struct field *f)
{
    mailproto_text whole = {f->p, f->n}, parts[16];
    uint32_t total = 1;
    size_t made, need;
    char *out;

    if (mailproto_mime_partial_join(&whole, 1, NULL, 0, &need) == MAILPROTO_ERR_LIMIT) {
        out = room(need);
        demand(mailproto_mime_partial_join(&whole, 1, out, need, &made) == MAILPROTO_OK && made == need);
        free(out);
    }
    for (uint32_t i = 1; i <= total; i++) {
        if (mailproto_mime_partial_split(f->p, f->n, f->n / 8 + 40, i, "x@y", 3, &total, NULL, 0, &need) !=
            MAILPROTO_ERR_LIMIT)
            return;
        demand(total <= 16);
        out = room(need);
        demand(mailproto_mime_partial_split(f->p, f->n, f->n / 8 + 40, i, "x@y", 3, &total, out, need, &made) ==
               MAILPROTO_OK);
        parts[i - 1] = (mailproto_text){out, made};
        if (i < total)
            continue;
        demand(mailproto_mime_partial_join(parts, total, NULL, 0, &need) == MAILPROTO_ERR_LIMIT);
        for (uint32_t k = 0; k < total; k++)
            free((void *)(uintptr_t)parts[k].ptr);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field f;

    if (!size || size > 1 << 15)
        return 0;
    f = field_of(data + 1, size - 1);
    build(data, size);
    flowed(&f, 0);
    flowed(&f, MAILPROTO_MIME_FLOWED_DELSP);
    reports(&f);
    fragments(&f);
    free(f.p);
    return 0;
}
