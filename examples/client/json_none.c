/* json_none.c - this build has no JSON: jansson was not found.
 * --json says so, and the program ends with a usage error. */
#include "json.h"

const struct json_writers *json_writers(void)
{
    return NULL;
}
