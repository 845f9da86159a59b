/* mailproto/mime.h - what there is of MIME, RFC 2045, 2047 and 2231. It needs no protocol engine. */
#ifndef MAILPROTO_MIME_H
#define MAILPROTO_MIME_H

#include "mime_builder.h"
#include "mime_charset.h"
#include "mime_codec.h"
#include "mime_content.h"
#include "mime_defect.h"
#include "mime_header.h"
#include "mime_idna.h"
#include "mime_imap.h"
#include "mime_mbox.h"
#include "mime_parser.h"
#include "mime_report.h"
#include "mime_tnef.h"
#include "mime_tree.h"
#include "mime_uucode.h"
#include "mime_view.h"
#include "mime_word.h"
#include "mime_yenc.h"

#endif
