/* mailproto/mime_charset.h - the octets of a charset become UTF-8: as a stream or in one piece.
 *
 * RFC 2045 section 2.2, RFC 2978, RFC 3629 (UTF-8), RFC 2781 (UTF-16), RFC 2152 (UTF-7). Nothing here allocates or
 * belongs to a session, except for what a provider of the host's does: every function may be called anywhere, also in
 * callbacks, from any thread that owns the decoder. `in` and `out` do not overlap.
 *
 * BUILT IN   UTF-8 (checked), US-ASCII, ISO-8859-1 to -16, windows-1250 to -1258 and -874, KOI8-R, KOI8-U, the code
 *            pages of DOS (437, 850, 852, 858, 866), macintosh, UTF-16 and UTF-32 with either order of octets, UTF-7.
 *            All others come from a provider of the host's: GB18030, Big5, Shift_JIS, EUC-JP, ISO-2022-JP, EUC-KR, ...
 * NAMES      Case, blanks, quotes and punctuation do not count, and names that are seen in the wild are known: latin1,
 *            iso_8859-1, cp1252, x-sjis, ks_c_5601-1987, unicode-1-1-utf-7. A name that stands for less than what goes
 *            under it is read as the larger set: gb2312 and gbk as GB18030, euc-kr as CP949, shift_jis as CP932.
 * UNDECLARED An empty name says that no charset was declared: the text is UTF-8 if that is valid, else windows-1252. A
 *            stream is UTF-8 up to the first octet that cannot be, and windows-1252 from there on. The same holds for
 *            octets above 127 where US-ASCII was declared, with the defect CHARSET_OCTETS.
 * DEFECTS    What is not of the charset becomes U+FFFD, one for each octet or cut-off character (for UTF-8: as Unicode
 *            recommends, one for the longest beginning of a character), and gives CHARSET_OCTETS of mime_defect.h. If the
 *            charset is unknown the octets are given as they are, which may not be UTF-8, with CHARSET_UNKNOWN.
 */
#ifndef MAILPROTO_MIME_CHARSET_H
#define MAILPROTO_MIME_CHARSET_H

#include "mime_codec.h"
#include "mime_defect.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- names ---- */

enum { MAILPROTO_CHARSET_NAME_MAX = 63 }; /* a longer name is not known */

/* The preferred name of a charset, such as "ISO-8859-1" for latin1, static and NUL-terminated. NULL: the library knows no
   such charset; a provider may. Knowing the name of one that is not built in does not mean that it can be read. */
MAILPROTO_API const char *mailproto_charset_name(const char *name, size_t n);

/* The charset of text for which none was declared, by the rule above: "US-ASCII", "UTF-8" or "windows-1252". */
MAILPROTO_API const char *mailproto_charset_of_undeclared(const void *in, size_t n);

/* ---- charsets that the host brings ---- */

/* Makes UTF-8 of charsets that are not built in. It and `user` must outlive every decoder that was opened with it. The
   built-in charsets are never asked for. Every function is needed. */
typedef struct mailproto_charset_provider {
    uint32_t struct_size;
    void *user;
    /* Begins a conversion. `name` is NUL-terminated: the preferred name of a larger set (see NAMES), "GB18030", "CP949",
       "CP932", "Big5"; for a charset that the library has no name for, what was declared, in upper case. NULL: the
       charset is unknown here, or there is no memory */
    void *(*open)(const char *name, void *user);
    /* Takes what it can of `in` and writes UTF-8 to `out`, whole characters only. OK: all is taken that can be: what is
       left, less than 16 octets, begins a character (or an escape sequence) and will be presented again with what follows
       it; ERR_LIMIT: the next character does not fit into out (which has room for 12 octets at least); ERR_ARG: the octet
       behind those taken is invalid: the library skips it. `in` NULL: the end: write what is held back, then be as new */
    int32_t (*convert)(void *converter, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made,
                       void *user);
    /* Ends it */
    void (*close)(void *converter, void *user);
} mailproto_charset_provider;
MAILPROTO_API int32_t mailproto_charset_provider_init(mailproto_charset_provider *provider, size_t size);

/* The C library's iconv as a provider, static; NULL: this build has none. It is never used unless it is passed. What it can
   read depends on the C library and on what is installed (glibc: the gconv modules; musl has its own, smaller set), it
   allocates with malloc, and it may load shared objects: so it is not for programs that count their memory. */
MAILPROTO_API const mailproto_charset_provider *mailproto_charset_iconv(void);

/* ---- as a stream ---- */

/* Decodes as a stream; the rules are those of STREAMING in mime_codec.h, with MAILPROTO_CODEC_ROOM octets of room. UTF-8
   that is made, and the counts, are the same however the input was cut. */
typedef struct mailproto_charset_decoder {
    uint32_t struct_size;
    uint32_t flags; /* none is defined: 0 */
    /* what is known by now */
    const char
        *name; /* preferred; NULL: the library has none. If none was declared, or US-ASCII: what was seen so far */
    uint64_t defects; /* bits of mime_defect.h: CHARSET_UNKNOWN, CHARSET_OCTETS */
    uint64_t invalid; /* how many U+FFFD were put; of US-ASCII: octets above 127 */
    uint64_t
        first_invalid; /* offset of the first octet that was wrong, in all that was fed; only if invalid is not 0 */
    /* its own */
    const mailproto_charset_provider *provider;
    void *converter;
    uint64_t offset;     /* octets taken */
    uint32_t kind;       /* which decoder it is */
    uint32_t state;      /* opened, ending, spent; order of octets; shift */
    uint32_t bits;       /* UTF-7: those that make no unit yet */
    uint32_t high;       /* a first surrogate that waits for the second */
    uint64_t high_at;    /* where it began */
    uint8_t held[16];    /* octets of a character that is not complete */
    uint32_t n_held;     /* how many */
    uint32_t n_bits;     /* UTF-7: how many */
    uint16_t table[128]; /* single octets: the characters of 128 to 255 */
    uint64_t unused[4];  /* room to grow */
} mailproto_charset_decoder;
MAILPROTO_API int32_t mailproto_charset_decoder_init(mailproto_charset_decoder *d, size_t size);

/* Says what is to be decoded, once, after the _init. The name is looked up, not kept. provider NULL: only what is built in.
   OK, also for an unknown charset: `defects` then says so; ERR_ARG: NULL, or a provider without one of its functions;
   ERR_STATE: it was opened before. */
MAILPROTO_API int32_t mailproto_charset_decoder_open(mailproto_charset_decoder *d, const char *name, size_t n,
                                                     const mailproto_charset_provider *provider);

/* Decodes a piece; see STREAMING in mime_codec.h. OK; ERR_ARG: NULL; ERR_STATE: it was not opened, or was ended; ERR_HOST:
   the provider broke its rules. */
MAILPROTO_API int32_t mailproto_charset_decode(mailproto_charset_decoder *d, const void *in, size_t n, size_t *took,
                                               void *out, size_t cap, size_t *made);

/* Gives what waited: of a character that was cut off at the end, U+FFFD. OK: that was all; MORE: call it again; ERR_ARG:
   NULL; ERR_STATE: it was not opened; ERR_HOST: the provider broke its rules. */
MAILPROTO_API int32_t mailproto_charset_decode_end(mailproto_charset_decoder *d, void *out, size_t cap, size_t *made);

/* Gives the provider's converter back, at any time; the counts stay readable. Not needed if none was passed. NULL, and a
   second call, do nothing. */
MAILPROTO_API void mailproto_charset_decoder_close(mailproto_charset_decoder *d);

/* ---- in one piece ---- */

/* Makes the whole text UTF-8. *defects, which may be NULL, gets the bits of what was wrong added. The name may be empty (or
   NULL with n_name 0): undeclared. With what is built in no text becomes more than 3 * n + 3 octets. OK, also for an unknown charset: then
   CHARSET_UNKNOWN is in *defects, and the octets are given as they are: call it with an empty name to have them guessed;
   ERR_ARG: NULL, or a provider without one of its functions; ERR_LIMIT: *made is the room that is needed, `out` may hold
   a part; ERR_HOST: the provider broke its rules. */
MAILPROTO_API int32_t mailproto_charset_to_utf8(const char *name, size_t n_name, const void *in, size_t n,
                                                const mailproto_charset_provider *provider, void *out, size_t cap,
                                                size_t *made, uint64_t *defects);

#ifdef __cplusplus
}
#endif
#endif
