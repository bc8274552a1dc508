// The recurrences of each RWKV version (numpy_kernel.py has the formulas), and RWKV-7's operations on keys.
#pragma once

#include "vectors.h"

static void wkv4(float *out, const float *k, const float *v, const float *decay, const float *bonus, float *state, word tokens, word width) {
  float *numerator = state, *denominator = state + width, *exponent = state + 2 * width;
  for (word t = 0; t < tokens; t++, k += width, v += width, out += width) {
    EACH_FOUR(width, {
      f32x4 key = load(k + i, left), value = load(v + i, left), e = load(exponent + i, left);
      f32x4 a = load(numerator + i, left), b = load(denominator + i, left);
      // Both sums have a common exponent, which is subtracted so that no exp overflows.
      f32x4 boosted = key + load(bonus + i, left), top = larger_or_nan(e, boosted);
      f32x4 past = decaying(e - top), now = decaying(boosted - top);
      store(out + i, (past * a + now * value) / (past * b + now), left);
      e += load(decay + i, left);
      top = larger_or_nan(e, key);
      past = decaying(e - top), now = decaying(key - top);
      store(numerator + i, past * a + now * value, left);
      store(denominator + i, past * b + now, left);
      store(exponent + i, top, left);
    })
  }
}

INLINE void wkv5_row(float *out, float r, float k, const float *v, float decay, float bonus, float *s, word size,
                     const int whole) {
  for (word i = 0, left = size; i < size; i += 4, left -= 4) {
    word n = whole ? 4 : left;
    f32x4 kv = k * load(v + i, n), old = load(s + i, n);
    store(out + i, madd(splat(r), madd(splat(bonus), kv, old), load(out + i, n)), n);
    store(s + i, madd(splat(decay), old, kv), n);
  }
}

static void wkv5(float *out, const float *r, const float *k, const float *v, const float *decay, word decay_step,
                 const float *bonus, float *state, word tokens, word heads, word size) {
  word width = heads * size;
  for (word t = 0; t < tokens; t++, r += width, k += width, v += width, decay += decay_step, out += width) {
    for (word i = 0; i < width; i++) out[i] = 0;
    for (word c = 0; c < width; c++) {  // a channel of the keys; its row of the state is indexed by the values' channels
      word head = c / size * size;
#define ROW out + head, r[c], k[c], v + head, decay[c], bonus[c], state + c * size, size
      if (size % 4) wkv5_row(ROW, 0);
      else wkv5_row(ROW, 1);
#undef ROW
    }
  }
}

#define WKV7_ROWS 2

// What all value channels of a head share: the query after the decay, the direction in which the state is edited, and
// the query's products with that direction and with the key.
struct wkv7_head {
  const float *query, *decay, *key, *removal, *edit;
  float key_found, edit_found;
};

// The value channels of one head, `count` at a time; each has a row of the state, indexed by the keys' channels. The
// output and the removed part are both summed from the old row, so that the second pass over the row only writes. The
// first pass over the next rows runs in the same loop, so that neither waits for the sums.
INLINE void wkv7_rows(float *out, const struct wkv7_head *h, const float *v, float *s, word size, const unsigned count, const int whole) {
  f32x4 removed[WKV7_ROWS] = {0}, y[WKV7_ROWS] = {0};
  for (word i = 0, left = size; i < size; i += 4, left -= 4) {
    word n = whole ? 4 : left;
    f32x4 removal = load(h->removal + i, n), query = load(h->query + i, n);
    UNROLL for (unsigned j = 0; j < count; j++) {
      f32x4 old = load(s + j * size + i, n);
      removed[j] = madd(old, removal, removed[j]);
      y[j] = madd(old, query, y[j]);
    }
  }
  for (word c = 0; c < size; c += count, s += count * size) {
    f32x4 less[WKV7_ROWS], value[WKV7_ROWS];
    UNROLL for (unsigned j = 0; j < count; j++) {
      float minus = -sum(removed[j]);
      out[c + j] = sum(y[j]) + minus * h->edit_found + v[c + j] * h->key_found;
      less[j] = splat(minus), value[j] = splat(v[c + j]);
      removed[j] = y[j] = splat(0);
    }
    const float *next = c + count < size ? s + count * size : s;
    for (word i = 0, left = size; i < size; i += 4, left -= 4) {
      word n = whole ? 4 : left;
      f32x4 edit = load(h->edit + i, n), decay = load(h->decay + i, n), key = load(h->key + i, n);
      f32x4 removal = load(h->removal + i, n), query = load(h->query + i, n);
      UNROLL for (unsigned j = 0; j < count; j++) {
        float *at = s + j * size + i;
        f32x4 old = load(next + j * size + i, n);
        removed[j] = madd(old, removal, removed[j]);
        y[j] = madd(old, query, y[j]);
        store(at, madd(value[j], key, madd(less[j], edit, load(at, n) * decay)), n);
      }
    }
  }
}

// `spare` is memory for two vectors of a head's size.
static void wkv7(float *out, const float *r, const float *decay, const float *k, const float *v, const float *removal,
                 const float *a, float *state, word tokens, word heads, word size, float *spare) {
  float *query = spare, *edit = spare + size;
  for (word row = 0; row < tokens * heads; row++, out += size, r += size, decay += size, k += size, v += size, removal += size, a += size) {
    f32x4 key_found = splat(0), edit_found = splat(0);
    EACH_FOUR(size, {
      f32x4 asked = load(r + i, left), edited = load(removal + i, left) * load(a + i, left);
      store(query + i, load(decay + i, left) * asked, left);
      store(edit + i, edited, left);
      key_found += load(k + i, left) * asked;
      edit_found += edited * asked;
    })
    struct wkv7_head head = {query, decay, k, removal, edit, sum(key_found), sum(edit_found)};
    float *s = state + row % heads * size * size;
    if (size % 4) wkv7_rows(out, &head, v, s, size, 1, 0);
    else wkv7_rows(out, &head, v, s, size, WKV7_ROWS, 1);
  }
}

static void delta_keys(float *unit, float *keys, const float *k, const float *a, const float *removal,
                       const float *replacement, word tokens, word heads, word size) {
  for (word row = 0; row < tokens * heads; row++, unit += size, keys += size, k += size, a += size) {
    word head = row % heads * size;
    f32x4 squares = splat(0);
    for (word i = 0, left = size; i < size; i += 4, left -= 4) {
      f32x4 key = load(k + i, left), scaled = key * load(removal + head + i, left);
      squares += scaled * scaled;
      store(unit + i, scaled, left);
      store(keys + i, key * madd(load(a + i, left) - 1.0f, load(replacement + head + i, left), splat(1)), left);
    }
    float length = square_root(sum(squares));
    f32x4 factor = splat(1 / (length < 1e-12f ? 1e-12f : length));
    for (word i = 0; i < size; i += 4) store(unit + i, load(unit + i, size - i) * factor, size - i);
  }
}

static void head_bonus(float *out, const float *r, const float *k, const float *v, const float *weight, word tokens, word heads, word size) {
  for (word row = 0; row < tokens * heads; row++, out += size, r += size, k += size, v += size) {
    const float *w = weight + row % heads * size;
    f32x4 strength = splat(0);
    for (word i = 0, left = size; i < size; i += 4, left -= 4)
      strength += load(r + i, left) * load(k + i, left) * load(w + i, left);
    f32x4 factor = splat(sum(strength));
    for (word i = 0; i < size; i += 4) store(out + i, factor * load(v + i, size - i), size - i);
  }
}
