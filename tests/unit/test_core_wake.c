/* test_core_wake.c - a session wakes its host when something outside of its verbs lets it move: once, and only then.
 * contract.md section 2, "Waking"; include/mailproto/session.h, mailproto_session_set_wake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/allocator.h"
#include "support/records.h"
#include "support/toy.h"

/* A session and its host, driven by hand: requests stay open, wakes are counted. */
struct scene {
    toy *toy;
    mailproto_session *s; /* the one that is driven: the layer if there is one */
    struct test_allocator memory;
    struct test_records records;
    uint64_t tokens[8];
    size_t asked;
    int wakes;
    mailproto_session *waked; /* what the last wake named */
    uint64_t deadline;        /* as it was seen from inside of it */
    int answer_at_once;
    struct scene *other; /* its first request is answered from inside of our callbacks */
};

static int32_t seen(toy *t, const mailproto_event *event, void *user)
{
    struct scene *scene = user;

    if (event->type == TOY_CONNECT)
        return toy_answer(t, event->token, 1, 0);
    if (event->token)
        scene->tokens[scene->asked++] = event->token;
    if (event->token && scene->answer_at_once)
        return toy_answer(t, event->token, 1, 0);
    if (event->token && scene->other)
        assert_int_equal(toy_answer(scene->other->toy, scene->other->tokens[0], 1, 0), MAILPROTO_OK);
    return 0;
}

static void wake(mailproto_session *s, void *user)
{
    struct scene *scene = user;

    scene->wakes++;
    scene->waked = s;
    scene->deadline = mailproto_session_deadline(s);
}

static void make(struct scene *scene, int polled, int implicit_tls)
{
    const struct toy_config config = {.max_open = 8, .implicit_tls = implicit_tls};

    memset(scene, 0, sizeof *scene);
    test_allocator_init(&scene->memory);
    assert_int_equal(toy_new(&scene->toy, &config, polled ? NULL : seen, &scene->memory.api, scene), MAILPROTO_OK);
    scene->s = toy_session(scene->toy);
}

/* Does all there is to do, and throws away what it says. */
static void settle(struct scene *scene)
{
    const uint8_t *data;
    size_t len;

    for (;;) {
        while (mailproto_session_deadline(scene->s) <= 1)
            mailproto_session_tick(scene->s, 1);
        mailproto_session_output(scene->s, &data, &len);
        if (!len && mailproto_session_deadline(scene->s) > 1)
            return;
        mailproto_session_output_ack(scene->s, len);
    }
}

static void feed(struct scene *scene, const char *text)
{
    size_t left = strlen(text), taken;

    while (left) {
        mailproto_session_feed(scene->s, text, left, 1, &taken);
        assert_true(taken);
        text += taken;
        left -= taken;
    }
}

static void begin(struct scene *scene)
{
    make(scene, 0, 0);
    assert_int_equal(mailproto_session_set_wake(scene->s, wake, scene), MAILPROTO_OK);
    settle(scene);
    assert_int_equal(scene->wakes, 0); /* a new session is looked at anyway */
}

static void end(struct scene *scene)
{
    int wakes = scene->wakes;

    mailproto_session_free(scene->s);
    assert_int_equal(scene->wakes, wakes);
    assert_int_equal(scene->memory.live, 0);
}

static int32_t answer(struct scene *scene, size_t i)
{
    return toy_answer(scene->toy, scene->tokens[i], 1, 0);
}

static void test_late_answers(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene);
    feed(&scene, "ASK 1\r\nASK 2\r\nASK 3\r\nASK 4\r\n");
    settle(&scene);
    assert_int_equal(scene.asked, 4);
    assert_int_equal(scene.wakes, 0);
    assert_int_equal(answer(&scene, 1), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 1);
    assert_ptr_equal(scene.waked, scene.s);
    assert_int_equal(scene.deadline, 0);
    assert_int_equal(answer(&scene, 0), MAILPROTO_OK); /* nobody has looked since */
    assert_int_equal(mailproto_session_hold(scene.s), MAILPROTO_OK);
    assert_int_equal(mailproto_session_release(scene.s), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 1);
    assert_int_equal(answer(&scene, 0), MAILPROTO_ERR_TOKEN);
    settle(&scene);
    assert_int_equal(answer(&scene, 0), MAILPROTO_ERR_TOKEN); /* what changes nothing wakes nobody */
    assert_int_equal(scene.wakes, 1);
    assert_int_equal(answer(&scene, 3), MAILPROTO_OK); /* not its turn: the host looks all the same */
    assert_int_equal(scene.wakes, 2);
    settle(&scene);
    assert_int_equal(mailproto_session_fail(scene.s, scene.tokens[2]), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 3);
    end(&scene);
}

/* Each of the verbs is a look, also one that brings nothing. */
static void test_looks(void **state)
{
    struct scene scene;
    const uint8_t *data;
    size_t n;

    (void)state;
    begin(&scene);
    feed(&scene, "ASK 1\r\nASK 2\r\nASK 3\r\nASK 4\r\n");
    settle(&scene);
    assert_int_equal(answer(&scene, 3), MAILPROTO_OK);
    mailproto_session_output(scene.s, &data, &n);
    assert_int_equal(answer(&scene, 2), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 2);
    mailproto_session_tick(scene.s, 1);
    assert_int_equal(answer(&scene, 1), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 3);
    mailproto_session_feed(scene.s, "", 0, 1, &n);
    assert_int_equal(answer(&scene, 0), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 4);
    mailproto_session_eof(scene.s, 1);
    assert_int_equal(mailproto_session_finish(scene.s), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 5);
    mailproto_session_lost(scene.s, MAILPROTO_ERR_LOST, NULL, 0, 1);
    assert_int_equal(scene.wakes, 5);
    end(&scene);
}

static void test_other_calls(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene);
    assert_int_equal(mailproto_session_hold(scene.s), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 0); /* less to do is nothing to be waked for */
    assert_int_equal(mailproto_session_release(scene.s), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 1);
    settle(&scene);
    assert_int_equal(mailproto_session_release(scene.s), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 1);
    assert_int_equal(mailproto_session_set_wall(scene.s, 1000), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 2);
    settle(&scene);
    assert_int_equal(mailproto_session_finish(scene.s), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 3);
    settle(&scene);
    end(&scene);
}

/* The host's loop is there and looks. */
static void test_inside_of_verbs(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene);
    scene.answer_at_once = 1;
    feed(&scene, "ASK 1\r\nASK 2\r\nBODY 3\r\nabcQUIT\r\n");
    settle(&scene);
    assert_int_equal(scene.asked, 3);
    assert_int_equal(scene.wakes, 0);
    assert_true(mailproto_session_wants(scene.s) & MAILPROTO_WANTS_CLOSE);
    end(&scene);
}

static void test_settings(void **state)
{
    struct scene scene;

    (void)state;
    assert_int_equal(mailproto_session_set_wake(NULL, wake, NULL), MAILPROTO_ERR_ARG);
    make(&scene, 0, 0);
    settle(&scene);
    feed(&scene, "ASK 1\r\nASK 2\r\nASK 3\r\n");
    assert_int_equal(answer(&scene, 0), MAILPROTO_OK); /* nobody is to be told */
    assert_int_equal(mailproto_session_set_wake(scene.s, wake, &scene), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 0);
    settle(&scene);
    assert_int_equal(answer(&scene, 1), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 1);
    settle(&scene);
    assert_int_equal(mailproto_session_set_wake(scene.s, NULL, NULL), MAILPROTO_OK);
    assert_int_equal(answer(&scene, 2), MAILPROTO_OK);
    assert_int_equal(scene.wakes, 1);
    end(&scene);
}

static void test_polled(void **state)
{
    struct scene scene;
    const mailproto_event *event;

    (void)state;
    make(&scene, 1, 0);
    assert_int_equal(mailproto_session_set_wake(scene.s, wake, &scene), MAILPROTO_OK);
    mailproto_session_tick(scene.s, 1);
    event = mailproto_session_next_event(scene.s);
    assert_int_equal(event->type, TOY_CONNECT);
    assert_int_equal(toy_answer(scene.toy, event->token, 1, 0), MAILPROTO_OK); /* outside of all verbs */
    assert_int_equal(scene.wakes, 1);
    assert_null(mailproto_session_next_event(scene.s));
    assert_int_equal(mailproto_session_finish(scene.s), MAILPROTO_OK); /* next_event was a look */
    assert_int_equal(scene.wakes, 2);
    end(&scene);
}

/* ---- layers ---- */

static void put_layer(struct scene *scene, struct test_records *records)
{
    mailproto_layer ops;
    mailproto_session *inner = scene->s;

    test_records_layer(&ops, 100);
    assert_int_equal(mailproto_layer_new(&scene->s, inner, &ops, records, &scene->memory.api), MAILPROTO_OK);
}

/* Set before there was a layer, or on the outermost of two: the host hears of the session that it drives. The handshake
   and the records reach the engine from inside of the layer's verbs. */
static void test_layers(void **state)
{
    struct test_records more = {0};
    struct scene scene;
    uint8_t wire[64];
    size_t n, taken;

    (void)state;
    for (int early = 0; early < 2; early++) {
        make(&scene, 0, 1);
        if (early)
            mailproto_session_set_wake(scene.s, wake, &scene);
        put_layer(&scene, &scene.records);
        put_layer(&scene, &more);
        if (!early)
            mailproto_session_set_wake(scene.s, wake, &scene);
        settle(&scene);
        feed(&scene, "HI!");
        settle(&scene);
        n = test_records_seal(wire, "ASK 1\r\nASK 2\r\n", 14, 100);
        mailproto_session_feed(scene.s, wire, n, 1, &taken);
        assert_int_equal(taken, n);
        settle(&scene);
        assert_int_equal(scene.asked, 2);
        assert_int_equal(scene.wakes, 0);
        assert_int_equal(answer(&scene, 0), MAILPROTO_OK);
        assert_int_equal(scene.wakes, 1);
        assert_ptr_equal(scene.waked, scene.s);
        assert_int_equal(scene.deadline, 0);
        settle(&scene);
        assert_int_equal(answer(&scene, 1), MAILPROTO_OK);
        assert_int_equal(scene.wakes, 2);
        end(&scene);
    }
}

/* ---- several sessions ---- */

/* What one does in a callback of another is outside of its own verbs. */
static void test_from_another_session(void **state)
{
    struct scene one, two;

    (void)state;
    begin(&one);
    begin(&two);
    feed(&two, "ASK 1\r\n");
    settle(&two);
    one.other = &two;
    feed(&one, "ASK 1\r\n");
    assert_int_equal(one.wakes, 0);
    assert_int_equal(two.wakes, 1);
    assert_ptr_equal(two.waked, two.s);
    settle(&two);
    end(&one);
    end(&two);
}

/* An allocator that calls sessions when it is given memory back: as a store that goes with its last session. */
struct meddler {
    mailproto_allocator api;
    mailproto_allocator *below;
    struct scene *dying, *living;
    int times;
};

static void *meddle_alloc(size_t n, void *user)
{
    const struct meddler *m = user;

    return m->below->alloc(n, m->below->user);
}

static void *meddle_resize(void *p, size_t old_n, size_t n, void *user)
{
    const struct meddler *m = user;

    return m->below->resize(p, old_n, n, m->below->user);
}

static void meddle_free(void *p, size_t n, void *user)
{
    struct meddler *m = user;

    if (m->dying && !m->times++) { /* the session itself goes last: it is there yet */
        mailproto_session_finish(m->dying->s);
        assert_int_equal(toy_answer(m->living->toy, m->living->tokens[0], 1, 0), MAILPROTO_OK);
    }
    m->below->free(p, n, m->below->user);
}

static void test_in_free(void **state)
{
    const struct toy_config config = {.max_open = 8};
    struct scene dying = {0}, living;
    struct meddler m = {{sizeof m.api, &m, meddle_alloc, meddle_resize, meddle_free}, &dying.memory.api, NULL, NULL, 0};

    (void)state;
    begin(&living);
    feed(&living, "ASK 1\r\n");
    settle(&living);
    test_allocator_init(&dying.memory);
    assert_int_equal(toy_new(&dying.toy, &config, seen, &m.api, &dying), MAILPROTO_OK);
    dying.s = toy_session(dying.toy);
    mailproto_session_set_wake(dying.s, wake, &dying);
    settle(&dying);
    feed(&dying, "ASK 1\r\n");
    settle(&dying);
    m.dying = &dying;
    m.living = &living;
    end(&dying);
    assert_true(m.times > 1);
    assert_int_equal(dying.wakes, 0);
    assert_int_equal(living.wakes, 1);
    settle(&living);
    end(&living);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_answers), cmocka_unit_test(test_looks),
        cmocka_unit_test(test_other_calls),  cmocka_unit_test(test_inside_of_verbs),
        cmocka_unit_test(test_settings),     cmocka_unit_test(test_polled),
        cmocka_unit_test(test_layers),       cmocka_unit_test(test_from_another_session),
        cmocka_unit_test(test_in_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
