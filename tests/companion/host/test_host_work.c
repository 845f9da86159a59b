/* test_host_work.c - time, other threads, slow things: timers, posts, work and jobs, and what becomes of them at the end.
 * include/mailproto/host_loop.h, "time, other threads, slow things". No assertion depends on how long anything takes. */
#include "scene.h"

#include <uv.h>

/* ---- timers ---- */

struct ticks {
    struct scene *scene;
    int count, last;
    mailproto_host_timer *timer;
};

static void tick(mailproto_host_timer *timer, void *user)
{
    struct ticks *t = user;

    assert_true(!t->timer || timer == t->timer);
    if (++t->count == t->last) {
        mailproto_host_timer_cancel(t->timer);
        mailproto_host_stop(t->scene->host);
    }
}

static void test_timers(void **state)
{
    struct scene s;
    struct ticks once = {.scene = &s, .last = 2}, often = {.scene = &s, .last = 3}, never = {.scene = &s};
    uint64_t before;

    (void)state;
    scene_begin(&s, NULL);
    before = mailproto_host_now(s.host);
    assert_int_equal(mailproto_host_timer_start(s.host, 1, 0, tick, &once, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_host_timer_start(s.host, 0, 5, tick, &often, &often.timer), MAILPROTO_OK);
    assert_int_equal(mailproto_host_timer_start(s.host, 0, 0, tick, &never, &never.timer), MAILPROTO_OK);
    assert_int_equal(mailproto_host_timer_start(s.host, 0, 0, NULL, NULL, NULL), MAILPROTO_ERR_ARG);
    mailproto_host_timer_cancel(never.timer);
    mailproto_host_timer_cancel(NULL);
    scene_run(&s);
    assert_int_equal(once.count, 1);
    assert_int_equal(often.count, 3);
    assert_int_equal(never.count, 0);
    assert_true(mailproto_host_now(s.host) >= before + 10);
    assert_int_equal(mailproto_host_timer_start(s.host, 1000000, 0, tick, &never, NULL), MAILPROTO_OK);
    scene_end(&s); /* silently */
    assert_int_equal(never.count, 0);
}

/* ---- posts ---- */

enum { THREADS = 8, POSTS = 500 };

struct poster {
    struct scene *scene;
    uv_thread_t thread, loop;
    int next, total;
    struct poster *all;
};

struct posted {
    struct poster *poster;
    int number;
};

static void run_posted(mailproto_host *host, void *user)
{
    struct posted *p = user;
    struct poster *poster = p->poster;
    uv_thread_t self = uv_thread_self();

    assert_true(uv_thread_equal(&self, &poster->loop));
    assert_int_equal(p->number, poster->next++); /* in the order of its thread */
    free(p);
    if (++poster->all->total == THREADS * POSTS)
        mailproto_host_stop(host);
}

static void post_many(void *argument)
{
    struct poster *poster = argument;

    for (int i = 0; i < POSTS; i++) {
        struct posted *p = malloc(sizeof *p);

        *p = (struct posted){poster, i};
        if (mailproto_host_post(poster->scene->host, run_posted, p))
            abort();
    }
}

static void test_posts_from_threads(void **state)
{
    mailproto_host_config config;
    struct poster posters[THREADS];
    struct scene s;

    (void)state;
    mailproto_host_config_init(&config, sizeof config);
    config.flags = MAILPROTO_HOST_STAY;
    scene_begin(&s, &config);
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){.scene = &s, .loop = uv_thread_self(), .all = posters};
        assert_int_equal(uv_thread_create(&posters[i].thread, post_many, &posters[i]), 0);
    }
    assert_int_equal(mailproto_host_run(s.host), MAILPROTO_OK);
    for (int i = 0; i < THREADS; i++) {
        uv_thread_join(&posters[i].thread);
        assert_int_equal(posters[i].next, POSTS);
    }
    assert_int_equal(mailproto_host_post(s.host, NULL, NULL), MAILPROTO_ERR_ARG);
    scene_end(&s);
}

static int posts_run;

static void count_post(mailproto_host *host, void *user)
{
    (void)host;
    (void)user;
    posts_run++;
}

/* Whoever posted counts on it: what it posted may be memory. */
static void test_posts_run_at_the_end(void **state)
{
    struct scene s;

    (void)state;
    posts_run = 0;
    scene_begin(&s, NULL);
    assert_int_equal(mailproto_host_post(s.host, count_post, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_host_post(s.host, count_post, NULL), MAILPROTO_OK);
    scene_end(&s);
    assert_int_equal(posts_run, 2);
}

/* An answer that another thread has learned. */
static void answer(mailproto_host *host, void *user)
{
    struct scene *s = user;

    (void)host;
    assert_int_equal(mailproto_smtp_server_accept(s->last->engine, s->last->token), MAILPROTO_OK);
}

static void learn(void *argument)
{
    struct scene *s = argument;

    if (mailproto_host_post(s->host, answer, s))
        abort();
}

static uv_thread_t learner;

static void ask(struct scene *s)
{
    assert_int_equal(uv_thread_create(&learner, learn, s), 0);
}

static void stop_client(struct client *c)
{
    mailproto_host_stop(c->scene->host);
}

static void test_answer_from_a_thread(void **state)
{
    struct scene s;
    struct client c = {.on_gone = stop_client};

    (void)state;
    scene_begin(&s, NULL);
    s.hold_end = 1;
    s.on_message = ask;
    scene_listen(&s);
    client_go(&c, &s, "bob@example.test");
    scene_run(&s);
    assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
    uv_thread_join(&learner);
    scene_end(&s);
}

/* ---- work ---- */

struct task {
    struct scene *scene;
    uv_sem_t begun, go;
    int waits; /* in run, until go is posted */
    int ran, told, rounds;
    int32_t result;
    uv_thread_t thread;
    mailproto_host_job *job;
};

static void run_task(void *user)
{
    struct task *t = user;

    t->thread = uv_thread_self();
    if (t->waits) {
        uv_sem_post(&t->begun);
        uv_sem_wait(&t->go);
    }
    t->ran++;
}

static void task_done(int32_t result, void *user)
{
    struct task *t = user;

    t->told++;
    t->result = result;
    if (t->scene)
        mailproto_host_stop(t->scene->host);
}

static void test_work(void **state)
{
    struct scene s;
    struct task t = {.scene = &s};
    uv_thread_t self = uv_thread_self();

    (void)state;
    scene_begin(&s, NULL);
    assert_int_equal(mailproto_host_work(s.host, run_task, task_done, &t), MAILPROTO_OK);
    assert_int_equal(t.told, 0);
    scene_run(&s);
    assert_int_equal(t.ran, 1);
    assert_int_equal(t.told, 1);
    assert_int_equal(t.result, MAILPROTO_OK);
    assert_false(uv_thread_equal(&t.thread, &self));
    assert_int_equal(mailproto_host_work(s.host, NULL, task_done, &t), MAILPROTO_ERR_ARG);
    assert_int_equal(mailproto_host_work(s.host, run_task, NULL, &t), MAILPROTO_ERR_ARG);
    scene_end(&s);
}

static void start_again(int32_t result, void *user)
{
    struct task *t = user;

    assert_int_equal(result, MAILPROTO_OK);
    t->told++;
    if (t->told < t->rounds) {
        assert_int_equal(mailproto_host_job_start(t->job, run_task, start_again, t), MAILPROTO_OK);
        assert_int_equal(mailproto_host_job_start(t->job, run_task, start_again, t), MAILPROTO_ERR_STATE);
    } else {
        mailproto_host_job_free(t->job); /* in its done */
        mailproto_host_stop(t->scene->host);
    }
}

/* Started again and again, it takes no more memory. */
static void test_job(void **state)
{
    struct scene s;
    struct task t = {.scene = &s, .rounds = 5};

    (void)state;
    scene_begin(&s, NULL);
    assert_int_equal(mailproto_host_job_new(s.host, &t.job), MAILPROTO_OK);
    assert_int_equal(mailproto_host_job_cancel(t.job), MAILPROTO_ERR_STATE);
    s.allocator.fail_at = 1; /* from here on all but libuv's */
    s.allocator.fail_on = 1;
    s.allocator.count = 1;
    assert_int_equal(mailproto_host_job_start(t.job, run_task, start_again, &t), MAILPROTO_OK);
    assert_int_equal(mailproto_host_run(s.host), MAILPROTO_OK);
    assert_int_equal(t.ran, 5);
    assert_int_equal(t.told, 5);
    s.allocator.fail_at = 0;
    scene_end(&s);
}

/* Withdrawn while it runs, and before it has begun: done comes in either case, once. */
static void test_cancelled(void **state)
{
    enum { POOL = 4, ALL = 2 * POOL };
    struct scene s;
    struct task busy[ALL], late = {.scene = NULL};

    (void)state;
    scene_begin(&s, NULL);
    for (int i = 0; i < ALL; i++) {
        busy[i] = (struct task){.waits = 1};
        uv_sem_init(&busy[i].begun, 0);
        uv_sem_init(&busy[i].go, 0);
        assert_int_equal(mailproto_host_job_new(s.host, &busy[i].job), MAILPROTO_OK);
        assert_int_equal(mailproto_host_job_start(busy[i].job, run_task, task_done, &busy[i]), MAILPROTO_OK);
    }
    assert_int_equal(mailproto_host_job_new(s.host, &late.job), MAILPROTO_OK);
    assert_int_equal(mailproto_host_job_start(late.job, run_task, task_done, &late), MAILPROTO_OK);
    for (int i = 0; i < POOL; i++)
        uv_sem_wait(&busy[i].begun); /* all threads of the pool are taken */
    assert_int_equal(mailproto_host_job_cancel(busy[0].job), MAILPROTO_OK);
    assert_int_equal(mailproto_host_job_cancel(late.job), MAILPROTO_OK);
    mailproto_host_job_free(late.job); /* goes after its done */
    for (int i = 0; i < ALL; i++)
        uv_sem_post(&busy[i].go);
    assert_int_equal(mailproto_host_run(s.host), MAILPROTO_OK); /* until nothing is left */
    assert_int_equal(late.ran, 0);
    assert_int_equal(late.told, 1);
    assert_int_equal(late.result, MAILPROTO_ERR_CANCELLED);
    for (int i = 0; i < ALL; i++) {
        assert_int_equal(busy[i].ran, 1);
        assert_int_equal(busy[i].told, 1);
        assert_int_equal(busy[i].result, i ? MAILPROTO_OK : MAILPROTO_ERR_CANCELLED);
        uv_sem_destroy(&busy[i].begun);
        uv_sem_destroy(&busy[i].go);
        if (i % 2)
            mailproto_host_job_free(busy[i].job); /* the others go with the host */
    }
    scene_end(&s);
}

/* The host is freed: what runs is waited for, and told; what has not begun is told, too. */
static void test_free_with_work(void **state)
{
    enum { ALL = 40 };
    struct scene s;
    static struct task tasks[ALL];

    (void)state;
    memset(tasks, 0, sizeof tasks);
    scene_begin(&s, NULL);
    for (int i = 0; i < ALL; i++)
        assert_int_equal(mailproto_host_work(s.host, run_task, task_done, &tasks[i]), MAILPROTO_OK);
    scene_end(&s);
    for (int i = 0; i < ALL; i++) {
        assert_int_equal(tasks[i].told, 1);
        assert_true(tasks[i].ran || tasks[i].result == MAILPROTO_ERR_CANCELLED);
    }
}

/* ---- memory ---- */

static void test_memory_fails(void **state)
{
    struct scene s;
    struct task t = {.scene = &s};
    mailproto_host_listener *listener;
    mailproto_host_connection *connection;
    mailproto_host_connect_config config;
    mailproto_host_signals_config signals;
    struct client c = {0};
    const char *text;

    (void)state;
    scene_begin(&s, NULL);
    client_make(&c, &s, "bob@example.test");
    client_config(&c, &config, "127.0.0.1", 1);
    mailproto_host_signals_config_init(&signals, sizeof signals);
    s.allocator.fail_at = 1;
    s.allocator.fail_on = 1;
    s.allocator.count = 1;
    assert_int_equal(mailproto_host_timer_start(s.host, 1, 0, tick, &t, NULL), MAILPROTO_ERR_NOMEM);
    assert_int_equal(mailproto_host_work(s.host, run_task, task_done, &t), MAILPROTO_ERR_NOMEM);
    assert_int_equal(mailproto_host_job_new(s.host, &t.job), MAILPROTO_ERR_NOMEM);
    assert_int_equal(mailproto_host_listen(s.host, &s.listen, &listener), MAILPROTO_ERR_NOMEM);
    assert_int_equal(mailproto_host_connect(s.host, &config, c.session, &connection), MAILPROTO_ERR_NOMEM);
    assert_int_equal(mailproto_host_signals(s.host, &signals), MAILPROTO_ERR_NOMEM);
    mailproto_host_error(s.host, &text, NULL);
    assert_true(*text);
    s.allocator.fail_at = 0;
    mailproto_session_free(c.session); /* still the caller's */
    scene_end(&s);
}

/* The memory for one after the other fails while clients come: none is stuck, and the next is served. */
static void test_memory_fails_at_accept(void **state)
{
    (void)state;
    for (size_t at = 1;; at++) {
        struct scene s;
        struct client c = {.on_gone = stop_client}, next = {.on_gone = stop_client};
        size_t failed;

        scene_begin(&s, NULL);
        scene_listen(&s);
        client_go(&c, &s, "bob@example.test");
        s.allocator.count = s.allocator.failed = 0;
        s.allocator.fail_at = at;
        while (!c.gone)
            mailproto_host_run(s.host);
        failed = s.allocator.failed;
        s.allocator.fail_at = 0;
        client_go(&next, &s, "bob@example.test");
        while (!next.gone)
            mailproto_host_run(s.host);
        assert_int_equal(next.outcome, MAILPROTO_SMTP_ACCEPTED);
        if (!failed)
            assert_int_equal(c.outcome, MAILPROTO_SMTP_ACCEPTED);
        scene_end(&s);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_posts_from_threads),
        cmocka_unit_test(test_posts_run_at_the_end),
        cmocka_unit_test(test_answer_from_a_thread),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_job),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_free_with_work),
        cmocka_unit_test(test_memory_fails),
        cmocka_unit_test(test_memory_fails_at_accept),
    };

    setenv("UV_THREADPOOL_SIZE", "4", 1); /* test_cancelled counts on it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
