/* mailproto/mailproto.h - the whole library in one include. Begin with base.h (conventions) and session.h (the loop). */
#ifndef MAILPROTO_MAILPROTO_H
#define MAILPROTO_MAILPROTO_H

#include "base.h"
#include "crypto.h"
#include "layer.h"
#include "mime.h"
#include "pop3.h"
#include "session.h"
#include "smtp.h"
#include "store.h"
#include "version.h"

#endif
