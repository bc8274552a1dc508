// The operations of kernel.py in 128-bit SIMD, in one source for WebAssembly and for native machines.
//
// `run` executes a program: an array of steps, each an operation and its fields (addresses and sizes), as recorder.py
// records them; simd/abi.h names the fields. This code needs no library and allocates no memory: everything is in numpy's
// arrays. Numbers are float32, rows are contiguous.

#include "simd/attention.h"
#include "simd/elements.h"
#include "simd/logits.h"
#include "simd/nearest.h"
#include "simd/packing.h"
#include "simd/products.h"
#include "simd/quantizing.h"
#include "simd/recurrences.h"
#include "simd/shortlist.h"

#define AHEAD 1024  // bytes of each stream that a waiting thread requests at a time

// Products that do not need each other's results are in consecutive steps, and the first one's `joined` counts them.
#define EACH_PRODUCT(s) for (word i = 0, count = s->product.joined; i < count; i++, s++)

// The two halves of products: prepare the inputs, then compute of each product the rows from first_row to end_row.
void product_begin(const step *s) {
  EACH_PRODUCT(s) {
    struct product p = operands(s);
    spread(&p, s->product.form);
  }
}

void product_rows(const step *s) {
  EACH_PRODUCT(s) {
    struct product p = operands(s);
    if (s->product.form == PAIRS) pairwise(&p, s->product.first_row, s->product.end_row);
    else if (s->product.first_row < s->product.end_row)
      panels(&p, s->product.form, s->product.gap, s->product.first_row, s->product.end_row);
    if (p.activation) activate_rows(&p, s->product.first_row, s->product.end_row);
  }
}

// For a thread that waits: prefetch a little more of what product_rows will read, of which `done` bytes of each stream
// are in its cache already. Returns how many are there now. (Its copies of matrices are in one place.)
word product_ahead(const step *s, word done) {
  word before = 0;
  EACH_PRODUCT(s) {
    word first = s->product.first_row, row = row_bytes(s->product.columns, s->product.form);
    word apart = first_part(s->product.end_row - first) * row, left = before + apart - done;
    if (left > 0) {
      word bytes = left < AHEAD ? left : AHEAD;
      touch((const signed char *)s->product.weights + first * row + apart - left, apart, bytes);
      return done + bytes;
    }
    before += apart;
  }
  return done;
}

#ifndef __wasm__
#include "simd/threads.h"
#endif

// `share` divides products among threads. Each call writes the next rows to compute here into the steps; it returns 0
// when all rows are computed. Helper threads begin at the first call.
static void products(step *s, word (*share)(step *)) {
#ifndef __wasm__
  if (share == share_rows) {
    shared_products(s);
    return;
  }
#endif
  word more = 1;
  step *each = s;
  if (share) more = share(s);
  else EACH_PRODUCT(each) each->product.first_row = 0, each->product.end_row = each->product.rows;
  product_begin(s);
  for (; more; more = share ? share(s) : 0) product_rows(s);
}

// The product of more tokens than helper threads have memory for, in parts.
static void long_product(step *s, word (*share)(step *)) {
  word tokens = s->product.tokens;
  float *out = s->product.out;
  const float *inputs = s->product.inputs;
  for (word token = 0; token < tokens; token += CHUNK) {
    s->product.tokens = tokens - token < CHUNK ? tokens - token : CHUNK;
    s->product.out = out + token * s->product.rows;
    s->product.inputs = inputs + token * s->product.columns;
    products(s, share);
  }
  s->product.tokens = tokens, s->product.out = out, s->product.inputs = inputs;
}

// Execute `count` steps; without `share` (0), this thread computes everything.
void run(step *s, word count, word (*share)(step *)) {
  for (; count > 0; count--, s++) {
    switch (s->operation) {
      case EMBED:
        embed(s->embed.out, s->embed.table, s->embed.scales, s->embed.ids, s->embed.tokens,
              s->embed.width, s->embed.bits);
        break;
      case NORMALIZE:
        normalize(s->normalize.out, s->normalize.x, s->normalize.weight, s->normalize.bias,
                  s->normalize.rows, s->normalize.size, s->normalize.heads, *s->normalize.eps);
        break;
      case NORMALIZE_BACK:
        normalize_back(s->normalize_back.out, s->normalize_back.slope, s->normalize_back.x, s->normalize_back.weight,
                       s->normalize_back.rows, s->normalize_back.size, s->normalize_back.heads, *s->normalize_back.eps);
        break;
      case MIX:
        mix(s->mix.out, s->mix.x, s->mix.previous, s->mix.weights, s->mix.tokens, s->mix.width,
            s->mix.count);
        break;
      case MIX_BACK:
        mix_back(s->mix_back.out, s->mix_back.slopes, s->mix_back.x, s->mix_back.weights, s->mix_back.tokens,
                 s->mix_back.width, s->mix_back.count);
        break;
      case SHIFT: shift(s->shift.out, s->shift.x, s->shift.previous, s->shift.tokens, s->shift.width); break;
      case LERP: lerp(s->lerp.out, s->lerp.a, s->lerp.b, s->lerp.weight, s->lerp.size, s->lerp.period); break;
      case ADD: add(s->add.out, s->add.a, s->add.b, s->add.size, s->add.period); break;
      case MULTIPLY:
        multiply(s->multiply.out, s->multiply.a, s->multiply.b, s->multiply.size, s->multiply.period);
        break;
      case PRODUCT: {
        if (count > 1 && rests(s + 1)) break;  // this is its sketch
        word further = s->product.joined - 1;
        if (share && s->product.tokens > CHUNK) long_product(s, share);
        else products(s, share);
        s += further, count -= further;
        break;
      }
      case WKV4:
        wkv4(s->wkv4.out, s->wkv4.k, s->wkv4.v, s->wkv4.decay, s->wkv4.bonus, s->wkv4.state,
             s->wkv4.tokens, s->wkv4.width);
        break;
      case WKV4_BACK:
        wkv4_back(s->wkv4_back.out, s->wkv4_back.slope, s->wkv4_back.k, s->wkv4_back.v, s->wkv4_back.decay,
                  s->wkv4_back.bonus, s->wkv4_back.state, s->wkv4_back.tokens, s->wkv4_back.width, s->wkv4_back.spare);
        break;
      case WKV5:
        wkv5(s->wkv5.out, s->wkv5.r, s->wkv5.k, s->wkv5.v, s->wkv5.decay, s->wkv5.decay_step,
             s->wkv5.bonus, s->wkv5.state, s->wkv5.tokens, s->wkv5.heads, s->wkv5.size);
        break;
      case WKV7:
#ifndef __wasm__
        if (share == share_rows) {
          shared_heads(s);
          break;
        }
#endif
        wkv7(s, 0, s->wkv7.heads);
        break;
      case WKV7_BACK: wkv7_back(s); break;
      case DELTA_KEYS:
        delta_keys(s->delta_keys.unit, s->delta_keys.keys, s->delta_keys.k, s->delta_keys.a,
                   s->delta_keys.removal, s->delta_keys.replacement, s->delta_keys.tokens,
                   s->delta_keys.heads, s->delta_keys.size);
        break;
      case HEAD_BONUS:
        head_bonus(s->head_bonus.out, s->head_bonus.r, s->head_bonus.k, s->head_bonus.v,
                   s->head_bonus.weight, s->head_bonus.tokens, s->head_bonus.heads,
                   s->head_bonus.size);
        break;
      case DEEP_EMBED:
        deep_embed(s->deep_embed.out, s->deep_embed.x, s->deep_embed.rows, s->deep_embed.base,
                   s->deep_embed.tokens, s->deep_embed.size, s->deep_embed.columns);
        break;
      case SHORTLIST: shortlist(s); break;
      case ATTENTION:
        attention(s->attention.out, s->attention.q, s->attention.k, s->attention.v, s->attention.lengths,
                  s->attention.count, s->attention.heads, s->attention.size, s->attention.scratch);
        break;
    }
  }
}
