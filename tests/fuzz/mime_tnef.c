/* mime_tnef.c - fuzz target: attachments of TNEF lie inside of it, and their names can be made text. MS-TNEF section 2.1. */
#include "mailproto/mime_tnef.h"
#include "fuzz.h"
#include "mime_check.h"

const char *const fuzz_before_message = NULL, *const fuzz_after_message = NULL;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field f = field_of(data, size);
    mailproto_tnef_attachment a;
    mailproto_tnef t;
    size_t need, made, count = 0;

    mailproto_tnef_attachment_init(&a, sizeof a);
    if (mailproto_tnef_init(&t, sizeof t, f.p, f.n) == MAILPROTO_OK)
        while (mailproto_tnef_next(&t, &a) == MAILPROTO_OK) {
            inside(&f, a.name);
            inside(&f, a.type);
            inside(&f, a.content_id);
            inside(&f, a.data);
            demand(++count <= f.n / 11 + 1);
            if (mailproto_tnef_name(&t, &a, NULL, NULL, 0, &need, NULL) == MAILPROTO_ERR_LIMIT) {
                char *out = room(need);

                demand(!mailproto_tnef_name(&t, &a, NULL, out, need, &made, NULL) && made == need);
                free(out);
            }
        }
    free(f.p);
    return 0;
}
