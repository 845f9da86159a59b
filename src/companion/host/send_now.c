/* send_now.c - one-call send for programs without a loop: a host of its own, until the outcome is there.
 * include/mailproto/host_send.h, mailproto_host_send_now. */
#include <stdio.h>

#include "internal.h"

int32_t mailproto_host_send_now(const mailproto_host_send_request *request,
                                void (*on_outcome)(const mailproto_host_outcome *outcome, void *user), void *user,
                                char *why, size_t size)
{
    const char *sentence = "";
    mailproto_host *host;
    int32_t result = mailproto_host_new(&host, NULL, &sentence);

    if (!result) {
        result = mailproto_host_send(host, request, on_outcome, user, NULL);
        mailproto_host_error(host, &sentence, NULL);
    } else {
        host = NULL;
    }
    if (result && why && size)
        snprintf(why, size, "%s", *sentence ? sentence : mailproto_result_text(result));
    if (!result)
        mailproto_host_run(host); /* nothing else is there to run */
    mailproto_host_free(host);
    return result;
}
