/* memory.c - what an exchange takes at most, for the sums of the engines: apart from the configs, which bring all mechanisms.
 * contract.md section 3, "`..._memory_max` states the worst case". */
#include "sasl/client.h"
#include "sasl/config.h"
#include "sasl/server.h"

size_t mp_sasl_client_memory(const mailproto_sasl_client_config *config)
{
    size_t most = config && config->max_message ? config->max_message : MP_SASL_MAX_MESSAGE;

    if (!config)
        return sizeof(struct mp_sasl_client);
    return sizeof(struct mp_sasl_client) + sizeof(struct mp_sasl_client_settings) + config->other.len +
           config->host_name.len + 3 * most + 20 * MP_SASL_NAME_MAX;
}

size_t mp_sasl_server_memory(const mailproto_sasl_server_config *config)
{
    size_t most = config && config->max_message ? config->max_message : MP_SASL_MAX_MESSAGE;
    size_t texts;

    if (!config) /* the name of LOGIN, and all of it in AUTH */
        return sizeof(struct mp_sasl_server) + 3 * most + MP_SASL_NAME_MAX + 64;
    texts = sizeof(struct mp_sasl_server_settings) + config->other.len + config->host_name.len + config->secret.len +
            config->oauth_scope.len + config->oauth_configuration.len;
    return sizeof(struct mp_sasl_server) + texts + 6 * most + 8 * MP_SASL_NAME_MAX;
}
