/* mailproto/mime.h - what there is of MIME, RFC 2045, 2047 and 2231. It needs no protocol engine. */
#ifndef MAILPROTO_MIME_H
#define MAILPROTO_MIME_H

#include "mime_codec.h"
#include "mime_defect.h"
#include "mime_word.h"

#endif
