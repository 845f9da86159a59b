/* serve_eml.c - serves the .eml files of a folder by POP3. usage: serve_eml 127.0.0.1:1110 FOLDER
 * Any name and password will do: on this machine only. The files are read once, and stay as they are. */
#include <errno.h>
#include <glob.h>
#include <mailproto/host.h>
#include <mailproto/memory_store.h>
#include <mailproto/pop3_server.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int32_t on_auth(mailproto_pop3_server *server, const mailproto_pop3_auth *auth, void *user)
{
    return (void)user, mailproto_pop3_server_accept(server, auth->head.token);
}

static int32_t on_open(mailproto_pop3_server *server, const mailproto_pop3_open *open, void *store)
{
    return mailproto_pop3_server_open_store(server, open->head.token, store, 0, NULL);
}

static int32_t on_accept(mailproto_host_listener *listener, mailproto_host_connection *connection,
                         const mailproto_host_peer *peer, mailproto_session **session, void *store)
{
    mailproto_pop3_server_callbacks table = {.struct_size = sizeof table, .on_auth = on_auth, .on_open = on_open};
    mailproto_pop3_server_config config = {.struct_size = sizeof config};
    mailproto_pop3_server *server = NULL;
    const char *why;

    (void)listener, (void)connection, (void)peer;
    config.flags = MAILPROTO_POP3_SERVER_STORE | MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
    if (mailproto_pop3_server_new(&server, &config, &table, NULL, store, &why))
        fprintf(stderr, "serve_eml: %s\n", why);
    return *session = mailproto_pop3_server_session(server), MAILPROTO_OK;
}

int main(int count, char **words)
{
    static char text[1 << 24];
    mailproto_store store;
    mailproto_host_listen_config listen = {.struct_size = sizeof listen, .on_accept = on_accept, .user = &store};
    mailproto_host_listener *listener;
    mailproto_memory_store *memory;
    mailproto_host *host;
    const char *why = "there is no memory";
    glob_t files;

    if (count != 3 || chdir(words[2]) || glob("*.eml", 0, NULL, &files))
        return fprintf(stderr, "usage: serve_eml 127.0.0.1:1110 FOLDER, one that is there and has .eml files\n"), 2;
    if (mailproto_memory_store_new(&memory, NULL) || mailproto_host_new(&host, NULL, &why))
        return fprintf(stderr, "serve_eml: %s\n", why), 1;
    for (size_t i = 0, n; errno = EFBIG, i < files.gl_pathc; i++) /* what is wrong, unless the system says it */
        if (!freopen(files.gl_pathv[i], "rb", stdin) || (n = fread(text, 1, sizeof text, stdin)) == sizeof text ||
            ferror(stdin) || mailproto_memory_store_add(memory, 0, text, n))
            return perror(files.gl_pathv[i]), 1;
    listen.address = (mailproto_text){words[1], strlen(words[1])};
    if (mailproto_memory_store_functions(memory, &store) || mailproto_host_listen(host, &listen, &listener))
        return mailproto_host_error(host, &why, NULL), fprintf(stderr, "serve_eml: %s\n", why), 1;
    return fprintf(stderr, "POP3 on %s\n", mailproto_host_listener_text(listener)), mailproto_host_run(host);
}
