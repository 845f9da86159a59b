/* failures.c - logins that failed, by address and by name: while one of the last is being paid for, nobody is let in.
 * RFC 4954 section 9 and RFC 1939 section 13: guessing passwords must be slow. */
#include <arpa/inet.h>
#include <string.h>

#include "login.h"

enum { QUARTER_HOUR_MS = 900000, DOUBLED_MOST = 5, PROBES = 4, NETWORK = 8 };

static const uint64_t prime = UINT64_C(0x100000001b3);

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* FNV-1a, begun with octets that nobody knows, so that nobody can choose names which take another's place; then mixed, so
   that the place depends on all of them. What is told apart by it wrongly costs somebody some seconds. */
static uint64_t key_of(const struct failures *failures, char kind, const void *octets, size_t len)
{
    uint64_t key = (failures->seed ^ (unsigned char)kind) * prime;

    for (size_t i = 0; i < len; i++)
        key = (key ^ ((const unsigned char *)octets)[i]) * prime;
    key = (key ^ key >> 33) * UINT64_C(0xff51afd7ed558ccd);
    key = (key ^ key >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    key ^= key >> 33;
    return key ? key : 1;
}

/* An IPv6 address stands for its network of 64 bits, in which whoever has it can take any other (RFC 6177 2). */
static uint64_t key_of_address(const struct failures *failures, const char *address)
{
    struct in6_addr v6;

    if (strncmp(address, "IPv6:", 5) || inet_pton(AF_INET6, address + 5, &v6) != 1)
        return key_of(failures, '4', address, strlen(address));
    if (IN6_IS_ADDR_V4MAPPED(&v6))
        return key_of(failures, 'm', v6.s6_addr, sizeof v6.s6_addr);
    return key_of(failures, '6', v6.s6_addr, NETWORK);
}

static uint64_t key_of_name(const struct failures *failures, mailproto_text name)
{
    char plain[LOGIN_NAME];
    size_t len = name.len < sizeof plain ? name.len : sizeof plain;

    for (size_t i = 0; i < len; i++)
        plain[i] = small(name.ptr[i]);
    return key_of(failures, 'n', plain, len);
}

/* The place of a key, or the one that it may have: the one whose wait is over first. */
static size_t place_of(const struct failures *failures, uint64_t key)
{
    size_t first = key % FAILURES_PLACES;

    for (size_t i = 0; i < PROBES; i++) {
        size_t at = (key + i) % FAILURES_PLACES;

        if (failures->places[at].key == key)
            return at;
        if (failures->places[at].until < failures->places[first].until)
            first = at;
    }
    return first;
}

static uint64_t note(struct failures *failures, uint64_t key, uint64_t now, uint64_t first)
{
    struct failures_place *place = &failures->places[place_of(failures, key)];
    uint64_t wait;

    if (place->key != key || (now > place->until && now - place->when > QUARTER_HOUR_MS))
        place->count = 0;
    wait = first << (place->count < DOUBLED_MOST ? place->count : DOUBLED_MOST);
    place->key = key;
    place->when = now;
    place->until = now + wait;
    place->count++;
    return wait;
}

uint32_t failures_note(struct failures *failures, const char *address, mailproto_text name, uint64_t now,
                       uint64_t first)
{
    uint64_t by_address = note(failures, key_of_address(failures, address), now, first);
    uint64_t by_name = name.len ? note(failures, key_of_name(failures, name), now, first) : 0;

    return (uint32_t)(by_address > by_name ? by_address : by_name);
}

static uint64_t left(const struct failures *failures, uint64_t key, uint64_t now)
{
    const struct failures_place *place = &failures->places[place_of(failures, key)];

    return place->key == key && place->until > now ? place->until - now : 0;
}

uint32_t failures_wait(const struct failures *failures, const char *address, mailproto_text name, uint64_t now)
{
    uint64_t by_address = left(failures, key_of_address(failures, address), now);
    uint64_t by_name = name.len ? left(failures, key_of_name(failures, name), now) : 0;

    return (uint32_t)(by_address > by_name ? by_address : by_name);
}

void failures_forget(struct failures *failures, mailproto_text name)
{
    uint64_t key = name.len ? key_of_name(failures, name) : 0;
    size_t at = place_of(failures, key);

    if (key && failures->places[at].key == key)
        failures->places[at] = (struct failures_place){0};
}
