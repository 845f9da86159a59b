/* The push parser: what it takes, how it is stopped, its memory, decoded bodies.
   RFC 2045 section 6; mailproto/mime_parser.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/allocator.h"
#include "support/bytes.h"
#include "support/mime_play.h"
#include "support/random.h"

static const char message[] = "Subject: a\r\n b\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: multipart/mixed; boundary=x\r\n"
                              "\r\n"
                              "preamble\r\n"
                              "--x\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "\r\n"
                              "aGVsbG8=\r\n"
                              "--x\r\n"
                              "Content-Transfer-Encoding: quoted-printable\r\n"
                              "\r\n"
                              "caf=C3=A9 =zz\r\n"
                              "--x--\r\n"
                              "epilogue\r\n";

struct heard {
    struct test_bytes bodies, unfolded;
    uint32_t parts, ends, defects, as, stop_at, count, forms;
    int32_t stop;
    int free_it, over;
};

static int32_t hear(struct heard *h, mailproto_mime_parser *p)
{
    if (++h->count != h->stop_at)
        return MAILPROTO_OK;
    if (h->free_it)
        mailproto_mime_parser_free(p);
    return h->stop;
}

static int32_t on_part(mailproto_mime_parser *p, const mailproto_mime_part_event *e, void *user)
{
    struct heard *h = user;

    assert_int_equal(e->part, h->parts++);
    assert_int_equal(mailproto_mime_parser_decode(p, MAILPROTO_MIME_AS_RAW), MAILPROTO_ERR_STATE);
    return hear(h, p);
}

static int32_t on_field(mailproto_mime_parser *p, const mailproto_mime_field_event *e, void *user)
{
    test_bytes_add(&((struct heard *)user)->unfolded, e->unfolded.ptr, e->unfolded.len);
    assert_int_equal(mailproto_mime_parser_feed(p, "", 0), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_mime_parser_end(p), MAILPROTO_ERR_REENTRANT);
    assert_int_equal(mailproto_mime_parser_reset(p), MAILPROTO_ERR_REENTRANT);
    return hear(user, p);
}

static int32_t on_header_end(mailproto_mime_parser *p, const mailproto_mime_header_end *e, void *user)
{
    struct heard *h = user;

    if (h->as)
        assert_int_equal(mailproto_mime_parser_decode(p, h->as),
                         e->kind == MAILPROTO_MIME_LEAF ? MAILPROTO_OK : MAILPROTO_ERR_STATE);
    return hear(h, p);
}

static int32_t on_body(mailproto_mime_parser *p, const mailproto_mime_body *e, void *user)
{
    struct heard *h = user;

    test_bytes_add(&h->bodies, e->bytes.ptr, e->bytes.len);
    h->forms |= 1U << e->form;
    return hear(h, p);
}

static int32_t on_part_end(mailproto_mime_parser *p, const mailproto_mime_part_end *e, void *user)
{
    (void)e;
    ((struct heard *)user)->ends++;
    return hear(user, p);
}

static int32_t on_defect(mailproto_mime_parser *p, const mailproto_mime_defect *e, void *user)
{
    struct heard *h = user;

    h->defects++;
    assert_int_equal(e->kind, MAILPROTO_MIME_DEFECT_QUOTED_PRINTABLE);
    assert_int_equal(e->offset, strstr(message, "=zz") - message);
    return hear(h, p);
}

static int32_t on_message_end(mailproto_mime_parser *p, const mailproto_mime_message_end *e, void *user)
{
    struct heard *h = user;

    h->over = 1;
    assert_int_equal(e->octets, strlen(message));
    assert_int_equal(e->parts, 3);
    return hear(h, p);
}

static const mailproto_mime_callbacks callbacks = {sizeof callbacks, on_part,     on_field,  on_header_end,
                                                   on_body,          on_part_end, on_defect, on_message_end};

static int32_t run(struct heard *h, uint32_t flags)
{
    mailproto_mime_config config;
    mailproto_mime_parser *p;
    int32_t result;

    mailproto_mime_config_init(&config, sizeof config);
    config.flags = flags;
    assert_int_equal(mailproto_mime_parser_new(&config, &callbacks, h, &p), MAILPROTO_OK);
    result = mailproto_mime_parser_feed(p, message, strlen(message));
    if (result == MAILPROTO_FREED)
        return result;
    if (result) {
        assert_int_equal(mailproto_mime_parser_feed(p, message, 1), result);
        assert_int_equal(mailproto_mime_parser_error(p), result);
        assert_int_equal(mailproto_mime_parser_end(p), result);
    } else {
        result = mailproto_mime_parser_end(p);
    }
    if (result == MAILPROTO_FREED)
        return result;
    if (!result) {
        assert_int_equal(mailproto_mime_parser_feed(p, "", 0), MAILPROTO_ERR_STATE);
        assert_int_equal(mailproto_mime_parser_end(p), MAILPROTO_ERR_STATE);
    }
    mailproto_mime_parser_free(p);
    return result;
}

static void assert_bytes(struct test_bytes *b, const char *wanted)
{
    assert_int_equal(b->len, strlen(wanted));
    assert_memory_equal(b->ptr, wanted, b->len);
    test_bytes_free(b);
}

static void test_bodies(void **state)
{
    static const struct {
        uint32_t flags, as, forms, defects;
        const char *bodies;
    } ways[] = {
        {0, 0, 1, 0, "aGVsbG8=caf=C3=A9 =zz"},
        {MAILPROTO_MIME_PARSER_DECODE, 0, 2, 1, "hellocaf\xc3\xa9 =zz"},
        {0, MAILPROTO_MIME_AS_DECODED, 2, 1, "hellocaf\xc3\xa9 =zz"},
        {MAILPROTO_MIME_PARSER_DECODE, MAILPROTO_MIME_AS_RAW, 1, 0, "aGVsbG8=caf=C3=A9 =zz"},
        {MAILPROTO_MIME_PARSER_DECODE, MAILPROTO_MIME_AS_NOTHING, 0, 0, ""},
        {MAILPROTO_MIME_PARSER_NO_BODIES, 0, 0, 0, ""},
        {MAILPROTO_MIME_PARSER_NO_BODIES, MAILPROTO_MIME_AS_RAW, 1, 0, "aGVsbG8=caf=C3=A9 =zz"},
        {MAILPROTO_MIME_PARSER_BETWEEN, 0, 13, 0, "preambleaGVsbG8=caf=C3=A9 =zzepilogue\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct heard h = {.as = ways[i].as};

        assert_int_equal(run(&h, ways[i].flags), MAILPROTO_OK);
        assert_int_equal(h.parts, 3);
        assert_int_equal(h.ends, 3);
        assert_int_equal(h.over, 1);
        assert_int_equal(h.forms, ways[i].forms);
        assert_int_equal(h.defects, ways[i].defects);
        assert_bytes(&h.bodies, ways[i].bodies);
        test_bytes_free(&h.unfolded);
    }
}

static void test_unfolded(void **state)
{
    struct heard h = {0};

    (void)state;
    assert_int_equal(run(&h, MAILPROTO_MIME_PARSER_UNFOLD), MAILPROTO_OK);
    assert_bytes(&h.unfolded, "a b1.0multipart/mixed; boundary=xbase64quoted-printable");
    test_bytes_free(&h.bodies);
}

/* Stopped or freed at any event, nothing comes after it. */
static void test_stopped(void **state)
{
    (void)state;
    for (int free_it = 0; free_it < 2; free_it++)
        for (uint32_t at = 1;; at++) {
            struct heard h = {.stop_at = at, .stop = MAILPROTO_ERR_HOST, .free_it = free_it};
            const int32_t result = run(&h, MAILPROTO_MIME_PARSER_DECODE);

            test_bytes_free(&h.bodies);
            test_bytes_free(&h.unfolded);
            if (h.count < at)
                break;
            assert_int_equal(result, free_it ? MAILPROTO_FREED : MAILPROTO_ERR_HOST);
            assert_int_equal(h.count, at);
        }
}

static void test_polled(void **state)
{
    mailproto_mime_parser *p;
    const mailproto_event *event;
    uint32_t events = 0, last = 0;

    (void)state;
    assert_int_equal(mailproto_mime_parser_new(NULL, NULL, NULL, &p), MAILPROTO_OK);
    assert_null(mailproto_mime_parser_next_event(p));
    for (int round = 0; round < 2; round++) {
        assert_int_equal(mailproto_mime_parser_feed(p, message, strlen(message)), MAILPROTO_OK);
        assert_int_equal(mailproto_mime_parser_feed(p, message, 1), MAILPROTO_ERR_STATE);
        assert_int_equal(mailproto_mime_parser_end(p), MAILPROTO_ERR_STATE);
        while (mailproto_mime_parser_next_event(p))
            events++;
        assert_int_equal(mailproto_mime_parser_end(p), MAILPROTO_OK);
        while ((event = mailproto_mime_parser_next_event(p)))
            last = event->type;
        assert_int_equal(last, MAILPROTO_MIME_EVENT_MESSAGE_END);
        assert_true(events > 10);
        assert_int_equal(mailproto_mime_parser_reset(p), MAILPROTO_OK);
    }
    mailproto_mime_parser_free(p);
}

/* Every allocation that fails ends it with NOMEM, and it can be freed. */
static void test_no_memory(void **state)
{
    struct test_allocator memory;
    mailproto_mime_config config;
    size_t fail, refused = 0;

    (void)state;
    mailproto_mime_config_init(&config, sizeof config);
    config.allocator = &memory.api;
    for (fail = 1;; fail++) {
        struct mime_way way = {.flags = MAILPROTO_MIME_PARSER_UNFOLD,
                               .piece = 7,
                               .config = &config,
                               .polled = fail % 2};
        struct test_bytes log = {0};
        int32_t result;

        test_allocator_init(&memory);
        memory.fail_at = fail;
        result = mime_play((const uint8_t *)message, strlen(message), &way, &log);
        test_bytes_free(&log);
        assert_int_equal(memory.live, 0);
        if (!memory.failed)
            break;
        assert_int_equal(result, MAILPROTO_ERR_NOMEM);
        refused++;
    }
    assert_true(refused >= 5);
}

/* A large attachment is decoded with little memory, and without allocations for its lines. */
static void test_attachment(void **state)
{
    static const char head[] =
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    static const char line[] = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eisvLy8v\r\n";
    struct test_allocator memory;
    mailproto_mime_config config;
    mailproto_mime_parser *p;
    const mailproto_event *event;
    uint64_t decoded = 0;
    size_t begun;

    (void)state;
    mailproto_mime_config_init(&config, sizeof config);
    test_allocator_init(&memory);
    config.allocator = &memory.api;
    config.flags = MAILPROTO_MIME_PARSER_DECODE;
    assert_int_equal(mailproto_mime_parser_new(&config, NULL, NULL, &p), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_parser_feed(p, head, strlen(head)), MAILPROTO_OK);
    while (mailproto_mime_parser_next_event(p))
        ;
    begun = memory.count;
    for (size_t i = 0; i < 30000; i++) {
        /* cut in the middle of each line, too */
        const size_t cut = i % sizeof line;

        for (int half = 0; half < 2; half++) {
            assert_int_equal(mailproto_mime_parser_feed(p, half ? line + cut : line, half ? strlen(line) - cut : cut),
                             MAILPROTO_OK);
            while ((event = mailproto_mime_parser_next_event(p)))
                if (event->type == MAILPROTO_MIME_EVENT_BODY)
                    decoded += ((const mailproto_mime_body *)(const void *)event)->bytes.len;
        }
    }
    assert_int_equal(mailproto_mime_parser_end(p), MAILPROTO_OK);
    while ((event = mailproto_mime_parser_next_event(p)))
        if (event->type == MAILPROTO_MIME_EVENT_BODY)
            decoded += ((const mailproto_mime_body *)(const void *)event)->bytes.len;
    assert_int_equal(decoded, (uint64_t)(strlen(line) - 2) / 4 * 3 * 30000);
    assert_true(memory.count <= begun + 4);
    assert_true(memory.peak <= 65536);
    mailproto_mime_parser_free(p);
    assert_int_equal(memory.live, 0);
}

/* The most that it may take, with a field that is as large as the limit, cut everywhere. */
static void test_memory_max(void **state)
{
    (void)state;
    for (uint64_t max = 100; max < 100000; max *= 10) {
        struct test_allocator memory;
        struct test_bytes b = {0}, log = {0};
        mailproto_mime_config config;
        struct mime_way way = {.flags = MAILPROTO_MIME_PARSER_UNFOLD, .piece = 61, .config = &config};

        mailproto_mime_config_init(&config, sizeof config);
        test_allocator_init(&memory);
        config.allocator = &memory.api;
        config.max_header = max;
        config.max_depth = 2;
        config.flags = way.flags;
        test_bytes_text(&b, "a:");
        while (b.len + 16 < max)
            test_bytes_text(&b, " abcdefgh\r\n ");
        test_bytes_text(&b, "\r\n\r\n");
        assert_int_equal(mime_play(b.ptr, b.len, &way, &log), MAILPROTO_OK);
        assert_true(memory.peak > max && memory.peak <= mailproto_mime_parser_memory_max(&config));
        test_bytes_free(&b);
        test_bytes_free(&log);
    }
}

/* A field that comes octet by octet is moved a few times, each time to twice the room: with room that grew by steps there
   would be a move for each step, and the octets moved would be as the square of its length. */
static void test_growth(void **state)
{
    (void)state;
    for (size_t n = 1024, doublings = 10; n <= 1 << 20; n *= 4, doublings += 2) {
        struct test_allocator memory;
        struct test_bytes b = {0}, log = {0};
        mailproto_mime_config config;
        struct mime_way way = {.flags = MAILPROTO_MIME_PARSER_UNFOLD, .piece = 1, .config = &config};

        mailproto_mime_config_init(&config, sizeof config);
        test_allocator_init(&memory);
        config.allocator = &memory.api;
        config.max_header = 2 * n;
        config.flags = way.flags;
        test_bytes_text(&b, "a:");
        while (b.len < n)
            test_bytes_text(&b, " abcdefgh\r\n ");
        test_bytes_text(&b, "\r\n\r\n");
        assert_int_equal(mime_play(b.ptr, b.len, &way, &log), MAILPROTO_OK);
        assert_true(memory.peak > n);
        assert_true(memory.count <= doublings + 4);
        test_bytes_free(&b);
        test_bytes_free(&log);
    }
}

static void test_arguments(void **state)
{
    mailproto_mime_config config = {0};
    mailproto_mime_callbacks table = {0};
    mailproto_mime_parser *p;

    (void)state;
    assert_int_equal(mailproto_mime_parser_new(NULL, NULL, NULL, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_parser_new(&config, NULL, NULL, &p), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_parser_new(NULL, &table, NULL, &p), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_parser_new(NULL, NULL, NULL, &p), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_parser_feed(p, NULL, 1), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_parser_feed(NULL, "", 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_parser_end(NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_parser_reset(NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_parser_decode(p, 0), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_mime_parser_decode(p, MAILPROTO_MIME_AS_RAW), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_mime_parser_memory_max(&config), SIZE_MAX);
    mailproto_mime_parser_free(p);
    mailproto_mime_parser_free(NULL);
}

/* ---- real messages, where the mail corpus is there ---- */

/* The whole file, however large; to be freed. NULL: there is none. */
static uint8_t *read_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    uint8_t *p = NULL;
    size_t room = 0, got = 0;

    if (!file)
        return NULL;
    do {
        room = 2 * room + 4096;
        p = realloc(p, room);
        assert_non_null(p);
        got += fread(p + got, 1, room - got, file);
    } while (got == room);
    fclose(file);
    *n = got;
    return p;
}

/* A message as it is, and cut short at some places, as one that was not delivered whole is. */
static void play_file(uint8_t *p, size_t n, struct test_random *random)
{
    enum { CUTS = 3, LARGE = 32768 };

    mime_play_all(p, n, NULL, 0);
    for (int i = 0; i < CUTS && n; i++)
        mime_play_all(p, test_random_below(random, n < LARGE ? n : LARGE), NULL, 0);
}

/* However large the message is, the parser takes no more than it says: with the limits of the default, and with some that
   real messages go over, which make the bound a narrow one. */
static void bounded(const char *path, const uint8_t *p, size_t n, int narrow, size_t piece)
{
    struct test_allocator memory;
    struct test_bytes log = {0};
    mailproto_mime_config config;
    struct mime_way way = {.flags = MAILPROTO_MIME_PARSER_DECODE | MAILPROTO_MIME_PARSER_UNFOLD |
                                    MAILPROTO_MIME_PARSER_BETWEEN,
                           .piece = piece,
                           .config = &config};
    size_t max;

    mailproto_mime_config_init(&config, sizeof config);
    test_allocator_init(&memory);
    config.allocator = &memory.api;
    config.flags = way.flags;
    if (narrow) {
        config.max_header = 1024;
        config.max_depth = 2;
    }
    max = mailproto_mime_parser_memory_max(&config);
    assert_int_equal(mime_play(p, n, &way, &log), MAILPROTO_OK);
    if (memory.peak > max)
        print_error("%s: %zu octets of at most %zu\n", path, memory.peak, max);
    assert_in_range(memory.peak, 1, max);
    assert_int_equal(memory.live, 0);
    test_bytes_free(&log);
}

/* Each message that the corpus lists: {"file": "...", ...} a line. */
static void test_corpus(void **state)
{
    static char line[1 << 20];
    const char *corpus = getenv("MAILPROTO_CORPUS");
    struct test_random random = {7};
    char path[2048], *file, *end;
    size_t count = 0, lines = 0;
    FILE *list;

    (void)state;
    snprintf(path, sizeof path, "%s/expected/consensus.jsonl", corpus ? corpus : "");
    list = corpus ? fopen(path, "rb") : NULL;
    if (!list) {
        print_message("MAILPROTO_CORPUS names no folder with expected/consensus.jsonl\n");
        skip();
    }
    while (fgets(line, sizeof line, list)) {
        uint8_t *one;
        size_t n = 0;

        lines++;
        if (strncmp(line, "{\"file\": \"", 10) != 0 || !(end = strchr(file = line + 10, '"')))
            continue;
        *end = '\0';
        snprintf(path, sizeof path, "%.900s/%.1000s", corpus, file);
        one = read_file(path, &n);
        if (!one)
            print_error("%s: cannot be opened\n", path);
        assert_non_null(one);
        play_file(one, n, &random);
        for (int narrow = 0; narrow < 2; narrow++) {
            bounded(path, one, n, narrow, 0);
            bounded(path, one, n, narrow, 61);
        }
        free(one);
        count++;
    }
    fclose(list);
    print_message("%zu messages\n", count);
    assert_true(count > 0);
    assert_int_equal(count, lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),     cmocka_unit_test(test_unfolded),  cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_polled),     cmocka_unit_test(test_no_memory), cmocka_unit_test(test_attachment),
        cmocka_unit_test(test_memory_max), cmocka_unit_test(test_growth),    cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_corpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
