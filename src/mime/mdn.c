/* mdn.c - message disposition notifications, read and built.
 * RFC 8098 section 3. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/builder.h"
#include "mime/report.h"

#define AT(member) (uint32_t) offsetof(mailproto_mime_mdn, member)
static const mp_report_entry entries[] = {
    {"Reporting-UA", AT(reporting_ua), 0},
    {"MDN-Gateway", AT(gateway_type), MP_REPORT_TYPED},
    {"Original-Recipient", AT(original_recipient_type), MP_REPORT_TYPED},
    {"Final-Recipient", AT(final_recipient_type), MP_REPORT_TYPED | MP_REPORT_MUST},
    {"Original-Message-ID", AT(original_message_id), 0},
    {"Disposition", AT(disposition), MP_REPORT_MUST},
    {"Error", AT(error), 0},
};
#undef AT
enum { ENTRIES = sizeof entries / sizeof *entries };

static const char automatic_action[] = "automatic-action", sent_automatically[] = "MDN-sent-automatically";
static const char manual_action[] = "manual-action", sent_manually[] = "MDN-sent-manually";

int32_t mailproto_mime_mdn_init(mailproto_mime_mdn *mdn, size_t size)
{
    return mp_struct_init(mdn, size);
}

/* What stands before the separator, or all: it is taken off *text, blanks too. */
static mailproto_text take(mailproto_text *text, char separator)
{
    const char *found = text->len ? memchr(text->ptr, separator, text->len) : NULL;
    mailproto_text first = {text->ptr, found ? (size_t)(found - text->ptr) : text->len};
    size_t skip = first.len + (found != NULL);

    if (!text->len)
        return first;
    while (skip < text->len && memchr(" \t\r\n", text->ptr[skip], 4))
        skip++;
    text->ptr += skip;
    text->len -= skip;
    while (first.len && memchr(" \t\r\n", first.ptr[first.len - 1], 4))
        first.len--;
    return first;
}

/* action-mode "/" sending-mode ";" type ["/" modifiers]; 0: it is not so. */
static int read_disposition(mailproto_mime_mdn *mdn)
{
    mailproto_text rest = mdn->disposition, mode = take(&rest, ';'), action = take(&mode, '/');

    mdn->disposition = take(&rest, '/');
    mdn->modifiers = rest;
    if (mp_ascii_equal(action.ptr, action.len, automatic_action))
        mdn->flags |= MAILPROTO_MIME_MDN_AUTOMATIC_ACTION;
    else if (!mp_ascii_equal(action.ptr, action.len, manual_action))
        return 0;
    if (mp_ascii_equal(mode.ptr, mode.len, sent_automatically))
        mdn->flags |= MAILPROTO_MIME_MDN_SENT_AUTOMATICALLY;
    else if (!mp_ascii_equal(mode.ptr, mode.len, sent_manually))
        return 0;
    return mdn->disposition.len != 0;
}

int32_t mailproto_mime_mdn_read(const void *octets, size_t n, mailproto_mime_mdn *mdn)
{
    mailproto_mime_report_reader reader;
    int complete;

    if (!mdn || mdn->struct_size < sizeof *mdn || mailproto_mime_report_init(&reader, sizeof reader, octets, n))
        return MAILPROTO_ERR_ARG;
    mp_struct_init(mdn, mdn->struct_size);
    complete = mp_report_read(&reader, entries, ENTRIES, mdn);
    if (!read_disposition(mdn) || !complete)
        mdn->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_FIELD_SYNTAX);
    return MAILPROTO_OK;
}

/* ---- building ---- */

static char *add(char *at, const char *p, size_t n)
{
    memcpy(at, p, n);
    return at + n;
}

static int write_mdn(const void *values, mp_small_out *out)
{
    mailproto_mime_mdn mdn = *(const mailproto_mime_mdn *)values;
    char text[300], *at = text;
    const char *action = mdn.flags & MAILPROTO_MIME_MDN_AUTOMATIC_ACTION ? automatic_action : manual_action;
    const char *sent = mdn.flags & MAILPROTO_MIME_MDN_SENT_AUTOMATICALLY ? sent_automatically : sent_manually;

    if (mdn.disposition.len > 80 || !mp_builder_is_token(mdn.disposition.ptr, mdn.disposition.len) ||
        mdn.modifiers.len > 80)
        return 0;
    for (size_t i = 0; i < mdn.modifiers.len; i++) /* atoms with commas between */
        if (!mp_ascii_is((uint8_t)mdn.modifiers.ptr[i], MP_ATEXT) && mdn.modifiers.ptr[i] != ',')
            return 0;
    at = add(at, action, strlen(action));
    at = add(at, "/", 1);
    at = add(at, sent, strlen(sent));
    at = add(at, "; ", 2);
    at = add(at, mdn.disposition.ptr, mdn.disposition.len);
    if (mdn.modifiers.len) {
        at = add(at, "/", 1);
        at = add(at, mdn.modifiers.ptr, mdn.modifiers.len);
    }
    mdn.disposition = (mailproto_text){text, (size_t)(at - text)};
    return mp_report_write(entries, ENTRIES, &mdn, out);
}

int32_t mailproto_mime_builder_mdn(mailproto_mime_builder *b, uint32_t node, const mailproto_mime_mdn *mdn)
{
    mailproto_mime_mdn values;

    if (!b || mp_struct_copy(&values, sizeof values, mdn))
        return MAILPROTO_ERR_ARG;
    return mp_report_build(b, node, "message/disposition-notification", "message/global-disposition-notification",
                           write_mdn, &values);
}
