/* structure.h - the structure machine: octets in, steps out: parts, header fields, bodies. The parser and the tree use it.
 * RFC 5322 section 2, RFC 2046 section 5.1; docs/design/mime.md, "Structure". */
#ifndef MP_MIME_STRUCTURE_H
#define MP_MIME_STRUCTURE_H

#include "mailproto/mime_parser.h"
#include "mime/structure_scan.h"

enum {
    MP_TYPE_MAX = 127,          /* octets of a type, and of a subtype: RFC 6838 4.2 */
    MP_BOUNDARY_MAX = 1000,     /* octets of a boundary that is looked for */
    MP_BOUNDARY_LINE_MAX = 1100 /* octets of a line of one, with blanks and line end: a longer line is none */
};

/* A header field, by offsets from its own begin. */
typedef struct mp_field {
    uint64_t begin;
    uint32_t octets;  /* with the last line end */
    uint32_t name_n;  /* without blanks before the colon */
    uint32_t value;   /* where it begins */
    uint32_t value_n; /* without the last line end */
    uint32_t flags;   /* MAILPROTO_MIME_FIELD_... */
    uint32_t id;
} mp_field;

/* A piece of the message by its offset. */
typedef struct mp_range {
    uint64_t at;
    uint32_t n;
} mp_range;

/* What the type is where none is given. */
enum { MP_DEFAULT_TEXT, MP_DEFAULT_MESSAGE, MP_DEFAULT_OCTETS };

/* What the fields of a header say of its part. */
typedef struct mp_content {
    mp_range value;         /* of the Content-Type field */
    mp_range type, subtype; /* n is 0: the default counts */
    uint32_t kind;          /* MAILPROTO_MIME_LEAF ... */
    uint32_t encoding;      /* MAILPROTO_MIME_ENCODING_... */
    uint32_t digest;        /* multipart/digest */
    uint32_t by_default;    /* where there is no type: MP_DEFAULT_... */
    uint32_t boundary_n;    /* the boundary stands behind those that are open */
} mp_content;

/* A part that is open. */
typedef struct mp_open {
    uint32_t index, number, children, flags;
    uint32_t kind, digest;
    uint32_t boundary, boundary_n; /* among the names; boundary_n is 0: none is looked for any more */
    uint32_t hash, next;           /* of the boundary; the next with the same place, as position + 1 */
    uint64_t begin, body, end;
    uint64_t lines;       /* LFs before the body; when it is over, those in it */
    uint64_t first, last; /* see mailproto_mime_part */
    uint64_t defects;
} mp_open;

/* What mp_structure_next gives. */
enum {
    MP_STEP_MORE = 0,       /* all that was fed is used up, or held */
    MP_STEP_PART = 1,       /* a part begins: mp_structure_top */
    MP_STEP_FIELDS = 2,     /* field_n fields are in `fields` */
    MP_STEP_HEADER_END = 3, /* `content`, mp_structure_top */
    MP_STEP_BODY = 4,       /* slice, slice_n, slice_at, form */
    MP_STEP_PART_END = 5,   /* mp_structure_top: it is open no more with the next step */
    MP_STEP_DEFECT = 6,     /* defect, defect_at: of mp_structure_top */
    MP_STEP_END = 7,        /* the message is over */
    MP_STEP_NOMEM = 8,      /* the allocator gave no memory: there are no more steps */
    MP_STEP_NONE = 9        /* inside of the machine only: it goes on */
};

typedef struct mp_structure {
    const mailproto_allocator *memory;
    const mp_scan_version *scan;
    uint32_t max_depth, max_parts;
    uint64_t max_header;

    /* what is looked at: the piece that was fed, or what is held with the first octets of it */
    const uint8_t *window, *at, *end;
    uint64_t window_at; /* offset of `window` */
    int last;           /* nothing comes behind it */

    /* the piece, if the window is the hold; of its octets so many were joined to what was held before it */
    const uint8_t *piece;
    size_t piece_n, joined, held;
    int in_hold, piece_last;
    uint8_t *hold;
    size_t hold_cap;

    uint32_t state, parts;
    uint64_t header_left; /* octets of header that are still allowed */
    uint64_t header;      /* and those that were */
    uint64_t lines;       /* LFs before `at` */
    uint64_t defects;     /* of all parts */

    /* the header in hand */
    mp_field_scan field;
    mp_content content;
    uint64_t present; /* a bit for each number of a field that is there */
    uint16_t *first;  /* of MAILPROTO_MIME_FIELDS: the position of the first of each, at most UINT16_MAX; the user's */
    uint32_t header_fields, header_lines, header_seen, header_over;
    mp_field *fields; /* room for field_cap fields: the user's */
    uint32_t field_cap, field_n;

    /* the body in hand */
    mp_body_scan body;
    uint32_t line_begin; /* `at` is the begin of a line that was not yet looked at, */
    uint32_t line_end;   /* behind a line end of so many octets */
    uint32_t wanted;     /* MP_SEEN_... that are defects here, and were not yet met */
    uint32_t body_wrong; /* those that were, and where first */
    uint64_t body_wrong_at[MP_SEEN_LONG_LINE + 1];
    const uint8_t *slice;
    size_t slice_n;
    uint64_t slice_at;
    uint32_t form; /* MAILPROTO_MIME_BODY_RAW, _PREAMBLE, _EPILOGUE */

    /* open parts, outermost first; their boundaries */
    mp_open *open;
    uint32_t open_n, open_cap;
    uint32_t *heads; /* positions + 1 of what is open by the hash of its boundary */
    uint32_t heads_cap, boundaries;
    uint8_t *names;
    uint32_t names_n, names_cap;
    uint32_t keep;              /* so many parts stay open when the others are closed */
    uint32_t closes;            /* what closes them: MP_BOUNDARY_NEXT, _LAST; NONE: the end of the message */
    uint64_t end_at, end_lines; /* where they end, and the LFs before it */

    /* defects that are to be told, and where */
    uint64_t pending;
    uint64_t pending_at[MAILPROTO_MIME_DEFECTS];
    uint32_t defect;
    uint64_t defect_at;
} mp_structure;

/* Makes it ready; config NULL: the defaults. memory is the user's and stays. OK; ERR_ARG. */
int32_t mp_structure_init(mp_structure *s, const mailproto_mime_config *config, const mailproto_allocator *memory);
void mp_structure_free(mp_structure *s);
/* Another message; what was allocated is kept. */
void mp_structure_reset(mp_structure *s);

/* Gives the next piece; only when mp_structure_next gave MORE, or to begin with. `last`: there is nothing behind it. */
void mp_structure_feed(mp_structure *s, const uint8_t *p, size_t n, int last);

/* What comes next. What it points to stays until the next call. Before a call, `fields`, `field_cap` and `first` are
   set; they may change between calls. */
int mp_structure_next(mp_structure *s);

/* The octets at an offset of what the last step told. */
static inline const uint8_t *mp_structure_text(const mp_structure *s, uint64_t offset)
{
    return s->window + (size_t)(offset - s->window_at);
}

static inline mp_open *mp_structure_top(const mp_structure *s)
{
    return &s->open[s->open_n - 1];
}

/* The most octets that the machine allocates. */
size_t mp_structure_memory_max(const mailproto_mime_config *config);

/* ---- what its files share ---- */

static inline void mp_structure_tell(mp_structure *s, uint32_t defect, uint64_t offset)
{
    const uint64_t bit = MAILPROTO_MIME_DEFECT_BIT(defect);

    if ((s->pending | mp_structure_top(s)->defects) & bit)
        return;
    s->pending |= bit;
    s->pending_at[defect] = offset;
}

static inline uint64_t mp_structure_offset(const mp_structure *s, const uint8_t *p)
{
    return s->window_at + (uint64_t)(p - s->window);
}

/* structure_run.c: the next step as far as the window goes. */
int mp_structure_run(mp_structure *s);

/* structure_header.c: a step of the header in hand. 0: it is over, and `content` complete. */
int mp_structure_header(mp_structure *s);
void mp_structure_header_begin(mp_structure *s);

/* structure_content.c: what Content-Type, Content-Transfer-Encoding and MIME-Version say. OK; ERR_NOMEM. */
int32_t mp_content_type(mp_structure *s, const uint8_t *value, uint32_t n, uint64_t at);
void mp_content_encoding(mp_structure *s, const uint8_t *value, uint32_t n, uint64_t at);
void mp_content_version(mp_structure *s, const uint8_t *value, uint32_t n, uint64_t at);
const char *mp_content_default(uint32_t by_default, const char **subtype);
/* The header is over: what follows from all of it. */
void mp_content_end(mp_structure *s);

/* structure_open.c: parts that are open. 1; 0: no memory. */
int mp_structure_push(mp_structure *s, uint64_t begin);
void mp_structure_pop(mp_structure *s);
/* The boundary of the innermost part is looked for from now on, or no longer. */
void mp_structure_open_boundary(mp_structure *s);
void mp_structure_drop_boundary(mp_structure *s, uint32_t position);
/* Room for a boundary of n octets behind those that are open; NULL: no memory. */
uint8_t *mp_structure_boundary_room(mp_structure *s, uint32_t n);

/* Whether one that is open has the boundary that the content in hand has. */
int mp_structure_is_open(const mp_structure *s);

enum { MP_BOUNDARY_NONE, MP_BOUNDARY_NEXT, MP_BOUNDARY_LAST, MP_BOUNDARY_UNKNOWN };

/* Whether the line at p is a boundary, and whose: *position among the open parts. *octets is the line with its end.
   UNKNOWN: its end is not among the n octets. */
int mp_structure_boundary(const mp_structure *s, const uint8_t *p, size_t n, int last, uint32_t *position,
                          size_t *octets);

/* field_name.c */
uint32_t mp_field_id(const uint8_t *name, size_t n);

#endif
