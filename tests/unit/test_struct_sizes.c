/* test_struct_sizes.c - every struct that a host fills: an older, smaller one, and a newer, larger one if it says nothing
 * new. contract.md section 3; include/mailproto/base.h, "STRUCTS". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailproto/mailproto.h"
#include "support/records.h"

/* A struct and a call that takes it. */
struct crossing {
    const char *name;
    size_t size, least; /* of the whole struct; of the part that the call cannot do without */
    int32_t (*init)(void *p, size_t size);
    void (*fill)(void *p);
    int32_t (*use)(const void *p); /* `good` if it was accepted */
    int32_t good;
};

#define UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))

/* ---- servers and clients: a session is made, and its first events are shown ---- */

static int32_t end(mailproto_session *s)
{
    int32_t result = mailproto_session_tick(s, 1);

    if (!result)
        result = mailproto_session_lost(s, MAILPROTO_ERR_LOST, NULL, 0, 2) == MAILPROTO_ERR_LOST ? 0 : -1;
    mailproto_session_free(s);
    return result;
}

#define ROLE(role)                                                                                                     \
    static int32_t role##_config_init(void *p, size_t size)                                                            \
    {                                                                                                                  \
        return mailproto_##role##_config_init(p, size);                                                                \
    }                                                                                                                  \
    static int32_t role##_callbacks_init(void *p, size_t size)                                                         \
    {                                                                                                                  \
        return mailproto_##role##_callbacks_init(p, size);                                                             \
    }                                                                                                                  \
    static int32_t role##_make(const void *config, const void *callbacks, const void *allocator)                       \
    {                                                                                                                  \
        mailproto_##role *x;                                                                                           \
        mailproto_##role##_config own;                                                                                 \
        int32_t result;                                                                                                \
                                                                                                                       \
        mailproto_##role##_config_init(&own, sizeof own);                                                              \
        role##_fill(&own);                                                                                             \
        result = mailproto_##role##_new(&x, config ? config : &own, callbacks, allocator, NULL, NULL);                 \
        return result ? result : end(mailproto_##role##_session(x));                                                   \
    }                                                                                                                  \
    static int32_t role##_config_use(const void *p)                                                                    \
    {                                                                                                                  \
        size_t most = mailproto_##role##_memory_max(p);                                                                \
        int32_t result = role##_make(p, NULL, NULL);                                                                   \
                                                                                                                       \
        return !most == !result ? -1000 : result; /* both say whether it can be used */                                \
    }                                                                                                                  \
    static int32_t role##_callbacks_use(const void *p)                                                                 \
    {                                                                                                                  \
        return role##_make(NULL, p, NULL);                                                                             \
    }

static void smtp_server_fill(void *p)
{
    ((mailproto_smtp_server_config *)p)->hostname = (mailproto_text){"mx.example", 10};
}
static void smtp_client_fill(void *p)
{
    ((mailproto_smtp_client_config *)p)->hostname = (mailproto_text){"client.example", 14};
}
static void pop3_server_fill(void *p)
{
    ((mailproto_pop3_server_config *)p)->flags = MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
}
static void pop3_client_fill(void *p)
{
    ((mailproto_pop3_client_config *)p)->flags = MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN;
}

ROLE(smtp_server)
ROLE(smtp_client)
ROLE(pop3_server)
ROLE(pop3_client)

#define DEFAULT(name)                                                                                                  \
    static int32_t on_##name(mailproto_pop3_server *s, const mailproto_pop3_##name *event, void *user)                 \
    {                                                                                                                  \
        (void)s;                                                                                                       \
        (void)event;                                                                                                   \
        (void)user;                                                                                                    \
        return MAILPROTO_USE_DEFAULT;                                                                                  \
    }
DEFAULT(auth)
DEFAULT(open)
DEFAULT(list)
DEFAULT(retrieve)
DEFAULT(piece)
DEFAULT(commit)

/* A POP3 server without these is none. */
static void pop3_callbacks_fill(void *p)
{
    mailproto_pop3_server_callbacks *callbacks = p;

    callbacks->on_auth = on_auth;
    callbacks->on_open = on_open;
    callbacks->on_list = on_list;
    callbacks->on_retrieve = on_retrieve;
    callbacks->on_piece = on_piece;
    callbacks->on_commit = on_commit;
}

static void no_fill(void *p)
{
    (void)p;
}

/* ---- structs of calls: a token that means nothing tells an accepted struct from a refused one ---- */

static mailproto_smtp_server *smtp_server;
static mailproto_smtp_client *smtp_client;
static mailproto_pop3_server *pop3_server;

static int make_sessions(void **state)
{
    mailproto_smtp_server_config server;
    mailproto_smtp_client_config client;
    mailproto_pop3_server_config maildrop;

    (void)state;
    mailproto_smtp_server_config_init(&server, sizeof server);
    mailproto_smtp_client_config_init(&client, sizeof client);
    mailproto_pop3_server_config_init(&maildrop, sizeof maildrop);
    smtp_server_fill(&server);
    smtp_client_fill(&client);
    pop3_server_fill(&maildrop);
    return mailproto_smtp_server_new(&smtp_server, &server, NULL, NULL, NULL, NULL) ||
           mailproto_smtp_client_new(&smtp_client, &client, NULL, NULL, NULL, NULL) ||
           mailproto_pop3_server_new(&pop3_server, &maildrop, NULL, NULL, NULL, NULL);
}

static int free_sessions(void **state)
{
    (void)state;
    mailproto_session_free(mailproto_smtp_server_session(smtp_server));
    mailproto_session_free(mailproto_smtp_client_session(smtp_client));
    mailproto_session_free(mailproto_pop3_server_session(pop3_server));
    return 0;
}

static int32_t smtp_verdict_init(void *p, size_t size)
{
    return mailproto_smtp_verdict_init(p, size);
}
static void smtp_verdict_fill(void *p)
{
    ((mailproto_smtp_verdict *)p)->code = 550;
}
static int32_t smtp_verdict_use(const void *p)
{
    return mailproto_smtp_server_answer(smtp_server, 1, p);
}
static int32_t smtp_reject_init(void *p, size_t size)
{
    return mailproto_smtp_verdict_init(p, size);
}
static int32_t smtp_reject_use(const void *p)
{
    return mailproto_smtp_server_reject_message(smtp_server, p);
}

static int32_t pop3_verdict_init(void *p, size_t size)
{
    return mailproto_pop3_verdict_init(p, size);
}
static void pop3_verdict_fill(void *p)
{
    ((mailproto_pop3_verdict *)p)->status = MAILPROTO_POP3_ERR;
}
static int32_t pop3_verdict_use(const void *p)
{
    return mailproto_pop3_server_answer(pop3_server, 1, p);
}

static int32_t envelope_init(void *p, size_t size)
{
    return mailproto_smtp_envelope_init(p, size);
}
static int32_t envelope_use(const void *p)
{
    mailproto_session *session = mailproto_smtp_client_session(smtp_client);
    uint64_t command;
    int32_t result = mailproto_smtp_client_send(smtp_client, p, &command);

    if (result)
        return result;
    assert_int_equal(mailproto_session_cancel(session, command), MAILPROTO_OK);
    assert_int_equal(mailproto_session_next_event(session)->type, MAILPROTO_SMTP_CLIENT_DONE);
    assert_null(mailproto_session_next_event(session));
    return MAILPROTO_OK;
}

static int32_t recipient_init(void *p, size_t size)
{
    return mailproto_smtp_recipient_init(p, size);
}
static void recipient_fill(void *p)
{
    ((mailproto_smtp_recipient *)p)->path = (mailproto_text){"a@example", 9};
}
static int32_t recipient_use(const void *p)
{
    return mailproto_smtp_client_send_to(smtp_client, 1, p);
}

static int32_t tls_info_init(void *p, size_t size)
{
    return mailproto_tls_info_init(p, size);
}
static int32_t tls_info_use(const void *p)
{
    return mailproto_session_tls_started(mailproto_smtp_server_session(smtp_server), p);
}

static int32_t layer_init(void *p, size_t size)
{
    return mailproto_layer_init(p, size);
}
static void layer_fill(void *p)
{
    mailproto_layer ops;

    test_records_layer(&ops, 0);
    memcpy((char *)p + sizeof ops.struct_size, (char *)&ops + sizeof ops.struct_size,
           sizeof ops - sizeof ops.struct_size);
}
static int32_t layer_use(const void *p)
{
    struct test_records *ctx = calloc(1, sizeof *ctx);
    mailproto_smtp_server_config config;
    mailproto_smtp_server *x;
    mailproto_session *outer;
    int32_t result;

    assert_non_null(ctx);
    mailproto_smtp_server_config_init(&config, sizeof config);
    smtp_server_fill(&config);
    assert_int_equal(mailproto_smtp_server_new(&x, &config, NULL, NULL, NULL, NULL), MAILPROTO_OK);
    result = mailproto_layer_new(&outer, mailproto_smtp_server_session(x), p, ctx, NULL);
    mailproto_session_free(mailproto_smtp_server_session(x));
    free(ctx);
    return result;
}

/* An allocator has no _init of its own: mailproto_arena_init makes one, and hosts make theirs by hand. */
static int32_t allocator_init(void *p, size_t size)
{
    return mailproto_tls_info_init(p, size);
}
static void *get(size_t n, void *user)
{
    (void)user;
    return malloc(n);
}
static void *again(void *p, size_t old_n, size_t n, void *user)
{
    (void)old_n;
    (void)user;
    return realloc(p, n);
}
static void give_back(void *p, size_t n, void *user)
{
    (void)n;
    (void)user;
    free(p);
}
static void allocator_fill(void *p)
{
    mailproto_allocator *allocator = p;

    allocator->alloc = get;
    allocator->resize = again;
    allocator->free = give_back;
}
static int32_t allocator_use(const void *p)
{
    int32_t result = smtp_server_make(NULL, NULL, p);

    assert_int_equal(smtp_client_make(NULL, NULL, p), result);
    assert_int_equal(pop3_server_make(NULL, NULL, p), result);
    assert_int_equal(pop3_client_make(NULL, NULL, p), result);
    return result;
}

/* ---- the rules ---- */

static const struct crossing crossings[] = {
#define CONFIG(role, last)                                                                                             \
    {                                                                                                                  \
#role "_config", sizeof(mailproto_##role##_config), UP_TO(mailproto_##role##_config, last),                    \
            role##_config_init, role##_fill, role##_config_use, MAILPROTO_OK                                           \
    }
    CONFIG(smtp_server, hostname),
    CONFIG(smtp_client, hostname),
    CONFIG(pop3_server, flags),
    CONFIG(pop3_client, flags),
#define CALLBACKS(role, last, fill)                                                                                    \
    {                                                                                                                  \
#role "_callbacks", sizeof(mailproto_##role##_callbacks), UP_TO(mailproto_##role##_callbacks, last),           \
            role##_callbacks_init, fill, role##_callbacks_use, MAILPROTO_OK                                            \
    }
    CALLBACKS(smtp_server, struct_size, no_fill),
    CALLBACKS(smtp_client, struct_size, no_fill),
    CALLBACKS(pop3_server, on_commit, pop3_callbacks_fill),
    CALLBACKS(pop3_client, struct_size, no_fill),
#define CALL(name, type, last, fill, good)                                                                             \
    {                                                                                                                  \
#name, sizeof(type), UP_TO(type, last), name##_init, fill, name##_use, good                                    \
    }
    CALL(smtp_verdict, mailproto_smtp_verdict, code, smtp_verdict_fill, MAILPROTO_ERR_TOKEN),
    CALL(smtp_reject, mailproto_smtp_verdict, code, smtp_verdict_fill, MAILPROTO_ERR_STATE),
    CALL(pop3_verdict, mailproto_pop3_verdict, status, pop3_verdict_fill, MAILPROTO_ERR_TOKEN),
    CALL(envelope, mailproto_smtp_envelope, struct_size, no_fill, MAILPROTO_OK),
    CALL(recipient, mailproto_smtp_recipient, path, recipient_fill, MAILPROTO_ERR_TOKEN),
    CALL(tls_info, mailproto_tls_info, struct_size, no_fill, MAILPROTO_ERR_STATE),
    CALL(layer, mailproto_layer, free, layer_fill, MAILPROTO_OK),
    CALL(allocator, mailproto_allocator, free, allocator_fill, MAILPROTO_OK),
};

enum { TAIL = 24 };

/* What is used lies in memory of just the size it says: whoever reads beyond it is caught. */
static int32_t use(const struct crossing *c, uint32_t struct_size, size_t octets, const void *whole)
{
    void *p = malloc(octets);
    int32_t result;

    assert_non_null(p);
    memcpy(p, whole, octets);
    memcpy(p, &struct_size, octets < sizeof struct_size ? octets : sizeof struct_size);
    result = c->use(p);
    free(p);
    return result;
}

static void check(const struct crossing *c)
{
    unsigned char whole[1024] = {0};
    uint32_t struct_size = (uint32_t)c->size;

    assert_true(c->size + TAIL <= sizeof whole && c->least <= c->size);
    assert_int_equal(c->init(whole, c->size), MAILPROTO_OK);
    assert_memory_equal(whole, &struct_size, sizeof struct_size);
    c->fill(whole);
    assert_int_equal(use(c, struct_size, c->size, whole), c->good);
    for (uint32_t more = 1; more <= TAIL; more++) {
        assert_int_equal(use(c, struct_size + more, c->size + more, whole), c->good);
        whole[c->size + more - 1] = 1; /* something that this library does not know */
        assert_int_equal(use(c, struct_size + more, c->size + more, whole), MAILPROTO_ERR_ARG);
        whole[c->size + more - 1] = 0;
    }
    for (uint32_t less = (uint32_t)c->least; less < struct_size; less++)
        assert_int_equal(use(c, less, less, whole), c->good);
    for (uint32_t none = 0; none < sizeof none; none++)
        assert_int_equal(use(c, none, c->size, whole), MAILPROTO_ERR_ARG);
}

static void test_structs_of_other_releases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof crossings / sizeof crossings[0]; i++) {
        print_message("%s\n", crossings[i].name);
        check(&crossings[i]);
    }
}

static void test_init(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof crossings / sizeof crossings[0]; i++) {
        unsigned char octets[8];

        memset(octets, 0xa5, sizeof octets);
        assert_int_equal(crossings[i].init(NULL, 8), MAILPROTO_ERR_ARG);
        assert_int_equal(crossings[i].init(octets, 3), MAILPROTO_ERR_ARG);
        assert_int_equal(octets[0], 0xa5);
        assert_int_equal(crossings[i].init(octets, 6), MAILPROTO_OK);
        assert_int_equal(octets[5], 0);
        assert_int_equal(octets[6], 0xa5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structs_of_other_releases),
        cmocka_unit_test(test_init),
    };

    return cmocka_run_group_tests(tests, make_sessions, free_sessions);
}
