/* arf.c - reports of feedback about abuse, read and built.
 * RFC 5965 section 3. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/report.h"

#define AT(member) (uint32_t) offsetof(mailproto_mime_arf, member)
static const mp_report_entry entries[] = {
    {"Feedback-Type", AT(feedback_type), MP_REPORT_MUST},
    {"User-Agent", AT(user_agent), MP_REPORT_MUST},
    {"Version", AT(version), MP_REPORT_MUST},
    {"Original-Envelope-Id", AT(envelope_id), 0},
    {"Original-Mail-From", AT(mail_from), 0},
    {"Original-Rcpt-To", AT(rcpt_to), 0},
    {"Arrival-Date", AT(arrival_date), 0},
    {"Received-Date", AT(arrival_date), 0}, /* the same in RFC 5965's drafts: read only */
    {"Reporting-MTA", AT(reporting_mta_type), MP_REPORT_TYPED},
    {"Source-IP", AT(source_ip), 0},
    {"Incidents", AT(incidents), 0},
    {"Authentication-Results", AT(authentication_results), 0},
    {"Reported-Domain", AT(reported_domain), 0},
    {"Reported-URI", AT(reported_uri), 0},
};
#undef AT
enum { ENTRIES = sizeof entries / sizeof *entries, RECEIVED_DATE = 7 };

int32_t mailproto_mime_arf_init(mailproto_mime_arf *arf, size_t size)
{
    return mp_struct_init(arf, size);
}

int32_t mailproto_mime_arf_read(const void *octets, size_t n, mailproto_mime_arf *arf)
{
    mailproto_mime_report_reader reader;

    if (!arf || arf->struct_size < sizeof *arf || mailproto_mime_report_init(&reader, sizeof reader, octets, n))
        return MAILPROTO_ERR_ARG;
    mp_struct_init(arf, arf->struct_size);
    if (!mp_report_read(&reader, entries, ENTRIES, arf))
        arf->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_FIELD_SYNTAX);
    return MAILPROTO_OK;
}

static int write_arf(const void *values, mp_small_out *out)
{
    mailproto_mime_arf arf = *(const mailproto_mime_arf *)values;
    uint64_t number;

    if (!arf.version.len)
        arf.version = (mailproto_text){"1", 1};
    if (arf.incidents.len && !mp_ascii_parse_decimal(arf.incidents.ptr, arf.incidents.len, &number))
        return 0;
    return mp_report_write(entries, RECEIVED_DATE, &arf, out) &&
           mp_report_write(entries + RECEIVED_DATE + 1, ENTRIES - RECEIVED_DATE - 1, &arf, out);
}

int32_t mailproto_mime_builder_arf(mailproto_mime_builder *b, uint32_t node, const mailproto_mime_arf *arf)
{
    mailproto_mime_arf values;

    if (!b || mp_struct_copy(&values, sizeof values, arf))
        return MAILPROTO_ERR_ARG;
    return mp_report_build(b, node, "message/feedback-report", NULL, write_arf, &values);
}
