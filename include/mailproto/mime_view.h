/* mailproto/mime_view.h - what a reader of a message sees: its text, its attachments, a preview of it; HTML to text.
 *
 * RFC 8621 section 4.1.4 (body, attachments and values of bodies as JMAP has them), RFC 8970 (preview), RFC 2046 section
 * 5.1, RFC 2387. Nothing here allocates, but for what a charset provider of the host's does, and nothing calls back but
 * that provider. The tree is only read: several threads may do so at once. Every function may be called anywhere.
 */
#ifndef MAILPROTO_MIME_VIEW_H
#define MAILPROTO_MIME_VIEW_H

#include "mime_tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- which part is what ---- */

/* What a part is to a reader: bits, none of them for a multipart that has parts, and for what is inside of an attached
   message. A part that is to be shown can be an attachment as well. */
enum {
    MAILPROTO_MIME_VIEW_TEXT = 1,       /* shown where plain text is preferred: JMAP's textBody */
    MAILPROTO_MIME_VIEW_HTML = 2,       /* shown where HTML is preferred: JMAP's htmlBody */
    MAILPROTO_MIME_VIEW_ATTACHMENT = 4, /* JMAP's attachments */
    /* more about any of them */
    MAILPROTO_MIME_VIEW_INLINE = 8,     /* Content-Disposition says inline */
    MAILPROTO_MIME_VIEW_NAMED = 16,     /* it has a file name that is not empty: mailproto_mime_view_name */
    MAILPROTO_MIME_VIEW_EMBEDDED = 32,  /* in a multipart/related, not its first, with a Content-ID or Content-Location:
                                           the HTML is likely to show it */
    MAILPROTO_MIME_VIEW_SIGNATURE = 64, /* the signature of a multipart/signed (RFC 1847) */
    MAILPROTO_MIME_VIEW_IS_HTML = 128,  /* it is text/html */
    MAILPROTO_MIME_VIEW_IS_PLAIN = 256  /* it is text/plain, or has no type that can be understood */
};

/* What a message has. */
typedef struct mailproto_mime_view {
    uint32_t struct_size;
    uint32_t parts;          /* as mailproto_mime_tree_parts */
    uint32_t texts;          /* how many have VIEW_TEXT */
    uint32_t htmls;          /* VIEW_HTML */
    uint32_t attachments;    /* VIEW_ATTACHMENT */
    uint32_t has_attachment; /* 1: one of them is neither INLINE nor EMBEDDED nor a SIGNATURE: JMAP's hasAttachment */
    uint32_t text;           /* the first text/plain, else the first text/html, that has VIEW_TEXT: a part, or
                                MAILPROTO_MIME_NO_PART */
    uint32_t html;           /* the first text/html that has VIEW_HTML, likewise. Of what has none: NO_PART */
} mailproto_mime_view;
MAILPROTO_API int32_t mailproto_mime_view_init(mailproto_mime_view *view, size_t size);

/* Finds out what each part is: roles[i] gets the bits of part i, for all parts of the tree; the order in which parts are
   shown, and attachments listed, is that of their numbers. `view` was prepared by its _init function. The rules are those
   of RFC 8621 4.1.4, and besides: a disposition that is not known is an attachment (RFC 2183 2.8); a multipart in which no
   part was found is an attachment if it is not empty, so that nothing is hidden. Takes one pass, however deep parts are
   nested. OK; ERR_ARG: NULL; ERR_LIMIT: cap is less than view->parts, which alone was written. */
MAILPROTO_API int32_t mailproto_mime_view_read(const mailproto_mime_tree *tree, uint32_t *roles, size_t cap,
                                               mailproto_mime_view *view);

/* The name of a part's file as UTF-8, as mailproto_mime_file_name_text gives it: it may hold what a path has. Adds to *defects,
   which may be NULL. OK; MAILPROTO_MIME_END: it has none, *made is 0; ERR_ARG: NULL, or there is no such part;
   ERR_LIMIT: it does not fit, *made is the room that is needed; ERR_HOST: the provider broke its rules. */
MAILPROTO_API int32_t mailproto_mime_view_name(const mailproto_mime_tree *tree, uint32_t part,
                                               const mailproto_charset_provider *provider, char *out, size_t cap,
                                               size_t *made, uint64_t *defects);

/* ---- the text of a part ---- */

enum { MAILPROTO_MIME_TEXT_ROOM = 32 }; /* with so much room in `out` every mailproto_mime_text_read gets on */

/* Gives the text of a part as UTF-8 in pieces: decoded by its encoding and its charset, with LF where it has CRLF (a CR
   alone stays). What is given is always valid UTF-8: text of an unknown charset is read as if none was declared. Where
   Content-Type declares none in text/html, what the first 1024 octets say in a meta element counts. */
typedef struct mailproto_mime_text_stream {
    uint32_t struct_size;
    uint32_t
        problem; /* 1: JMAP's isEncodingProblem, for what was read so far: a charset or encoding that is unknown, or
                         octets that are not of the charset */
    uint64_t defects; /* set of what was met so far */
    /* its own */
    uint32_t state, held_n, held_at, cr;
    mailproto_mime_stream body;
    mailproto_charset_decoder charset;
    uint8_t held[512]; /* decoded octets that wait for the charset */
} mailproto_mime_text_stream;
MAILPROTO_API int32_t mailproto_mime_text_stream_init(mailproto_mime_text_stream *stream, size_t size);

/* Begins to read a part, any leaf; `stream` was prepared by its _init function. The tree and the provider (NULL: only
   what is built in) must outlive the reading. OK; ERR_ARG: NULL, there is no such part, or the provider lacks one of its
   functions. */
MAILPROTO_API int32_t mailproto_mime_text_open(const mailproto_mime_tree *tree, uint32_t part,
                                               const mailproto_charset_provider *provider,
                                               mailproto_mime_text_stream *stream);

/* Gives the next octets, whole characters, *made of them, more than 0. cap is at least MAILPROTO_MIME_TEXT_ROOM. OK;
   MAILPROTO_MIME_END: there are no more; ERR_ARG: NULL, too little room, or it was not opened; ERR_HOST: the provider
   broke its rules. */
MAILPROTO_API int32_t mailproto_mime_text_read(mailproto_mime_text_stream *stream, char *out, size_t cap, size_t *made);

/* Ends the reading, at any time: the provider's converter is given back. Needed after every _open that was OK if there is a
   provider. NULL, and a second call, do nothing. */
MAILPROTO_API void mailproto_mime_text_close(mailproto_mime_text_stream *stream);

/* The text of a part in one piece: JMAP's EmailBodyValue. */
typedef struct mailproto_mime_value {
    uint32_t struct_size;
    uint32_t truncated; /* 1: there is more than was given */
    uint32_t problem;   /* 1: isEncodingProblem, for what was given */
    uint32_t zero;
    uint64_t defects; /* set of what was met */
    size_t made;      /* octets that were written */
} mailproto_mime_value;
MAILPROTO_API int32_t mailproto_mime_value_init(mailproto_mime_value *value, size_t size);

/* Writes at most cap octets of the text, whole characters, and if it is cut off and is text/html, no tag that is not whole
   (RFC 8621 4.2, maxBodyValueBytes). That it is cut off is no error. No text is longer than three times its raw body
   and three octets. `value` was prepared by its _init function. OK; ERR_ARG: as mailproto_mime_text_open; ERR_HOST: the
   provider broke its rules. */
MAILPROTO_API int32_t mailproto_mime_view_value(const mailproto_mime_tree *tree, uint32_t part,
                                                const mailproto_charset_provider *provider, char *out, size_t cap,
                                                mailproto_mime_value *value);

/* ---- preview: RFC 8970 ---- */

enum {
    MAILPROTO_MIME_PREVIEW_DEFAULT = 200, /* characters: what RFC 8970 3.3 recommends */
    MAILPROTO_MIME_PREVIEW_MOST = 256,    /* and the most that it, and RFC 8621 4.1.4, allows */
    MAILPROTO_MIME_PREVIEW_ROOM = 4 * 256 /* octets that hold every preview */
};

/* Writes the beginning of the message's text on one line, as UTF-8: at most `most` characters (0: 200), whole ones, and at
   most cap octets. `roles` is what mailproto_mime_view_read gave for all parts of the tree. The text is that of the parts with
   VIEW_TEXT, or if they say nothing, of those with VIEW_HTML; HTML becomes text. White space becomes one space, with none at
   the ends; control characters, those that turn the direction of writing, and invisible ones next to white space are
   dropped. Skipped are quoted lines (">", and in HTML blockquote) with the line before them if it ends with a colon ("she
   wrote:"), unless there is nothing else; what comes behind a line "-- " (RFC 3676 4.3); and the armour of PGP (RFC
   9580 6.2) with what is encrypted in it. *made is 0 if no text is to be had. OK; ERR_ARG: NULL, too few roles, or `most` is more than 256;
   ERR_HOST: the provider broke its rules. */
MAILPROTO_API int32_t mailproto_mime_preview(const mailproto_mime_tree *tree, const uint32_t *roles, size_t n_roles,
                                             const mailproto_charset_provider *provider, uint32_t most, char *out,
                                             size_t cap, size_t *made);

/* ---- HTML to text ---- */

/* mailproto_html_text.flags */
enum {
    MAILPROTO_HTML_LINKS = 1, /* put "<https://...>" behind the text of a link, if it is another; http, https, mailto */
    MAILPROTO_HTML_QUOTES = 2 /* begin the lines of a blockquote with "> ", so that they are seen as quoted */
};

/* Makes plain text of HTML as a stream, the rules are those of STREAMING in mime_codec.h, with MAILPROTO_CODEC_ROOM
   octets of room. HTML is UTF-8; so is the text then, with LF. Tags, comments, script, style, title, the head and what
   Office puts into <xml> are dropped; references to characters are decoded, those of HTML 4; white space is collapsed
   but in <pre>; blocks begin a line, paragraphs and headings are set off by an empty line, cells of a table by a space; items
   of a list begin with "* " or their number. It is not for showing HTML safely: text is what comes out, but a host that
   puts it into HTML must escape it. It takes any octets, and no tag costs more than its length. */
typedef struct mailproto_html_text {
    uint32_t struct_size;
    uint32_t flags; /* MAILPROTO_HTML_...: may be set after _init */
    /* its own */
    uint32_t state, raw, begun, breaks, space, item, pre, head, quote, lists, closing, attribute;
    uint32_t name_n, reference_n, href_n, link, same, half, queue_n, queue_at;
    uint32_t list[16]; /* the number of the next item, 0: it has bullets */
    uint8_t name[12];
    uint8_t reference[12];
    uint8_t href[512];
    uint8_t queue[640]; /* what is made but not given */
} mailproto_html_text;
MAILPROTO_API int32_t mailproto_html_text_init(mailproto_html_text *h, size_t size);

/* Takes a piece; see STREAMING in mime_codec.h. OK; ERR_ARG: NULL; ERR_STATE: it was ended. */
MAILPROTO_API int32_t mailproto_html_text_feed(mailproto_html_text *h, const void *in, size_t n, size_t *took,
                                               void *out, size_t cap, size_t *made);

/* Gives what waited. OK: that was all; MORE: call it again; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_html_text_end(mailproto_html_text *h, void *out, size_t cap, size_t *made);

/* The whole in one piece. OK; ERR_ARG: NULL, or a flag that is not known; ERR_LIMIT: it does not fit, *made is the room
   that is needed. */
MAILPROTO_API int32_t mailproto_html_text_all(const void *in, size_t n, uint32_t flags, void *out, size_t cap,
                                              size_t *made);

#ifdef __cplusplus
}
#endif
#endif
