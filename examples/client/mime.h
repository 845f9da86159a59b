/* mime.h - `mailproto mime`: what a message on this machine is made of, and new ones; no server is asked.
 * RFC 5322, 2045 and 2046 are the library's business: here are files, paths of parts, and what is shown. */
#ifndef MAILPROTO_CLIENT_MIME_H
#define MAILPROTO_CLIENT_MIME_H

#include <mailproto/mime.h>

enum mime_verb { MIME_NONE, MIME_DUMP, MIME_EXTRACT, MIME_STRUCTURE, MIME_BUILD };

/* What `build` is given, in the order of the command line; the first three are addresses. */
enum mime_given_kind {
    MIME_GIVEN_FROM,
    MIME_GIVEN_TO,
    MIME_GIVEN_CC,
    MIME_GIVEN_SUBJECT,
    MIME_GIVEN_TEXT,
    MIME_GIVEN_TEXT_FILE,
    MIME_GIVEN_HTML,
    MIME_GIVEN_HTML_FILE,
    MIME_GIVEN_ATTACH
};

struct mime_given {
    enum mime_given_kind kind;
    const char *value;
};

struct mime_options {
    enum mime_verb verb;
    char **files;       /* dump: the messages */
    int count;          /* how many */
    const char *file;   /* the message of the others; "-": standard input */
    const char *part;   /* extract: its path */
    const char *output; /* NULL: standard output */
    int help;           /* print what the verb is, and nothing else */
    int jsonl;          /* dump: JSON lines instead of trees */
    int raw;            /* extract: the body as it stands, not decoded */
    struct mime_given *given;
    int n_given;
};

/* Answers as options_read_send. In any case `given` is to be freed. */
int options_read_mime(struct mime_options *options, int count, char **words);

/* Each does what the options say, and answers the exit code. */
int mime_run(const struct mime_options *options);
int mime_extract(const struct mime_options *options);
int mime_structure(const struct mime_options *options);
int mime_build(const struct mime_options *options);

/* ---- a message in memory ---- */

struct mime_message {
    const char *name; /* of the file, as it was given */
    char *octets;     /* all of it */
    size_t n;
    size_t skipped; /* octets of an mbox From line that it begins with: offsets count from behind it */
    mailproto_mime_tree *tree;
};

/* Reads a file, or standard input ("-"), and finds its parts. 0, or -1: it was reported, and there is nothing to close. */
int mime_open(struct mime_message *message, const char *path);
void mime_close(struct mime_message *message);

/* Fills *part; the index is one of the tree. */
void mime_part(const struct mime_message *message, uint32_t index, mailproto_mime_part *part);

/* The path of a part: "0" is the message; else the numbers of the parts from the message inwards, joined by ".". Those
   in a message of its own begin with 0 only if that is no multipart. Static, until it is called again. NULL: no memory. */
const char *mime_path(const struct mime_message *message, uint32_t index);

/* The part of a path, or MAILPROTO_MIME_NO_PART. */
uint32_t mime_find(const struct mime_message *message, const char *path);

/* ---- decoded values ---- */

/* Text that grows; free it with mime_text_free. */
struct mime_text {
    char *ptr;
    size_t len, room;
};
void mime_text_free(struct mime_text *text);
/* Room for n octets at least. 0, or -1 without memory. */
int mime_text_room(struct mime_text *text, size_t n);

/* Each replaces the text and adds to *defects. 0, or -1 without memory. */
int mime_decode_words(struct mime_text *text, mailproto_text value, uint64_t *defects);
int mime_decode_name(struct mime_text *text, const mailproto_mime_address *address, uint64_t *defects);
int mime_decode_address(struct mime_text *text, const mailproto_mime_address *address);
int mime_decode_type(struct mime_text *text, const mailproto_mime_part *part);
/* 1: the part has none, and the text is empty. */
int mime_decode_file_name(struct mime_text *text, const struct mime_message *message, uint32_t index,
                          uint64_t *defects);
/* The name of a number (0, 1, ...) that is another than the one above, and the field that has it. 1: there are no more, and the text is empty. */
int mime_decode_other_name(struct mime_text *text, const struct mime_message *message, uint32_t index, uint32_t number,
                           const char **source);
int mime_decode_parameter(struct mime_text *text, const mailproto_mime_part *part, const char *name, uint64_t *defects);
/* The value of the first field of a number; 0, or 1: there is none. */
int mime_field(const struct mime_message *message, uint32_t index, uint32_t id, mailproto_text *value);

/* Runs of white space become one blank, none is left at the ends. */
void mime_collapse(struct mime_text *text);

/* ---- what a body is, whatever its line ends ---- */

/* The decoded body with LF line ends, without those at its end. */
struct mime_digest {
    uint64_t octets;
    char sha256[33]; /* the first 32 hexadecimal digits of its SHA-256; empty: this build has none */
    uint64_t defects;
};

/* 0, or -1 without memory. */
int mime_digest(const struct mime_message *message, uint32_t index, struct mime_digest *digest);

/* mime_sha256.c, or mime_sha256_none.c, where every function answers 0 or nothing. */
struct mime_sha256;
int mime_sha256_there(void);
struct mime_sha256 *mime_sha256_new(void);
void mime_sha256_put(struct mime_sha256 *sum, const void *octets, size_t n);
/* Writes 32 digits and a NUL, and frees it. */
void mime_sha256_end(struct mime_sha256 *sum, char *digits);

/* ---- what is shown ---- */

/* Prints what is in a part of application/ms-tnef, which Outlook calls winmail.dat: names and sizes; of others nothing. 0,
   or -1 without memory. */
int mime_dump_tnef(const struct mime_message *message, const mailproto_mime_part *part, uint32_t index,
                   struct mime_text *text);

/* Prints the tree of a message on standard output. 0, or -1 without memory. */
int mime_dump(const struct mime_message *message);

#endif
