/* Names and sentences of the defects of messages.
   mailproto/mime_defect.h has the table, with the RFC section of each. */
#include "mailproto/mime_defect.h"

const char *mailproto_mime_defect_name(uint32_t defect)
{
    static const char *const name[MAILPROTO_MIME_DEFECTS] = {
#define NAME(name, value, sentence) [value] = #name,
        MAILPROTO_MIME_DEFECT_TABLE(NAME)
#undef NAME
    };
    return defect < MAILPROTO_MIME_DEFECTS ? name[defect] : NULL;
}

const char *mailproto_mime_defect_text(uint32_t defect)
{
    static const char *const text[MAILPROTO_MIME_DEFECTS] = {
#define TEXT(name, value, sentence) [value] = sentence,
        MAILPROTO_MIME_DEFECT_TABLE(TEXT)
#undef TEXT
    };
    return defect < MAILPROTO_MIME_DEFECTS ? text[defect] : NULL;
}
