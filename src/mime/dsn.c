/* dsn.c - delivery status notifications, read and built.
 * RFC 3464 sections 2.2 and 2.3, RFC 6533 section 5. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/report.h"

#define AT(member) (uint32_t) offsetof(mailproto_mime_dsn, member)
static const mp_report_entry of_message[] = {
    {"Original-Envelope-Id", AT(envelope_id), 0},
    {"Reporting-MTA", AT(reporting_mta_type), MP_REPORT_TYPED | MP_REPORT_MUST},
    {"DSN-Gateway", AT(gateway_type), MP_REPORT_TYPED},
    {"Received-From-MTA", AT(received_from_type), MP_REPORT_TYPED},
    {"Arrival-Date", AT(arrival_date), 0},
};
#undef AT

#define AT(member) (uint32_t) offsetof(mailproto_mime_dsn_recipient, member)
static const mp_report_entry of_recipient[] = {
    {"Original-Recipient", AT(original_recipient_type), MP_REPORT_TYPED},
    {"Final-Recipient", AT(final_recipient_type), MP_REPORT_TYPED | MP_REPORT_MUST},
    {"Action", AT(action_text), MP_REPORT_MUST},
    {"Status", AT(status), MP_REPORT_MUST},
    {"Remote-MTA", AT(remote_mta_type), MP_REPORT_TYPED},
    {"Diagnostic-Code", AT(diagnostic_type), MP_REPORT_TYPED},
    {"Last-Attempt-Date", AT(last_attempt_date), 0},
    {"Final-Log-ID", AT(final_log_id), 0},
    {"Will-Retry-Until", AT(will_retry_until), 0},
};
#undef AT

enum { OF_MESSAGE = sizeof of_message / sizeof *of_message, OF_RECIPIENT = sizeof of_recipient / sizeof *of_recipient };

static const char *const actions[] = {"", "failed", "delayed", "delivered", "relayed", "expanded"};
enum { ACTIONS = sizeof actions / sizeof *actions };

int32_t mailproto_mime_dsn_init(mailproto_mime_dsn *dsn, size_t size)
{
    return mp_struct_init(dsn, size);
}

int32_t mailproto_mime_dsn_recipient_init(mailproto_mime_dsn_recipient *recipient, size_t size)
{
    return mp_struct_init(recipient, size);
}

int32_t mailproto_mime_dsn_read(mailproto_mime_report_reader *reader, mailproto_mime_dsn *dsn)
{
    if (!reader || reader->struct_size < sizeof *reader || !dsn || dsn->struct_size < sizeof *dsn)
        return MAILPROTO_ERR_ARG;
    mp_struct_init(dsn, dsn->struct_size);
    if (!mp_report_read(reader, of_message, OF_MESSAGE, dsn))
        dsn->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_FIELD_SYNTAX);
    return MAILPROTO_OK;
}

/* "5.1.1": RFC 3463 2 */
static int is_status(mailproto_text status)
{
    size_t at = 0;

    for (int i = 0; i < 3; i++) {
        const size_t digits = mp_ascii_span(status.ptr + at, status.len - at, MP_DIGIT);

        if (!digits || digits > (i ? 3u : 1u))
            return 0;
        at += digits;
        if (i < 2 && (at == status.len || status.ptr[at++] != '.'))
            return 0;
    }
    return at == status.len;
}

int32_t mailproto_mime_dsn_next(mailproto_mime_report_reader *reader, mailproto_mime_dsn_recipient *recipient)
{
    int32_t result;

    if (!recipient || recipient->struct_size < sizeof *recipient)
        return MAILPROTO_ERR_ARG;
    result = mailproto_mime_report_block(reader);
    if (result)
        return result;
    mp_struct_init(recipient, recipient->struct_size);
    if (!mp_report_read(reader, of_recipient, OF_RECIPIENT, recipient) ||
        mp_ascii_span(recipient->status.ptr, recipient->status.len, MP_DIGIT) != 1)
        recipient->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_FIELD_SYNTAX);
    for (uint32_t i = 1; i < ACTIONS; i++)
        if (mp_ascii_equal(recipient->action_text.ptr, recipient->action_text.len, actions[i]))
            recipient->action = i;
    return MAILPROTO_OK;
}

/* ---- building ---- */

typedef struct dsn_values {
    mailproto_mime_dsn dsn;
    const mailproto_mime_dsn_recipient *recipients;
    size_t count, each;
} dsn_values;

static int write_recipient(const dsn_values *v, size_t i, mp_small_out *out)
{
    mailproto_mime_dsn_recipient recipient;

    if (mp_struct_copy(&recipient, sizeof recipient, (const char *)v->recipients + i * v->each) ||
        recipient.struct_size == 0 || recipient.action == 0 || recipient.action >= ACTIONS ||
        !is_status(recipient.status))
        return 0;
    recipient.action_text = (mailproto_text){actions[recipient.action], strlen(actions[recipient.action])};
    mp_small_put(out, '\r');
    mp_small_put(out, '\n');
    return mp_report_write(of_recipient, OF_RECIPIENT, &recipient, out);
}

static int write_dsn(const void *values, mp_small_out *out)
{
    const dsn_values *v = values;

    if (!mp_report_write(of_message, OF_MESSAGE, &v->dsn, out))
        return 0;
    for (size_t i = 0; i < v->count; i++)
        if (!write_recipient(v, i, out))
            return 0;
    return 1;
}

int32_t mailproto_mime_builder_dsn(mailproto_mime_builder *b, uint32_t node, const mailproto_mime_dsn *dsn,
                                   const mailproto_mime_dsn_recipient *recipients, size_t count)
{
    dsn_values v;

    if (!b || !recipients || !count || recipients->struct_size < sizeof(uint32_t) ||
        mp_struct_copy(&v.dsn, sizeof v.dsn, dsn))
        return MAILPROTO_ERR_ARG;
    v.recipients = recipients;
    v.count = count;
    v.each = recipients->struct_size;
    return mp_report_build(b, node, "message/delivery-status", "message/global-delivery-status", write_dsn, &v);
}
