/* login.c - the LOGIN mechanism: the server asks for a name, then for a password.
 * draft-murchison-sasl-login section 2; obsolete, and spoken by many clients all the same. */
#include <string.h>

#include "core/utf8.h"
#include "sasl/sasl.h"

const char *mp_sasl_login_challenge(uint32_t step)
{
    /* "Username:" and "Password:", which some clients compare with */
    return step == MP_SASL_LOGIN_NAME ? "VXNlcm5hbWU6" : "UGFzc3dvcmQ6";
}

static int valid(const char *text, size_t n)
{
    return n && !memchr(text, 0, n) && mp_utf8_valid((const uint8_t *)text, n);
}

int mp_sasl_login_answer(uint32_t step, const char *text, size_t n, struct mp_sasl_identity *identity)
{
    if (step >= MP_SASL_LOGIN_STEPS || !valid(text, n))
        return -1;
    *(step == MP_SASL_LOGIN_NAME ? &identity->name : &identity->password) = (mailproto_text){text, n};
    return 0;
}

int mp_sasl_login_respond(uint32_t step, const struct mp_sasl_identity *identity, mailproto_text *text)
{
    const mailproto_text *answer = step == MP_SASL_LOGIN_NAME ? &identity->name : &identity->password;

    if (step >= MP_SASL_LOGIN_STEPS || !valid(answer->ptr, answer->len))
        return -1;
    *text = *answer;
    return 0;
}
