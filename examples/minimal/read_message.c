/* read_message.c - what a reader sees of a message in a file: who, what, how it begins, what is attached.
 * usage: read_message FILE. No engine, no socket, no package. */
#include <mailproto/mime.h>
#include <stdio.h>

static char text[4096]; /* what is longer is not shown */

/* Names are decoded one by one, after the syntax is known: what comes out of an encoded word is never an address. */
static void show_senders(const mailproto_mime_field *from, const mailproto_charset_provider *charsets)
{
    mailproto_mime_addresses list;
    mailproto_mime_address address;
    size_t name, spec;

    mailproto_mime_addresses_init(&list, sizeof list, from->value.ptr, from->value.len);
    mailproto_mime_address_init(&address, sizeof address);
    while (!mailproto_mime_addresses_next(&list, &address))
        if (!mailproto_mime_address_name(&address, charsets, text, sizeof text, &name, NULL) &&
            !mailproto_mime_address_spec(&address, MAILPROTO_MIME_SPEC_WHOLE, text + name, sizeof text - name, &spec))
            printf("From: %.*s <%.*s>\n", (int)name, text, (int)spec, text + name);
}

int main(int argc, char **argv)
{
    static char message[1 << 24];
    static uint32_t roles[10001]; /* a tree has no more parts, if its config says nothing else */
    const mailproto_charset_provider *charsets = mailproto_charset_iconv();
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    mailproto_mime_tree *tree;
    mailproto_mime_field field;
    mailproto_mime_view view;
    size_t n, made;

    if (!file)
        return fprintf(stderr, argc == 2 ? "cannot read %s\n" : "usage: %s FILE\n", argv[argc == 2]), 2;
    n = fread(message, 1, sizeof message, file); /* of more than 16 MiB the rest is not seen */
    fclose(file);
    mailproto_mime_field_init(&field, sizeof field);
    mailproto_mime_view_init(&view, sizeof view);
    if (mailproto_mime_tree_new(NULL, message, n, &tree))
        return fprintf(stderr, "%s\n", mailproto_result_text(MAILPROTO_ERR_NOMEM)), 1;
    if (!mailproto_mime_tree_find(tree, 0, MAILPROTO_MIME_FIELD_FROM, NULL, &field))
        show_senders(&field, charsets);
    if (!mailproto_mime_tree_find(tree, 0, MAILPROTO_MIME_FIELD_SUBJECT, NULL, &field) &&
        !mailproto_mime_text_decode(field.value.ptr, field.value.len, charsets, text, sizeof text, &made, NULL))
        printf("Subject: %.*s\n", (int)made, text);
    mailproto_mime_view_read(tree, roles, sizeof roles / sizeof *roles, &view);
    if (!mailproto_mime_preview(tree, roles, view.parts, charsets, 0, text, sizeof text, &made))
        printf("\n%.*s\n\n", (int)made, text);
    for (uint32_t i = 0; i < view.parts; i++)
        if (roles[i] & MAILPROTO_MIME_VIEW_ATTACHMENT &&
            !mailproto_mime_view_name(tree, i, charsets, text, sizeof text, &made, NULL))
            printf("part %u: %.*s\n", i, (int)made, text);
    mailproto_mime_tree_free(tree);
    return 0;
}
