/* The x86 versions of the text scan, on any processor and compiler: absent ones are NULL.
   RFC 5321 section 4.1.1.4. Private to the text_scan*.c files. */
#ifndef MP_CORE_TEXT_SCAN_X86_H
#define MP_CORE_TEXT_SCAN_X86_H

#include "core/text_scan.h"

/* The fastest that the processor runs, or NULL. */
mp_text_scan_fn mp_text_scan_x86_choose(void);

/* Those that the processor runs, slowest first; NULL past the last. */
mp_text_scan_fn mp_text_scan_x86_version(size_t index, const char **name);

#endif
