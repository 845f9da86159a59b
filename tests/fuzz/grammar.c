/* grammar.c - fuzz target: paths, domains, parameters, xtext and status codes of SMTP.
 * RFC 5321 sections 4.1.2 and 4.1.3, RFC 3461 section 4, RFC 6533 section 3, RFC 3463 section 2. */
#include "smtp/grammar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "fuzz.h"

const char *const fuzz_before_message = "", *const fuzz_after_message = "";

static void broken(int line)
{
    fprintf(stderr, "broken: %s:%d\n", __FILE__, line);
    abort();
}

#define demand(kept) ((kept) ? (void)0 : broken(__LINE__))

static void harmless(mailproto_text text)
{
    for (size_t i = 0; i < text.len; i++)
        demand((uint8_t)text.ptr[i] >= ' ' && text.ptr[i] != 127);
}

/* A path is a mailbox in angle brackets; a mailbox in angle brackets is read as that path, and nothing more is. */
static void paths(const char *text, size_t n, uint32_t flags)
{
    mailproto_text mailbox = {NULL, 0};
    size_t took = mp_smtp_read_path(text, n, flags, &mailbox);
    char *path;

    demand(took <= n);
    if (took) {
        demand(took >= 2 && text[0] == '<' && text[took - 1] == '>');
        harmless((mailproto_text){text, took});
        demand(mailbox.ptr >= text && mailbox.ptr + mailbox.len < text + took);
        demand(mailbox.len || flags & MP_SMTP_NULL_PATH);
        if (mailbox.len && memchr(mailbox.ptr, '@', mailbox.len))
            demand(mp_smtp_is_mailbox(mailbox.ptr, mailbox.len, flags));
        demand(mp_smtp_read_path(text, took, flags, &mailbox) == took);
    }
    if (!mp_smtp_is_mailbox(text, n, flags))
        return;
    harmless((mailproto_text){text, n});
    path = malloc(n + 2);
    demand(path != NULL);
    path[0] = '<';
    memcpy(path + 1, text, n);
    path[n + 1] = '>';
    demand(mp_smtp_read_path(path, n + 2, flags, &mailbox) == n + 2);
    demand(mailbox.ptr == path + 1 && mailbox.len == n);
    free(path);
}

static void domains(const char *text, size_t n, uint32_t flags)
{
    size_t took = mp_smtp_read_domain(text, n, flags);

    demand(took <= n && took <= 255);
    /* what octets over 127 are is asked for the whole, not where a domain is found */
    demand(!took || mp_smtp_is_domain(text, took, flags) || !mp_utf8_valid((const uint8_t *)text, took));
    demand(!mp_smtp_is_domain(text, n, flags) || took == n);
    if (mp_smtp_is_hello(text, n) || mp_smtp_is_address_literal(text, n)) {
        harmless((mailproto_text){text, n});
        demand(!memchr(text, ' ', n));
    }
    took = mp_smtp_read_enhanced(text, n);
    demand(took <= n && (!took || mp_smtp_is_enhanced(text, took)));
}

static void parameters(const char *text, size_t n, uint32_t flags)
{
    const char *at = text, *before = text;
    mailproto_text keyword, value;

    while (mp_smtp_next_parameter(&at, text + n, flags, &keyword, &value) == 1) {
        demand(at > before && at <= text + n);
        demand(mp_smtp_is_keyword(keyword.ptr, keyword.len));
        demand(!value.ptr || mp_smtp_is_value(value.ptr, value.len, flags));
        before = at;
    }
}

static void xtext(const char *text, size_t n)
{
    size_t size = mp_xtext_encode(NULL, text, n, 0), len = 0;
    char *there = malloc(size + 1), *back = malloc(size + n + 1);

    demand(there && back);
    demand(mp_xtext_encode(there, text, n, 0) == size);
    demand(!n || mp_smtp_is_value(there, size, 0));
    if (!mp_xtext_decode(back, there, size, &len))
        demand(len == n && !memcmp(back, text, n));
    if (!mp_xtext_decode(back, text, n, &len)) {
        demand(len <= n);
        harmless((mailproto_text){back, len});
        demand(mp_xtext_encode(NULL, back, len, 0) <= 3 * n);
    }
    free(there);
    free(back);
}

static void orcpt(const char *text, size_t n, uint32_t flags)
{
    static const mailproto_text types[] = {{"rfc822", 6}, {"utf-8", 5}};

    for (size_t i = 0; i < 2; i++) {
        size_t size = mp_xtext_encode(NULL, text, n, flags | mp_orcpt_type(types[i])), len = 0;
        char *there = malloc(size + 1), *back = malloc(size + n + 1);

        demand(there && back);
        if (!mp_orcpt_decode(back, types[i], text, n, flags, &len)) {
            demand(len <= n);
            harmless((mailproto_text){back, len});
        }
        demand(mp_xtext_encode(there, text, n, flags | mp_orcpt_type(types[i])) == size);
        if ((i == 0 || mp_utf8_valid((const uint8_t *)text, n)) &&
            !mp_orcpt_decode(back, types[i], there, size, flags, &len))
            demand(len == n && !memcmp(back, text, n));
        free(there);
        free(back);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t flags = size ? data[0] & 15 : 0;
    char *text;
    size_t n;

    if (!size)
        return 0;
    n = size - 1;
    text = malloc(n + 1);
    demand(text != NULL);
    memcpy(text, data + 1, n);
    text = realloc(text, n ? n : 1);
    paths(text, n, flags);
    domains(text, n, flags);
    parameters(text, n, flags);
    xtext(text, n);
    orcpt(text, n, flags);
    free(text);
    return 0;
}
