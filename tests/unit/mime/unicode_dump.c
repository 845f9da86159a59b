/* Prints what the table of Unicode says of every character, or with NFC, NFKC, NFD, NFKD as argument the normal form of
   each line of the standard input: for a comparison with what Python says, test_charset_python.py. Unicode annex 15, RFC 5892, RFC 4013, RFC 5051. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/unicode.h"
#include "core/utf8.h"

static void print_characters(const uint32_t *c, size_t n)
{
    putchar(';');
    for (size_t i = 0; i < n; i++)
        printf(i ? " %X" : "%X", (unsigned)c[i]);
}

static void print_form(uint32_t c, uint32_t form)
{
    uint8_t in[4], out[128];
    uint32_t characters[64];
    size_t made = 0, n = 0, octets;

    if (c - 0xd800 < 0x800) {
        putchar(';');
        return;
    }
    octets = mp_utf8_write(in, c);
    if (mp_unicode_normalize(form, in, octets, out, sizeof out, &made)) {
        printf(";failed");
        return;
    }
    for (size_t at = 0; at < made; n++)
        at += mp_utf8_read(out + at, made - at, &characters[n]);
    print_characters(characters, n);
}

static void print_all(void)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        mp_unicode_properties p = mp_unicode_of(c);
        uint32_t folded[3];
        unsigned bits = p.idna | (unsigned)p.bidi << 3 | (unsigned)p.joining << 7 | (unsigned)p.script << 10 |
                        (unsigned)p.sasl << 12 | (unsigned)p.mark << 15;

        printf("%X %u %u %u %X %X", (unsigned)c, p.combining, bits, p.direction, (unsigned)mp_unicode_lower(c),
               (unsigned)mp_unicode_title(c));
        print_characters(folded, mp_unicode_folded(c, folded));
        print_form(c, MP_NFC);
        print_form(c, MP_NFKC);
        print_form(c, MP_NFKD);
        putchar('\n');
    }
}

/* 0, or 1: a line is too long or no UTF-8. */
static int print_forms(uint32_t form)
{
    static char line[1 << 16], out[1 << 17];
    size_t made;

    while (fgets(line, sizeof line, stdin)) {
        if (mp_unicode_normalize(form, (const uint8_t *)line, strlen(line), (uint8_t *)out, sizeof out, &made))
            return 1;
        fwrite(out, 1, made, stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const forms[] = {"NFC", "NFKC", "NFD", "NFKD"};

    if (argc == 1)
        print_all();
    for (uint32_t form = 0; argc == 2 && form < 4; form++)
        if (!strcmp(argv[1], forms[form]))
            return print_forms(form);
    return argc > 2;
}
