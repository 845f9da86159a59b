/* program.c - the least program that uses mailproto-host, as a stranger would build it.
 * A host that has nothing to do, and a send that is refused before anything is connected. */
#include <mailproto/host.h>
#include <mailproto/version.h>
#include <stdio.h>

static void on_outcome(const mailproto_host_outcome *outcome, void *user)
{
    (void)outcome;
    (void)user;
}

int main(void)
{
    mailproto_host_send_request request;
    mailproto_host *host;
    char why[200] = "";

    mailproto_host_send_request_init(&request, sizeof request);
    if (mailproto_host_new(&host, NULL, NULL) || mailproto_host_run(host) ||
        mailproto_host_send_now(&request, on_outcome, NULL, why, sizeof why) != MAILPROTO_ERR_ARG)
        return 1;
    mailproto_host_free(host);
    printf("%s: %s\n", mailproto_version(), why);
    return 0;
}
