/* test_host_send.c - one-call send against an SMTP server of the same host: what was asked for, and what is told of it.
 * include/mailproto/host_send.h; RFC 5321 4.5.3.1.10; RFC 9422; RFC 2033. */
#include "scene.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { RECIPIENTS = 300 };

/* A send and a copy of what was told. */
struct sent {
    struct scene *s;
    mailproto_host_send_request request;
    mailproto_host_recipient to[RECIPIENTS];
    char addresses[RECIPIENTS][40];
    mailproto_host_sending *sending;
    int told;
    mailproto_host_outcome outcome;
    uint32_t transactions;
    char sentence[2000], reason[2000], server[100], address[100], greeting[100];
    uint32_t outcomes[RECIPIENTS], codes[RECIPIENTS], in_transaction[RECIPIENTS], stages[RECIPIENTS];
    char sentences[4][1000];
    uint32_t reply_code;
    /* of read */
    const char *text;
    size_t text_len;
    unsigned rewinds;
    uint64_t fail_at;
    size_t read_max; /* octets that it gives at once; 0: as many as there is room for */
    uv_thread_t reader;
    void (*then)(struct sent *sent);
};

static void copy(char *out, size_t size, mailproto_text text)
{
    assert_true(text.len < size);
    memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
}

static void on_outcome(const mailproto_host_outcome *o, void *user)
{
    struct sent *sent = user;
    unsigned i = 0;

    assert_int_equal(sent->told++, 0);
    assert_int_equal(o->struct_size, sizeof *o);
    assert_int_equal(o->accepted + o->refused + o->not_sent + o->unknown > 0, 1);
    sent->outcome = *o;
    copy(sent->sentence, sizeof sent->sentence, o->sentence);
    copy(sent->reason, sizeof sent->reason, o->reason);
    copy(sent->server, sizeof sent->server, o->server);
    copy(sent->address, sizeof sent->address, o->address);
    copy(sent->greeting, sizeof sent->greeting, o->greeting);
    sent->reply_code = o->reply->code;
    for (const mailproto_host_result *r = o->recipients; r; r = r->next, i++) {
        assert_int_equal(r->address.len, strlen(sent->addresses[i]));
        assert_memory_equal(r->address.ptr, sent->addresses[i], r->address.len);
        sent->outcomes[i] = r->outcome;
        sent->codes[i] = r->reply->code;
        sent->in_transaction[i] = r->transaction;
        sent->stages[i] = r->stage;
        if (i < 4)
            copy(sent->sentences[i], sizeof sent->sentences[i], r->sentence);
    }
    for (const mailproto_host_transaction *t = o->transactions; t; t = t->next)
        assert_int_equal(t->number, ++sent->transactions);
    if (sent->then)
        sent->then(sent);
    else if (sent->s)
        mailproto_host_stop(sent->s->host);
}

static void prepare(struct sent *sent, struct scene *s, const char *const *to)
{
    memset(sent, 0, sizeof *sent);
    sent->s = s;
    mailproto_host_send_request_init(&sent->request, sizeof sent->request);
    sent->request.url = text_of(s ? s->url : "smtp://127.0.0.1:1");
    sent->request.sender = text_of("alice@example.test");
    sent->request.message = text_of("Subject: hello\n\nHello.\n");
    sent->request.recipients = sent->to;
    for (unsigned i = 0; to[i]; i++) {
        mailproto_host_recipient_init(&sent->to[i], sizeof sent->to[i]);
        snprintf(sent->addresses[i], sizeof sent->addresses[i], "%s", to[i]);
        sent->to[i].address = text_of(sent->addresses[i]);
        if (i)
            sent->to[i - 1].next = &sent->to[i];
    }
}

static void go(struct sent *sent)
{
    assert_int_equal(mailproto_host_send(sent->s->host, &sent->request, on_outcome, sent, &sent->sending),
                     MAILPROTO_OK);
    assert_int_equal(sent->told, 0);
}

static void run(struct sent *sent)
{
    go(sent);
    while (!sent->told)
        scene_run(sent->s);
}

static void never(const mailproto_host_outcome *outcome, void *user)
{
    (void)outcome;
    (void)user;
    fail_msg("nothing was begun");
}

static void assert_refused(struct sent *sent, int32_t result, const char *words)
{
    const char *text;
    size_t len;

    assert_int_equal(mailproto_host_send(sent->s->host, &sent->request, never, sent, NULL), result);
    mailproto_host_error(sent->s->host, &text, &len);
    assert_int_equal(len, strlen(text));
    if (!strstr(text, words))
        fail_msg("\"%s\" does not say \"%s\"", text, words);
}

/* ---- accepted, refused ---- */

static void test_accepted(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent sent;
    char expected[200];

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    prepare(&sent, &s, to);
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(sent.outcome.why, 0);
    assert_int_equal(sent.outcome.accepted, 1);
    assert_int_equal(sent.outcome.size, 26);
    assert_string_equal(sent.reason, "");
    assert_int_equal(sent.outcome.again, 0);
    assert_int_equal(sent.outcome.connections, 1);
    assert_int_equal(sent.transactions, 1);
    assert_int_equal(sent.outcomes[0], MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(sent.codes[0], 250);
    assert_int_equal(sent.stages[0], MAILPROTO_SMTP_STAGE_MESSAGE);
    assert_string_equal(sent.server, s.where);
    assert_string_equal(sent.address, s.where);
    assert_string_equal(sent.greeting, "mx.example.test");
    snprintf(expected, sizeof expected, "%s (mx.example.test) accepted the message for bob@example.test: 250 2.0.0 ",
             s.where);
    assert_int_equal(strncmp(sent.sentence, expected, strlen(expected)), 0);
    assert_int_equal(s.body.len, 26);
    assert_memory_equal(s.body.ptr, "Subject: hello\r\n\r\nHello.\r\n", 26);
    scene_end(&s);
}

static void test_refused_among_good(void **state)
{
    static const char *const to[] = {"bob@example.test", "nobody@example.test", "carol@example.test", NULL};
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    prepare(&sent, &s, to);
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_PARTLY);
    assert_int_equal(sent.outcome.why, MAILPROTO_ERR_REFUSED);
    assert_int_equal(sent.outcome.accepted, 2);
    assert_int_equal(sent.outcome.refused, 1);
    assert_int_equal(sent.outcome.again, 0);
    assert_int_equal(sent.reply_code, 550);
    assert_int_equal(sent.outcomes[1], MAILPROTO_SMTP_REFUSED);
    assert_int_equal(sent.codes[1], 550);
    assert_int_equal(sent.stages[1], MAILPROTO_SMTP_STAGE_RCPT);
    assert_non_null(strstr(sent.sentences[1], " refused nobody@example.test (RCPT): 550 5.1.1 No such user"));
    assert_non_null(strstr(sent.sentence, "accepted for 2, refused for 1 of 3 recipients; "));
    assert_string_equal(s.message_rcpts, "[bob@example.test carol@example.test ]");
    scene_end(&s);
}

static void test_message_refused(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    const struct {
        uint32_t code, again;
    } rows[] = {{554, 0}, {451, 1}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene s;
        struct sent sent;

        scene_begin(&s, NULL);
        s.end_code = rows[i].code;
        scene_listen(&s);
        prepare(&sent, &s, to);
        run(&sent);
        assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_REFUSED);
        assert_int_equal(sent.outcome.why, MAILPROTO_ERR_REFUSED);
        assert_int_equal(sent.codes[0], rows[i].code);
        assert_int_equal(sent.outcome.again, rows[i].again);
        assert_non_null(strstr(sent.sentence, "Not this one"));
        scene_end(&s);
    }
}

/* ---- limits of the server ---- */

static void test_too_many_then_a_second_transaction(void **state)
{
    static const char *const to[] = {"a@example.test", "b@example.test", "c@example.test",
                                     "d@example.test", "e@example.test", NULL};
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    s.rcpt_limit = 2;
    scene_listen(&s);
    prepare(&sent, &s, to);
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(sent.outcome.accepted, 5);
    assert_int_equal(sent.outcome.connections, 1);
    assert_int_equal(sent.transactions, 3);
    assert_int_equal(sent.in_transaction[0], 1);
    assert_int_equal(sent.in_transaction[4], 3);
    assert_string_equal(s.message_rcpts, "[a@example.test b@example.test ][c@example.test d@example.test ]"
                                         "[e@example.test ]");
    scene_end(&s);
}

static void test_many_recipients_in_groups(void **state)
{
    const char *to[251];
    char names[250][40];
    struct scene s;
    struct sent sent;

    (void)state;
    for (int i = 0; i < 250; i++) {
        snprintf(names[i], sizeof names[i], "u%d@example.test", i);
        to[i] = names[i];
    }
    to[250] = NULL;
    scene_begin(&s, NULL);
    scene_listen(&s);
    prepare(&sent, &s, to);
    sent.request.max_recipients = 20;
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(sent.outcome.accepted, 250);
    assert_int_equal(sent.transactions, 13);
    assert_int_equal(s.messages, 13);
    scene_end(&s);
}

/* MAILMAX of LIMITS: the rest goes over another connection. */
static void test_transactions_are_limited(void **state)
{
    static const char *const to[] = {"a@example.test", "b@example.test", "c@example.test", NULL};
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    s.offer = MAILPROTO_SMTP_EXT_DEFAULT | MAILPROTO_SMTP_EXT_LIMITS;
    s.max_transactions = 1;
    scene_listen(&s);
    prepare(&sent, &s, to);
    sent.request.max_recipients = 1;
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(sent.outcome.connections, 3);
    assert_int_equal(sent.outcome.peer_max_transactions, 1);
    assert_int_equal(s.messages, 3);
    scene_end(&s);
}

static void test_lmtp(void **state)
{
    static const char *const to[] = {"a@example.test", "b@example.test", "no@example.test", NULL};
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    s.server_flags = MAILPROTO_SMTP_SERVER_LMTP;
    scene_listen(&s);
    prepare(&sent, &s, to);
    snprintf(s.url, sizeof s.url, "lmtp://%s", s.where);
    sent.request.url = text_of(s.url);
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_PARTLY);
    assert_int_equal(sent.outcomes[0], MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(sent.outcomes[1], MAILPROTO_SMTP_REFUSED);
    assert_int_equal(sent.codes[1], 452);
    assert_int_equal(sent.stages[1], MAILPROTO_SMTP_STAGE_MESSAGE);
    assert_int_equal(sent.codes[2], 550);
    scene_end(&s);
}

static void test_lmtp_over_a_unix_socket(void **state)
{
    static const char *const to[] = {"a@example.test", NULL};
    char folder[] = "/tmp/mailproto-host-XXXXXX", address[80], url[80];
    struct scene s;
    struct sent sent;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/lmtp", folder);
    snprintf(url, sizeof url, "lmtp://%s/lmtp", folder);
    scene_begin(&s, NULL);
    s.server_flags = MAILPROTO_SMTP_SERVER_LMTP;
    s.listen.address = text_of(address);
    assert_int_equal(mailproto_host_listen(s.host, &s.listen, &s.listener), MAILPROTO_OK);
    assert_int_equal(mailproto_host_listener_port(s.listener), 0);
    assert_string_equal(mailproto_host_listener_text(s.listener), address);
    prepare(&sent, &s, to);
    sent.request.url = text_of(url);
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_string_equal(sent.server, address);
    assert_string_equal(s.peer, "");
    assert_string_equal(s.peer_text, "unix");
    assert_int_equal(s.peer_loopback, 1);
    scene_end(&s);
    assert_int_equal(rmdir(folder), 0); /* the socket is gone from it */
}

/* ---- the message ---- */

static int32_t read_text(uint64_t offset, void *buffer, size_t room, size_t *len, void *user)
{
    struct sent *sent = user;

    sent->reader = uv_thread_self();
    if (!offset)
        sent->rewinds++;
    if (sent->fail_at && offset >= sent->fail_at)
        return MAILPROTO_ERR_HOST;
    *len = sent->text_len - (size_t)offset;
    if (*len > room)
        *len = room;
    if (sent->read_max && *len > sent->read_max)
        *len = sent->read_max;
    memcpy(buffer, sent->text + offset, *len);
    return 0;
}

enum { LARGE = 3 << 20, HUGE = 24 << 20 /* more than sockets hold between two programs */ };

static char *text_of_size(size_t size)
{
    char *text = malloc(size);

    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = i % 64 == 63 ? '\n' : (char)('a' + i / 64 % 26);
    return text;
}

static char *large_text(void)
{
    return text_of_size(LARGE);
}

/* The text as it must arrive: each LF as CRLF. */
static void assert_arrived(const struct scene *s, const char *text, size_t len)
{
    size_t at = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            assert_int_equal(s->body.ptr[at++], '\r');
        if (s->body.ptr[at++] != (uint8_t)text[i])
            fail_msg("octet %zu differs", i);
    }
    assert_int_equal(s->body.len, at);
}

static void check_read(uint32_t flags)
{
    static const char *const to[] = {"a@example.test", "b@example.test", "c@example.test", NULL};
    char *text = large_text();
    uv_thread_t self = uv_thread_self();
    struct scene s;
    struct sent sent;

    scene_begin(&s, NULL);
    s.rcpt_limit = 2;
    scene_listen(&s);
    prepare(&sent, &s, to);
    sent.request.flags = flags;
    sent.request.read = read_text;
    sent.request.user = &sent;
    sent.text = text;
    sent.text_len = LARGE;
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(sent.transactions, 2);
    assert_int_equal(sent.rewinds, 2);
    assert_arrived(&s, text, LARGE);
    assert_int_equal(uv_thread_equal(&sent.reader, &self) != 0, !(flags & MAILPROTO_HOST_SEND_READ_AS_WORK));
    scene_end(&s);
    free(text);
}

static void test_message_is_read(void **state)
{
    (void)state;
    check_read(0);
}

static void test_message_is_read_as_work(void **state)
{
    (void)state;
    check_read(MAILPROTO_HOST_SEND_READ_AS_WORK);
}

/* Read once before anything is connected, then once for each transaction. */
static void check_read_twice(uint32_t flags)
{
    static const char *const to[] = {"a@example.test", "b@example.test", "c@example.test", NULL};
    static const struct {
        const char *given, *arrives;
    } rows[] = {
        {"", ""}, {"a", "a\r\n"}, {"a\r\nb\nc\rd", "a\r\nb\r\nc\r\nd\r\n"}, {"\r", "\r\n"}, {"\n\r", "\r\n\r\n"}};
    struct scene s;
    struct sent sent;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = strlen(rows[i].arrives);

        scene_begin(&s, NULL);
        s.rcpt_limit = 2;
        scene_listen(&s);
        prepare(&sent, &s, to);
        sent.request.flags = flags | MAILPROTO_HOST_SEND_READ_TWICE;
        sent.request.read = read_text;
        sent.request.user = &sent;
        sent.text = rows[i].given;
        sent.text_len = strlen(rows[i].given);
        sent.read_max = 1;
        run(&sent);
        assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
        assert_int_equal(sent.outcome.size, len);
        assert_int_equal(sent.rewinds, 3);
        assert_int_equal(s.body.len, len);
        if (len)
            assert_memory_equal(s.body.ptr, rows[i].arrives, len);
        scene_end(&s);
    }
}

static void test_message_is_read_twice(void **state)
{
    (void)state;
    check_read_twice(0);
    check_read_twice(MAILPROTO_HOST_SEND_READ_AS_WORK);
    check_read_twice(MAILPROTO_HOST_SEND_NO_CHUNKING);
}

/* What is wrong with a message that is read twice is found in the call. */
static void test_message_is_read_in_vain(void **state)
{
    static const char *const to[] = {"a@example.test", NULL};
    static const char nul[] = "a\r\nb\0\r\n";
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    prepare(&sent, &s, to);
    sent.request.url = text_of("smtp://127.0.0.1:1");
    sent.request.flags = MAILPROTO_HOST_SEND_READ_TWICE;
    sent.request.read = read_text;
    sent.request.user = &sent;
    sent.read_max = 1;
    sent.text = nul;
    sent.text_len = sizeof nul - 1;
    assert_refused(&sent, MAILPROTO_ERR_ARG, "message: there is a NUL octet in line 2,");
    sent.fail_at = 4;
    assert_refused(&sent, MAILPROTO_ERR_BODY, "message: it cannot be read");
    sent.fail_at = 0;
    sent.text = "1\r2\n\n1234\r\n\r\r12345";
    sent.text_len = strlen(sent.text);
    sent.request.max_text_line = 4;
    assert_refused(&sent, MAILPROTO_ERR_LIMIT, "message: line 7 has 5 octets, and at most 4 may be in one");
    scene_end(&s);
}

static void check_read_fails(uint32_t flags)
{
    static const char *const to[] = {"a@example.test", NULL};
    char *text = large_text();
    struct scene s;
    struct sent sent;

    scene_begin(&s, NULL);
    scene_listen(&s);
    prepare(&sent, &s, to);
    sent.request.flags = flags | MAILPROTO_HOST_SEND_NO_CHUNKING;
    sent.request.read = read_text;
    sent.request.user = &sent;
    sent.text = text;
    sent.text_len = LARGE;
    sent.fail_at = LARGE / 2;
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_NOT_SENT);
    assert_int_equal(sent.outcome.why, MAILPROTO_ERR_BODY);
    assert_int_equal(sent.outcome.again, 0);
    assert_int_equal(s.messages, 0);
    scene_end(&s);
    free(text);
}

static void test_read_fails(void **state)
{
    (void)state;
    check_read_fails(0);
    check_read_fails(MAILPROTO_HOST_SEND_READ_AS_WORK);
}

static void test_large_message_from_memory(void **state)
{
    static const char *const to[] = {"a@example.test", NULL};
    char *text = large_text();
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    prepare(&sent, &s, to);
    sent.request.message = (mailproto_text){text, LARGE};
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_arrived(&s, text, LARGE);
    scene_end(&s);
    free(text);
}

static void test_line_ends(void **state)
{
    static const char *const to[] = {"a@example.test", NULL};
    static const struct {
        const char *given, *arrives;
    } rows[] = {
        {"a\n\nb", "a\r\n\r\nb\r\n"},
        {"a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"},
        {"a\r\n\r\nb", "a\r\n\r\nb\r\n"},
        {"a\r\rb\r", "a\r\n\r\nb\r\n"},
        {"a\n\r\n\rb\r\n", "a\r\n\r\n\r\nb\r\n"},
        {".\n..\n", ".\r\n..\r\n"},
        {"", ""},
        {"\xc3\xa9\n", "\xc3\xa9\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene s;
        struct sent sent;

        scene_begin(&s, NULL);
        scene_listen(&s);
        prepare(&sent, &s, to);
        sent.request.message = text_of(rows[i].given);
        run(&sent);
        assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
        assert_int_equal(s.body.len, strlen(rows[i].arrives));
        if (s.body.len)
            assert_memory_equal(s.body.ptr, rows[i].arrives, s.body.len);
        scene_end(&s);
    }
}

/* ---- credentials ---- */

static void check_login(const char *password, uint32_t flags, uint32_t outcome, int32_t why, unsigned auths)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent sent;

    scene_begin(&s, NULL);
    s.server_flags = MAILPROTO_SMTP_SERVER_SUBMISSION | MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH;
    s.offer = MAILPROTO_SMTP_EXT_DEFAULT | MAILPROTO_SMTP_EXT_AUTH;
    scene_listen(&s);
    prepare(&sent, &s, to);
    snprintf(s.url, sizeof s.url, "submission://alice@%s", s.where);
    sent.request.url = text_of(s.url);
    sent.request.flags = flags;
    sent.request.password = text_of(password);
    run(&sent);
    assert_int_equal(sent.outcome.outcome, outcome);
    assert_int_equal(sent.outcome.why, why);
    assert_int_equal(sent.outcome.authenticated, outcome == MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(s.auths, auths);
    assert_int_equal(sent.outcome.withheld, !auths);
    assert_int_equal(sent.outcome.exposed, 0); /* it did not leave this machine */
    assert_int_equal(*sent.reason != 0, outcome != MAILPROTO_SMTP_ACCEPTED);
    assert_null(strstr(sent.sentence, password));
    scene_end(&s);
}

static void test_credentials(void **state)
{
    (void)state;
    check_login("secret", MAILPROTO_HOST_SEND_CLEARTEXT_LOOPBACK, MAILPROTO_SMTP_ACCEPTED, 0, 1);
    check_login("secret", MAILPROTO_HOST_SEND_CLEARTEXT, MAILPROTO_SMTP_ACCEPTED, 0, 1);
    check_login("hunter2", MAILPROTO_HOST_SEND_CLEARTEXT_LOOPBACK, MAILPROTO_SMTP_NOT_SENT, MAILPROTO_ERR_AUTH, 1);
    /* nothing is said where it is not allowed */
    check_login("secret", 0, MAILPROTO_SMTP_NOT_SENT, MAILPROTO_ERR_AUTH, 0);
}

/* The conversation on standard error: everything but the credentials and the message. */
static void test_trace(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent sent;
    char said[8000] = "";
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    size_t n;

    (void)state;
    assert_non_null(file);
    scene_begin(&s, NULL);
    s.server_flags = MAILPROTO_SMTP_SERVER_SUBMISSION | MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH;
    s.offer = MAILPROTO_SMTP_EXT_DEFAULT | MAILPROTO_SMTP_EXT_AUTH;
    scene_listen(&s);
    prepare(&sent, &s, to);
    sent.request.flags = MAILPROTO_HOST_SEND_TRACE | MAILPROTO_HOST_SEND_CLEARTEXT_LOOPBACK;
    sent.request.user_name = text_of("alice");
    sent.request.password = text_of("secret");
    dup2(fileno(file), STDERR_FILENO);
    run(&sent);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    n = fread(said, 1, sizeof said - 1, file);
    assert_true(n > 0);
    fclose(file);
    assert_int_equal(strncmp(said, "S: 220 mx.example.test", 22), 0);
    assert_non_null(strstr(said, "\nC: EHLO "));
    assert_non_null(strstr(said, " octets, hidden)\n"));
    assert_non_null(strstr(said, "\nC: (message text, "));
    assert_null(strstr(said, "AGFsaWNlAHNlY3JldA")); /* \0alice\0secret */
    assert_null(strstr(said, "Hello."));
    scene_end(&s);
}

/* ---- servers that cannot be reached, or say nothing ---- */

static uint32_t closed_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void test_connection_refused(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent sent;
    char url[80], expected[200];
    uint32_t port = closed_port();

    (void)state;
    scene_begin(&s, NULL);
    snprintf(url, sizeof url, "smtp://127.0.0.1:%u/", port);
    prepare(&sent, &s, to);
    sent.request.url = text_of(url);
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_NOT_SENT);
    assert_int_equal(sent.outcome.why, MAILPROTO_ERR_LOST);
    assert_int_equal(sent.outcome.stage, MAILPROTO_SMTP_STAGE_CONNECT);
    assert_int_equal(sent.outcome.connections, 0);
    assert_int_equal(sent.outcome.again, 1);
    assert_int_equal(sent.transactions, 0);
    snprintf(expected, sizeof expected,
             "not sent to bob@example.test: cannot connect to 127.0.0.1:%u: connection refused", port);
    assert_string_equal(sent.sentences[0], expected);
    assert_string_equal(sent.reason, expected + strlen("not sent to bob@example.test: "));
    scene_end(&s);
}

static void test_timeout(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    s.silent = 1;
    scene_listen(&s);
    prepare(&sent, &s, to);
    sent.request.wait_ms = 30;
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_NOT_SENT);
    assert_int_equal(sent.outcome.why, MAILPROTO_ERR_TIMEOUT);
    assert_int_equal(sent.outcome.again, 1);
    assert_int_equal(sent.outcome.connections, 1);
    scene_end(&s);
}

static void cut_it(struct scene *s)
{
    assert_int_equal(mailproto_host_connection_abort(s->last->connection, NULL, 0), MAILPROTO_OK);
}

/* All was sent, and the connection is gone before an answer comes: nobody knows. */
static void test_unknown(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    s.hold_end = 1;
    s.on_message = cut_it;
    scene_listen(&s);
    prepare(&sent, &s, to);
    run(&sent);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_UNKNOWN);
    assert_int_equal(sent.outcome.why, MAILPROTO_ERR_LOST);
    assert_int_equal(sent.outcome.unknown, 1);
    assert_int_equal(sent.outcome.again, 0);
    assert_non_null(strstr(sent.sentence, "had the whole message for bob@example.test and then gave no answer"));
    assert_non_null(strstr(sent.sentence, "second copy"));
    scene_end(&s);
}

/* ---- cancel, free ---- */

static void cancel_it(struct scene *s)
{
    struct sent *sent = s->test;

    s->on_body = s->on_message = NULL;
    assert_int_equal(mailproto_host_send_cancel(sent->sending), MAILPROTO_OK);
    assert_int_equal(sent->told, 0);
}

static void check_cancelled(struct sent *sent, uint32_t outcome)
{
    while (!sent->told)
        scene_run(sent->s);
    assert_int_equal(sent->outcome.outcome, outcome);
    assert_int_equal(sent->outcome.why, MAILPROTO_ERR_CANCELLED);
    assert_non_null(strstr(sent->sentence, "cancelled"));
}

static void test_cancel(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    char *text = text_of_size(HUGE);

    (void)state;
    for (int when = 0; when < 3; when++) {
        struct scene s;
        struct sent sent;

        scene_begin(&s, NULL);
        scene_listen(&s);
        prepare(&sent, &s, to);
        sent.request.message = (mailproto_text){text, HUGE};
        s.test = &sent;
        s.on_body = when == 1 ? cancel_it : NULL;
        s.on_message = when == 2 ? cancel_it : NULL;
        s.hold_end = 1;
        go(&sent);
        if (when == 0)
            cancel_it(&s);
        check_cancelled(&sent, when == 2 ? MAILPROTO_SMTP_UNKNOWN : MAILPROTO_SMTP_NOT_SENT);
        scene_end(&s);
    }
    free(text);
}

static int32_t read_and_cancel(uint64_t offset, void *buffer, size_t room, size_t *len, void *user)
{
    struct sent *sent = user;

    if (offset)
        cancel_it(sent->s);
    memset(buffer, 'a', room < 900 ? room : 900);
    *len = room < 900 ? room : 900;
    ((char *)buffer)[*len - 1] = '\n';
    return 0;
}

/* From inside of the host's own callback. */
static void test_cancel_in_read(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    prepare(&sent, &s, to);
    s.test = &sent;
    sent.request.read = read_and_cancel;
    sent.request.user = &sent;
    go(&sent);
    check_cancelled(&sent, MAILPROTO_SMTP_NOT_SENT);
    scene_end(&s);
}

static void stop_it(struct scene *s)
{
    s->on_body = s->on_message = NULL;
    mailproto_host_stop(s->host);
}

/* The host is freed: before anything, in mid-message, while the answer is awaited. The outcome comes all the same. */
static void test_host_is_freed(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    char *text = text_of_size(HUGE);

    (void)state;
    for (int when = 0; when < 4; when++) {
        struct scene s;
        struct sent sent;

        scene_begin(&s, NULL);
        scene_listen(&s);
        prepare(&sent, &s, to);
        s.on_body = when == 1 || when == 3 ? stop_it : NULL;
        s.on_message = when == 2 ? stop_it : NULL;
        s.hold_end = 1;
        sent.text = text;
        sent.text_len = HUGE;
        sent.request.message = (mailproto_text){text, HUGE};
        if (when == 3) {
            sent.request.read = read_text;
            sent.request.flags = MAILPROTO_HOST_SEND_READ_AS_WORK;
            sent.request.user = &sent;
        }
        go(&sent);
        if (when)
            scene_run(&s);
        assert_int_equal(sent.told, 0);
        scene_end(&s);
        assert_int_equal(sent.told, 1);
        assert_int_equal(sent.outcome.why, MAILPROTO_ERR_CANCELLED);
        assert_int_equal(sent.outcome.outcome, when == 2 ? MAILPROTO_SMTP_UNKNOWN : MAILPROTO_SMTP_NOT_SENT);
    }
    free(text);
}

/* ---- several at once, and one after the other ---- */

static unsigned both_told;

static void count_told(struct sent *sent)
{
    if (++both_told == 2)
        mailproto_host_stop(sent->s->host);
}

static void test_two_at_once(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent one, two;

    (void)state;
    both_told = 0;
    scene_begin(&s, NULL);
    scene_listen(&s);
    prepare(&one, &s, to);
    prepare(&two, &s, to);
    one.then = two.then = count_told;
    go(&one);
    go(&two);
    scene_run(&s);
    assert_int_equal(one.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(two.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    assert_int_equal(s.messages, 2);
    scene_end(&s);
}

static void send_again(struct sent *sent)
{
    struct sent *next = sent->s->test;

    go(next);
}

static void test_send_in_outcome(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent one, two;

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    prepare(&one, &s, to);
    prepare(&two, &s, to);
    one.then = send_again;
    s.test = &two;
    go(&one);
    while (!two.told)
        scene_run(&s);
    assert_int_equal(s.messages, 2);
    scene_end(&s);
}

/* ---- what is wrong on this side ---- */

static void test_requests_that_are_wrong(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL}, *const bad[] = {"bob@example.test", "b>b", NULL};
    static const struct {
        const char *url, *words;
    } urls[] = {
        {"", "empty"},
        {"http://example.test", "does not begin with smtp://"},
        {"smtp://", "names no host"},
        {"smtp:///x", "names no host"},
        {"smtp://example.test:0", "port"},
        {"smtp://example.test:65536", "port"},
        {"smtp://example.test:x", "port"},
        {"smtp://[::1", "not closed"},
        {"smtp://[::1]x", "not a port"},
        {"smtp://u:p@example.test", "password does not belong in a URL"},
        {"smtp://example.test/x", "path"},
        {"pop3://example.test", "url: it does not begin with smtp://, submission:// or lmtp://,"},
        {"smtp://a%zz@example.test", "hexadecimal"},
        {"smtp://a%00b@example.test", "control"},
    };
    struct scene s;
    struct sent sent;

    (void)state;
    scene_begin(&s, NULL);
    prepare(&sent, &s, to);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        sent.request.url = text_of(urls[i].url);
        assert_refused(&sent, MAILPROTO_ERR_ARG, urls[i].words);
    }
    prepare(&sent, &s, bad);
    sent.request.url = text_of("smtp://127.0.0.1:1");
    assert_refused(&sent, MAILPROTO_ERR_ARG, "recipients: <b>b> is not an address");
    prepare(&sent, &s, to);
    sent.request.url = text_of("smtp://127.0.0.1:1");
    sent.request.sender = text_of("a\r\nb");
    assert_refused(&sent, MAILPROTO_ERR_ARG, "sender: <a");
    sent.request.sender = text_of("");
    sent.request.message = (mailproto_text){"a\0b", 3};
    assert_refused(&sent, MAILPROTO_ERR_ARG, "message: there is a NUL octet in line 1,");
    sent.request.message = text_of("x");
    sent.request.max_text_line = 3;
    sent.request.message = text_of("xxx\rx\nxxxx\nxxxxx");
    assert_refused(&sent, MAILPROTO_ERR_LIMIT, "message: line 3 has 4 octets, and at most 3 may be in one");
    sent.request.max_text_line = 0;
    sent.request.recipients = NULL;
    assert_refused(&sent, MAILPROTO_ERR_ARG, "recipients: there is none");
    sent.request.recipients = sent.to;
    sent.request.hello = text_of("not a name");
    assert_refused(&sent, MAILPROTO_ERR_ARG, "hello: ");
    sent.request.hello = text_of("");
    sent.request.user_name = text_of("alice");
    assert_refused(&sent, MAILPROTO_ERR_ARG, "password: a user's name needs one");
    sent.request.password = text_of("secret");
    sent.request.tls = MAILPROTO_TLS_REQUIRED;
    assert_refused(&sent, MAILPROTO_ERR_CONFIG, "tls: it is asked for");
    sent.request.tls = 0;
    sent.request.url = text_of("smtps://127.0.0.1");
    assert_refused(&sent, MAILPROTO_ERR_CONFIG, "tls: it is asked for");
    scene_end(&s);
}

/* ---- without a loop ---- */

static void serve_one(void *argument)
{
    scene_run(argument);
}

static void test_send_now(void **state)
{
    static const char *const to[] = {"bob@example.test", NULL};
    struct scene s;
    struct sent sent;
    uv_thread_t thread;
    char why[200] = "";

    (void)state;
    scene_begin(&s, NULL);
    scene_listen(&s);
    s.on_gone = stop_it;
    prepare(&sent, &s, to);
    sent.s = NULL;
    assert_int_equal(uv_thread_create(&thread, serve_one, &s), 0);
    assert_int_equal(mailproto_host_send_now(&sent.request, on_outcome, &sent, why, sizeof why), MAILPROTO_OK);
    assert_int_equal(sent.told, 1);
    assert_int_equal(sent.outcome.outcome, MAILPROTO_SMTP_ACCEPTED);
    uv_thread_join(&thread);
    scene_end(&s);
    sent.request.url = text_of("nonsense");
    assert_int_equal(mailproto_host_send_now(&sent.request, never, &sent, why, sizeof why), MAILPROTO_ERR_ARG);
    assert_non_null(strstr(why, "does not begin with smtp://"));
    assert_int_equal(mailproto_host_send_now(&sent.request, never, &sent, NULL, 0), MAILPROTO_ERR_ARG);
}

/* ---- memory ---- */

/* Whatever allocation fails: an error, or an outcome; and nothing is left. */
static void test_memory_fails(void **state)
{
    static const char *const to[] = {"a@example.test", "nobody@example.test", "c@example.test", NULL};
    int failed;
    size_t at = 0;

    (void)state;
    do {
        struct scene s;
        struct sent sent;
        int32_t result;

        scene_begin(&s, NULL);
        s.rcpt_limit = 1;
        scene_listen(&s);
        prepare(&sent, &s, to);
        s.allocator.count = 0;
        s.allocator.failed = 0;
        s.allocator.fail_at = ++at;
        sent.request.wait_ms = 2000;
        result = mailproto_host_send(s.host, &sent.request, on_outcome, &sent, &sent.sending);
        if (result)
            assert_int_equal(result, MAILPROTO_ERR_NOMEM);
        while (!result && !sent.told)
            mailproto_host_run(s.host);
        failed = s.allocator.failed != 0;
        if (!failed)
            assert_int_equal(sent.outcome.accepted, 2);
        s.allocator.fail_at = 0;
        scene_end(&s);
    } while (failed);
    assert_true(at > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused_among_good),
        cmocka_unit_test(test_message_refused),
        cmocka_unit_test(test_too_many_then_a_second_transaction),
        cmocka_unit_test(test_many_recipients_in_groups),
        cmocka_unit_test(test_transactions_are_limited),
        cmocka_unit_test(test_lmtp),
        cmocka_unit_test(test_lmtp_over_a_unix_socket),
        cmocka_unit_test(test_message_is_read),
        cmocka_unit_test(test_message_is_read_as_work),
        cmocka_unit_test(test_message_is_read_twice),
        cmocka_unit_test(test_message_is_read_in_vain),
        cmocka_unit_test(test_read_fails),
        cmocka_unit_test(test_large_message_from_memory),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_connection_refused),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_in_read),
        cmocka_unit_test(test_host_is_freed),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_send_in_outcome),
        cmocka_unit_test(test_requests_that_are_wrong),
        cmocka_unit_test(test_send_now),
        cmocka_unit_test(test_memory_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
