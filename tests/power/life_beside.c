/* life_beside.c - subscriptions, an annotation and a limit, set and taken away.
 * RFC 9051 6.3.7, RFC 5464, RFC 9208; the contract of mailproto/store.h. */
#include <stdio.h>

#include "ask.h"
#include "life.h"

/* The question is asked when what it may have done is in the ledger; it changes nothing else. */
static int finish(struct life *life, struct world *then, int32_t result)
{
    if (!result)
        ledger_end(&life->ledger, life_at(life), then);
    world_free(then);
    return result ? LIFE_WRONG(life, "%s", ask_why()) : 0;
}

static const mailproto_store *begin(struct life *life, const struct world *then)
{
    ledger_begin(&life->ledger, life_at(life), PENDING_WHOLE, then);
    return life_store(life, (unsigned)life_below(life, 2));
}

static int subscribe(struct life *life)
{
    unsigned at = (unsigned)life_below(life, BESIDE_NAMES);
    struct world then;

    world_copy(&then, &life->ledger.now);
    then.beside.subscribed ^= 1u << at;
    return finish(life, &then, beside_set_subscribed(begin(life, &then), at, (int)(then.beside.subscribed >> at & 1)));
}

static int note(struct life *life)
{
    uint64_t inbox = life->ledger.now.boxes[0].id;
    struct world then;

    world_copy(&then, &life->ledger.now);
    then.beside.note = life_below(life, 4) ? 1 + (uint32_t)life_below(life, 1000) : 0;
    return finish(life, &then, beside_set_note(begin(life, &then), inbox, then.beside.note));
}

/* Far more than there will be: only who asks for that much is refused. */
static int limit(struct life *life)
{
    struct world then;

    world_copy(&then, &life->ledger.now);
    then.beside.limit = life_below(life, 4) ? (UINT64_C(1) << 40) + life_below(life, 1000) : 0;
    return finish(life, &then, beside_set_limit(begin(life, &then), then.beside.limit));
}

int life_beside(struct life *life)
{
    size_t chance = life_below(life, life->kind.limits ? 3 : 2);

    if (life->ledger.numbers_may_rise)
        return 0; /* the index had it, and was lost */
    return chance == 0 ? subscribe(life) : chance == 1 ? note(life) : limit(life);
}
