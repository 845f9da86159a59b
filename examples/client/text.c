/* text.c - text of others made fit to be shown or put in JSON.
 * RFC 3629 section 4 (the syntax of UTF-8). */
#include "text.h"

#include <stdlib.h>
#include <string.h>

static int continues(const unsigned char *p, size_t n, size_t from, size_t count)
{
    if (n < from + count)
        return 0;
    for (size_t i = from; i < from + count; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return 1;
}

size_t text_utf8(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned second = n > 1 ? p[1] : 0;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        return continues(p, n, 1, 1) ? 2 : 0;
    if ((p[0] & 0xf0) == 0xe0) {
        /* neither overlong nor a surrogate */
        if ((p[0] == 0xe0 && second < 0xa0) || (p[0] == 0xed && second > 0x9f))
            return 0;
        return continues(p, n, 1, 2) ? 3 : 0;
    }
    if (p[0] < 0xf0 || p[0] > 0xf4 || (p[0] == 0xf0 && second < 0x90) || (p[0] == 0xf4 && second > 0x8f))
        return 0;
    return continues(p, n, 1, 3) ? 4 : 0;
}

/* C0, DEL, and C1 as UTF-8 has it: terminals obey them. */
static int is_control(const char *p, size_t step)
{
    const unsigned char *u = (const unsigned char *)p;

    return (step == 1 && (u[0] < ' ' || u[0] == 0x7f)) || (step == 2 && u[0] == 0xc2 && u[1] < 0xa0);
}

void text_show(FILE *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t step = text_utf8(p + i, n - i);

        if (p[i] == '\n')
            fputs(" | ", out);
        else if (p[i] == '\t')
            fputc(' ', out);
        else if (!step || is_control(p + i, step))
            fputc('?', out);
        else
            fwrite(p + i, 1, step, out);
        i += step ? step : 1;
    }
}

char *text_copy(mailproto_text text)
{
    char *copy = malloc(text.len + 1);

    if (!copy)
        return NULL;
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    return copy;
}

mailproto_text text_of(const char *s)
{
    return (mailproto_text){s, s ? strlen(s) : 0};
}

mailproto_text text_host(mailproto_text address)
{
    while (address.len && address.ptr[--address.len] != ':')
        ;
    if (address.len > 2 && *address.ptr == '[')
        return (mailproto_text){address.ptr + 1, address.len - 2};
    return address;
}
