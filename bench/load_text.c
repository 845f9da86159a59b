/* load_text.c - what the load generator is told, and the octets it sends.
 * RFC 5321 3.3 and 4.5.2: a message has a header, lines of text, and dots stuffed. */
#include "load_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 74, DOT_EVERY = 101 };

static const char ehlo[] = "EHLO client.example.test\r\n";
static const char quit[] = "QUIT\r\n";
static const char group[] = "MAIL FROM:<bob@example.test>\r\n"
                            "RCPT TO:<alice@example.test>\r\n"
                            "DATA\r\n";
static const char header[] = "From: Bob <bob@example.test>\r\n"
                             "To: Alice <alice@example.test>\r\n"
                             "Subject: a message of the load generator\r\n"
                             "Message-ID: <load.1@client.example.test>\r\n"
                             "Date: Thu, 01 Jan 2026 12:00:00 +0000\r\n"
                             "MIME-Version: 1.0\r\n"
                             "Content-Type: text/plain; charset=us-ascii\r\n"
                             "\r\n";

/* Lines of many lengths, now and then one that begins with a dot. */
static void fill_lines(char *p, size_t n)
{
    static const char words[] = "the quick brown fox jumps over the lazy dog and is not seen again ";
    size_t line = 0;

    while (n > 0) {
        size_t len = COLUMNS - line % 17;

        if (len + 2 > n || n - len - 2 < 3)
            len = n - 2;
        for (size_t i = 0; i < len; i++)
            p[i] = words[(line + i) % (sizeof words - 1)];
        if (line++ % DOT_EVERY == DOT_EVERY - 1)
            p[0] = '.';
        memcpy(p + len, "\r\n", 2);
        p += len + 2;
        n -= len + 2;
    }
}

static size_t stuff(char *to, const char *from, size_t n)
{
    char *begin = to;

    for (size_t i = 0; i < n; i++) {
        if (from[i] == '.' && (i == 0 || from[i - 1] == '\n'))
            *to++ = '.';
        *to++ = from[i];
    }
    memcpy(to, ".\r\n", 3);
    return (size_t)(to + 3 - begin);
}

int load_text_make(struct load_text *text, size_t size)
{
    char *plain = malloc(size), *next = malloc(2 * size + sizeof group + 3), *last = malloc(2 * size + sizeof quit + 3);
    size_t len;

    if (!plain || !next || !last) {
        free(plain);
        free(next);
        free(last);
        return -1;
    }
    memcpy(plain, header, sizeof header - 1);
    fill_lines(plain + sizeof header - 1, size - (sizeof header - 1));
    len = stuff(next, plain, size);
    memcpy(last, next, len);
    memcpy(next + len, group, sizeof group - 1);
    memcpy(last + len, quit, sizeof quit - 1);
    text->message = (struct load_piece){plain, size};
    text->ehlo = (struct load_piece){ehlo, sizeof ehlo - 1};
    text->group = (struct load_piece){group, sizeof group - 1};
    text->next = (struct load_piece){next, len + sizeof group - 1};
    text->last = (struct load_piece){last, len + sizeof quit - 1};
    return 0;
}

/* ---- options ---- */

static int number(size_t *to, const char *word)
{
    char *end;
    unsigned long long value = strtoull(word, &end, 10);

    *to = (size_t)value;
    return *end || end == word ? -1 : 0;
}

static int one(struct load_options *o, const char *name, const char *value)
{
    size_t port;

    if (!strcmp(name, "--connections"))
        return number(&o->connections, value);
    if (!strcmp(name, "--messages"))
        return number(&o->messages, value);
    if (!strcmp(name, "--size"))
        return number(&o->size, value);
    if (strcmp(name, "--port") || number(&port, value))
        return -1;
    o->port = (unsigned)port;
    return 0;
}

int load_options_read(struct load_options *o, int count, char **words)
{
    int wrong = 0;

    *o = (struct load_options){.connections = 1, .messages = 1, .size = 1024};
    for (int i = 1; i < count && !wrong; i++) {
        if (!strcmp(words[i], "--idle"))
            o->idle = 1;
        else if (!strcmp(words[i], "--lengths"))
            o->lengths = 1;
        else if (!strcmp(words[i], "--message"))
            o->message = 1;
        else if (++i < count)
            wrong = one(o, words[i - 1], words[i]);
        else
            wrong = -1;
    }
    if (!wrong && o->connections && o->messages && o->messages % o->connections == 0 && o->size >= sizeof header + 8)
        return 0;
    fprintf(stderr,
            "usage: load --port P [--connections N] [--messages N] [--size OCTETS] [--idle|--lengths|--message]\n"
            "  --messages is a multiple of --connections, --size at least %zu\n",
            sizeof header + 8);
    return -1;
}
