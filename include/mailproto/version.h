/* mailproto/version.h - which release this is, at compile time and at run time. */
#ifndef MAILPROTO_VERSION_H
#define MAILPROTO_VERSION_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MAILPROTO_VERSION_MAJOR = 0, MAILPROTO_VERSION_MINOR = 1, MAILPROTO_VERSION_PATCH = 0 };
#define MAILPROTO_VERSION_TEXT "0.1.0" /* held to the numbers, and to the build, by a test */

/* The release of the library that is linked: major * 65536 + minor * 256 + patch. */
MAILPROTO_API uint32_t mailproto_version_number(void);

/* The same as "major.minor.patch"; static, NUL-terminated. */
MAILPROTO_API const char *mailproto_version(void);

#ifdef __cplusplus
}
#endif
#endif
