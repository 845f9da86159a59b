/* view.c - which parts of a message are its text, its HTML and its attachments, and what their files are called.
 * RFC 8621 section 4.1.4; RFC 2183 section 2.8; RFC 2387; RFC 1847. */
#include "mailproto/mime_view.h"

#include "core/ascii.h"
#include "core/memory.h"
#include "mime/tree.h"
#include "mime/view.h"

/* What the role of a multipart holds while what is in it is read. A body is "shut" where the algorithm of RFC 8621 sets its
   list to null, and has "got" something if a part in the multipart was put there. */
enum {
    ALTERNATIVE = 1 << 16,
    RELATED = 1 << 17,
    SIGNED = 1 << 18,
    IN_ALTERNATIVE = 1 << 19,
    NO_TEXT = 1 << 20,
    NO_HTML = 1 << 21,
    GOT_TEXT = 1 << 22,
    GOT_HTML = 1 << 23,
    INHERITED = IN_ALTERNATIVE | NO_TEXT | NO_HTML
};
enum { TEXT = MAILPROTO_MIME_VIEW_TEXT, HTML = MAILPROTO_MIME_VIEW_HTML, ATTACHMENT = MAILPROTO_MIME_VIEW_ATTACHMENT };

int32_t mailproto_mime_view_init(mailproto_mime_view *view, size_t size)
{
    return mp_struct_init(view, size);
}

/* ---- fields of a part ---- */

/* The value of the first field of this number, empty if there is none. 1: it is there. */
static int value_of(const mailproto_mime_tree *tree, uint32_t part, uint32_t id, mailproto_text *value)
{
    mailproto_mime_field field;

    field.struct_size = sizeof field;
    *value = (mailproto_text){0};
    if (mailproto_mime_tree_find(tree, part, id, NULL, &field))
        return 0;
    *value = field.value;
    return 1;
}

int32_t mailproto_mime_view_name(const mailproto_mime_tree *tree, uint32_t part,
                                 const mailproto_charset_provider *provider, char *out, size_t cap, size_t *made,
                                 uint64_t *defects)
{
    mailproto_text disposition;
    mailproto_mime_part p;
    int is_there;

    p.struct_size = sizeof p;
    if (!made || (!out && cap) || mailproto_mime_tree_part(tree, part, &p))
        return MAILPROTO_ERR_ARG;
    is_there = value_of(tree, part, MAILPROTO_MIME_FIELD_CONTENT_DISPOSITION, &disposition);
    return mailproto_mime_file_name_text(is_there ? &disposition : NULL, p.content_type.ptr ? &p.content_type : NULL,
                                         provider, out, cap, made, defects);
}

static uint32_t disposition_of(const mailproto_mime_tree *tree, uint32_t part)
{
    mailproto_mime_disposition disposition;
    mailproto_text value;

    if (!value_of(tree, part, MAILPROTO_MIME_FIELD_CONTENT_DISPOSITION, &value))
        return MAILPROTO_MIME_DISPOSITION_NONE;
    mailproto_mime_disposition_init(&disposition, sizeof disposition);
    mailproto_mime_disposition_read(value.ptr, value.len, &disposition);
    return disposition.kind;
}

/* Whether it has a name that is not empty: the text of one that does not fit into nothing is none. */
static int is_named(const mailproto_mime_tree *tree, uint32_t part)
{
    size_t made;

    return mailproto_mime_view_name(tree, part, NULL, NULL, 0, &made, NULL) != MAILPROTO_MIME_END && made;
}

static int is_type(const mailproto_mime_part *p, const char *type)
{
    return mp_ascii_equal(p->type.ptr, p->type.len, type);
}

static int is_subtype(const mailproto_mime_part *p, const char *subtype)
{
    return mp_ascii_equal(p->subtype.ptr, p->subtype.len, subtype);
}

uint32_t mp_view_type(const mailproto_mime_part *p)
{
    /* RFC 2045 5.2: what cannot be understood is text/plain */
    if (!p->type.len || !p->subtype.len || (is_type(p, "text") && is_subtype(p, "plain")))
        return MAILPROTO_MIME_VIEW_IS_PLAIN;
    return is_type(p, "text") && is_subtype(p, "html") ? MAILPROTO_MIME_VIEW_IS_HTML : 0;
}

/* ---- RFC 8621 4.1.4 ---- */

typedef struct walk {
    const mailproto_mime_tree *tree;
    uint32_t *roles;
    uint32_t open; /* the innermost multipart, NO_PART: none */
    uint32_t top;  /* stands for the multipart that the message is not in */
} walk;

static uint32_t *around(walk *w)
{
    return w->open == MAILPROTO_MIME_NO_PART ? &w->top : &w->roles[w->open];
}

/* Of an alternative that has only one kind: what there is is the other kind too. */
static void fill(walk *w, uint32_t at, uint32_t from, uint32_t to)
{
    const uint32_t after = w->tree->parts[at].after;

    for (uint32_t i = at + 1; i < after; i++)
        if (w->roles[i] & from)
            w->roles[i] |= to;
}

/* It may be that a part in it was looked at by `fill` of an inner one: then that has got both, and so has this. */
static void close_multipart(walk *w)
{
    const uint32_t at = w->open;
    uint32_t state = w->roles[at];

    if (state & ALTERNATIVE && !(state & (NO_TEXT | NO_HTML))) {
        if ((state & (GOT_TEXT | GOT_HTML)) == GOT_HTML)
            fill(w, at, HTML, TEXT);
        else if ((state & (GOT_TEXT | GOT_HTML)) == GOT_TEXT)
            fill(w, at, TEXT, HTML);
        if (state & (GOT_TEXT | GOT_HTML))
            state |= GOT_TEXT | GOT_HTML;
    }
    w->open = w->tree->parts[at].parent;
    w->roles[at] = 0;
    *around(w) |= state & (GOT_TEXT | GOT_HTML);
}

static void open_multipart(walk *w, uint32_t at, const mailproto_mime_part *p)
{
    uint32_t state = *around(w) & INHERITED;

    if (is_subtype(p, "alternative"))
        state |= ALTERNATIVE | IN_ALTERNATIVE;
    else if (is_subtype(p, "related"))
        state |= RELATED;
    else if (is_subtype(p, "signed"))
        state |= SIGNED;
    w->roles[at] = state;
    w->open = at;
}

/* More about a part that may be shown or listed. */
static uint32_t traits_of(const walk *w, uint32_t at, const mailproto_mime_part *p, uint32_t disposition,
                          uint32_t around)
{
    uint32_t traits = mp_view_type(p);
    mailproto_text value;

    if (disposition == MAILPROTO_MIME_DISPOSITION_INLINE)
        traits |= MAILPROTO_MIME_VIEW_INLINE;
    if (is_named(w->tree, at))
        traits |= MAILPROTO_MIME_VIEW_NAMED;
    if (around & SIGNED && p->number == 2)
        traits |= MAILPROTO_MIME_VIEW_SIGNATURE;
    if (around & RELATED && p->number > 1 &&
        (value_of(w->tree, at, MAILPROTO_MIME_FIELD_CONTENT_ID, &value) ||
         value_of(w->tree, at, MAILPROTO_MIME_FIELD_CONTENT_LOCATION, &value)))
        traits |= MAILPROTO_MIME_VIEW_EMBEDDED;
    return traits;
}

/* What a part that is shown goes to: "isInline" of the RFC's algorithm, its branches in their order. */
static uint32_t place(uint32_t *around, uint32_t type)
{
    uint32_t role;

    if (*around & ALTERNATIVE) {
        /* a body that is shut is not written to, and the part would be lost there: then it is an attachment */
        role = type & MAILPROTO_MIME_VIEW_IS_PLAIN ? TEXT : type & MAILPROTO_MIME_VIEW_IS_HTML ? HTML : ATTACHMENT;
        if ((role == TEXT && *around & NO_TEXT) || (role == HTML && *around & NO_HTML))
            role = ATTACHMENT;
    } else {
        if (*around & IN_ALTERNATIVE && type & MAILPROTO_MIME_VIEW_IS_PLAIN)
            *around |= NO_HTML;
        if (*around & IN_ALTERNATIVE && type & MAILPROTO_MIME_VIEW_IS_HTML)
            *around |= NO_TEXT;
        role = (*around & NO_TEXT ? 0 : TEXT) | (*around & NO_HTML ? 0 : HTML);
        if (!role || (role != (TEXT | HTML) && !type))
            role |= ATTACHMENT;
    }
    *around |= (role & TEXT ? GOT_TEXT : 0) | (role & HTML ? GOT_HTML : 0);
    return role;
}

static void see_leaf(walk *w, uint32_t at, const mailproto_mime_part *p)
{
    const uint32_t disposition = disposition_of(w->tree, at);
    const int is_message = p->kind == MAILPROTO_MIME_MESSAGE;
    const int is_media = is_type(p, "image") || is_type(p, "audio") || is_type(p, "video");
    const uint32_t traits = traits_of(w, at, p, disposition, *around(w));
    const uint32_t type = traits & (MAILPROTO_MIME_VIEW_IS_PLAIN | MAILPROTO_MIME_VIEW_IS_HTML);
    const int is_first = at == 0 || p->number == 1;
    int is_shown = !is_message && disposition != MAILPROTO_MIME_DISPOSITION_ATTACHMENT &&
                   disposition != MAILPROTO_MIME_DISPOSITION_OTHER && (type || is_media);

    if (!is_first)
        is_shown = is_shown && !(*around(w) & RELATED) && (is_media || !(traits & MAILPROTO_MIME_VIEW_NAMED));
    w->roles[at] = traits | (is_shown ? place(around(w), type) : ATTACHMENT);
}

/* Sees part `at`; gives the one that is to be seen next. */
static uint32_t see(walk *w, uint32_t at)
{
    mailproto_mime_part p;

    while (w->open != MAILPROTO_MIME_NO_PART && w->tree->parts[w->open].after <= at)
        close_multipart(w);
    p.struct_size = sizeof p;
    mailproto_mime_tree_part(w->tree, at, &p);
    w->roles[at] = 0;
    if (p.kind == MAILPROTO_MIME_MULTIPART && p.children) {
        open_multipart(w, at, &p);
        return at + 1;
    }
    /* of a multipart without parts what it has is shown as a file, if there is anything */
    if (!is_type(&p, "multipart") || !p.subtype.len)
        see_leaf(w, at, &p);
    else if (p.end > p.body)
        w->roles[at] = ATTACHMENT;
    for (uint32_t i = at + 1; i < p.after; i++)
        w->roles[i] = 0;
    return p.after;
}

static void count(mailproto_mime_view *v, uint32_t at, uint32_t role)
{
    enum { PART_OF_TEXT = MAILPROTO_MIME_VIEW_INLINE | MAILPROTO_MIME_VIEW_EMBEDDED | MAILPROTO_MIME_VIEW_SIGNATURE };

    v->texts += (role & TEXT) != 0;
    v->htmls += (role & HTML) != 0;
    v->attachments += (role & ATTACHMENT) != 0;
    if (role & ATTACHMENT && !(role & PART_OF_TEXT))
        v->has_attachment = 1;
    if (role & HTML && role & MAILPROTO_MIME_VIEW_IS_HTML && v->html == MAILPROTO_MIME_NO_PART)
        v->html = at;
}

/* The first part that has all of these. */
static uint32_t first_of(const uint32_t *roles, uint32_t parts, uint32_t wanted)
{
    for (uint32_t i = 0; i < parts; i++)
        if ((roles[i] & wanted) == wanted)
            return i;
    return MAILPROTO_MIME_NO_PART;
}

int32_t mailproto_mime_view_read(const mailproto_mime_tree *tree, uint32_t *roles, size_t cap,
                                 mailproto_mime_view *view)
{
    const uint32_t parts = mailproto_mime_tree_parts(tree);
    walk w = {tree, roles, MAILPROTO_MIME_NO_PART, 0};

    if (!tree || (!roles && cap) || !view || view->struct_size < sizeof *view)
        return MAILPROTO_ERR_ARG;
    mp_struct_init(view, view->struct_size);
    view->parts = parts;
    if (cap < parts)
        return MAILPROTO_ERR_LIMIT;
    for (uint32_t at = 0; at < parts;)
        at = see(&w, at);
    while (w.open != MAILPROTO_MIME_NO_PART)
        close_multipart(&w);
    view->html = MAILPROTO_MIME_NO_PART;
    for (uint32_t i = 0; i < parts; i++)
        count(view, i, roles[i]);
    view->text = first_of(roles, parts, TEXT | MAILPROTO_MIME_VIEW_IS_PLAIN);
    if (view->text == MAILPROTO_MIME_NO_PART)
        view->text = first_of(roles, parts, TEXT | MAILPROTO_MIME_VIEW_IS_HTML);
    return MAILPROTO_OK;
}
