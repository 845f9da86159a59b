/* bench_mime_dovecot.c - Dovecot's library as a peer: ENVELOPE and BODYSTRUCTURE as its IMAP server makes them, and its
 * decoder. RFC 2045, RFC 9051 section 7.5.2. Structs are laid out as those of its release 2.3. */
#define _GNU_SOURCE
#include "bench_mime_dovecot.h"

#include <dlfcn.h>
#include <string.h>

enum { RETURN_BINARY = 2, SKIP_BODY_BLOCK = 1 };

struct dovecot_pool {
    const struct {
        const char *(*get_name)(void *pool);
        void (*ref)(void *pool);
        void (*unref)(struct dovecot_pool **pool);
    } * v;
};

struct dovecot_block {
    void *part, *header;
    const uint8_t *data;
    size_t size;
};

struct dovecot_string {
    const char *data;
    size_t used;
};

struct dovecot_settings {
    int32_t header_flags, flags;
    uint64_t more[15];
};

static struct {
    struct dovecot_pool *(*pool)(const char *name, size_t size);
    void *(*stream)(const void *data, size_t n);
    void (*unref)(void **stream);
    void *(*init)(struct dovecot_pool *pool, void *stream, const struct dovecot_settings *settings);
    void (*parse)(void *context, void *callback, void *user);
    int (*next)(void *context, struct dovecot_block *block);
    void (*deinit)(void **context, void **part);
    void (*part_data)(struct dovecot_pool *pool, void *part, void *header);
    void (*envelope_data)(struct dovecot_pool *pool, void **envelope, void *header);
    void (*part_data_most)(struct dovecot_pool *pool, void *part, uint32_t *addresses, void *header);
    void (*envelope_data_most)(struct dovecot_pool *pool, void **envelope, uint32_t *addresses, void *header);
    void (*envelope)(void *envelope, struct dovecot_string *out);
    int (*structure)(const void *part, struct dovecot_string *out, _Bool extended, const char **error);
    struct dovecot_string *(*string)(struct dovecot_pool *pool, size_t size);
    void *(*decoder)(void *normalizer, int flags);
    _Bool (*decode)(void *decoder, struct dovecot_block *in, struct dovecot_block *out);
    void (*decoder_deinit)(void **decoder);
    unsigned (*push)(const char *marker);
    _Bool (*pop)(unsigned *frame);
} dovecot;

/* Releases that limit how many addresses a message has take that limit, too: they have message_address_parse_full. */
void open_dovecot(void *library)
{
    void (*init)(void);

    find(library, "lib_init", &init);
    init();
    find(library, "pool_alloconly_create", &dovecot.pool);
    find(library, "i_stream_create_from_data", &dovecot.stream);
    find(library, "i_stream_unref", &dovecot.unref);
    find(library, "message_parser_init", &dovecot.init);
    find(library, "message_parser_parse_body", &dovecot.parse);
    find(library, "message_parser_parse_next_block", &dovecot.next);
    find(library, "message_parser_deinit", &dovecot.deinit);
    if (dlsym(library, "message_address_parse_full")) {
        find(library, "message_part_data_parse_from_header", &dovecot.part_data_most);
        find(library, "message_part_envelope_parse_from_header", &dovecot.envelope_data_most);
    } else {
        find(library, "message_part_data_parse_from_header", &dovecot.part_data);
        find(library, "message_part_envelope_parse_from_header", &dovecot.envelope_data);
    }
    find(library, "imap_envelope_write", &dovecot.envelope);
    find(library, "imap_bodystructure_write", &dovecot.structure);
    find(library, "str_new", &dovecot.string);
    find(library, "message_decoder_init", &dovecot.decoder);
    find(library, "message_decoder_decode_next_block", &dovecot.decode);
    find(library, "message_decoder_deinit", &dovecot.decoder_deinit);
    find(library, "t_push", &dovecot.push);
    find(library, "t_pop", &dovecot.pop);
}

/* A message that is parsed: all of it lives in a pool. */
struct parsing {
    struct dovecot_pool *pool;
    void *stream, *context, *root, *envelope;
    uint32_t addresses; /* how many more may come */
};

static void begin(struct parsing *p, const struct text *t, int32_t flags)
{
    const struct dovecot_settings settings = {.flags = flags};

    memset(p, 0, sizeof *p);
    p->addresses = 10000;
    p->pool = dovecot.pool("bench", 4096);
    p->stream = dovecot.stream(t->p, t->n);
    p->context = dovecot.init(p->pool, p->stream, &settings);
}

static void end(struct parsing *p)
{
    dovecot.unref(&p->stream);
    p->pool->v->unref(&p->pool);
}

/* The first part that comes is the message itself: what it says of itself is the envelope. */
static void on_header(void *part, void *header, void *user)
{
    struct parsing *p = user;

    if (!p->root)
        p->root = part;
    if (dovecot.part_data_most) {
        if (part == p->root && header)
            dovecot.envelope_data_most(p->pool, &p->envelope, &p->addresses, header);
        dovecot.part_data_most(p->pool, part, &p->addresses, header);
        return;
    }
    if (part == p->root && header)
        dovecot.envelope_data(p->pool, &p->envelope, header);
    dovecot.part_data(p->pool, part, header);
}

/* A leaf that is a text or a file has its encoding once: "7bit" or "base64". */
static size_t count_leaves(const struct dovecot_string *s)
{
    static const char *const words[] = {"\"7bit\"", "\"base64\""};
    size_t n = 0;

    for (size_t at = 0; at < s->used; at++)
        for (size_t i = 0; i < 2; i++)
            if (s->used - at >= strlen(words[i]) && !memcmp(s->data + at, words[i], strlen(words[i])))
                n++;
    return n;
}

size_t dovecot_imap(const struct text *t)
{
    static const struct text *verified;
    unsigned frame = dovecot.push("bench");
    void (*header_fn)(void *, void *, void *) = on_header;
    struct dovecot_string *envelope, *structure;
    const char *error = NULL;
    struct parsing p;
    void *callback, *root = NULL;
    size_t made;

    begin(&p, t, SKIP_BODY_BLOCK);
    memcpy(&callback, &header_fn, sizeof callback);
    dovecot.parse(p.context, callback, &p);
    dovecot.deinit(&p.context, &root);
    envelope = dovecot.string(p.pool, 1024);
    structure = dovecot.string(p.pool, 1024);
    if (!root || !p.envelope)
        die("Dovecot found no message");
    dovecot.envelope(p.envelope, envelope);
    if (dovecot.structure(root, structure, 1, &error) < 0)
        die(error ? error : "Dovecot made no texts for IMAP");
    if (verified != t && count_leaves(structure) != t->leaves)
        die("Dovecot's BODYSTRUCTURE has not the parts that the message was made of");
    verified = t;
    made = envelope->used + structure->used;
    end(&p);
    dovecot.pop(&frame);
    return made;
}

size_t dovecot_decode(const struct text *t)
{
    unsigned frame = dovecot.push("bench");
    struct dovecot_block in, out;
    struct parsing p;
    void *decoder = dovecot.decoder(NULL, RETURN_BINARY), *root = NULL;
    size_t made = 0;

    begin(&p, t, 0);
    while (dovecot.next(p.context, &in) > 0)
        if (dovecot.decode(decoder, &in, &out) && !out.header)
            made += out.size;
    dovecot.decoder_deinit(&decoder);
    dovecot.deinit(&p.context, &root);
    end(&p);
    dovecot.pop(&frame);
    return root ? made : 0;
}
