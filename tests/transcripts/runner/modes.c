/* modes.c - all the ways a transcript is played in, and that the octets on the wire are the same in all of them.
 * contract.md section 5.1. */
#include "modes.h"

#include <stdio.h>
#include <string.h>

enum { MANY = 1500, SEEDS = 8, LAYER_SEEDS = 6 };

struct run {
    const struct transcript *t;
    struct count *count;
    struct outcome first;
    unsigned every;
};

static int same_wire(const struct run *r, const struct outcome *outcome)
{
    return outcome->wire.len == r->first.wire.len &&
           (!outcome->wire.len || !memcmp(outcome->wire.ptr, r->first.wire.ptr, outcome->wire.len));
}

static int play_one(struct run *r, const struct variation *v)
{
    struct outcome outcome = {0};
    int failed = play(r->t, v, &outcome, NULL);

    r->count->plays++;
    if (failed && !v->quiet)
        fputs(buffer_string(&outcome.failure), stderr);
    else if (!failed && !v->lenient && !same_wire(r, &outcome)) {
        fprintf(stderr, "%s: the octets on the wire differ from those of the first play\n", r->t->path);
        failed = 1;
    }
    outcome_free(&outcome);
    return failed;
}

/* How far apart the tried places lie. */
static size_t stride(const struct run *r, size_t places)
{
    size_t n = r->every;

    return places / n > MANY ? places / MANY + 1 : n;
}

static int play_splits(struct run *r)
{
    struct variation v = {.split = SPLIT_OCTETS, .trace = 1};

    if (play_one(r, &v))
        return 1;
    v = (struct variation){.split = SPLIT_AT};
    for (v.at = 1; v.at < r->first.input; v.at += stride(r, r->first.input))
        if (play_one(r, &v))
            return 1;
    return 0;
}

static int play_allocations(struct run *r)
{
    struct variation v = {.lenient = 1};

    for (v.fail_at = 1; v.fail_at <= r->first.allocations; v.fail_at++)
        for (v.fail_on = 0; v.fail_on < 2; v.fail_on++) {
            v.polled = v.fail_at & 1;
            if (play_one(r, &v))
                return 1;
        }
    return 0;
}

static int has_action(const struct transcript *t, const char *verb)
{
    size_t n = strlen(verb);

    for (size_t i = 0; i < t->count; i++)
        if (t->steps[i].kind == STEP_ACTION && !strncmp(t->steps[i].words, verb, n))
            return 1;
    return 0;
}

static int any_answer_has(const struct transcript *t, const char *word)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->steps[i].kind == STEP_EVENT && t->steps[i].answer && strstr(t->steps[i].answer, word))
            return 1;
    return 0;
}

static int configured(const struct transcript *t, const char *key)
{
    mailproto_text value;

    for (size_t i = 0; i < t->config_count; i++)
        if (word_value(t->config[i], key, &value))
            return 1;
    return 0;
}

/* Polled sessions have all "callbacks"; a transcript about a missing one is about callbacks only. */
static int may_poll(const struct transcript *t)
{
    return !configured(t, "without");
}

/* A transcript that holds, or ends a session in the middle of open requests, says when; others may have it at random. */
static int may_hold(const struct transcript *t)
{
    return !has_action(t, "HOLD") && !any_answer_has(t, "hold") && !has_action(t, "WANTS");
}

static int may_open_more(const struct transcript *t)
{
    return strstr(t->role, "smtp-server") && !configured(t, "max_open") && !any_answer_has(t, "close") &&
           !any_answer_has(t, "421") && !any_answer_has(t, "wait") && !any_answer_has(t, "finish");
}

static int play_answers(struct run *r)
{
    struct variation v = {.polled = 1};

    if (may_poll(r->t)) {
        if (play_one(r, &v))
            return 1;
        v.split = SPLIT_OCTETS;
        if (play_one(r, &v))
            return 1;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (unsigned kind = 0; kind < 16; kind++) {
            v = (struct variation){
                .seed = seed * 16 + kind,
                .split = seed & 1 ? SPLIT_RANDOM : SPLIT_WHOLE,
                .later = kind & 1,
                .polled = (kind & 2) && may_poll(r->t),
                .hold = (kind & 4) && may_hold(r->t),
                .narrow = (kind & 8) != 0,
                .open = (seed & 2) && may_open_more(r->t),
                .trace = seed & 4 ? 1 : 0,
            };
            if (play_one(r, &v))
                return 1;
        }
    return 0;
}

static int has_event(const struct transcript *t, const char *text)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->steps[i].kind == STEP_EVENT && strstr(t->steps[i].words, text))
            return 1;
    return 0;
}

/* Behind a layer, octets where the handshake is due are the layer's affair: it finds that they are no handshake. */
static int may_layer(const struct transcript *t)
{
    return !has_event(t, "ERR_TLS") && !(has_action(t, "EOF") && configured(t, "tls")) && !has_action(t, "HOLD");
}

static int play_layers(struct run *r)
{
    for (uint64_t seed = 1; may_layer(r->t) && seed <= LAYER_SEEDS; seed++) {
        struct variation v = {
            .seed = seed,
            .layer = 1,
            .split = seed == 1   ? SPLIT_WHOLE
                     : seed == 2 ? SPLIT_OCTETS
                                 : SPLIT_RANDOM,
            .later = seed > 2 && (seed & 1),
            .polled = seed > 3 && may_poll(r->t),
            .narrow = seed > 4,
        };

        if (play_one(r, &v))
            return 1;
    }
    return 0;
}

/* The peer half-closes, or is gone, at each octet. */
static int play_cuts(struct run *r)
{
    struct variation v = {.lenient = 1};

    for (v.cut_at = 0; v.cut_at <= r->first.input; v.cut_at += stride(r, r->first.input))
        for (int cut = CUT_EOF; cut <= CUT_LOST; cut++) {
            v.cut = cut == CUT_EOF ? CUT_EOF : CUT_LOST;
            v.later = v.cut_at & 1;
            v.polled = (v.cut_at & 2) && may_poll(r->t);
            v.seed = v.later ? v.cut_at : 0;
            if (play_one(r, &v))
                return 1;
        }
    return 0;
}

/* free and finish in every event. */
static int play_ends(struct run *r)
{
    for (size_t i = 1; i <= r->first.events; i++) {
        struct variation v = {.lenient = 1, .free_at = i};

        if (play_one(r, &v))
            return 1;
        v.polled = may_poll(r->t);
        if (play_one(r, &v))
            return 1;
        v = (struct variation){.lenient = 1, .finish_at = i};
        if (play_one(r, &v))
            return 1;
    }
    return 0;
}

static int play_masked(struct run *r)
{
    struct variation v = {.masked = 1, .quiet = 1};

    if (!r->t->capability)
        return 0;
    if (play_one(r, &v))
        return 0;
    fprintf(stderr, "%s: it passes without %s, which it is there to show\n", r->t->path, r->t->capability);
    return 1;
}

static int play_ways(struct run *r)
{
    struct variation v = {.trace = 1};

    r->count->plays++;
    if (play(r->t, &v, &r->first, NULL)) {
        fputs(buffer_string(&r->first.failure), stderr);
        return 1;
    }
    return play_splits(r) || play_allocations(r) || play_answers(r) || play_layers(r) || play_cuts(r) || play_ends(r) ||
           play_masked(r);
}

int play_all(const struct transcript *t, unsigned every, struct count *count)
{
    struct run r = {.t = t, .count = count, .every = every};
    int failed = play_ways(&r);

    outcome_free(&r.first);
    count->transcripts++;
    count->failures += failed != 0;
    return failed;
}
