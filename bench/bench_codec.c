/* bench_codec.c - speed of base64 and quoted-printable, against those of OpenSSL, glib, GMime, Perl and Python.
 * RFC 2045 sections 6.7 and 6.8. Libraries are opened at run time: bench_codec.py says which are to be had, and where. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mailproto/mime_codec.h"
#include "measure.h"
#include "mime/base64_runs.h"
#include "mime/quoted_printable_runs.h"

enum { PLAIN = 57 * 1024, ROOM = 4 * PLAIN, STATE = 512 };

/* What a row works on: ours is the text with CRLF, theirs with LF where a peer needs that. */
struct job {
    const uint8_t *in;
    size_t n;
    const uint8_t *theirs;
    size_t theirs_n;
};

static uint8_t out[ROOM + 4096];

static void die(const char *what)
{
    fprintf(stderr, "bench_codec: %s\n", what);
    exit(1);
}

/* ---- ours ---- */

typedef size_t (*work_fn)(const struct job *job);

static size_t base64_encode(const struct job *job)
{
    size_t made;

    return mailproto_base64_encode_all(job->in, job->n, 0, 0, out, ROOM, &made) ? 0 : made;
}

static size_t base64_decode(const struct job *job)
{
    size_t made;

    return mailproto_base64_decode_all(job->in, job->n, 0, out, ROOM, &made, NULL) ? 0 : made;
}

static size_t qp_encode(const struct job *job)
{
    size_t made;

    return mailproto_qp_encode_all(job->in, job->n, 0, 0, out, ROOM, &made) ? 0 : made;
}

static size_t qp_decode(const struct job *job)
{
    size_t made;

    return mailproto_qp_decode_all(job->in, job->n, 0, out, ROOM, &made, NULL) ? 0 : made;
}

static size_t copy(const struct job *job)
{
    memcpy(out, job->in, job->n);
    __asm__ volatile("" : : "r"(out) : "memory");
    return job->n;
}

/* The versions of the vector code, by themselves: the number of the one to use. */
static size_t version;

static size_t base64_encode_version(const struct job *job)
{
    mp_base64_writer w = {{job->in, job->in + job->n, out, out + ROOM}, 76, 76};

    mp_base64_versions(version)->write(&w);
    return (size_t)(w.io.out - out);
}

static size_t base64_decode_version(const struct job *job)
{
    mp_base64_reader r = {{job->in, job->in + job->n, out, out + ROOM}, 76, 76, 2, 0};

    mp_base64_versions(version)->read(&r);
    return (size_t)(r.io.out - out);
}

static size_t qp_encode_version(const struct job *job)
{
    mp_qp_writer w = {.io = {job->in, job->in + job->n, out, out + ROOM}, .line = 76, .last = 1};

    mp_qp_versions(version)->write(&w);
    return (size_t)(w.io.out - out);
}

static size_t qp_decode_version(const struct job *job)
{
    mp_qp_reader r = {.io = {job->in, job->in + job->n, out, out + ROOM}};

    mp_qp_versions(version)->read(&r);
    return (size_t)(r.io.out - out);
}

/* ---- libraries ---- */

/* A pointer of dlsym as a function, which C has no cast for. */
static void find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    if (!symbol)
        die(name);
    memcpy(function, &symbol, sizeof symbol);
}

static struct {
    void *(*new)(void);
    void (*encode_init)(void *), (*decode_init)(void *);
    int (*encode)(void *, uint8_t *, int *, const uint8_t *, int),
        (*decode)(void *, uint8_t *, int *, const uint8_t *, int);
    void (*encode_final)(void *, uint8_t *, int *);
    int (*decode_final)(void *, uint8_t *, int *);
    void *context;
} openssl;

static void open_openssl(void *library)
{
    find(library, "EVP_ENCODE_CTX_new", &openssl.new);
    find(library, "EVP_EncodeInit", &openssl.encode_init);
    find(library, "EVP_DecodeInit", &openssl.decode_init);
    find(library, "EVP_EncodeUpdate", &openssl.encode);
    find(library, "EVP_DecodeUpdate", &openssl.decode);
    find(library, "EVP_EncodeFinal", &openssl.encode_final);
    find(library, "EVP_DecodeFinal", &openssl.decode_final);
    openssl.context = openssl.new();
}

static size_t openssl_encode(const struct job *job)
{
    int made = 0, more = 0;

    openssl.encode_init(openssl.context);
    openssl.encode(openssl.context, out, &made, job->in, (int)job->n);
    openssl.encode_final(openssl.context, out + made, &more);
    return (size_t)(made + more);
}

static size_t openssl_decode(const struct job *job)
{
    int made = 0, more = 0;

    openssl.decode_init(openssl.context);
    openssl.decode(openssl.context, out, &made, job->in, (int)job->n);
    openssl.decode_final(openssl.context, out + made, &more);
    return (size_t)(made + more);
}

static struct {
    size_t (*encode)(const uint8_t *, size_t, int, char *, int *, int *), (*encode_close)(int, char *, int *, int *);
    size_t (*decode)(const uint8_t *, size_t, uint8_t *, int *, unsigned *);
} glib;

static void open_glib(void *library)
{
    find(library, "g_base64_encode_step", &glib.encode);
    find(library, "g_base64_encode_close", &glib.encode_close);
    find(library, "g_base64_decode_step", &glib.decode);
}

static size_t glib_encode(const struct job *job)
{
    int state = 0, save = 0;
    size_t made = glib.encode(job->in, job->n, 1, (char *)out, &state, &save);

    return made + glib.encode_close(1, (char *)out + made, &state, &save);
}

static size_t glib_decode(const struct job *job)
{
    int state = 0;
    unsigned save = 0;

    return glib.decode(job->in, job->n, out, &state, &save);
}

/* The numbers of GMimeContentEncoding. */
enum { GMIME_BASE64 = 4, GMIME_QP = 5 };

static struct {
    void (*init_encode)(void *, int), (*init_decode)(void *, int);
    size_t (*step)(void *, const uint8_t *, size_t, uint8_t *), (*flush)(void *, const uint8_t *, size_t, uint8_t *);
} gmime;

static void open_gmime(void *library)
{
    find(library, "g_mime_encoding_init_encode", &gmime.init_encode);
    find(library, "g_mime_encoding_init_decode", &gmime.init_decode);
    find(library, "g_mime_encoding_step", &gmime.step);
    find(library, "g_mime_encoding_flush", &gmime.flush);
}

static size_t gmime_run(const struct job *job, void (*init)(void *, int), int encoding)
{
    uint64_t state[STATE / 8];

    init(state, encoding);
    return gmime.flush(state, job->theirs, job->theirs_n, out);
}

static size_t gmime_base64_encode(const struct job *job)
{
    return gmime_run(job, gmime.init_encode, GMIME_BASE64);
}

static size_t gmime_base64_decode(const struct job *job)
{
    return gmime_run(job, gmime.init_decode, GMIME_BASE64);
}

static size_t gmime_qp_encode(const struct job *job)
{
    return gmime_run(job, gmime.init_encode, GMIME_QP);
}

static size_t gmime_qp_decode(const struct job *job)
{
    return gmime_run(job, gmime.init_decode, GMIME_QP);
}

/* ---- candidates ---- */

struct candidate {
    const char *role, *name;
    work_fn work;        /* in this process, or */
    const char *command; /* a program that does a round for each line it is told, and says how long it took */
    size_t version;
    int to_child, from_child;
    pid_t child;
};

struct run {
    struct candidate *candidate;
    const struct job *job;
    size_t calls;
};

/* Octets of what goes in, a nanosecond. */
static double speed(void *user)
{
    const struct run *r = user;
    double nanoseconds = 0;
    char line[64];
    ssize_t n;

    if (r->candidate->work) {
        uint64_t start;

        version = r->candidate->version;
        start = measure_cpu();
        for (size_t i = 0; i < r->calls; i++)
            r->candidate->work(r->job);
        nanoseconds = (double)(measure_cpu() - start) / (double)r->calls;
    } else {
        do { /* again where a coarse clock saw nothing of little work */
            if (write(r->candidate->to_child, "\n", 1) != 1 ||
                (n = read(r->candidate->from_child, line, sizeof line - 1)) <= 0)
                die("a peer program ended early");
            line[n] = '\0';
            nanoseconds = strtod(line, NULL);
        } while (!(nanoseconds > 0));
    }
    return (double)r->job->n / nanoseconds;
}

static char folder[] = "/tmp/mailproto-bench-codec-XXXXXX";

static void path_of(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", folder, name);
}

static void write_file(const char *name, const uint8_t *p, size_t n)
{
    char path[256];
    FILE *file;

    path_of(path, sizeof path, name);
    file = fopen(path, "wb");
    if (!file || fwrite(p, 1, n, file) != n || fclose(file))
        die("cannot write a text for the peer programs");
}

static size_t read_file(const char *name, uint8_t *p, size_t most)
{
    char path[256];
    size_t n;
    FILE *file;

    path_of(path, sizeof path, name);
    file = fopen(path, "rb");
    if (!file)
        die("a peer program wrote no result");
    n = fread(p, 1, most, file);
    fclose(file);
    return n;
}

/* Starts a peer program: COMMAND OPERATION INPUT OUTPUT CALLS. It writes its result before it answers "ready". */
static void start(struct candidate *c, const char *operation, const struct job *job, size_t calls)
{
    char in[256], result[256], times[32], ready[16];
    int to[2], from[2];

    write_file("in", job->theirs, job->theirs_n);
    path_of(in, sizeof in, "in");
    path_of(result, sizeof result, "out");
    snprintf(times, sizeof times, "%zu", calls);
    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) /* or a child would keep another's input open */
        die("no pipe");
    c->child = fork();
    if (c->child == 0) {
        const char *interpreter = strstr(c->command, ".pl") ? "perl" : "python3";

        dup2(to[0], 0);
        dup2(from[1], 1);
        execlp(interpreter, interpreter, c->command, operation, in, result, times, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    c->to_child = to[1];
    c->from_child = from[0];
    if (c->child < 0 || read(c->from_child, ready, sizeof ready) <= 0)
        die("a peer program did not start");
}

static void stop(struct candidate *c)
{
    if (c->child <= 0)
        return;
    close(c->to_child);
    close(c->from_child);
    waitpid(c->child, NULL, 0);
    c->child = 0;
}

/* ---- the same results ---- */

static size_t without_cr(uint8_t *to, const uint8_t *p, size_t n)
{
    size_t made = 0;

    for (size_t i = 0; i < n; i++)
        if (p[i] != '\r')
            to[made++] = p[i];
    return made;
}

/* A decoder gives `plain`, an encoder what our decoder makes `plain` of; line ends aside where the data are text. */
static void verify(const struct candidate *c, const char *operation, size_t n, const uint8_t *plain, size_t plain_n)
{
    static uint8_t got[ROOM], decoded[ROOM], wanted[ROOM];
    const int text = strstr(operation, "qp") != NULL, encodes = strstr(operation, "encode") != NULL;
    size_t got_n = n, wanted_n = plain_n;

    memcpy(decoded, out, n);
    if (encodes && text)
        mailproto_qp_decode_all(out, n, 0, decoded, ROOM, &got_n, NULL);
    else if (encodes)
        mailproto_base64_decode_all(out, n, 0, decoded, ROOM, &got_n, NULL);
    memcpy(got, decoded, got_n);
    memcpy(wanted, plain, plain_n);
    if (text) {
        got_n = without_cr(got, decoded, got_n);
        wanted_n = without_cr(wanted, plain, plain_n);
    }
    if (got_n != wanted_n || memcmp(got, wanted, got_n) != 0) {
        fprintf(stderr, "bench_codec: %s of %s is not the same: %zu octets, not %zu\n", operation, c->name, got_n,
                wanted_n);
        exit(1);
    }
}

static void row(const char *name, const char *operation, const struct job *job, const uint8_t *plain, size_t plain_n,
                struct candidate *candidates, const struct measure_options *options)
{
    static struct run runs[MEASURE_CANDIDATES];
    const size_t octets = options->smoke ? 200000 : 60000000;
    struct measure_row measured = {.name = name, .unit = "GB/s", .better = "more"};

    for (size_t i = 0; i < MEASURE_CANDIDATES && candidates[i].role; i++) {
        struct candidate *c = &candidates[i];
        /* the slow take fewer: still enough for a clock of some milliseconds */
        size_t calls = octets / job->n / (strcmp(c->role, "peer") && strcmp(c->name, "scalar") ? 1 : 3) + 1;

        version = c->version;
        if (c->work != copy) {
            if (c->command)
                start(c, operation, job, calls);
            verify(c, operation, c->command ? read_file("out", out, ROOM) : c->work(job), plain, plain_n);
        }
        runs[i] = (struct run){c, job, calls};
        measured.candidates[i] = (struct measure_candidate){c->role, c->name, speed, &runs[i]};
    }
    measure(&measured, options);
    for (size_t i = 0; i < MEASURE_CANDIDATES && candidates[i].role; i++)
        stop(&candidates[i]);
}

/* ---- rows ---- */

static size_t add(struct candidate *list, size_t n, struct candidate c)
{
    if (n < MEASURE_CANDIDATES)
        list[n++] = c;
    return n;
}

static const char *perl, *python;
static int has_openssl, has_glib, has_gmime;

static void base64_row(const char *name, int encodes, const struct job *job, const uint8_t *plain, size_t n,
                       const struct measure_options *options)
{
    struct candidate list[MEASURE_CANDIDATES] = {
        {.role = "ours", .name = "", .work = encodes ? base64_encode : base64_decode}};
    size_t count = 1;

    if (has_openssl)
        count = add(list, count,
                    (struct candidate){"peer", "OpenSSL", encodes ? openssl_encode : openssl_decode, .child = 0});
    if (has_glib)
        count = add(list, count, (struct candidate){"peer", "glib", encodes ? glib_encode : glib_decode, .child = 0});
    if (has_gmime)
        count =
            add(list, count,
                (struct candidate){"peer", "GMime", encodes ? gmime_base64_encode : gmime_base64_decode, .child = 0});
    count = add(list, count, (struct candidate){"floor", "memcpy", copy, .child = 0});
    for (size_t i = 0; mp_base64_versions(i) && mp_base64_versions(i) != mp_base64_choose(); i++)
        count = add(list, count,
                    (struct candidate){"other", mp_base64_versions(i)->name,
                                       encodes ? base64_encode_version : base64_decode_version, .version = i});
    row(name, encodes ? "base64-encode" : "base64-decode", job, plain, n, list, options);
}

static void qp_row(const char *name, int encodes, const struct job *job, const uint8_t *plain, size_t n,
                   const struct measure_options *options)
{
    struct candidate list[MEASURE_CANDIDATES] = {{.role = "ours", .name = "", .work = encodes ? qp_encode : qp_decode}};
    size_t count = 1;

    if (has_gmime)
        count = add(list, count,
                    (struct candidate){"peer", "GMime", encodes ? gmime_qp_encode : gmime_qp_decode, .child = 0});
    if (perl)
        count = add(list, count, (struct candidate){"peer", "Perl", .command = perl});
    if (python)
        count = add(list, count, (struct candidate){"peer", "Python", .command = python});
    count = add(list, count, (struct candidate){"floor", "memcpy", copy, .child = 0});
    for (size_t i = 0; mp_qp_versions(i) && mp_qp_versions(i) != mp_qp_choose(); i++)
        count = add(list, count,
                    (struct candidate){"other", mp_qp_versions(i)->name,
                                       encodes ? qp_encode_version : qp_decode_version, .version = i});
    row(name, encodes ? "qp-encode" : "qp-decode", job, plain, n, list, options);
}

/* ---- texts, made here ---- */

static uint32_t random_state = 1;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

static size_t word(uint8_t *p)
{
    static const char letters[] = "eeettaaoinshrdlucmfwypvbgk";
    size_t n = 1 + below(4) + below(6);

    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)letters[below(sizeof letters - 1)];
    if (below(9) == 0)
        p[n++] = (uint8_t) ".,;:-"[below(5)];
    return n;
}

/* Words in paragraphs of one line each, with the quotation marks and dashes that make them need an encoding. */
static size_t english(uint8_t *p)
{
    static const char *const marks[] = {"\xe2\x80\x99", "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x94", "caf\xc3\xa9"};
    size_t at = 0;

    while (at < PLAIN) {
        for (size_t n = 20 + below(120); n; n--) {
            at += word(p + at);
            if (below(25) == 0) {
                const char *mark = marks[below(5)];

                memcpy(p + at, mark, strlen(mark));
                at += strlen(mark);
            }
            if (n > 1)
                p[at++] = ' ';
        }
        memcpy(p + at, "\r\n\r\n", 4);
        at += 4;
    }
    return at;
}

/* Characters of three octets in UTF-8, a comma of the same kind and a year now and then, in paragraphs. */
static size_t chinese(uint8_t *p)
{
    size_t at = 0;

    while (at < PLAIN) {
        for (size_t n = 20 + below(200); n; n--) {
            p[at++] = (uint8_t)(0xe4 + below(5));
            p[at++] = (uint8_t)(0x80 + below(64));
            p[at++] = (uint8_t)(0x80 + below(64));
            if (below(12) == 0) {
                memcpy(p + at, "\xef\xbc\x8c", 3);
                at += 3;
            }
            if (below(60) == 0) {
                memcpy(p + at, "2024", 4);
                at += 4;
            }
        }
        memcpy(p + at, "\r\n", 2);
        at += 2;
    }
    return at;
}

/* Tags with attributes, and words between them. */
static size_t html(uint8_t *p)
{
    static const char *const tags[] = {"<p style=\"margin:0;padding:0 0 12px 0;font-size:14px;\">",
                                       "</p>\r\n",
                                       "<a href=\"https://www.example.com/news/read?id=",
                                       "\">",
                                       "</a>",
                                       "<td class=\"cell\" width=\"50%\">",
                                       "</td>\r\n",
                                       "<br />",
                                       "<img src=\"https://img.example.com/a.png\" alt=\"\" />",
                                       "    "};
    size_t at = 0;

    while (at < PLAIN) {
        uint32_t kind = below(16);

        if (kind < 10) {
            size_t n = strlen(tags[kind]);

            memcpy(p + at, tags[kind], n);
            at += n;
        } else
            for (size_t n = 3 + below(9); n; n--) {
                at += word(p + at);
                p[at++] = ' ';
            }
    }
    memcpy(p + at, "</p>\r\n", 6);
    return at + 6;
}

static void base64_rows(const struct measure_options *options)
{
    static uint8_t plain[PLAIN], text[ROOM];
    struct job job = {plain, PLAIN, plain, PLAIN};
    size_t n;

    for (size_t i = 0; i < PLAIN; i++)
        plain[i] = (uint8_t)below(256);
    base64_row("mime-base64/encode", 1, &job, plain, PLAIN, options);
    mailproto_base64_encode_all(plain, PLAIN, 0, 0, text, ROOM, &n);
    job = (struct job){text, n, text, n};
    base64_row("mime-base64/decode", 0, &job, plain, PLAIN, options);
}

static void qp_rows(const struct measure_options *options)
{
    static const struct {
        const char *encode, *decode;
        size_t (*write)(uint8_t *p);
    } kinds[] = {{"mime-qp/encode-english", "mime-qp/decode-english", english},
                 {"mime-qp/encode-chinese", "mime-qp/decode-chinese", chinese},
                 {"mime-qp/encode-html", "mime-qp/decode-html", html}};
    static uint8_t plain[ROOM], lf[ROOM], text[ROOM], text_lf[ROOM];

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n = kinds[k].write(plain), lf_n = without_cr(lf, plain, n), text_n, text_lf_n;
        struct job job = {plain, n, lf, lf_n};

        qp_row(kinds[k].encode, 1, &job, plain, n, options);
        mailproto_qp_encode_all(plain, n, 0, 0, text, ROOM, &text_n);
        text_lf_n = without_cr(text_lf, text, text_n);
        job = (struct job){text, text_n, text_lf, text_lf_n};
        qp_row(kinds[k].decode, 0, &job, plain, n, options);
    }
}

/* A library that the environment names. */
static int opened(const char *variable, void (*use)(void *library))
{
    const char *path = getenv(variable);
    void *library = path ? dlopen(path, RTLD_NOW) : NULL;

    if (path && !library)
        die(dlerror());
    if (library)
        use(library);
    return library != NULL;
}

int main(int count, char **words)
{
    struct measure_options options;
    const char *what = count > 1 ? words[1] : "";

    if (!strcmp(what, "version")) {
        puts(mp_base64_choose()->name);
        return 0;
    }
    if (count < 2 || measure_options_read(&options, count - 1, words + 1))
        return 2;
    has_openssl = opened("BENCH_OPENSSL", open_openssl);
    has_glib = opened("BENCH_GLIB", open_glib);
    has_gmime = opened("BENCH_GMIME", open_gmime);
    perl = getenv("BENCH_PERL");
    python = getenv("BENCH_PYTHON");
    if (!mkdtemp(folder))
        die("no folder for texts");
    if (!strcmp(what, "base64"))
        base64_rows(&options);
    else
        qp_rows(&options);
    {
        char path[256];

        path_of(path, sizeof path, "in");
        unlink(path);
        path_of(path, sizeof path, "out");
        unlink(path);
        rmdir(folder);
    }
    return 0;
}
