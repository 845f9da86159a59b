/* received.c - the clauses of a line of the trace.
 * RFC 5322 section 3.6.7; RFC 5321 section 4.4. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_content.h"
#include "mime/header_scan.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

int32_t mailproto_mime_received_init(mailproto_mime_received *received, size_t size)
{
    return mp_struct_init(received, size);
}

/* A clause in the making: its words, and the comments behind them. */
struct clause {
    mailproto_text *words, *comment;
};

/* The clause that a word begins; of one that is there already, nothing. */
static int find_clause(mailproto_mime_received *r, const mailproto_text *word, struct clause *clause)
{
    struct {
        char name[5];
        struct clause clause;
    } clauses[] = {{"from", {&r->from, &r->from_comment}}, {"by", {&r->by, &r->by_comment}},
                   {"via", {&r->via, &r->via_comment}},    {"with", {&r->with, &r->with_comment}},
                   {"id", {&r->id, &r->id_comment}},       {"for", {&r->recipient, &r->recipient_comment}}};

    for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++)
        if (mp_ascii_equal(word->ptr, word->len, clauses[i].name)) {
            *clause = clauses[i].clause;
            return 1;
        }
    return 0;
}

/* Makes `text` go on up to p[end). */
static void extend(mailproto_text *text, const uint8_t *p, size_t begin, size_t end)
{
    if (!text->ptr)
        *text = mp_text_of(p, begin, end);
    else
        text->len = (size_t)((const char *)p + end - text->ptr);
}

/* A word: nothing that has a blank, a comment or a semicolon in it, but for quoted strings and what is in "<>". */
static size_t skip_word(mp_scan *s, size_t at)
{
    while (at < s->n && !mp_is_blank(s->p[at]) && s->p[at] != ';' && s->p[at] != '(')
        at = s->p[at] == '"' ? mp_skip_quoted(s, at) : at + 1;
    return at;
}

/* Where the date begins: behind the last semicolon that is not in a comment; NULL if there is none. */
static mailproto_text find_date(mp_scan *s, size_t at)
{
    mailproto_text date = {(const char *)s->p + s->n, 0};

    while (at < s->n) {
        if (s->p[at] == ';') {
            date = mp_text_of(s->p, at + 1, s->n);
            at++;
        } else
            at = s->p[at] == '(' ? mp_skip_comment(s, at) : at + 1;
    }
    mp_trim(&date);
    return date;
}

static void read_clauses(mp_scan *s, size_t *at, mailproto_mime_received *r)
{
    mailproto_text none = {NULL, 0}, none_comment = {NULL, 0};
    struct clause clause = {&none, &none_comment};

    while ((*at = mp_skip_blanks(s->p, s->n, *at)) < s->n && s->p[*at] != ';') {
        size_t begin = *at;
        mailproto_text word;

        if (s->p[begin] == '(') {
            *at = mp_skip_comment(s, begin);
            extend(clause.comment, s->p, begin, *at);
            continue;
        }
        *at = skip_word(s, begin);
        word = mp_text_of(s->p, begin, *at);
        if (find_clause(r, &word, &clause)) {
            if (clause.words->ptr || clause.comment->ptr) { /* it comes twice */
                s->defects |= BIT(FIELD_SYNTAX);
                none = none_comment = (mailproto_text){NULL, 0};
                clause = (struct clause){&none, &none_comment};
            }
        } else if (clause.comment->ptr || clause.words == &none)
            s->defects |= BIT(FIELD_SYNTAX);
        else
            extend(clause.words, s->p, begin, *at);
    }
}

int32_t mailproto_mime_received_read(const void *in, size_t n, mailproto_mime_received *received)
{
    mp_scan s = {mp_octets(in), n, 0};
    size_t at = 0;

    if ((!in && n) || !received || received->struct_size < sizeof *received)
        return MAILPROTO_ERR_ARG;
    memset(&received->zero, 0, sizeof *received - offsetof(mailproto_mime_received, zero));
    read_clauses(&s, &at, received);
    if (at == n)
        s.defects |= BIT(FIELD_SYNTAX);
    received->date = find_date(&s, at);
    received->defects = s.defects;
    return MAILPROTO_OK;
}
