/* address_check.c - judges one address, strictly, in one pass.
 * RFC 5321 sections 2.3.5, 4.1.2, 4.1.3 and 4.5.3.1; RFC 5322 sections 3.2, 3.4.1 and 4.4; RFC 6531 section 3.3. */
#include "core/ascii.h"
#include "core/utf8.h"
#include "mailproto/mime_header.h"
#include "mime/address_literal.h"
#include "mime/header_scan.h"

#define VERDICT(name) MAILPROTO_MIME_VERDICT_##name

enum { LOCAL_MAX = 64, DOMAIN_MAX = 255, LABEL_MAX = 63, ADDRESS_MAX = 254 };

/* What was read last. */
enum { WORD, GAP, ENCLOSED };

struct check {
    const uint8_t *p;
    size_t n, at;
    uint32_t verdict; /* the worst so far */
    size_t length;    /* of local part or domain, without comments and blanks */
    size_t element;   /* of the word or label */
    size_t elements;  /* dots so far */
    int ended;        /* nothing but a dot or @ may follow */
    int prior;
    int hyphen; /* a hyphen was read last */
    int number; /* the label begins with a digit */
};

static void note(struct check *c, uint32_t verdict)
{
    if (verdict > c->verdict)
        c->verdict = verdict;
}

/* Notes what is wrong beyond repair: the answer of all that reads on is then 0. */
static int fail(struct check *c, uint32_t verdict)
{
    note(c, verdict);
    return 0;
}

/* ---- blanks, comments, strings ---- */

/* Folding white space, RFC 5322 3.2.2: CRLF only before a blank. */
static int read_blanks(struct check *c)
{
    int folds = 0, is_fold = 0;

    for (; c->at < c->n; c->at++) {
        uint8_t octet = c->p[c->at];

        if (octet == '\r') {
            if (c->at + 1 == c->n || c->p[c->at + 1] != '\n')
                return fail(c, VERDICT(CR_ALONE));
            if (is_fold)
                return fail(c, VERDICT(FOLD_TWICE));
            if (++folds > 1)
                note(c, VERDICT(OLD_BLANK));
            c->at++;
            is_fold = 1;
        } else if (mp_ascii_is_wsp(octet))
            is_fold = 0;
        else
            break;
    }
    return is_fold ? fail(c, VERDICT(FOLD_LAST)) : 1;
}

static int is_blank(uint8_t octet)
{
    return mp_ascii_is_wsp(octet) || octet == '\r';
}

/* What is behind a backslash: RFC 5322 3.2.1 and 4.1. */
static int read_pair(struct check *c)
{
    uint8_t octet;

    if (++c->at == c->n)
        return fail(c, VERDICT(BACKSLASH_LAST));
    octet = c->p[c->at++];
    if (octet > 127)
        return fail(c, VERDICT(PAIR));
    if ((octet < ' ' && octet != '\t') || octet == 127)
        note(c, VERDICT(OLD_PAIR));
    return 1;
}

static int read_comment(struct check *c)
{
    size_t depth = 0;

    while (c->at < c->n) {
        uint8_t octet = c->p[c->at];

        if (is_blank(octet)) {
            note(c, VERDICT(BLANK));
            if (!read_blanks(c))
                return 0;
            continue;
        }
        if (octet == '\\') {
            if (!read_pair(c))
                return 0;
            continue;
        }
        c->at++;
        if (octet == '(')
            depth++;
        else if (octet == ')') {
            if (--depth == 0)
                return 1;
        } else if (!octet || octet == '\n')
            return fail(c, VERDICT(CTEXT));
        else if (octet < ' ' || octet == 127)
            note(c, VERDICT(OLD_COMMENT_TEXT));
    }
    return fail(c, VERDICT(OPEN_COMMENT));
}

static int read_quoted(struct check *c)
{
    size_t begin = c->at++;

    while (c->at < c->n) {
        uint8_t octet = c->p[c->at];

        if (octet == '"') {
            c->at++;
            c->length += c->at - begin;
            c->element += c->at - begin;
            return 1;
        }
        if (octet == '\\') {
            if (!read_pair(c))
                return 0;
        } else if (octet == '\t' || octet == '\r') {
            note(c, VERDICT(BLANK));
            if (!read_blanks(c))
                return 0;
        } else {
            c->at++;
            if (!octet || octet == '\n')
                return fail(c, VERDICT(QTEXT));
            if (octet < ' ' || octet == 127)
                note(c, VERDICT(OLD_QUOTED));
        }
    }
    return fail(c, VERDICT(OPEN_QUOTED));
}

static int read_literal(struct check *c)
{
    size_t begin = c->at++;

    while (c->at < c->n) {
        uint8_t octet = c->p[c->at];

        if (octet == ']') {
            c->at++;
            c->length += c->at - begin;
            c->element += c->at - begin;
            if (c->verdict < VERDICT(OLD_LOCAL))
                note(c, mp_address_literal_check(c->p + begin + 1, c->at - begin - 2));
            return 1;
        }
        if (octet == '\\') {
            note(c, VERDICT(LITERAL_OLD));
            if (!read_pair(c))
                return 0;
        } else if (is_blank(octet)) {
            note(c, VERDICT(BLANK));
            if (!read_blanks(c))
                return 0;
        } else {
            c->at++;
            if (!octet || octet == '[' || octet > 127)
                return fail(c, VERDICT(DTEXT));
            if (octet < ' ' || octet == 127)
                note(c, VERDICT(LITERAL_OLD));
        }
    }
    return fail(c, VERDICT(OPEN_LITERAL));
}

/* A comment or blanks: what they are where an element has not begun, and where one has. */
static int read_gap(struct check *c, uint32_t before, uint32_t behind)
{
    note(c, c->element ? behind : before);
    if (c->element)
        c->ended = 1;
    c->prior = GAP;
    return c->p[c->at] == '(' ? read_comment(c) : read_blanks(c);
}

static int read_dot(struct check *c)
{
    if (!c->element)
        return fail(c, c->elements ? VERDICT(DOTS) : VERDICT(DOT_FIRST));
    c->elements++;
    c->element = 0;
    c->ended = 0;
    c->prior = WORD;
    c->length++;
    c->at++;
    return 1;
}

/* What a word octet is where nothing but a dot may be. */
static int fail_after(struct check *c)
{
    return fail(c, c->prior == GAP ? VERDICT(AFTER_COMMENT) : VERDICT(AFTER_QUOTED));
}

/* ---- the two parts ---- */

/* Up to the @. */
static int read_local(struct check *c)
{
    while (c->at < c->n && c->p[c->at] != '@') {
        uint8_t octet = c->p[c->at];

        if (octet == '(' || is_blank(octet)) {
            uint32_t before = octet == '(' ? VERDICT(COMMENT) : VERDICT(BLANK);
            uint32_t old = octet == '(' ? VERDICT(OLD_COMMENT) : VERDICT(OLD_BLANK);

            if (!read_gap(c, c->elements ? old : before, VERDICT(VALID)))
                return 0;
        } else if (octet == '.') {
            if (c->ended)
                note(c, VERDICT(OLD_LOCAL));
            if (!read_dot(c))
                return 0;
        } else if (octet == '"') {
            if (c->element)
                return fail(c, VERDICT(ATEXT));
            note(c, c->elements ? VERDICT(OLD_LOCAL) : VERDICT(QUOTED));
            if (!read_quoted(c))
                return 0;
            c->ended = 1;
            c->prior = ENCLOSED;
        } else {
            if (c->ended)
                return fail_after(c);
            if (!(mp_header_class[octet] & MP_CLASS_ATEXT))
                return fail(c, VERDICT(ATEXT));
            c->prior = WORD;
            c->element++;
            c->length++;
            c->at++;
        }
    }
    if (c->at == c->n)
        return fail(c, VERDICT(NO_AT));
    if (!c->length)
        return fail(c, VERDICT(NO_LOCAL));
    if (!c->element)
        return fail(c, VERDICT(DOT_LAST));
    if (c->length > LOCAL_MAX)
        note(c, VERDICT(LONG_LOCAL));
    if (c->prior == GAP)
        note(c, VERDICT(OLD_NEAR_AT));
    return 1;
}

static int end_label(struct check *c)
{
    if (c->hyphen)
        return fail(c, VERDICT(HYPHEN_LAST));
    if (c->element > LABEL_MAX && c->prior != ENCLOSED)
        note(c, VERDICT(LONG_LABEL));
    return 1;
}

static int read_label_octet(struct check *c)
{
    uint8_t octet = c->p[c->at++];

    if (c->ended)
        return c->prior == ENCLOSED ? fail(c, VERDICT(AFTER_LITERAL)) : fail_after(c);
    if (!(mp_header_class[octet] & MP_CLASS_ATEXT))
        return fail(c, VERDICT(ATEXT));
    if (octet == '-' && !c->element)
        return fail(c, VERDICT(HYPHEN_FIRST));
    if (octet != '-' && octet < 128 && !mp_ascii_is_alnum(octet))
        note(c, VERDICT(DOMAIN));
    if (!c->element)
        c->number = mp_ascii_is_digit(octet);
    c->hyphen = octet == '-';
    c->prior = WORD;
    c->element++;
    c->length++;
    return 1;
}

/* Behind the @. */
static int read_domain(struct check *c)
{
    c->prior = WORD;
    c->length = c->element = c->elements = 0;
    c->ended = c->hyphen = c->number = 0;
    while (c->at < c->n) {
        uint8_t octet = c->p[c->at];

        if (octet == '(' || is_blank(octet)) {
            uint32_t behind = octet == '(' ? VERDICT(COMMENT) : VERDICT(BLANK);
            uint32_t old = octet == '(' ? VERDICT(OLD_COMMENT) : VERDICT(OLD_BLANK);

            if (!read_gap(c, c->elements ? old : VERDICT(OLD_NEAR_AT), behind))
                return 0;
        } else if (octet == '.') {
            if (c->element && !end_label(c))
                return 0;
            if (!read_dot(c))
                return 0;
        } else if (octet == '[' && !c->length) {
            if (!read_literal(c))
                return 0;
            c->ended = 1;
            c->prior = ENCLOSED;
        } else if (!read_label_octet(c))
            return 0;
    }
    if (!c->length)
        return fail(c, VERDICT(NO_DOMAIN));
    return c->element ? end_label(c) : fail(c, VERDICT(DOT_LAST));
}

static void check(struct check *c)
{
    size_t local;

    if (!read_local(c))
        return;
    local = c->length;
    c->at++;
    if (!read_domain(c))
        return;
    if (c->length > DOMAIN_MAX)
        note(c, VERDICT(LONG_DOMAIN));
    else if (local + 1 + c->length > ADDRESS_MAX)
        note(c, VERDICT(LONG));
    if (c->verdict == VERDICT(VALID) && c->number)
        note(c, VERDICT(TOP_LEVEL_NUMERIC));
    else if (c->verdict == VERDICT(VALID) && !c->elements)
        note(c, VERDICT(TOP_LEVEL));
}

int32_t mailproto_mime_address_check(const void *in, size_t n, uint32_t *verdict)
{
    struct check c = {mp_octets(in), n, 0, VERDICT(VALID), 0, 0, 0, 0, WORD, 0, 0};

    if ((!in && n) || !verdict)
        return MAILPROTO_ERR_ARG;
    if (!mp_utf8_valid(c.p, n))
        c.verdict = VERDICT(UTF8);
    else {
        size_t high = 0;

        check(&c);
        while (high < n && c.p[high] < 128)
            high++;
        if (high < n)
            note(&c, VERDICT(INTERNATIONAL));
    }
    *verdict = c.verdict;
    return MAILPROTO_OK;
}

const char *mailproto_mime_verdict_text(uint32_t verdict)
{
    static const struct {
        uint32_t verdict;
        const char *text;
    } all[] = {
#define SENTENCE(name, value, sentence) {value, sentence},
        MAILPROTO_MIME_VERDICT_TABLE(SENTENCE)
#undef SENTENCE
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].verdict == verdict)
            return all[i].text;
    return NULL;
}
