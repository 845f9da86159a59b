/* codec_vector.h - whether the codecs and the structure scans have vector code: programs that are small first leave it out.
 * RFC 2045 section 6. The option `text_scan` of the build says so for all scans of the library. */
#ifndef MP_MIME_CODEC_VECTOR_H
#define MP_MIME_CODEC_VECTOR_H

#if defined(__GNUC__) && !defined(MAILPROTO_TEXT_SCAN_OCTET) && !defined(MAILPROTO_TEXT_SCAN_WORD)
#define MP_VECTOR 1
#else
#define MP_VECTOR 0
#endif

#endif
