/* reply.c - a server's reply, kept after the event that brought it.
 * RFC 5321 sections 4.2 and 4.5.3.1.10; RFC 3463 section 3.6. */
#include "reply.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

int reply_keep(struct reply *kept, const mailproto_smtp_response *reply)
{
    size_t n = reply->enhanced.len;

    reply_clear(kept);
    kept->code = reply->code;
    if (!reply->code)
        return 0;
    if (n < sizeof kept->enhanced && n) {
        memcpy(kept->enhanced, reply->enhanced.ptr, n);
        kept->enhanced[n] = 0;
    }
    kept->text = text_copy(reply->text);
    return kept->text ? 0 : -1;
}

void reply_clear(struct reply *kept)
{
    free(kept->text);
    memset(kept, 0, sizeof *kept);
}

const char *reply_text(const struct reply *reply)
{
    return reply->text ? reply->text : "";
}

int reply_is_temporary(const struct reply *reply)
{
    return reply->code / 100 == 4;
}

/* 452 also means that there is no room: an enhanced code tells the two apart. 552 is what RFC 821 had, and a client
   takes it for 452. */
int reply_is_too_many(const struct reply *reply)
{
    if (reply->code != 452 && reply->code != 552)
        return 0;
    return !*reply->enhanced || !strcmp(reply->enhanced + 1, ".5.3");
}
