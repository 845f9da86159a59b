/* pop3_arguments.c - fuzz target: whatever the POP3 client is asked to send arrives as exactly one command with exactly
 * these values, or is refused before an octet of it is sent.
 * RFC 1939, RFC 5034; include/mailproto/pop3_client.h.
 *
 * An input is an octet that chooses the login, four of numbers, and name and password with a tilde between. */
#include <mailproto/pop3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const char *const fuzz_before_message = NULL, *const fuzz_after_message = NULL;

enum { COUNT = 200, SIZE = 24 };
static const char message[SIZE + 1] = "Subject: x\r\n\r\n.a\r\nb\r\nc\r\n";

struct meeting {
    mailproto_text name, password;
    uint32_t login, numbers[4];
    mailproto_session *client, *server;
    mailproto_pop3_client *pop3_client;
    mailproto_pop3_server *pop3_server;
    unsigned auths, given, submitted, done, good, entries, retrieved, topped, committed;
};

static void broken(int line)
{
    fprintf(stderr, "broken: %s:%d\n", __FILE__, line);
    abort();
}

#define demand(kept) ((kept) ? (void)0 : broken(__LINE__))

static int equal(mailproto_text a, mailproto_text b)
{
    return a.len == b.len && (!a.len || !memcmp(a.ptr, b.ptr, a.len));
}

/* ---- the server's side: what arrived ---- */

static int32_t on_auth(mailproto_pop3_server *server, const mailproto_pop3_auth *e, void *user)
{
    struct meeting *m = user;

    demand(equal(e->name, m->name) && equal(e->password, m->password) && !e->authorization.len);
    demand(e->mechanism == m->login);
    m->auths++;
    return mailproto_pop3_server_accept(server, e->head.token);
}

static int32_t on_open(mailproto_pop3_server *server, const mailproto_pop3_open *e, void *user)
{
    (void)user;
    return mailproto_pop3_server_opened(server, e->head.token, COUNT, COUNT * SIZE);
}

static int32_t on_list(mailproto_pop3_server *server, const mailproto_pop3_list *e, void *user)
{
    struct meeting *m = user;

    demand(e->first == e->last && (e->first == m->numbers[0] || e->first == m->numbers[3]));
    demand(!mailproto_pop3_server_give(server, e->head.token, e->first, SIZE, "uid", 3));
    return mailproto_pop3_server_given(server, e->head.token);
}

static int32_t on_retrieve(mailproto_pop3_server *server, const mailproto_pop3_retrieve *e, void *user)
{
    struct meeting *m = user;

    demand(e->number == m->numbers[1]);
    demand(!e->top || e->lines == m->numbers[2]);
    m->topped += e->top;
    m->retrieved += !e->top;
    return mailproto_pop3_server_retrieving(server, e->head.token, SIZE);
}

static int32_t on_piece(mailproto_pop3_server *server, const mailproto_pop3_piece *e, void *user)
{
    size_t n = (size_t)(SIZE - e->offset);

    (void)user;
    return mailproto_session_piece(mailproto_pop3_server_session(server), e->head.token, message + e->offset,
                                   n < e->max ? n : e->max);
}

static int32_t on_commit(mailproto_pop3_server *server, const mailproto_pop3_commit *e, void *user)
{
    struct meeting *m = user;

    demand(e->first == m->numbers[3] && e->last == e->first && e->deleted == 1);
    m->committed++;
    return mailproto_pop3_server_committed(server, e->head.token, 0);
}

/* ---- the client's side ---- */

static int32_t on_credentials(mailproto_pop3_client *client, const mailproto_pop3_credentials *e, void *user)
{
    struct meeting *m = user;
    int32_t result = mailproto_pop3_client_credentials(client, e->head.token, NULL, 0, m->name.ptr, m->name.len,
                                                       m->password.ptr, m->password.len);

    m->given += result == MAILPROTO_OK;
    return result ? MAILPROTO_USE_DEFAULT : MAILPROTO_OK;
}

static int32_t on_entry(mailproto_pop3_client *client, const mailproto_pop3_entry *e, void *user)
{
    struct meeting *m = user;

    (void)client;
    demand(e->number == m->numbers[0]);
    m->entries++;
    return 0;
}

static int32_t on_done(mailproto_pop3_client *client, const mailproto_pop3_done *e, void *user)
{
    struct meeting *m = user;

    (void)client;
    m->done++;
    m->good += e->why == 0;
    demand(e->why == 0 || e->why == MAILPROTO_ERR_REFUSED || !m->auths);
    return 0;
}

/* ---- the meeting ---- */

static size_t carry(mailproto_session *from, mailproto_session *to)
{
    const uint8_t *data;
    size_t len, taken = 0;

    while (mailproto_session_deadline(from) <= 1)
        mailproto_session_tick(from, 1);
    mailproto_session_output(from, &data, &len);
    if (!len)
        return 0;
    if (mailproto_session_wants(to) & MAILPROTO_WANTS_READ) {
        mailproto_session_feed(to, data, len, 1, &taken);
        demand(taken);
    } else if (mailproto_session_wants(to) & MAILPROTO_WANTS_CLOSE) {
        taken = len;
    }
    mailproto_session_output_ack(from, taken);
    return taken;
}

static void open_sessions(struct meeting *m)
{
    mailproto_pop3_server_config sc;
    mailproto_pop3_client_config cc;
    mailproto_pop3_server_callbacks s;
    mailproto_pop3_client_callbacks c;

    mailproto_pop3_server_config_init(&sc, sizeof sc);
    sc.flags = MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
    mailproto_pop3_server_callbacks_init(&s, sizeof s);
    s.on_auth = on_auth;
    s.on_open = on_open;
    s.on_list = on_list;
    s.on_retrieve = on_retrieve;
    s.on_piece = on_piece;
    s.on_commit = on_commit;
    demand(!mailproto_pop3_server_new(&m->pop3_server, &sc, &s, NULL, m, NULL));
    mailproto_pop3_client_config_init(&cc, sizeof cc);
    cc.flags = MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN;
    cc.login[0] = m->login;
    mailproto_pop3_client_callbacks_init(&c, sizeof c);
    c.on_credentials = on_credentials;
    c.on_entry = on_entry;
    c.on_done = on_done;
    demand(!mailproto_pop3_client_new(&m->pop3_client, &cc, &c, NULL, m, NULL));
    m->client = mailproto_pop3_client_session(m->pop3_client);
    m->server = mailproto_pop3_server_session(m->pop3_server);
}

static int there(uint32_t number)
{
    return number >= 1 && number <= COUNT;
}

static void meet(struct meeting *m)
{
    uint64_t token;

    open_sessions(m);
    if (m->numbers[0]) {
        m->submitted += !mailproto_pop3_client_list(m->pop3_client, m->numbers[0], &token);
        m->submitted += !mailproto_pop3_client_uidl(m->pop3_client, m->numbers[0], &token);
    }
    m->submitted += !mailproto_pop3_client_retr(m->pop3_client, m->numbers[1], &token);
    m->submitted += !mailproto_pop3_client_top(m->pop3_client, m->numbers[1], m->numbers[2], &token);
    m->submitted += !mailproto_pop3_client_dele(m->pop3_client, m->numbers[3], &token);
    mailproto_session_finish(m->client);
    while (carry(m->client, m->server) | carry(m->server, m->client))
        ;
    demand(m->auths == m->given && m->done == m->submitted);
    demand(mailproto_session_wants(m->client) & MAILPROTO_WANTS_CLOSE);
    if (m->given) {
        demand(m->entries == (there(m->numbers[0]) ? 2 : 0));
        demand(m->retrieved == (unsigned)there(m->numbers[1]) && m->topped == m->retrieved);
        demand(m->committed == (unsigned)there(m->numbers[3]));
        demand(m->good == m->entries + m->retrieved + m->topped + m->committed);
    }
    mailproto_session_free(m->client);
    mailproto_session_free(m->server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t logins[] = {MAILPROTO_POP3_USER_PASS, MAILPROTO_SASL_PLAIN, MAILPROTO_SASL_LOGIN};
    struct meeting m = {0};
    const char *text = (const char *)data + 5, *tilde;

    if (size < 5 || size > 1 << 14)
        return 0;
    m.login = logins[data[0] % 3];
    for (int i = 0; i < 4; i++) /* some of them are far beyond the maildrop */
        m.numbers[i] = data[1 + i] > 250 ? UINT32_MAX - (255u - data[1 + i]) : data[1 + i];
    m.name = (mailproto_text){text, size - 5};
    tilde = memchr(text, '~', m.name.len);
    if (tilde) {
        m.password = (mailproto_text){tilde + 1, size - 5 - (size_t)(tilde + 1 - text)};
        m.name.len = (size_t)(tilde - text);
    }
    meet(&m);
    return 0;
}
