/* Reports: built into a message, and read from it as they were; what is missing or broken.
   RFC 3464, RFC 8098, RFC 5965; mailproto/mime_report.h. */
#include "builder_kit.h"

#include "mailproto/mime_report.h"

/* multipart/report with a text and the report, which the caller makes of *node. */
static mailproto_mime_builder *begin(const char *type, uint32_t *node)
{
    mailproto_mime_builder *b = kit_new(0);

    assert_int_equal(mailproto_mime_builder_multipart(b, 0, "report"), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_parameter(b, "report-type", type, strlen(type)), MAILPROTO_OK);
    kit_leaf(b, kit_add(b, 0), "text/plain", TEXT("For people.\r\n"));
    *node = kit_add(b, 0);
    return b;
}

static mailproto_mime_dsn_recipient recipient_of(const char *address)
{
    mailproto_mime_dsn_recipient r;

    mailproto_mime_dsn_recipient_init(&r, sizeof r);
    r.action = MAILPROTO_MIME_ACTION_FAILED;
    r.original_recipient_type = TEXT_OF("rfc822");
    r.original_recipient = TEXT_OF("info@example.org");
    r.final_recipient_type = TEXT_OF("rfc822");
    r.final_recipient = (mailproto_text){address, strlen(address)};
    r.status = TEXT_OF("5.1.1");
    r.diagnostic_type = TEXT_OF("smtp");
    r.diagnostic = TEXT_OF("550 5.1.1 There is no such user here; see https://example.org/help for what "
                           "to do about it, and ask the one who gave you the address");
    return r;
}

static void test_dsn(void **state)
{
    mailproto_mime_dsn_recipient r[2] = {recipient_of("a@example.org"), recipient_of("b@example.org")}, got;
    mailproto_mime_report_reader reader;
    mailproto_mime_dsn dsn, read;
    uint32_t node;
    mailproto_mime_builder *b = begin("delivery-status", &node);
    mailproto_mime_tree *t;
    mailproto_text body;
    struct test_bytes all;
    char text[300];
    size_t made;

    (void)state;
    mailproto_mime_dsn_init(&dsn, sizeof dsn);
    dsn.reporting_mta_type = TEXT_OF("dns");
    dsn.reporting_mta = TEXT_OF("mail.example.org");
    dsn.arrival_date = TEXT_OF("Wed, 5 Mar 2025 10:00:00 +0100");
    dsn.envelope_id = TEXT_OF("QQ314159");
    r[1].action = MAILPROTO_MIME_ACTION_DELAYED;
    r[1].status = TEXT_OF("4.4.7");
    r[1].will_retry_until = dsn.arrival_date;
    assert_int_equal(mailproto_mime_builder_dsn(b, node, &dsn, r, 2), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_builder_dsn(b, node, &dsn, r, 2), MAILPROTO_ERR_STATE);
    all = kit_end(b);
    kit_lines(&all, 78);
    t = kit_tree(&all);
    kit_equal(kit_part(t, 2).content_type, "message/delivery-status");
    assert_int_equal(mailproto_mime_tree_text(t, 2, NULL, &body), MAILPROTO_OK);
    mailproto_mime_report_init(&reader, sizeof reader, body.ptr, body.len);
    mailproto_mime_dsn_init(&read, sizeof read);
    mailproto_mime_dsn_recipient_init(&got, sizeof got);
    assert_int_equal(mailproto_mime_dsn_read(&reader, &read), MAILPROTO_OK);
    assert_int_equal(read.defects, 0);
    kit_equal(read.reporting_mta_type, "dns");
    kit_equal(read.reporting_mta, "mail.example.org");
    kit_equal(read.envelope_id, "QQ314159");
    kit_equal(read.arrival_date, "Wed, 5 Mar 2025 10:00:00 +0100");
    assert_int_equal(read.gateway.len, 0);
    assert_int_equal(mailproto_mime_dsn_next(&reader, &got), MAILPROTO_OK);
    assert_int_equal(got.action, MAILPROTO_MIME_ACTION_FAILED);
    kit_equal(got.final_recipient, "a@example.org");
    kit_equal(got.original_recipient, "info@example.org");
    kit_equal(got.status, "5.1.1");
    kit_equal(got.diagnostic_type, "smtp");
    assert_int_equal(mailproto_mime_text_unfold(got.diagnostic.ptr, got.diagnostic.len, text, sizeof text, &made),
                     MAILPROTO_OK);
    assert_int_equal(made, r[0].diagnostic.len);
    assert_memory_equal(text, r[0].diagnostic.ptr, made);
    assert_int_equal(mailproto_mime_dsn_next(&reader, &got), MAILPROTO_OK);
    assert_int_equal(got.action, MAILPROTO_MIME_ACTION_DELAYED);
    kit_equal(got.final_recipient, "b@example.org");
    kit_equal(got.will_retry_until, "Wed, 5 Mar 2025 10:00:00 +0100");
    assert_int_equal(got.defects, 0);
    assert_int_equal(mailproto_mime_dsn_next(&reader, &got), MAILPROTO_MIME_END);
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);
}

/* What must be there, and what may not; a call that failed leaves the node as it was. */
static void test_dsn_refused(void **state)
{
    static const char *const bad_status[] = {"", "5", "5.1", "5.1.1.1", "5.1.", "55.1.1", "5.1.1000", "5.1.x"};
    mailproto_mime_dsn_recipient good = recipient_of("a@example.org"), r = good;
    mailproto_mime_dsn dsn;
    uint32_t node;
    mailproto_mime_builder *b = begin("delivery-status", &node);
    struct test_bytes all;

    (void)state;
    mailproto_mime_dsn_init(&dsn, sizeof dsn);
    assert_int_equal(mailproto_mime_builder_dsn(b, node, &dsn, &r, 1), MAILPROTO_ERR_ARG);
    dsn.reporting_mta_type = TEXT_OF("dns");
    dsn.reporting_mta = TEXT_OF("mail.example.org");
    assert_int_equal(mailproto_mime_builder_dsn(b, node, &dsn, &r, 0), MAILPROTO_ERR_ARG);
#define REFUSED(member, value)                                                                                         \
    r = good;                                                                                                          \
    r.member = value;                                                                                                  \
    assert_int_equal(mailproto_mime_builder_dsn(b, node, &dsn, &r, 1), MAILPROTO_ERR_ARG)
    REFUSED(action, 0);
    REFUSED(action, 6);
    REFUSED(final_recipient, TEXT_OF(""));
    REFUSED(final_recipient_type, TEXT_OF(""));
    REFUSED(final_recipient_type, TEXT_OF("a b"));
    REFUSED(final_recipient, TEXT_OF("a@example.org\r\nAction: delivered"));
    REFUSED(diagnostic, TEXT_OF("a\nb"));
    REFUSED(final_log_id, TEXT_OF("a\0b"));
    REFUSED(final_log_id, TEXT_OF("\xc3\xa4")); /* needs SMTPUTF8 */
#undef REFUSED
    for (size_t i = 0; i < sizeof bad_status / sizeof *bad_status; i++) {
        r = good;
        r.status = (mailproto_text){bad_status[i], strlen(bad_status[i])};
        assert_int_equal(mailproto_mime_builder_dsn(b, node, &dsn, &r, 1), MAILPROTO_ERR_ARG);
    }
    assert_int_equal(mailproto_mime_builder_dsn(b, node, &dsn, &good, 1), MAILPROTO_OK);
    all = kit_end(b);
    assert_null(strstr((char *)all.ptr, "delivered"));
    test_bytes_free(&all);
}

static void test_dsn_read(void **state)
{
    static const char text[] =
        "\r\nreporting-mta: mail.example.org\nX-Own: 1\nno colon\n\n\n"
        "FINAL-RECIPIENT:RFC822 ;\n a@example.org\nAction: Relayed\nFinal-Recipient: x;y\nStatus: 2.0.0 (ok)\n"
        "\nAction: gone\n";
    mailproto_mime_report_reader reader;
    mailproto_mime_dsn dsn;
    mailproto_mime_dsn_recipient r;
    mailproto_text name, value;

    (void)state;
    mailproto_mime_dsn_init(&dsn, sizeof dsn);
    mailproto_mime_dsn_recipient_init(&r, sizeof r);
    for (size_t n = 0; n < sizeof text; n++) { /* cut short anywhere: nothing is read beyond */
        char *copy = exact(text, n);

        assert_int_equal(mailproto_mime_report_init(&reader, sizeof reader, copy, n), MAILPROTO_OK);
        assert_int_equal(mailproto_mime_dsn_read(&reader, &dsn), MAILPROTO_OK);
        for (int i = 0; mailproto_mime_dsn_next(&reader, &r) == MAILPROTO_OK; i++)
            assert_true(i < 2);
        free(copy);
    }
    mailproto_mime_report_init(&reader, sizeof reader, text, sizeof text - 1);
    mailproto_mime_dsn_read(&reader, &dsn);
    assert_int_equal(dsn.reporting_mta_type.len, 0);
    kit_equal(dsn.reporting_mta, "mail.example.org");
    assert_int_equal(mailproto_mime_dsn_next(&reader, &r), MAILPROTO_OK);
    kit_equal(r.final_recipient_type, "RFC822");
    kit_equal(r.final_recipient, "a@example.org");
    assert_int_equal(r.action, MAILPROTO_MIME_ACTION_RELAYED);
    assert_int_equal(mailproto_mime_dsn_next(&reader, &r), MAILPROTO_OK);
    assert_int_equal(r.action, MAILPROTO_MIME_ACTION_OTHER);
    kit_equal(r.action_text, "gone");
    assert_int_equal(r.defects, BIT(FIELD_SYNTAX));
    mailproto_mime_report_init(&reader, sizeof reader, text, sizeof text - 1);
    assert_int_equal(mailproto_mime_report_field(&reader, &name, &value), MAILPROTO_OK);
    assert_int_equal(mailproto_mime_report_field(&reader, &name, &value), MAILPROTO_OK);
    kit_equal(name, "X-Own");
    kit_equal(value, "1");
    assert_int_equal(mailproto_mime_report_field(&reader, &name, &value), MAILPROTO_MIME_END);
}

static void test_mdn(void **state)
{
    mailproto_mime_mdn mdn, read;
    uint32_t node;
    mailproto_mime_builder *b = begin("disposition-notification", &node);
    mailproto_mime_tree *t;
    mailproto_text body;
    struct test_bytes all;

    (void)state;
    mailproto_mime_mdn_init(&mdn, sizeof mdn);
    mailproto_mime_mdn_init(&read, sizeof read);
    mdn.final_recipient_type = TEXT_OF("rfc822");
    mdn.final_recipient = TEXT_OF("a@example.org");
    assert_int_equal(mailproto_mime_builder_mdn(b, node, &mdn), MAILPROTO_ERR_ARG); /* no disposition */
    mdn.disposition = TEXT_OF("displayed; x");
    assert_int_equal(mailproto_mime_builder_mdn(b, node, &mdn), MAILPROTO_ERR_ARG);
    mdn.disposition = TEXT_OF("displayed");
    mdn.modifiers = TEXT_OF("error\r\n");
    assert_int_equal(mailproto_mime_builder_mdn(b, node, &mdn), MAILPROTO_ERR_ARG);
    mdn.modifiers = TEXT_OF("error");
    mdn.flags = MAILPROTO_MIME_MDN_SENT_AUTOMATICALLY;
    mdn.original_message_id = TEXT_OF("<1@example.org>");
    mdn.reporting_ua = TEXT_OF("mua.example.org; Reader 1.0");
    mdn.error = TEXT_OF("it could not be shown");
    assert_int_equal(mailproto_mime_builder_mdn(b, node, &mdn), MAILPROTO_OK);
    all = kit_end(b);
    t = kit_tree(&all);
    kit_equal(kit_part(t, 2).content_type, "message/disposition-notification");
    mailproto_mime_tree_text(t, 2, NULL, &body);
    assert_int_equal(mailproto_mime_mdn_read(body.ptr, body.len, &read), MAILPROTO_OK);
    assert_int_equal(read.defects, 0);
    assert_int_equal(read.flags, mdn.flags);
    kit_equal(read.disposition, "displayed");
    kit_equal(read.modifiers, "error");
    kit_equal(read.reporting_ua, "mua.example.org; Reader 1.0");
    kit_equal(read.final_recipient, "a@example.org");
    kit_equal(read.original_message_id, "<1@example.org>");
    kit_equal(read.error, "it could not be shown");
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);
    mailproto_mime_mdn_read(
        TEXT("Final-Recipient: rfc822;a\nDisposition: Automatic-Action /\n MDN-sent-automatically ; deleted"), &read);
    assert_int_equal(read.flags, MAILPROTO_MIME_MDN_AUTOMATIC_ACTION | MAILPROTO_MIME_MDN_SENT_AUTOMATICALLY);
    assert_int_equal(read.defects, 0);
    kit_equal(read.disposition, "deleted");
    mailproto_mime_mdn_read(TEXT("Disposition: displayed\n"), &read);
    assert_int_equal(read.defects, BIT(FIELD_SYNTAX));
    mailproto_mime_mdn_read(NULL, 0, &read);
    assert_int_equal(read.defects, BIT(FIELD_SYNTAX));
}

static void test_arf(void **state)
{
    mailproto_mime_arf arf, read;
    uint32_t node;
    mailproto_mime_builder *b = begin("feedback-report", &node);
    mailproto_mime_tree *t;
    mailproto_text body;
    struct test_bytes all;

    (void)state;
    mailproto_mime_arf_init(&arf, sizeof arf);
    mailproto_mime_arf_init(&read, sizeof read);
    arf.feedback_type = TEXT_OF("abuse");
    assert_int_equal(mailproto_mime_builder_arf(b, node, &arf), MAILPROTO_ERR_ARG);
    arf.user_agent = TEXT_OF("Example/1.0");
    arf.incidents = TEXT_OF("x");
    assert_int_equal(mailproto_mime_builder_arf(b, node, &arf), MAILPROTO_ERR_ARG);
    arf.incidents = TEXT_OF("3");
    arf.source_ip = TEXT_OF("192.0.2.1");
    arf.reporting_mta_type = TEXT_OF("dns");
    arf.reporting_mta = TEXT_OF("mail.example.org");
    arf.arrival_date = TEXT_OF("Wed, 5 Mar 2025 10:00:00 +0100");
    arf.rcpt_to = TEXT_OF("<a@example.org>");
    arf.reported_uri = TEXT_OF("http://example.net/x");
    assert_int_equal(mailproto_mime_builder_arf(b, node, &arf), MAILPROTO_OK);
    all = kit_end(b);
    t = kit_tree(&all);
    kit_equal(kit_part(t, 2).content_type, "message/feedback-report");
    mailproto_mime_tree_text(t, 2, NULL, &body);
    assert_int_equal(mailproto_mime_arf_read(body.ptr, body.len, &read), MAILPROTO_OK);
    assert_int_equal(read.defects, 0);
    kit_equal(read.feedback_type, "abuse");
    kit_equal(read.version, "1");
    kit_equal(read.incidents, "3");
    kit_equal(read.source_ip, "192.0.2.1");
    kit_equal(read.reporting_mta, "mail.example.org");
    kit_equal(read.arrival_date, "Wed, 5 Mar 2025 10:00:00 +0100");
    kit_equal(read.rcpt_to, "<a@example.org>");
    kit_equal(read.reported_uri, "http://example.net/x");
    mailproto_mime_tree_free(t);
    test_bytes_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dsn), cmocka_unit_test(test_dsn_refused), cmocka_unit_test(test_dsn_read),
        cmocka_unit_test(test_mdn), cmocka_unit_test(test_arf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
