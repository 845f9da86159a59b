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
#include <sys/stat.h>
#include <unistd.h>

#include <mailproto/maildir.h>

enum { EXIT_OS = 71, EXIT_CANNOT_CREATE = 73 };

#define DEMO_HOSTNAME "mail.example.test"

/* The usual ports (RFC 6335; LMTP has none of its own, 24 is what most use). */
static const unsigned usual_ports[SERVICES] = {
    [SERVICE_SMTP] = 25, [SERVICE_SUBMISSION] = 587, [SERVICE_SUBMISSIONS] = 465,
    [SERVICE_LMTP] = 24, [SERVICE_POP3] = 110,       [SERVICE_POP3S] = 995};

static int add_user(struct settings *settings, const char *address)
{
    struct keys keys;
    struct user *user;

    if (users_add(&settings->users, address, &user))
        return -1;
    if (!tls_crypto()) {
        user->password = strdup("secret");
        return user->password ? 0 : -1;
    }
    for (size_t i = 0; i < 2; i++)
        if (keys_make(&keys, i ? MAILPROTO_HASH_SHA_1 : MAILPROTO_HASH_SHA_256, KEYS_ITERATIONS, "secret", 6,
                      tls_crypto()) ||
            users_add_keys(user, &keys))
            return -1;
    return 0;
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

    settings->hostname = strdup(DEMO_HOSTNAME);
    settings->mail = strdup(dir);
    settings->cleartext = CLEARTEXT_LOOPBACK;
    settings->limits.sessions_per_address = settings->limits.sessions;
    for (int service = 0; service < SERVICES; service++) {
        if (service_is_implicit((enum service)service) && !settings->tls)
            continue;
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

/* Beside the mail, in a folder that a shell passes over. The same one as long as it is good: who trusts it need not look again. */
static int make_certificate(struct settings *settings, const char *dir, char fingerprint[TLS_FINGERPRINT])
{
    struct tls_settings *files = &settings->tls_files;
    size_t size = strlen(dir) + sizeof "/.tls/certificate.pem";
    char why[TLS_WHY];

    files->certificate = malloc(size);
    files->key = malloc(size);
    if (!files->certificate || !files->key)
        return EXIT_OS;
    snprintf(files->certificate, size, "%s/.tls", dir);
    if (mkdir(files->certificate, 0700) && errno != EEXIST) {
        fprintf(stderr, "mailprotod: cannot make the folder %s: %s; choose another with --dir\n", files->certificate,
                strerror(errno));
        return EXIT_CANNOT_CREATE;
    }
    snprintf(files->certificate, size, "%s/.tls/certificate.pem", dir);
    snprintf(files->key, size, "%s/.tls/key.pem", dir);
    if (!tls_make_certificate(DEMO_HOSTNAME, files->certificate, files->key, fingerprint, why, sizeof why))
        settings->tls = tls_load(files, why, sizeof why);
    if (settings->tls)
        return 0;
    fprintf(stderr, "mailprotod: %s\n", why);
    return EXIT_CANNOT_CREATE;
}

int demo_settings(struct demo *demo, struct settings *settings)
{
    const char *dir = demo->dir;
    char why[500];
    int result;

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
    result = tls_missing() ? 0 : make_certificate(settings, dir, demo->fingerprint);
    if (result == EXIT_CANNOT_CREATE)
        return result;
    if (result || fill(settings, dir, demo->port_base)) {
        fprintf(stderr, "mailprotod: there is no memory left\n");
        return EXIT_OS;
    }
    return 0;
}

static void explain_ports(const struct demo *demo, const struct settings *settings)
{
    for (int service = 0; service < SERVICES; service++)
        if (settings->listen[service].count)
            printf("  %-12s%u%s%s\n", service_names[service], demo->port_base + usual_ports[service],
                   service_is_implicit((enum service)service) ? "   TLS from the beginning" : "",
                   service_is_pop3((enum service)service) || service_is_submission((enum service)service)
                       ? "   with a password"
                       : "");
}

static void explain_tls(const struct demo *demo, const struct settings *settings)
{
    if (settings->tls)
        printf("\nThe other ports have STARTTLS or STLS. The certificate has signed itself:\n\n"
               "  file     %s\n"
               "  SHA-256  %s\n",
               settings->tls_files.certificate, demo->fingerprint);
    else
        printf("\nNo TLS: %s.\n", tls_missing());
}

static void explain_commands(const struct demo *demo, const struct settings *settings)
{
    char curl_tls[500] = "";

    if (settings->tls)
        snprintf(curl_tls, sizeof curl_tls, " \\\n      --ssl-reqd --cacert %s", settings->tls_files.certificate);
    printf("\nSend a message and fetch it:\n\n"
           "  printf 'Subject: hello\\n\\nHello Bob.\\n' | curl smtp://127.0.0.1:%u/client.example.test \\\n"
           "      --mail-from alice@example.test --mail-rcpt bob@example.test --crlf --upload-file -%s\n"
           "  curl pop3://127.0.0.1:%u/1 --user bob@example.test:secret%s\n\n",
           demo->port_base + usual_ports[SERVICE_SMTP], curl_tls, demo->port_base + usual_ports[SERVICE_POP3],
           curl_tls);
}

void demo_explain(const struct demo *demo, const struct settings *settings)
{
    printf("mailprotod demo, on 127.0.0.1 only, mail in %s\n\n", demo->dir);
    explain_ports(demo, settings);
    explain_tls(demo, settings);
    printf("\nUsers, password \"secret\":\n\n");
    for (size_t i = 0; i < settings->users.count; i++)
        printf("  %s\n", settings->users.items[i].address);
    explain_commands(demo, settings);
    printf("Ready. Ctrl-C ends it.\n");
    fflush(stdout);
}
