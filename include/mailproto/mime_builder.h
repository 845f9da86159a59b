/* mailproto/mime_builder.h - composes a message, and gives it as a stream.
 *
 * RFC 5322, RFC 2045 to 2047, RFC 2183, RFC 2231, RFC 6532. A builder is a tree of nodes: node 0 is the message, which is
 * there from the begin; children of multiparts are added. Of each node it is said what it is, at most once: a multipart,
 * a leaf, or the octets of a whole part. Then the message is read, in pieces of any size.
 *
 *     mailproto_mime_builder_new(&config, &b);
 *     mailproto_mime_builder_addresses(b, 0, "From");
 *     mailproto_mime_builder_address(b, name, name_n, "a@example.org", 13);
 *     mailproto_mime_builder_text(b, 0, "Subject", subject, subject_n);
 *     mailproto_mime_builder_date(b, 0, "Date", NULL);
 *     mailproto_mime_builder_leaf(b, 0, &content);
 *     while ((r = mailproto_mime_builder_read(b, piece, sizeof piece, &made)) == MAILPROTO_OK) ...
 *
 * FIELDS     go out in the order they were given, folded at 76 columns where that can be; no line has more than 998 octets.
 *            A field that is made of items (addresses, identifiers, a value with parameters) is open: items go to it until
 *            another field is begun or it is said what a node is. MIME-Version, Content-Type and
 *            Content-Transfer-Encoding are written by the builder, and no call writes them.
 * ARGUMENTS  No argument can become syntax: one with CR, LF or NUL, or that is not UTF-8, is ERR_ARG, and what could be
 *            taken for something else is quoted or encoded. Names are NUL-terminated.
 * ERRORS     All composing calls: ERR_ARG; ERR_NOMEM; ERR_LIMIT: a cap of the config; ERR_STATE: the message was read from,
 *            the node is something already, or a host's callback is running. A call that fails changes nothing.
 * LENT       Octets that are lent, and what a callback reads, stay as they are until the builder is freed: they are looked
 *            at when reading begins (to choose the encoding), when they are written, and after each _rewind and _size.
 */
#ifndef MAILPROTO_MIME_BUILDER_H
#define MAILPROTO_MIME_BUILDER_H

#include "mime_content.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_mime_builder mailproto_mime_builder;

/* What may be used to bring the message to its place: config.flags, and what mailproto_mime_builder_needs answers. */
enum {
    MAILPROTO_MIME_BUILDER_8BITMIME = 1, /* bodies in 8bit (RFC 6152) */
    MAILPROTO_MIME_BUILDER_SMTPUTF8 = 2, /* header fields in UTF-8, addresses that are not ASCII (RFC 6532) */
    MAILPROTO_MIME_BUILDER_BINARY =
        4 /* only `needs`: a body in binary (RFC 3030), since it was forced to be, or since it
                                            is a message that can be nothing else */
};

/* Limits, time and randomness. The same config, calls and random octets give the same message. */
typedef struct mailproto_mime_builder_config {
    uint32_t struct_size;
    uint32_t flags;
    uint32_t max_depth;   /* nodes in nodes; 0: 100; UNLIMITED */
    uint32_t max_nodes;   /* 0: 10000; UNLIMITED */
    uint64_t max_text;    /* octets of all fields and of the data that is copied, with 16 octets for each run of them;
                              0: 16 MiB; UNLIMITED_64 */
    int64_t wall_seconds; /* the present, since 1970-01-01 00:00:00 UTC: for dates that are not given */
    int32_t zone_minutes; /* east of UTC */
    uint32_t zero;
    mailproto_text domain; /* of message identifiers, ASCII; copied */
    /* Writes n random octets: 0, or a negative code, that the call answers which needs them (boundaries, when reading
       begins; message identifiers). NULL: such calls are ERR_CONFIG. It may call nothing of this builder. */
    int32_t (*random)(void *out, size_t n, void *user);
    void *user;
    const mailproto_allocator *allocator; /* NULL: the C library's */
} mailproto_mime_builder_config;
MAILPROTO_API int32_t mailproto_mime_builder_config_init(mailproto_mime_builder_config *config, size_t size);

/* Makes a builder of an empty message. config is copied; NULL: the defaults, and no randomness. OK; ERR_ARG; ERR_CONFIG: a
   domain that no identifier can have, a zone of a day or more; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_mime_builder_new(const mailproto_mime_builder_config *config,
                                                 mailproto_mime_builder **out);

/* Frees it; NULL is ignored, and so is a call from its own callbacks. */
MAILPROTO_API void mailproto_mime_builder_free(mailproto_mime_builder *b);

/* The most octets that a builder of this config (NULL: the defaults) has allocated at any time. SIZE_MAX: no size holds
   it. */
MAILPROTO_API size_t mailproto_mime_builder_memory_max(const mailproto_mime_builder_config *config);

/* ---- nodes ---- */

/* Adds a part to the multipart `parent`, behind its others; *node is its number. OK; ERR_ARG: NULL, no such node;
   ERR_STATE: it is no multipart; ERR_LIMIT; ERR_NOMEM. */
MAILPROTO_API int32_t mailproto_mime_builder_add(mailproto_mime_builder *b, uint32_t parent, uint32_t *node);

/* Makes a node a multipart: subtype is "mixed", "alternative", "related", "signed", "report" or another. Its Content-Type
   is then the open field: mailproto_mime_builder_parameter adds to it (protocol, micalg, report-type, type); the boundary
   is added by the builder. OK; or an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_multipart(mailproto_mime_builder *b, uint32_t node, const char *subtype);

enum {
    MAILPROTO_MIME_CONTENT_COPY = 1, /* `data` is copied; without it it is lent */
    MAILPROTO_MIME_CONTENT_TEXT = 2, /* it is text, whatever the type is: LF may become CRLF. text and message types
                                        always are, others are octets that come out as they went in */
    MAILPROTO_MIME_CONTENT_EXACT = 4 /* the octets come out as they went in, whatever the type is: text whose lines do
                                        not all end with CRLF is encoded as octets, as a file that is attached must be */
};

/* What a leaf is. Texts are copied; those that are empty are not there. */
typedef struct mailproto_mime_builder_content {
    uint32_t struct_size;
    uint32_t flags;
    uint32_t encoding; /* MAILPROTO_MIME_ENCODING_7BIT ... _BASE64; 0: chosen by what the data are */
    uint32_t zero;
    mailproto_text type;        /* "image/png"; empty: text/plain */
    mailproto_text charset;     /* empty: "utf-8" if the type is text, else none */
    mailproto_text disposition; /* "inline", "attachment"; empty: "attachment" if there is a file name, else none */
    mailproto_text file_name;   /* UTF-8 */
    mailproto_text content_id;  /* without "<>" */
    mailproto_text description; /* UTF-8 */
    mailproto_text data;
    /* Gives octets of the data from `offset` on, up to cap of them, cap > 0: *got of them, 0 at the end. 0, or a negative
       code: the read answers ERR_BODY. It may call nothing of this builder. With it `data` is empty. */
    int32_t (*read)(void *user, uint64_t offset, void *out, size_t cap, size_t *got);
    void *user;
} mailproto_mime_builder_content;
MAILPROTO_API int32_t mailproto_mime_builder_content_init(mailproto_mime_builder_content *content, size_t size);

/* Makes a node a leaf. Its Content-Type is then the open field, as with a multipart. The encoding, if it is not said, is
   7bit where that can be, else 8bit if it is text and the config allows it, else quoted-printable or base64, whichever is shorter; a
   line of more than 998 octets, NUL, and CR or LF alone need one of the last two. message/rfc822 and message/global are
   never encoded (RFC 2046 5.2.1): they become 8bit or binary if they must (with EXACT also for LF alone), see _needs. OK; or an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_leaf(mailproto_mime_builder *b, uint32_t node,
                                                  const mailproto_mime_builder_content *content);

/* Makes a node what the octets are: a whole part with its header, as it is signed (RFC 1847 2.1). They come out as they are;
   flags and where they are from as in `content`, whose other members are empty; only behind a whole message CRLF is added, if it
   does not end so. OK; ERR_STATE, too: the node has fields;
   or an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_raw(mailproto_mime_builder *b, uint32_t node,
                                                 const mailproto_mime_builder_content *content);

/* ---- fields ---- */

/* All of them, besides the errors above: ERR_ARG: no such node, a name that is no field name, has more than 70 characters or is
   one of those that the builder writes; ERR_EXISTS: this field may be there once and is (RFC 5322 3.6); ERR_STATE: the
   node is octets of a whole part. */

/* Unstructured text: UTF-8, as encoded words where it is not plain ASCII (RFC 2047). OK; or an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_text(mailproto_mime_builder *b, uint32_t node, const char *name,
                                                  const char *text, size_t n);

/* A date, RFC 5322 3.3; NULL: wall_seconds and zone_minutes of the config. OK; or an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_date(mailproto_mime_builder *b, uint32_t node, const char *name,
                                                  const mailproto_mime_date *date);

/* A structured field as it is to be written: printable ASCII (and UTF-8 with SMTPUTF8), folded at its blanks. It is then the
   open field: mailproto_mime_builder_parameter adds to it. OK; or an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_value(mailproto_mime_builder *b, uint32_t node, const char *name,
                                                   const char *value, size_t n);

/* Adds "; name=value" to the open field. The value is UTF-8; it is quoted, percent-encoded and cut into sections where
   it must be (RFC 2231). OK; ERR_ARG: a name that is none, or has more than 40 characters; ERR_STATE: no value or
   Content-Type is open; or an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_parameter(mailproto_mime_builder *b, const char *name, const char *value,
                                                       size_t n);

/* Begins a field of addresses: From, To, Cc, Reply-To and the like. It is written when the first item comes. OK; or an
   error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_addresses(mailproto_mime_builder *b, uint32_t node, const char *name);

/* Adds an address to it: a display name (UTF-8, may be empty) and local@domain. OK; ERR_ARG: an address that SMTP does not
   take, see mailproto_mime_address_check; ERR_UNSUPPORTED: it is not ASCII, and the config has no SMTPUTF8; ERR_STATE: no
   field of addresses is open; or an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_address(mailproto_mime_builder *b, const char *name, size_t name_n,
                                                     const char *spec, size_t spec_n);

/* Begins a group in it, and ends it; a group may be empty ("undisclosed-recipients:;"), and does not stand in another. OK;
   ERR_STATE: there is no such field, or a group is open, or none; or an error of those above. Until it is ended all that begins
   another field or reads is ERR_STATE. */
MAILPROTO_API int32_t mailproto_mime_builder_group(mailproto_mime_builder *b, const char *name, size_t n);
MAILPROTO_API int32_t mailproto_mime_builder_group_end(mailproto_mime_builder *b);

/* Begins a field of message identifiers: Message-ID, In-Reply-To, References. It is written when the first item comes. OK; or
   an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_message_ids(mailproto_mime_builder *b, uint32_t node, const char *name);

/* Adds an identifier to it, without "<>". OK; ERR_ARG: it has blanks, "<", ">" or other octets that are not printable
   ASCII, or more than 900 octets; ERR_STATE: no field of identifiers is
   open; or an error of those above. */
MAILPROTO_API int32_t mailproto_mime_builder_message_id(mailproto_mime_builder *b, const char *id, size_t n);

/* Makes a new identifier of random octets and the domain of the config, for a Message-ID or Content-ID: without "<>", into
   the caller's buffer. OK; ERR_ARG; ERR_LIMIT: it does not fit, *made is the need; ERR_CONFIG: no randomness or no domain; ERR_STATE:
   in a callback; or what the random callback answered. */
MAILPROTO_API int32_t mailproto_mime_builder_new_id(mailproto_mime_builder *b, char *out, size_t cap, size_t *made);

/* ---- the message ---- */

/* Gives the next octets, *made of them, more than 0. cap is at least MAILPROTO_CODEC_ROOM. The first call looks at all data
   whose encoding is to be chosen or that are not encoded: boundaries never occur in them. OK; MAILPROTO_MIME_END: that was
   all; ERR_ARG: NULL, too little room; ERR_STATE: a multipart has no part, or in a callback; ERR_BODY: a callback failed,
   the data are other than when they were looked at, or what an encoding was forced on cannot have it; ERR_CONFIG: there
   is a multipart and no randomness; ERR_HOST: its randomness gives the same again and again; ERR_NOMEM; ERR_LIMIT. After
   an error of a callback the next call tries again from the same octet. */
MAILPROTO_API int32_t mailproto_mime_builder_read(mailproto_mime_builder *b, void *out, size_t cap, size_t *made);

/* The next read begins at the first octet again, and gives the same octets. OK; ERR_ARG: NULL; ERR_STATE: in a callback. */
MAILPROTO_API int32_t mailproto_mime_builder_rewind(mailproto_mime_builder *b);

/* How many octets the message has, found by making it; where the reader stands stays. OK; the errors of _read. */
MAILPROTO_API int32_t mailproto_mime_builder_size(mailproto_mime_builder *b, uint64_t *size);

/* What the message needs on its way: a set of MAILPROTO_MIME_BUILDER_... . OK; the errors of _read. */
MAILPROTO_API int32_t mailproto_mime_builder_needs(mailproto_mime_builder *b, uint32_t *needs);

#ifdef __cplusplus
}
#endif
#endif
