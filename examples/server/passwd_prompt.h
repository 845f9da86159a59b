/* passwd_prompt.h - asks for a new password: twice on the terminal, without echo; or once from standard input.
 * Never from the command line, which other users can see. */
#ifndef MAILPROTOD_PASSWD_PROMPT_H
#define MAILPROTOD_PASSWD_PROMPT_H

#include <stddef.h>

enum { PASSWD_PROMPT = 1026 };

/* 0; -1: what was wrong was printed. */
int passwd_prompt(char password[PASSWD_PROMPT], size_t *len, const char *whose);

#endif
