/* mailproto/mime_mbox.h - mailboxes that are one file, mbox: the messages of one, and messages written into one.
 *
 * RFC 4155. Nothing here allocates, and every function may be called anywhere, also in callbacks, from any thread
 * that owns the state.
 *
 *     mailproto_mbox_reader_init(&r, sizeof r);
 *     do {
 *         n = fread(piece, 1, sizeof piece, file);
 *         mailproto_mbox_feed(&r, piece, n, n == 0);
 *         while (mailproto_mbox_next(&r, &item) == MAILPROTO_OK) ...
 *     } while (n);
 *
 * FROM LINE  A message begins behind a line that begins with "From " and has at most 1,000 octets: the first of the
 *            file, or one of which two of these are true: an empty line stands before it; there is a time in it
 *            ("12:34"), or "-" for the sender; the next line begins as a header field does. Without a time nothing
 *            may stand behind the sender. For lines of mail that begin with "From " are not always quoted, some
 *            programs write no date, and some no empty line. The empty line belongs to neither message. What stands
 *            before the first is a message without such a line, but for empty lines; so a file that holds one message
 *            is read, too.
 * QUOTING    Where a message has a line "From ", perhaps with ">" before it, it is written with one ">" more
 *            ("mboxrd"). Older programs quote only lines without ">" ("mboxo"), or none; RFC 4155 does not say. So a
 *            reader takes a ">" away only if it is told to.
 */
#ifndef MAILPROTO_MIME_MBOX_H
#define MAILPROTO_MIME_MBOX_H

#include "mime_codec.h"
#include "mime_defect.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading ---- */

enum {
    MAILPROTO_MBOX_UNQUOTE = 1 /* reader: a ">" before "From ", perhaps with more of them between, is taken away */
};

/* Reads a mailbox as a stream. */
typedef struct mailproto_mbox_reader {
    uint32_t struct_size;
    uint32_t flags; /* MAILPROTO_MBOX_UNQUOTE */
    /* its own */
    mailproto_text window, piece, from;
    uint64_t at; /* offset of the window */
    uint64_t quotes, owed;
    uint32_t state, held, joined, blank, due, zero;
    uint64_t unused[4]; /* room to grow */
    uint8_t hold[1120];
} mailproto_mbox_reader;
MAILPROTO_API int32_t mailproto_mbox_reader_init(mailproto_mbox_reader *r, size_t size);

/* Gives the next octets; `last`, not 0: there are none behind them. They stay as they are until mailproto_mbox_next
   answers MORE or END. OK; ERR_ARG: NULL, or a reader that was not prepared; ERR_STATE: the last ones are not used
   up, or were the last. */
MAILPROTO_API int32_t mailproto_mbox_feed(mailproto_mbox_reader *r, const void *in, size_t n, int32_t last);

/* mailproto_mbox_item.kind */
enum {
    MAILPROTO_MBOX_BEGIN = 1, /* `text` is the From line of the message, without its line end; empty: it has none */
    MAILPROTO_MBOX_DATA = 2,  /* `text` is octets of it, line ends as they are */
    MAILPROTO_MBOX_END = 3    /* it is over */
};

/* What was met. */
typedef struct mailproto_mbox_item {
    uint32_t struct_size;
    uint32_t kind;
    mailproto_text text; /* stays until the next call of _next or _feed */
    uint64_t offset;     /* in the mailbox: of the From line, or the message where it has none; of the data; behind the
                            last octet of the message */
} mailproto_mbox_item;
MAILPROTO_API int32_t mailproto_mbox_item_init(mailproto_mbox_item *item, size_t size);

/* The next item. Each message is BEGIN, any number of DATA, END; however the mailbox is cut, the octets are the same.
   OK; MAILPROTO_CODEC_MORE: feed it; MAILPROTO_MIME_END: the mailbox is over; ERR_ARG: NULL, or a struct that was not
   prepared. */
MAILPROTO_API int32_t mailproto_mbox_next(mailproto_mbox_reader *r, mailproto_mbox_item *item);

/* What a From line says: the sender of the envelope, and the text of the date, for mailproto_mime_date_read, which is
   UTC if it names no zone. Either may be empty. OK; ERR_ARG: NULL; ERR_PROTOCOL: it does not begin with "From ". */
MAILPROTO_API int32_t mailproto_mbox_from_read(const void *in, size_t n, mailproto_text *sender, mailproto_text *date);

/* ---- writing ---- */

enum {
    MAILPROTO_MBOX_KEEP_CRLF = 1 /* writer: line ends stay as they are; without it they become LF */
};

/* Writes the From line of a message: "From sender Thu Nov 23 15:10:00 2026" and LF. An empty sender, of reports, is
   "MAILER-DAEMON". OK; ERR_ARG: NULL, blanks, controls or more than 900 octets in the sender, a year before 1900 or
   behind 9999; ERR_LIMIT: it does not fit, *made is the need. */
MAILPROTO_API int32_t mailproto_mbox_from_write(const char *sender, size_t n, int64_t seconds, char *out, size_t cap,
                                                size_t *made);

/* Writes a message behind its From line, as a stream: quoted, with the empty line at its end. */
typedef struct mailproto_mbox_writer {
    uint32_t struct_size;
    uint32_t flags; /* MAILPROTO_MBOX_KEEP_CRLF */
    /* its own */
    uint32_t state, matched, cr, inside, crlf, zero;
    uint64_t unused[4]; /* room to grow */
} mailproto_mbox_writer;
MAILPROTO_API int32_t mailproto_mbox_writer_init(mailproto_mbox_writer *w, size_t size);

/* Writes a piece of the message; see STREAMING in mime_codec.h. OK; ERR_ARG: NULL; ERR_STATE: it was ended. */
MAILPROTO_API int32_t mailproto_mbox_write(mailproto_mbox_writer *w, const void *in, size_t n, size_t *took, void *out,
                                           size_t cap, size_t *made);

/* Writes what is left: a line end, if the last line has none, and the empty line. OK: all is written; MORE: call it
   again; ERR_ARG: NULL. */
MAILPROTO_API int32_t mailproto_mbox_write_end(mailproto_mbox_writer *w, void *out, size_t cap, size_t *made);

#ifdef __cplusplus
}
#endif
#endif
