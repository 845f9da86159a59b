/* text.h - octets, growing buffers, quoting: what transcripts are read and written with.
 * The format is told in ../README.md. */
#ifndef TRANSCRIPTS_TEXT_H
#define TRANSCRIPTS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "mailproto/base.h"

/* Memory that lives until the pool is freed: transcripts and plays own one each. */
struct pool;
struct pool *pool_new(void);
void pool_free(struct pool *pool);
void *pool_get(struct pool *pool, size_t n);                     /* zeroed */
char *pool_copy(struct pool *pool, const char *ptr, size_t len); /* with a NUL behind it */

struct buffer {
    char *ptr; /* always with a NUL behind it, if anything was ever added */
    size_t len, capacity;
};
void buffer_add(struct buffer *b, const void *data, size_t n);
void buffer_text(struct buffer *b, const char *text);
void buffer_format(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_clear(struct buffer *b);
void buffer_free(struct buffer *b);
const char *buffer_string(const struct buffer *b); /* never NULL */

/* Adds octets as the quoted literal that parse_octets reads. */
void buffer_quote(struct buffer *b, const char *ptr, size_t len);
/* Adds octets bare if they are one plain word, else quoted. */
void buffer_word(struct buffer *b, const char *ptr, size_t len);
/* Adds " key=word". */
void buffer_pair(struct buffer *b, const char *key, mailproto_text value);

/* Reads quoted literals up to the end of the line: "abc\r\n" "x"*3000. 0, or -1 and the line is malformed. */
int parse_octets(const char *text, struct buffer *out);

/* A line in words: apart at spaces outside of quotes; quotes may begin inside a word (key="a b") and are taken away. */
enum { MAX_WORDS = 64 };
struct words {
    mailproto_text word[MAX_WORDS];
    size_t count;
};
int parse_words(struct pool *pool, const char *text, struct words *words);
int word_is(mailproto_text word, const char *text);
/* If the word is key=value, gives the value. */
int word_value(mailproto_text word, const char *key, mailproto_text *value);
/* A decimal number, or "unlimited" as the given value. 0, or -1. */
int word_number(mailproto_text word, uint64_t unlimited, uint64_t *number);
/* The rest of the line from the n-th word on, as it was written; NULL if there is none. */
const char *after_words(const char *text, size_t n);

/* The result with this short name ("ERR_TOKEN", "OK"). 0, or -1 if there is none. */
int parse_result(mailproto_text name, int32_t *result);
/* Its name without the prefix. */
const char *result_name(int32_t result);

/* Whether `part` occurs in `whole`. */
int octets_contain(const char *whole, size_t len, const char *part, size_t part_len);

#endif
