/* mailproto/mime_tnef.h - the attachments in application/ms-tnef, which Outlook sends as winmail.dat.
 *
 * MS-TNEF sections 2.1 and 2.2, MS-OXPROPS. The body of such a part, decoded, is one piece in memory; everything that is
 * given points into it. Nothing here allocates or calls back, but for a charset provider of the host's; every function may be
 * called anywhere. What is broken is passed over, and noted.
 */
#ifndef MAILPROTO_MIME_TNEF_H
#define MAILPROTO_MIME_TNEF_H

#include "mime_charset.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is wrong: bits of mailproto_tnef.problems. */
enum {
    MAILPROTO_TNEF_TRUNCATED = 1, /* it ends inside of an attribute */
    MAILPROTO_TNEF_CHECKSUM = 2,  /* the checksum of an attribute is another: it counts all the same */
    MAILPROTO_TNEF_PROPERTIES = 4 /* the properties of an attachment cannot be read to their end */
};

/* Reads TNEF. */
typedef struct mailproto_tnef {
    uint32_t struct_size;
    uint32_t problems; /* MAILPROTO_TNEF_..., of what was read so far */
    uint32_t codepage; /* of names that are not in Unicode, as the message says; 0: it does not, so far */
    uint32_t zero;
    mailproto_text in; /* its own from here on */
    size_t at;
} mailproto_tnef;

/* Begins with n octets, which stay where they are. OK; ERR_ARG: NULL, or size is too small; ERR_PROTOCOL: they are no
   TNEF: its first octets are 78 9F 3E 22. */
MAILPROTO_API int32_t mailproto_tnef_init(mailproto_tnef *tnef, size_t size, const void *in, size_t n);

/* mailproto_tnef_attachment.flags */
enum {
    MAILPROTO_TNEF_NAME_UTF16 = 1, /* `name` is UTF-16, little-endian; else it is in the codepage */
    MAILPROTO_TNEF_MESSAGE = 2,    /* `data` is a message, and TNEF itself */
    MAILPROTO_TNEF_DATA = 4        /* there is `data`, though it may be empty */
};

/* An attachment. */
typedef struct mailproto_tnef_attachment {
    uint32_t struct_size;
    uint32_t flags;
    mailproto_text
        name; /* of the file, the long one if there is one, without NUL at its end; may hold what a path has. Empty:
                            there is none. Its text: mailproto_tnef_name */
    mailproto_text type;       /* "image/png", as it is written in the codepage; empty if it is not said */
    mailproto_text content_id; /* likewise, without "<>" */
    mailproto_text data;
} mailproto_tnef_attachment;
MAILPROTO_API int32_t mailproto_tnef_attachment_init(mailproto_tnef_attachment *attachment, size_t size);

/* The next attachment; all calls together read the octets once. OK; MAILPROTO_MIME_END: there are no more; ERR_ARG: NULL,
   or a struct that was not prepared. */
MAILPROTO_API int32_t mailproto_tnef_next(mailproto_tnef *tnef, mailproto_tnef_attachment *attachment);

/* The name of an attachment as UTF-8. Adds to *defects, which may be NULL. OK; MAILPROTO_MIME_END: it has none, *made is
   0; ERR_ARG: NULL, or an attachment that was not read; ERR_LIMIT: it does not fit, *made is the room that is needed;
   ERR_HOST: the provider broke its rules. */
MAILPROTO_API int32_t mailproto_tnef_name(const mailproto_tnef *tnef, const mailproto_tnef_attachment *attachment,
                                          const mailproto_charset_provider *provider, char *out, size_t cap,
                                          size_t *made, uint64_t *defects);

#ifdef __cplusplus
}
#endif
#endif
