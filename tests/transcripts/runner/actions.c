/* actions.c - the steps of a transcript that are the host's: verbs, time, the handshake, answers that waited.
 * mailproto/session.h. */
#include <string.h>

#include "logins.h"
#include "record_layer.h"
#include "role.h"

static void start_tls(struct play *p, const struct words *words)
{
    mailproto_tls_info info;

    mailproto_tls_info_init(&info, sizeof info);
    login_tls(p, words, &info);
    if (p->layer) {
        if (!record_layer_greeted(p->layer))
            play_fail(p, 0, "the layer was not asked for a handshake");
        record_layer_hello(p->layer, &info, &p->input);
        return;
    }
    if (!(mailproto_session_wants(p->session) & MAILPROTO_WANTS_TLS))
        play_fail(p, 0, "TLS is not wanted");
    if (mailproto_session_tls_started(p->session, &info) && !p->v->lenient)
        play_fail(p, 0, "tls_started was refused");
}

static void check_wants(struct play *p, const struct words *words)
{
    static const struct word names[] = {{"READ", MAILPROTO_WANTS_READ},   {"WRITE", MAILPROTO_WANTS_WRITE},
                                        {"HOST", MAILPROTO_WANTS_HOST},   {"TLS", MAILPROTO_WANTS_TLS},
                                        {"CLOSE", MAILPROTO_WANTS_CLOSE}, {NULL, 0}};
    uint32_t want = 0, bits, got = mailproto_session_wants(p->session);
    struct buffer text = {0};

    for (size_t i = 1; i < words->count; i++)
        if (!word_to_bits(names, words->word[i], &bits))
            want |= bits;
        else if (!word_is(words->word[i], "NOTHING"))
            play_fail(p, 0, "unknown word after WANTS");
    if (want != got && !p->v->lenient && !p->layer) {
        buffer_bits(&text, names, got);
        play_fail(p, 0, "expected: %s\n     got: WANTS %s", p->t->steps[p->step].raw, buffer_string(&text));
    }
    buffer_free(&text);
}

static void give_answer(struct play *p, const struct words *words, const char *line)
{
    for (size_t i = 0; i < p->pending_count; i++) {
        struct pending pending = p->pending[i];

        if (words->count < 3 || pending.name.len != words->word[1].len ||
            memcmp(pending.name.ptr, words->word[1].ptr, pending.name.len) != 0)
            continue;
        p->pending[i] = p->pending[--p->pending_count];
        pending.answer = after_words(line, 2);
        play_now(p, &pending);
        return;
    }
    if (!p->v->lenient)
        play_fail(p, 0, "no request waits for that answer");
}

static void signed_number(const struct words *words, uint64_t *number)
{
    mailproto_text word = words->count > 1 ? words->word[1] : (mailproto_text){"", 0};

    if (word.len && *word.ptr == '+') {
        word.ptr++;
        word.len--;
    }
    if (word_number(word, 0, number))
        *number = 0;
}

static void do_eof(struct play *p)
{
    if (p->layer && p->tls) {
        record_layer_goodbye(p->layer, &p->input);
        return;
    }
    play_verb(p, mailproto_session_eof(p->session, p->now));
}

static void do_lost(struct play *p, const struct words *words)
{
    int32_t why = MAILPROTO_ERR_LOST;

    if (words->count > 1 && parse_result(words->word[1], &why))
        play_fail(p, 0, "unknown result");
    play_verb(p, mailproto_session_lost(p->session, why, NULL, 0, p->now));
}

void play_act(struct play *p, const char *line)
{
    struct words words;
    uint64_t number = 0;
    mailproto_text verb;

    if (parse_words(p->pool, line, &words)) {
        play_fail(p, 0, "malformed words");
        return;
    }
    verb = words.word[0];
    signed_number(&words, &number);
    if (word_is(verb, "TICK"))
        play_advance(p, number);
    else if (word_is(verb, "WALL"))
        mailproto_session_set_wall(p->session, (int64_t)number);
    else if (word_is(verb, "EOF"))
        do_eof(p);
    else if (word_is(verb, "LOST"))
        do_lost(p, &words);
    else if (word_is(verb, "HOLD"))
        mailproto_session_hold(p->session);
    else if (word_is(verb, "RELEASE"))
        mailproto_session_release(p->session);
    else if (word_is(verb, "FINISH"))
        mailproto_session_finish(p->session);
    else if (word_is(verb, "TLS"))
        start_tls(p, &words);
    else if (word_is(verb, "WANTS"))
        check_wants(p, &words);
    else if (word_is(verb, "ANSWER"))
        give_answer(p, &words, line);
    else if (word_is(verb, "DO"))
        play_perform(p, pool_copy(p->pool, line, strlen(line)), NULL, 0, 0, 0);
}
