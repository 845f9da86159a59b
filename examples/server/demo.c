/* demo.c - `mailprotod demo`: a mail server for two users, without a configuration.
 * Names are those that RFC 6761 6.2 sets aside for tests. */
#define _GNU_SOURCE /* flock */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <mailproto/maildir.h>

enum { EXIT_OS = 71, EXIT_CANNOT_CREATE = 73 };

/* The usual ports (RFC 6335; LMTP has none of its own, 24 is what most use). */
static const unsigned usual_ports[SERVICES] = {
    [SERVICE_SMTP] = 25, [SERVICE_SUBMISSION] = 587, [SERVICE_LMTP] = 24, [SERVICE_POP3] = 110};

static int add_user(struct settings *settings, const char *address)
{
    struct user *user;

    if (users_add(&settings->users, address, &user))
        return -1;
    user->password = strdup("secret");
    return user->password ? 0 : -1;
}

/* There is nothing to be wrong with users that the program makes up. */
static void ignore(void *context, const struct user *user, const char *sentence)
{
    (void)context;
    (void)user;
    (void)sentence;
}

static int fill(struct settings *settings, const char *dir, unsigned port_base)
{
    char text[32];

    settings->hostname = strdup("mail.example.test");
    settings->mail = strdup(dir);
    settings->cleartext = CLEARTEXT_LOOPBACK;
    settings->limits.sessions_per_address = settings->limits.sessions;
    for (int service = 0; service < SERVICES; service++) {
        snprintf(text, sizeof text, "127.0.0.1:%u", port_base + usual_ports[service]);
        endpoints_add(&settings->listen[service], text);
    }
    if (!settings->hostname || !settings->mail || users_add_domain(&settings->users, "example.test") ||
        add_user(settings, "alice@example.test") || add_user(settings, "bob@example.test"))
        return -1;
    return users_finish(&settings->users, ignore, NULL) || settings_make_boxes(settings) ? -1 : 0;
}

/* Whoever starts a second one by mistake would look for the mail in the wrong place. The lock ends with the process. */
static int is_another_here(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

int demo_settings(struct settings *settings, const char *dir, unsigned port_base)
{
    char why[500];

    if (mailproto_maildir_make_folder(dir, NULL, why, sizeof why)) {
        fprintf(stderr, "mailprotod: cannot make the folder %s: %s; choose another with --dir\n", dir, why);
        return EXIT_CANNOT_CREATE;
    }
    if (is_another_here(dir)) {
        fprintf(stderr,
                "mailprotod: another \"mailprotod demo\" serves the mail in %s: end it, or choose another folder with "
                "--dir\n",
                dir);
        return EXIT_CANNOT_CREATE;
    }
    if (fill(settings, dir, port_base)) {
        fprintf(stderr, "mailprotod: there is no memory left\n");
        return EXIT_OS;
    }
    return 0;
}

void demo_explain(const struct settings *settings, const char *dir, unsigned port_base)
{
    printf("mailprotod demo, on 127.0.0.1 only, mail in %s\n\n", dir);
    for (int service = 0; service < SERVICES; service++)
        printf("  %-12s%u%s\n", service_names[service], port_base + usual_ports[service],
               service == SERVICE_SUBMISSION || service == SERVICE_POP3 ? "   with a password" : "");
    printf("\nUsers, password \"secret\":\n\n");
    for (size_t i = 0; i < settings->users.count; i++)
        printf("  %s\n", settings->users.items[i].address);
    printf("\nSend a message and fetch it:\n\n"
           "  printf 'Subject: hello\\n\\nHello Bob.\\n' | curl smtp://127.0.0.1:%u/client.example.test \\\n"
           "      --mail-from alice@example.test --mail-rcpt bob@example.test --crlf --upload-file -\n"
           "  curl pop3://127.0.0.1:%u/1 --user bob@example.test:secret\n\n"
           "Ready. Ctrl-C ends it.\n",
           port_base + usual_ports[SERVICE_SMTP], port_base + usual_ports[SERVICE_POP3]);
    fflush(stdout);
}
