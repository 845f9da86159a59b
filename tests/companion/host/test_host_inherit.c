/* test_host_inherit.c - sockets passed on by a service manager, as sd_listen_fds(3) tells: by name, by order, by
   number. * The program starts itself as the service: a child that serves on what it inherits, and says what it
   found. */
#include "scene.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *program;

/* ---- the service ---- */

static void stop_after_three(struct scene *s)
{
    if (s->gone == 3)
        mailproto_host_stop(s->host);
}

static void listen_on(struct scene *s, const char *address, int32_t expected)
{
    int32_t result;

    s->listen.address = text_of(address);
    result = mailproto_host_listen(s->host, &s->listen, &s->listener);
    if (result != expected) {
        const char *text;

        mailproto_host_error(s->host, &text, NULL);
        fprintf(stderr, "%s: %s: %s\n", address, mailproto_result_name(result), text);
        exit(1);
    }
}

/* Serves one session on each of the three, and ends. */
static int serve(void)
{
    struct scene s;
    mailproto_text name;

    scene_begin(&s, NULL);
    assert_int_equal(mailproto_host_inherited(s.host, 0, &name), 3);
    assert_int_equal(name.len, 4);
    assert_memory_equal(name.ptr, "smtp", 4);
    assert_int_equal(mailproto_host_inherited(s.host, 2, &name), 3);
    assert_int_equal(name.len, 4);
    assert_memory_equal(name.ptr, "lmtp", 4);
    assert_int_equal(mailproto_host_inherited(s.host, 3, &name), 3);
    assert_int_equal(name.len, 0);
    for (int fd = 3; fd < 6; fd++)
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    listen_on(&s, "inherited:smtp", MAILPROTO_OK);
    assert_true(mailproto_host_listener_port(s.listener) > 0);
    listen_on(&s, "inherited:smtp", MAILPROTO_OK); /* the other of this name */
    listen_on(&s, "inherited:smtp", MAILPROTO_ERR_STATE);
    listen_on(&s, "inherited:0", MAILPROTO_ERR_STATE); /* taken by its name */
    listen_on(&s, "inherited:2", MAILPROTO_OK);
    assert_int_equal(mailproto_host_listener_port(s.listener), 0); /* a unix socket */
    listen_on(&s, "inherited:3", MAILPROTO_ERR_STATE);
    s.on_gone = stop_after_three;
    scene_run(&s);
    scene_end(&s);
    return 0;
}

/* LISTEN_PID is another's: nothing was passed to us. */
static int serve_nothing(void)
{
    struct scene s;

    scene_begin(&s, NULL);
    assert_int_equal(mailproto_host_inherited(s.host, 0, NULL), 0);
    listen_on(&s, "inherited:smtp", MAILPROTO_ERR_STATE);
    scene_end(&s);
    return 0;
}

/* ---- the manager ---- */

static int listen_inet(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static int listen_unix(struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)address, sizeof *address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

/* In the child: moves the sockets to 3 and on, and becomes the service. */
static void become(const int *fds, int count, const char *role, int own_pid)
{
    char pid[32], number[16];
    int moved[3] = {-1, -1, -1};

    for (int i = 0; i < count; i++)
        moved[i] = fcntl(fds[i], F_DUPFD, 20);
    for (int i = 0; i < count; i++)
        dup2(moved[i], 3 + i);
    for (int fd = 3 + count; fd < 64; fd++)
        close(fd);
    snprintf(pid, sizeof pid, "%ld", own_pid ? (long)getpid() : 1L);
    snprintf(number, sizeof number, "%d", count);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", number, 1);
    setenv("LISTEN_FDNAMES", "smtp:smtp:lmtp", 1);
    execl(program, program, role, (char *)NULL);
    _exit(2);
}

static int wait_for(pid_t child)
{
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void meet(int fd)
{
    char greeting[4] = "";

    assert_int_equal(recv(fd, greeting, 3, MSG_WAITALL), 3);
    assert_string_equal(greeting, "220");
    close(fd);
}

static void test_service(void **state)
{
    char folder[] = "/tmp/mailproto-host-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned ports[2];
    int fds[3], fd;
    pid_t child;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/lmtp", folder);
    fds[0] = listen_inet(&ports[0]);
    fds[1] = listen_inet(&ports[1]);
    fds[2] = listen_unix(&address);
    child = fork();
    assert_true(child >= 0);
    if (!child)
        become(fds, 3, "serve", 1);
    meet(raw_connect(ports[0]));
    meet(raw_connect(ports[1]));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    meet(fd);
    assert_int_equal(wait_for(child), 0);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    /* the socket's name is the manager's, and stays */
    assert_int_equal(unlink(address.sun_path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_for_another(void **state)
{
    unsigned port;
    int fd = listen_inet(&port);
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (!child)
        become(&fd, 1, "nothing", 0);
    assert_int_equal(wait_for(child), 0);
    close(fd);
}

/* A descriptor that the program has opened itself. */
static void stop_at_once(struct scene *s)
{
    mailproto_host_stop(s->host);
}

static void test_descriptor(void **state)
{
    struct scene s;
    unsigned port;
    char address[32];
    int fd = listen_inet(&port), client, wrong[2];

    (void)state;
    scene_begin(&s, NULL);
    snprintf(address, sizeof address, "fd:%d", fd);
    listen_on(&s, address, MAILPROTO_OK);
    assert_int_equal(mailproto_host_listener_port(s.listener), port);
    s.on_gone = stop_at_once;
    client = raw_connect(port);
    shutdown(client, SHUT_WR);
    scene_run(&s);
    assert_int_equal(s.accepts, 1);
    close(client);
    assert_int_equal(pipe(wrong), 0); /* no socket */
    snprintf(address, sizeof address, "fd:%d", wrong[0]);
    listen_on(&s, address, MAILPROTO_ERR_HOST);
    close(wrong[0]);
    close(wrong[1]);
    wrong[0] = socket(AF_INET, SOCK_DGRAM, 0);
    snprintf(address, sizeof address, "fd:%d", wrong[0]);
    listen_on(&s, address, MAILPROTO_ERR_ARG);
    assert_int_equal(close(wrong[0]), 0); /* still ours */
    scene_end(&s);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service),
        cmocka_unit_test(test_for_another),
        cmocka_unit_test(test_descriptor),
    };

    program = words[0];
    if (count > 1)
        return strcmp(words[1], "serve") ? serve_nothing() : serve();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
