/* record_layer.h - a layer without cryptography, in the shape of TLS: a handshake, records, a closing alert; and its peer.
 * contract.md section 2, "Layers": behind it an engine must say and see exactly what it does without. */
#ifndef TRANSCRIPTS_RECORD_LAYER_H
#define TRANSCRIPTS_RECORD_LAYER_H

#include "mailproto/layer.h"
#include "text.h"

struct record_layer;

/* Puts one over `inner`; *out is the outer session, which owns both. */
int32_t record_layer_new(mailproto_session **out, struct record_layer **layer, mailproto_session *inner,
                         const mailproto_allocator *allocator);
/* The play keeps its end of it until here; the session's end is freed with the session. */
void record_layer_release(struct record_layer *layer);

/* The peer's side. Octets that the layer sent: in clear text to `clear`. */
void record_layer_decode(struct record_layer *layer, const uint8_t *data, size_t n, struct buffer *clear);
/* Clear text to what must be fed; `size` is the most a record holds. */
void record_layer_encode(struct record_layer *layer, const char *data, size_t n, size_t size, struct buffer *fed);
/* What the peer says to begin: the octets that finish the handshake; and what is known of that then, whose texts live as long as
   the layer. */
void record_layer_hello(struct record_layer *layer, const mailproto_tls_info *info, struct buffer *fed);
/* The alert that says nothing more comes. */
void record_layer_goodbye(struct record_layer *layer, struct buffer *fed);
/* Whether the engine's end began its handshake. */
int record_layer_greeted(const struct record_layer *layer);

#endif
