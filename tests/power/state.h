/* state.h - what a loss of power left: opened, and compared with what was promised.
 * How: docs/design/power.md; no part of any protocol. */
#ifndef POWER_STATE_H
#define POWER_STATE_H

#include "life.h"

/* All of these answer 0, or say why not (LEDGER_WHY octets). */
int state_open(mailproto_maildir **out, const char *account, uint32_t options, const mp_files *files, char *why);
/* The power was lost behind the first `prefix` effects of a life, and left this folder: everything is there, and the store
   works on. repair: first what can be repaired. */
int state_look(const struct life *life, size_t prefix, const char *folder, int repair, char *why);
/* The index went with the power, and the time, too: it is made again, and gives no UIDVALIDITY that was told. */
int state_look_without_index(const struct life *life, size_t prefix, const char *folder, char *why);

#endif
