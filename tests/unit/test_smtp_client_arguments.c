/* test_smtp_client_arguments.c - what is submitted either goes on the wire as exactly one command with exactly those values,
 * read back by the server's grammar, or is refused. RFC 5321 section 4.1.2. */
#include "smtp/grammar.h"
#include "smtp_client_talk.h"

/* A client that is ready: everything is offered. */
static struct talk *open_ready(void)
{
    static const struct scene scene = {.name = "arguments",
                                       .script = "S: 220 mx.example\n"
                                                 "C: EHLO client.example\n"
                                                 "S: 250-mx.example\n"
                                                 "S: 250-PIPELINING\n"
                                                 "S: 250-SIZE\n"
                                                 "S: 250-8BITMIME\n"
                                                 "S: 250-SMTPUTF8\n"
                                                 "S: 250-AUTH PLAIN\n"
                                                 "S: 250 DSN\n"};
    struct talk *t = malloc(sizeof *t);

    assert_non_null(t);
    assert_int_equal(talk_open(t, &scene, TALK_NOW, NULL), MAILPROTO_OK);
    talk_run(t);
    return t;
}

static void close_talk(struct talk *t)
{
    mailproto_session_free(t->session);
    free(t);
}

static mailproto_text text_of(const char *text, size_t n)
{
    return (mailproto_text){text, n};
}

/* What the client says next: one line, without its CRLF. */
static mailproto_text said(struct talk *t)
{
    const char *begin = t->out + t->out_pos, *lf;
    size_t n;

    talk_pump(t);
    lf = memchr(begin, '\n', t->out_len - t->out_pos);
    assert_non_null(lf);
    n = (size_t)(lf - begin);
    assert_true(n > 0 && begin[n - 1] == '\r');
    assert_null(memchr(begin, '\r', n - 1));
    assert_null(memchr(begin, 0, n));
    t->out_pos += n + 1;
    return text_of(begin, n - 1);
}

static void assert_text(mailproto_text is, mailproto_text should)
{
    assert_int_equal(is.len, should.len);
    if (is.len)
        assert_memory_equal(is.ptr, should.ptr, is.len);
}

static int is_word(mailproto_text text, const char *word)
{
    return text.len == strlen(word) && !memcmp(text.ptr, word, text.len);
}

/* What one line must say again. */
struct values {
    mailproto_text path, envid, auth, type, orcpt;
    int has_auth;
};

/* Reads a MAIL or RCPT line as a server does. */
static void read_back(mailproto_text line, const char *verb, uint32_t path_flags, uint32_t flags, struct values *found)
{
    static char decoded[3][2048];
    const char *p = line.ptr + strlen(verb), *end = line.ptr + line.len, *semicolon;
    mailproto_text keyword, value;
    size_t n;
    int more;

    memset(found, 0, sizeof *found);
    assert_true(line.len <= 998);
    assert_memory_equal(line.ptr, verb, strlen(verb));
    n = mp_smtp_read_path(p, (size_t)(end - p), path_flags | flags, &found->path);
    assert_true(n > 0);
    p += n;
    while ((more = mp_smtp_next_parameter(&p, end, flags, &keyword, &value)) == 1) {
        if (is_word(keyword, "ENVID")) {
            assert_int_equal(mp_xtext_decode(decoded[0], value.ptr, value.len, &found->envid.len), 0);
            found->envid.ptr = decoded[0];
        } else if (is_word(keyword, "AUTH")) {
            found->has_auth = 1;
            if (!is_word(value, "<>"))
                assert_int_equal(mp_xtext_decode(decoded[1], value.ptr, value.len, &found->auth.len), 0);
            found->auth.ptr = decoded[1];
        } else if (is_word(keyword, "ORCPT")) {
            semicolon = memchr(value.ptr, ';', value.len);
            assert_non_null(semicolon);
            found->type = text_of(value.ptr, (size_t)(semicolon - value.ptr));
            assert_int_equal(mp_orcpt_decode(decoded[2], found->type, semicolon + 1, value.len - found->type.len - 1,
                                             flags, &found->orcpt.len),
                             0);
            found->orcpt.ptr = decoded[2];
        } else {
            assert_true(is_word(keyword, "SMTPUTF8"));
        }
    }
    assert_int_equal(more, 0);
}

/* Submits; if that is taken, what goes out says it again. Gives the result of the call that took or refused it. */
static int32_t round_trip(const mailproto_smtp_envelope *envelope, const mailproto_smtp_recipient *recipient)
{
    struct talk *t = open_ready();
    uint32_t flags = envelope->flags & MAILPROTO_SMTP_MAIL_SMTPUTF8 ? MP_SMTP_UTF8 : 0;
    struct values found;
    uint64_t command;
    int32_t result = mailproto_smtp_client_send(t->client, envelope, &command);

    if (!result)
        result = mailproto_smtp_client_send_to(t->client, command, recipient);
    if (result) {
        talk_pump(t);
        assert_int_equal(t->out_len, t->out_pos);
        close_talk(t);
        return result;
    }
    assert_int_equal(mailproto_smtp_client_send_go(t->client, command), MAILPROTO_OK);
    read_back(said(t), "MAIL FROM:", MP_SMTP_NULL_PATH, flags, &found);
    assert_text(found.path, envelope->sender);
    assert_text(found.envid, envelope->envid);
    assert_int_equal(found.has_auth, envelope->has_auth != 0);
    if (envelope->has_auth)
        assert_text(found.auth, envelope->auth);
    read_back(said(t), "RCPT TO:", MP_SMTP_POSTMASTER, flags, &found);
    assert_text(found.path, recipient->path);
    assert_text(found.orcpt, recipient->orcpt);
    if (recipient->orcpt.len)
        assert_text(found.type, recipient->orcpt_type.len ? recipient->orcpt_type : text_of("rfc822", 6));
    assert_text(said(t), text_of("DATA", 4));
    assert_int_equal(t->out_len, t->out_pos);
    close_talk(t);
    return MAILPROTO_OK;
}

static void plain(mailproto_smtp_envelope *envelope, mailproto_smtp_recipient *recipient)
{
    talk_envelope(envelope);
    mailproto_smtp_recipient_init(recipient, sizeof *recipient);
    recipient->path = text_of("b@y.example", 11);
}

/* ---- paths ---- */

static const struct {
    const char *path;
    int good; /* bit 1: as it is; bit 2: with SMTPUTF8; bit 4: as recipient only */
} paths[] = {
    {"a@x.example", 3},
    {"a.b+c=d@x", 3},
    {"\"a b\"@x.example", 3},
    {"\"a\\\"b\"@x.example", 3},
    {"\"a> ORCPT=b\"@y", 3},
    {"a@[192.0.2.1]", 3},
    {"a@[IPv6:2001:db8::1]", 3},
    {"\xc3\xa9@x.example", 2},
    {"a@\xc3\xa9.example", 2},
    {"\"\xc3\xa9\"@x.example", 2},
    {"Postmaster", 7},
    {"postMASTER", 7},
    {"a@x> ORCPT=b\"@y", 0},
    {"a@x> SIZE=1", 0},
    {"<a@x>", 0},
    {"@route:a@x.example", 0},
    {"a b@x.example", 0},
    {"a", 0},
    {"@x.example", 0},
    {"a@", 0},
    {"a@x..example", 0},
    {".a@x.example", 0},
    {"\"a@x.example", 0},
    {"a@x.example ", 0},
    {" a@x.example", 0},
    {"a@[192.0.2.1", 0},
    {"a@x.example,b@x.example", 0},
    {"\xff@x.example", 0},
    {"\xc3@x.example", 0},
};

static void path_grammar(void **state)
{
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        for (int utf8 = 0; utf8 < 2; utf8++) {
            mailproto_text path = text_of(paths[i].path, strlen(paths[i].path));
            int good = paths[i].good & (utf8 ? 2 : 1);

            plain(&envelope, &recipient);
            envelope.flags = utf8 ? MAILPROTO_SMTP_MAIL_SMTPUTF8 : 0;
            recipient.path = path;
            assert_int_equal(round_trip(&envelope, &recipient), good ? MAILPROTO_OK : MAILPROTO_ERR_ARG);
            plain(&envelope, &recipient);
            envelope.flags = utf8 ? MAILPROTO_SMTP_MAIL_SMTPUTF8 : 0;
            envelope.sender = path;
            assert_int_equal(round_trip(&envelope, &recipient),
                             good && !(paths[i].good & 4) ? MAILPROTO_OK : MAILPROTO_ERR_ARG);
        }
}

static void path_length(void **state)
{
    char path[300];
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;

    (void)state;
    memset(path, 'a', sizeof path);
    for (size_t i = 40; i < sizeof path; i += 50)
        path[i] = '.';
    path[10] = '@';
    plain(&envelope, &recipient);
    envelope.sender = recipient.path = text_of(path, 254);
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_OK);
    recipient.path.len = 255;
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
    recipient.path = text_of("", 0);
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
    envelope.sender = text_of(NULL, 0);
    recipient.path = text_of("b@y.example", 11);
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_OK);
    envelope.sender = text_of(NULL, 1);
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
}

/* ---- every octet in every text ---- */

enum { SENDER, ENVID, AUTH, PATH, ORCPT, ORCPT_UTF8, ORCPT_TYPE, FIELDS };

static int32_t with_octet(int field, int octet, int place, int utf8)
{
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    char text[] = "abc@x.example";
    size_t n = field == ENVID || field == ORCPT_TYPE ? 3 : strlen(text);

    text[place] = (char)octet;
    plain(&envelope, &recipient);
    envelope.flags = utf8 ? MAILPROTO_SMTP_MAIL_SMTPUTF8 : 0;
    switch (field) {
    case SENDER:
        envelope.sender = text_of(text, n);
        break;
    case ENVID:
        envelope.envid = text_of(text, n);
        break;
    case AUTH:
        envelope.has_auth = 1;
        envelope.auth = text_of(text, n);
        break;
    case PATH:
        recipient.path = text_of(text, n);
        break;
    case ORCPT:
        recipient.orcpt = text_of(text, n);
        break;
    case ORCPT_UTF8:
        recipient.orcpt_type = text_of("utf-8", 5);
        recipient.orcpt = text_of(text, n);
        break;
    default:
        recipient.orcpt_type = text_of(text, n);
        recipient.orcpt = text_of("abc", 3);
        break;
    }
    return round_trip(&envelope, &recipient);
}

static void every_octet(void **state)
{
    (void)state;
    for (int field = 0; field < FIELDS; field++)
        for (int octet = 0; octet < 256; octet++)
            for (int place = 0; place < 3; place++)
                for (int utf8 = 0; utf8 < 2; utf8++) {
                    int32_t result = with_octet(field, octet, place, utf8);

                    if (octet < ' ' || octet >= 0x7f) /* a control, or no UTF-8 by itself */
                        assert_int_equal(result, MAILPROTO_ERR_ARG);
                    else if (octet >= 'a' && octet <= 'z')
                        assert_int_equal(result, MAILPROTO_OK);
                    else
                        assert_true(result == MAILPROTO_OK || result == MAILPROTO_ERR_ARG);
                }
}

static void xtext_and_utf8(void **state)
{
    static const char *const orcpts[] = {"b@y.example", "a+b=c d@y", "\xc3\xa9@y.example", "\\x{41}@y", "x\\y"};
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;

    (void)state;
    for (size_t i = 0; i < sizeof orcpts / sizeof orcpts[0]; i++)
        for (int utf8 = 0; utf8 < 2; utf8++) {
            plain(&envelope, &recipient);
            envelope.flags = utf8 ? MAILPROTO_SMTP_MAIL_SMTPUTF8 : 0;
            recipient.orcpt_type = text_of("utf-8", 5);
            recipient.orcpt = text_of(orcpts[i], strlen(orcpts[i]));
            assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_OK);
        }
}

/* ---- lengths ---- */

static void lengths(void **state)
{
    static char text[600];
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;

    (void)state;
    memset(text, 'e', sizeof text);
    plain(&envelope, &recipient);
    envelope.envid = text_of(text, 100);
    recipient.orcpt = text_of(text, 493);
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_OK);
    recipient.orcpt.len = 494;
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
    recipient.orcpt.len = 1;
    envelope.envid.len = 101;
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
    memset(text, '=', 34); /* each becomes three */
    envelope.envid.len = 34;
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
    envelope.envid.len = 33;
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_OK);
}

/* ---- numbers and flags ---- */

static void numbers(void **state)
{
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;

    (void)state;
    plain(&envelope, &recipient);
    envelope.flags = 4;
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
    plain(&envelope, &recipient);
    envelope.body = 3;
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
    plain(&envelope, &recipient);
    envelope.ret = 3;
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
    for (uint32_t notify = 16; notify < 18; notify++) {
        plain(&envelope, &recipient);
        recipient.notify = notify;
        assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
    }
    recipient.notify = MAILPROTO_SMTP_NOTIFY_NEVER | MAILPROTO_SMTP_NOTIFY_DELAY;
    assert_int_equal(round_trip(&envelope, &recipient), MAILPROTO_ERR_ARG);
}

/* ---- simple commands ---- */

typedef int32_t (*simple_command)(mailproto_smtp_client *, const char *, size_t, uint64_t *);

static void simple_arguments(void **state)
{
    static const struct {
        simple_command submit;
        const char *verb;
    } commands[] = {{mailproto_smtp_client_vrfy, "VRFY "},
                    {mailproto_smtp_client_expn, "EXPN "},
                    {mailproto_smtp_client_help, "HELP "}};
    char line[600];

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        for (int octet = 0; octet < 256; octet++)
            for (int place = 0; place < 3; place++) {
                struct talk *t = open_ready();
                char text[3] = {'a', 'b', 'c'};
                uint64_t token;
                int32_t result;
                int space = octet == ' ' && place != 1;

                text[place] = (char)octet;
                result = commands[i].submit(t->client, text, 3, &token);
                assert_int_equal(result, octet < ' ' || octet > '~' || space ? MAILPROTO_ERR_ARG : MAILPROTO_OK);
                if (!result) {
                    memcpy(line, commands[i].verb, 5);
                    memcpy(line + 5, text, 3);
                    assert_text(said(t), text_of(line, 8));
                }
                talk_pump(t);
                assert_int_equal(t->out_len, t->out_pos);
                close_talk(t);
            }
}

static void simple_lengths(void **state)
{
    struct talk *t = open_ready();
    char text[600];
    uint64_t token;

    (void)state;
    memset(text, 'v', sizeof text);
    assert_int_equal(mailproto_smtp_client_vrfy(t->client, text, 506, &token), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_vrfy(t->client, text, 0, &token), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_expn(t->client, NULL, 1, &token), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_noop(t->client, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_noop(NULL, &token), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_vrfy(t->client, text, 505, &token), MAILPROTO_OK);
    assert_int_equal(said(t).len, 510);
    close_talk(t);
}

/* ---- calls out of order ---- */

static void states(void **state)
{
    struct talk *t = open_ready();
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    uint64_t command, noop;

    (void)state;
    plain(&envelope, &recipient);
    assert_int_equal(mailproto_smtp_client_send(NULL, &envelope, &command), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_send(t->client, NULL, &command), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_send(t->client, &envelope, NULL), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_smtp_client_send(t->client, &envelope, &command), MAILPROTO_OK);
    assert_true(command != 0 && command < UINT64_C(1) << 53);
    assert_int_equal(mailproto_smtp_client_send_go(t->client, command), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_smtp_client_send_go(t->client, command + 1), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_smtp_client_send_to(t->client, command + 1, &recipient), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_smtp_client_send_to(t->client, command, &recipient), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_go(t->client, command), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_go(t->client, command), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_smtp_client_send_to(t->client, command, &recipient), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_smtp_client_noop(t->client, &noop), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send_to(t->client, noop, &recipient), MAILPROTO_ERR_TOKEN);
    talk_pump(t);
    assert_int_equal(mailproto_smtp_client_send_to(t->client, command, &recipient), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_session_cancel(t->session, noop), MAILPROTO_OK);
    assert_int_equal(mailproto_session_cancel(t->session, noop + 99), MAILPROTO_ERR_TOKEN);
    assert_int_equal(mailproto_session_finish(t->session), MAILPROTO_OK);
    assert_int_equal(mailproto_smtp_client_send(t->client, &envelope, &command), MAILPROTO_ERR_STATE);
    assert_int_equal(mailproto_smtp_client_noop(t->client, &noop), MAILPROTO_ERR_STATE);
    close_talk(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_grammar),     cmocka_unit_test(path_length),    cmocka_unit_test(every_octet),
        cmocka_unit_test(xtext_and_utf8),   cmocka_unit_test(lengths),        cmocka_unit_test(numbers),
        cmocka_unit_test(simple_arguments), cmocka_unit_test(simple_lengths), cmocka_unit_test(states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
