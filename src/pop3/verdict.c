/* verdict.c - the initialisers of the structs that POP3 hosts make for their answers. contract.md section 3. */
#include "core/memory.h"
#include "mailproto/pop3.h"

int32_t mailproto_pop3_verdict_init(mailproto_pop3_verdict *verdict, size_t size)
{
    return mp_struct_init(verdict, size);
}
