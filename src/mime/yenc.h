/* yenc.h - what the two directions of yEnc share.
 * yenc-draft.1.3.txt. */
#ifndef MP_MIME_YENC_H
#define MP_MIME_YENC_H

#include "mailproto/mime_yenc.h"

#include "mime/codec.h"

enum { MP_YENC_SHIFT = 42, MP_YENC_ESCAPED = 64 };
enum { MP_YENC_ENDING = 1, MP_YENC_SPENT = 2, MP_YENC_USED = 4 };

#endif
