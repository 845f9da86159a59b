/* charset_iconv.c - the C library's iconv as a provider of charsets, for hosts that ask for it.
 * mailproto/mime_charset.h, mailproto_charset_iconv; POSIX.1-2008, iconv(). */
#include "core/ascii.h"
#include "mime/charset.h"

#ifdef MAILPROTO_HAS_ICONV

#include <errno.h>
#include <iconv.h>
#include <string.h>

/* The C libraries name the same sets otherwise: glibc has CP949, CP932 and GB18030; musl has all of them but HZ; others
   may have the smaller set only. What is not listed is asked for by its own name. */
static const struct {
    const char *asked, *instead[2];
} others[] = {
    {"GB18030", {"GBK", "GB2312"}},
    {"CP949", {"UHC", "EUC-KR"}},
    {"CP932", {"SHIFT_JIS", "SJIS"}},
    {"Big5", {"BIG5", "CP950"}},
    {"HZ", {"HZ-GB-2312", NULL}},
    {"Big5-HKSCS", {"BIG5HKSCS", "BIG5"}},
    {"ISO-2022-JP-2", {"ISO-2022-JP", NULL}},
};

static iconv_t open_one(const char *name)
{
    return iconv_open("UTF-8", name);
}

static void *open_iconv(const char *name, void *user)
{
    int before = errno;
    iconv_t converter = open_one(name);

    (void)user;
    for (size_t i = 0; converter == (iconv_t)-1 && i < sizeof others / sizeof *others; i++)
        for (size_t k = 0; mp_ascii_equal(name, strlen(name), others[i].asked) && converter == (iconv_t)-1 && k < 2;
             k++)
            if (others[i].instead[k])
                converter = open_one(others[i].instead[k]);
    errno = before;
    return converter == (iconv_t)-1 ? NULL : converter;
}

static int32_t convert_iconv(void *converter, const void *in, size_t n, size_t *took, void *out, size_t cap,
                             size_t *made, void *user)
{
    /* iconv does not write to its input, though its type says so */
    union {
        const void *given;
        char *wanted;
    } from = {in};
    char *to = out;
    size_t left = n, room = cap, result;
    int before = errno, why;

    (void)user;
    errno = 0;
    result = iconv(converter, in ? &from.wanted : NULL, in ? &left : NULL, &to, &room);
    why = errno;
    errno = before;
    *took = n - left;
    *made = cap - room;
    if (result != (size_t)-1 || why == EINVAL)
        return MAILPROTO_OK;
    return why == E2BIG ? MAILPROTO_ERR_LIMIT : MAILPROTO_ERR_ARG;
}

static void close_iconv(void *converter, void *user)
{
    int before = errno;

    (void)user;
    iconv_close(converter);
    errno = before;
}

const mailproto_charset_provider *mailproto_charset_iconv(void)
{
    static const mailproto_charset_provider provider = {sizeof provider, NULL, open_iconv, convert_iconv, close_iconv};

    return &provider;
}

#else

const mailproto_charset_provider *mailproto_charset_iconv(void)
{
    return NULL;
}

#endif
