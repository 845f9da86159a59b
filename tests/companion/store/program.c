/* program.c - the least program that uses mailproto-store, as a stranger would build it.
 * A store in memory, and whether it is complete for a POP3 server. */
#include <mailproto/memory_store.h>
#include <mailproto/store_kit.h>
#include <mailproto/version.h>
#include <stdio.h>

int main(void)
{
    mailproto_memory_store *memory;
    mailproto_store store;
    const char *why = "complete", *rule = "";

    if (mailproto_memory_store_new(&memory, NULL) || mailproto_memory_store_functions(memory, &store) ||
        mailproto_store_check(&store, MAILPROTO_STORE_FOR_POP3, &why) || mailproto_store_kit_rule(0, &rule, NULL))
        return 1;
    mailproto_memory_store_free(memory);
    printf("%s: %s, %s\n", mailproto_version(), why, rule);
    return 0;
}
