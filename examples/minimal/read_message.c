/* read_message.c - what a reader sees of a message in a file: who, what, how it begins, what is attached.
 * usage: read_message FILE. No engine, no socket, no package. */
#include <mailproto/mime.h>
#include <stdio.h>

static char text[4096]; /* what is longer is not shown */

/* Subject and the like: encoded words become UTF-8. */
static void show(const mailproto_mime_tree *tree, uint32_t id, const char *label)
{
    mailproto_mime_field field;
    size_t made;

    mailproto_mime_field_init(&field, sizeof field);
    if (mailproto_mime_tree_find(tree, 0, id, NULL, &field))
        return;
    if (!mailproto_mime_text_decode(field.value.ptr, field.value.len, mailproto_charset_iconv(), text, sizeof text,
                                    &made, NULL))
        printf("%s %.*s\n", label, (int)made, text);
}

int main(int argc, char **argv)
{
    static char message[1 << 24];
    static uint32_t roles[10001]; /* a tree has no more parts, if its config says nothing else */
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    mailproto_mime_tree *tree;
    mailproto_mime_view view;
    size_t n, made;

    if (!file)
        return fprintf(stderr, argc == 2 ? "cannot read %s\n" : "usage: %s FILE\n", argv[argc == 2]), 2;
    n = fread(message, 1, sizeof message, file); /* of more than 16 MiB the rest is not seen */
    fclose(file);
    mailproto_mime_view_init(&view, sizeof view);
    if (mailproto_mime_tree_new(NULL, message, n, &tree) ||
        mailproto_mime_view_read(tree, roles, sizeof roles / sizeof *roles, &view))
        return fprintf(stderr, "read_message: no memory\n"), 1;
    show(tree, MAILPROTO_MIME_FIELD_FROM, "From:   ");
    show(tree, MAILPROTO_MIME_FIELD_SUBJECT, "Subject:");
    if (!mailproto_mime_preview(tree, roles, view.parts, mailproto_charset_iconv(), 0, text, sizeof text, &made))
        printf("\n%.*s\n\n", (int)made, text);
    for (uint32_t i = 0; i < view.parts; i++) {
        if (!(roles[i] & MAILPROTO_MIME_VIEW_ATTACHMENT))
            continue;
        if (mailproto_mime_view_name(tree, i, mailproto_charset_iconv(), text, sizeof text, &made, NULL))
            made = 0;
        printf("part %u: %.*s\n", i, made ? (int)made : 7, made ? text : "no name");
    }
    mailproto_mime_tree_free(tree);
    return 0;
}
