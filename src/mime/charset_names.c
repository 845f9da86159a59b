/* charset_names.c - the names of charsets, as they should be and as they are seen.
 * RFC 2978 section 2.3; the registry of character sets gives the preferred names and most of the others. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "core/unicode_table.h"
#include "mime/charset.h"

#define SINGLE(name, names, number)                                                                                    \
    {                                                                                                                  \
        name, names, MP_CHARSET_SINGLE, number, NULL                                                                   \
    }
#define PROVIDED(name, names, provide)                                                                                 \
    {                                                                                                                  \
        name, names, MP_CHARSET_PROVIDED, 0, provide                                                                   \
    }

/* Those that are met most stand first. A name counts without what is no letter or digit, and without "x" before it. */
static const mp_charset_entry entries[] = {
    {"UTF-8", "utf unicode11utf8 unicode20utf8 utf8mb4", MP_CHARSET_UTF8, 0, NULL},
    {"US-ASCII", "ascii us ansix341968 ansix341986 iso646us iso646irv1991 646 isoir6 cp367 ibm367 7bit csascii",
     MP_CHARSET_ASCII, 0, NULL},
    SINGLE("ISO-8859-1",
           "latin1 l1 88591 iso885911987 isoir100 isolatin1 cp819 ibm819 cp28591 iso8859 cslatin1 cisolatin1", 0),
    SINGLE("windows-1252", "cp1252 win1252 1252 ms1252 ansi msansi winlatin1 ibm1252 windows1252cp1252", 17),
    SINGLE("ISO-8859-15", "latin9 l9 latin0 885915 cp28605", 13),
    SINGLE("ISO-8859-2", "latin2 l2 88592 iso885921987 isoir101 cp28592 cslatin2", 1),
    SINGLE("windows-1250", "cp1250 win1250 1250 msee", 15),
    SINGLE("windows-1251", "cp1251 win1251 1251 mscyrl ansi1251", 16),
    SINGLE("KOI8-R", "koi koi8 cskoi8r cp20866", 25),
    SINGLE("KOI8-U", "koi8ru cp21866", 26),
    PROVIDED("GB2312",
             "gb231280 euccn cngb cngb231280 chinese simplifiedchinese isoir58 csgb2312 csgb231280 csiso58gb231280 "
             "windows20936",
             "GB18030"),
    PROVIDED("GBK", "cp936 936 ms936 windows936 csgbk", "GB18030"),
    PROVIDED("GB18030", "cp54936 gb180302000 gb180302005 csgb18030", "GB18030"),
    PROVIDED("Big5", "cnbig5 big5tw xbig5 csbig5 cp950 950 ms950 windows950 big5eten", "Big5"),
    PROVIDED("ISO-2022-JP", "jis csiso2022jp cp50220 cp50221 iso2022jp1 iso2022jpms", "ISO-2022-JP"),
    PROVIDED("Shift_JIS", "sjis mskanji ms932 cp932 932 windows31j windows932 csshiftjis cswindows31j shiftjisms",
             "CP932"),
    PROVIDED("EUC-JP", "ujis cseucpkdfmtjapanese extendedunixcodepackedformatforjapanese cp51932 eucjpms", "EUC-JP"),
    PROVIDED(
        "EUC-KR",
        "ksc56011987 ksc5601 ksc56011989 ksx1001 ksx10011992 korean isoir149 cseuckr csksc56011987 cp949 949 ms949 "
        "windows949 uhc cp51949 unifiedhangulcode",
        "CP949"),
    PROVIDED("ISO-2022-KR", "csiso2022kr cp50225", "ISO-2022-KR"),
    SINGLE("ISO-8859-3", "latin3 l3 88593 iso885931988 isoir109 cp28593 cslatin3", 2),
    SINGLE("ISO-8859-4", "latin4 l4 88594 iso885941988 isoir110 cp28594 cslatin4", 3),
    SINGLE("ISO-8859-5", "cyrillic 88595 iso885951988 isoir144 cp28595 cslatincyrillic", 4),
    SINGLE("ISO-8859-6", "arabic 88596 iso885961987 isoir127 ecma114 asmo708 iso88596e iso88596i cp28596", 5),
    SINGLE("ISO-8859-7", "greek greek8 88597 iso885971987 isoir126 ecma118 elot928 cp28597", 6),
    SINGLE("ISO-8859-8", "hebrew 88598 iso885981988 isoir138 iso88598e iso88598i logical visual cp28598 cp38598", 7),
    SINGLE("ISO-8859-9", "latin5 l5 88599 iso885991989 isoir148 cp28599 cslatin5", 8),
    SINGLE("ISO-8859-10", "latin6 l6 885910 iso8859101992 isoir157 cslatin6", 9),
    SINGLE("ISO-8859-11", "885911 iso8859112001", 10),
    SINGLE("TIS-620", "thai tis62025330 tis62025331 cstis620", MP_CHARSET_WINDOWS_874),
    SINGLE("ISO-8859-13", "latin7 l7 885913 isoir179 cp28603", 11),
    SINGLE("ISO-8859-14", "latin8 l8 885914 iso8859141998 isoir199 isoceltic", 12),
    SINGLE("ISO-8859-16", "latin10 l10 885916 iso8859162001 isoir226", 14),
    SINGLE("windows-1253", "cp1253 win1253 1253 msgreek", 18),
    SINGLE("windows-1254", "cp1254 win1254 1254 msturk", 19),
    SINGLE("windows-1255", "cp1255 win1255 1255 mshebr", 20),
    SINGLE("windows-1256", "cp1256 win1256 1256 msarab", 21),
    SINGLE("windows-1257", "cp1257 win1257 1257 winbaltrim", 22),
    SINGLE("windows-1258", "cp1258 win1258 1258", 23),
    SINGLE("windows-874", "cp874 win874 874 dos874 ms874", MP_CHARSET_WINDOWS_874),
    SINGLE("IBM437", "cp437 437 dos437 cspc8codepage437", 27),
    SINGLE("IBM850", "cp850 850 dos850 cspc850multilingual", 28),
    SINGLE("IBM852", "cp852 852 dos852 cspcp852", 29),
    SINGLE("IBM00858", "cp858 cp00858 ibm858 858 dos858 ccsid00858 pcmultilingual850euro", 30),
    SINGLE("IBM866", "cp866 866 dos866 csibm866", 31),
    SINGLE("macintosh", "mac macroman csmacintosh cp10000", 32),
    {"UTF-16", "unicode csunicode csutf16 iso10646ucs2 ucs2", MP_CHARSET_UTF16, 0, NULL},
    {"UTF-16LE", "ucs2le unicodelittle csutf16le cp1200", MP_CHARSET_UTF16, MP_CHARSET_LITTLE, NULL},
    {"UTF-16BE", "ucs2be unicodebig unicodefffe csutf16be cp1201", MP_CHARSET_UTF16, MP_CHARSET_BIG, NULL},
    {"UTF-32", "iso10646ucs4 ucs4 csucs4 csutf32", MP_CHARSET_UTF32, 0, NULL},
    {"UTF-32LE", "ucs4le csutf32le", MP_CHARSET_UTF32, MP_CHARSET_LITTLE, NULL},
    {"UTF-32BE", "ucs4be csutf32be", MP_CHARSET_UTF32, MP_CHARSET_BIG, NULL},
    {"UTF-7", "unicode11utf7 unicode20utf7 csunicode11utf7 csutf7 cp65000", MP_CHARSET_UTF7, 0, NULL},
    PROVIDED("HZ-GB-2312", "hz hzgb", "HZ"),
    PROVIDED("Big5-HKSCS", "big5hkscs2004 csbig5hkscs", "Big5-HKSCS"),
    PROVIDED("ISO-2022-JP-2", "csiso2022jp2", "ISO-2022-JP-2"),
    PROVIDED("ISO-2022-JP-3", "iso2022jp2004", "ISO-2022-JP-3"),
    PROVIDED("ISO-2022-CN", "csiso2022cn", "ISO-2022-CN"),
    PROVIDED("EUC-TW", "cseuctw cns11643", "EUC-TW"),
};

/* Names that say that none is known, as RFC 1428 section 3 has it. */
static const mp_charset_entry undeclared = {"",
                                            "unknown8bit unknown 8bit binary default defaultcharset userdefined none",
                                            MP_CHARSET_GUESS, 0, NULL};

int32_t mailproto_charset_provider_init(mailproto_charset_provider *provider, size_t size)
{
    return mp_struct_init(provider, size);
}

/* Whether a word, which ends with NUL or a space, is the key but for what does not count. */
static int is_word(const char *word, const char *key, size_t n)
{
    size_t at = 0;

    for (; *word && *word != ' '; word++) {
        if (!mp_ascii_is_alnum(*word))
            continue;
        if (at == n || mp_ascii_lower(*word) != key[at++])
            return 0;
    }
    return at == n;
}

static int is_of(const mp_charset_entry *entry, const char *key, size_t n)
{
    if (is_word(entry->name, key, n))
        return 1;
    for (const char *word = entry->names; word && *word; word += *word == ' ') {
        if (is_word(word, key, n))
            return 1;
        while (*word && *word != ' ')
            word++;
    }
    return 0;
}

static const mp_charset_entry *find(const char *key, size_t n)
{
    if (is_of(&undeclared, key, n))
        return &undeclared;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (is_of(&entries[i], key, n))
            return &entries[i];
    return NULL;
}

uint32_t mp_charset_look_up(const char *name, size_t n, const mp_charset_entry **entry)
{
    char key[MAILPROTO_CHARSET_NAME_MAX];
    size_t octets = 0;

    *entry = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!mp_ascii_is_alnum(name[i]))
            continue;
        if (octets == sizeof key)
            return MP_CHARSET_UNKNOWN;
        key[octets++] = (char)mp_ascii_lower(name[i]);
    }
    if (!octets)
        return MP_CHARSET_UNDECLARED;
    *entry = find(key, octets);
    for (size_t i = 0; !*entry && i + 1 < octets && key[i] == 'x'; i++)
        *entry = find(key + i + 1, octets - i - 1);
    if (*entry == &undeclared)
        return MP_CHARSET_UNDECLARED;
    return *entry ? MP_CHARSET_KNOWN : MP_CHARSET_UNKNOWN;
}

const char *mailproto_charset_name(const char *name, size_t n)
{
    const mp_charset_entry *entry;

    return name && mp_charset_look_up(name, n, &entry) == MP_CHARSET_KNOWN ? entry->name : NULL;
}

void mp_charset_fill(uint16_t table[128], uint32_t number)
{
    uint32_t way[MP_CHARSETS], steps = 0;

    for (; number; number = mp_charset_bases[number - 1])
        way[steps++] = number - 1;
    for (uint32_t i = 0; i < 128; i++)
        table[i] = (uint16_t)(128 + i);
    while (steps--) {
        const uint16_t *run = mp_charset_runs + 2 * mp_charset_places[way[steps]];
        const uint16_t *end = mp_charset_runs + 2 * mp_charset_places[way[steps] + 1];

        for (; run < end; run += 2)
            for (uint32_t i = 0; i < (run[0] & 255u); i++)
                table[(run[0] >> 8) + i] = (uint16_t)(run[1] == 0xfffd ? 0xfffd : run[1] + i);
    }
}
