// The recurrences of each RWKV version (numpy_kernel.py has the formulas), and RWKV-7's operations on keys.
#pragma once

#include "elements.h"

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

// `kept` of a state's sums and `added` of a token's value, without the exponent that both have in common.
struct weights4 {
  f32x4 kept, added, top;
};

INLINE struct weights4 weigh4(f32x4 exponent, f32x4 key) {
  f32x4 top = larger_or_nan(exponent, key);
  return (struct weights4){decaying(exponent - top), decaying(key - top), top};
}

// The states before all tokens are computed again first. In the end the state has its gradient, its first two parts meanwhile that
// of the sums after a token. The exponent is the same in all that follows from it, so it has a gradient only where it begins.
static void wkv4_back(float *out, const float *slope, const float *k, const float *v, const float *decay, const float *bonus,
                      float *state, word tokens, word width, float *spare) {
  float *to_decay = out + 2 * tokens * width, *to_bonus = to_decay + width;
  copy(spare, state, 3 * width);
  for (word t = 0; t < tokens - 1; t++) {
    const float *key = k + t * width, *value = v + t * width, *before = spare + 3 * t * width;
    float *after = spare + 3 * (t + 1) * width;
    EACH_FOUR(width, {
      struct weights4 next = weigh4(load(before + 2 * width + i, left) + load(decay + i, left), load(key + i, left));
      store(after + i, next.kept * load(before + i, left) + next.added * load(value + i, left), left);
      store(after + width + i, next.kept * load(before + width + i, left) + next.added, left);
      store(after + 2 * width + i, next.top, left);
    })
  }
  for (word i = 0; i < 2 * width; i++) state[i] = to_decay[i] = 0;
  for (word t = tokens - 1; t >= 0; t--) {
    const float *before = spare + 3 * t * width;
    float *to_k = out + t * width, *to_v = to_k + tokens * width;
    EACH_FOUR(width, {
      f32x4 a = load(before + i, left), b = load(before + width + i, left), e = load(before + 2 * width + i, left);
      f32x4 key = load(k + t * width + i, left), value = load(v + t * width + i, left);
      struct weights4 here = weigh4(e, key + load(bonus + i, left)), next = weigh4(e + load(decay + i, left), key);
      f32x4 below = here.kept * b + here.added;
      f32x4 up = load(slope + t * width + i, left) / below, down = -up * (here.kept * a + here.added * value) / below;
      f32x4 over = load(state + i, left), under = load(state + width + i, left);
      f32x4 boosted = here.added * (up * value + down);
      store(to_k + i, next.added * (over * value + under) + boosted, left);
      store(to_v + i, next.added * over + here.added * up, left);
      store(to_decay + i, load(to_decay + i, left) + next.kept * (over * a + under * b), left);
      store(to_bonus + i, load(to_bonus + i, left) + boosted, left);
      store(state + i, over * next.kept + here.kept * up, left);
      store(state + width + i, under * next.kept + here.kept * down, left);
    })
  }
  EACH_FOUR(width, {
    f32x4 of_numerator = load(state + i, left) * load(spare + i, left);
    store(state + 2 * width + i, madd(load(state + width + i, left), load(spare + width + i, left), of_numerator), left);
  })
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

// A vector of a head's channels: eight natively on x86-64.
#ifdef __AVX2__
typedef float channels __attribute__((vector_size(32), aligned(4)));
INLINE channels add_product(channels a, channels b, channels sum) { return a * b + sum; }
INLINE f32x4 narrowed(channels v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7); }
#else
typedef f32x4 channels;
#define add_product madd
#define narrowed(v) (v)
#endif
#define EACH_CHANNEL(i) for (word i = 0; i < size; i += (word)(sizeof(channels) / sizeof(float)))
#define AT(p) (*(const channels *)(p))
#define WRITE(p) *(channels *)(p)
#define SIDE_BY_SIDE 4  // rows of a head's state that are summed, and then written, together; chosen by measurement
#define EACH_ROW UNROLL for (unsigned j = 0; j < SIDE_BY_SIDE; j++)

// The sums of four rows, side by side: one transposition takes fewer instructions than four sums.
INLINE f32x4 sums(const channels *rows) {
  f32x4 a = narrowed(rows[0]), b = narrowed(rows[1]), c = narrowed(rows[2]), d = narrowed(rows[3]);
  f32x4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  f32x4 cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  f32x4 first = __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  return first + (__builtin_shufflevector(ab2, cd2, 0, 1, 4, 5) + __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
}

// A head, whose state has a row for each of the values' channels, indexed by the keys' channels. What is removed from a row, and
// what the query finds in it, are both summed from the old row. `edit_found` and `key_found` are the query's products with the
// direction in which the state is edited and with the key. `query` is after the decay. (Each row is written right after it is read,
// so that a state comes from the memory in one stream, and while all of this is computed.)
static void wkv7_rows(float *out, const float *query, const float *decay, const float *k, const float *v, const float *removal,
                      const float *edit, float edit_found, float key_found, float *s, word size) {
  for (word c = 0; c < size; c += SIDE_BY_SIDE, s += SIDE_BY_SIDE * size) {
    channels removed[SIDE_BY_SIDE] = {0}, found[SIDE_BY_SIDE] = {0}, value[SIDE_BY_SIDE];
    EACH_CHANNEL(i) {
      channels lost = AT(removal + i), asked = AT(query + i);
      EACH_ROW {
        channels old = AT(s + j * size + i);
        removed[j] = add_product(old, lost, removed[j]);
        found[j] = add_product(old, asked, found[j]);
      }
    }
    f32x4 less = -sums(removed);
    store(out + c, sums(found) + less * edit_found + load(v + c, 4) * key_found, 4);
    EACH_ROW removed[j] = (channels){0} + less[j], value[j] = (channels){0} + v[c + j];
    EACH_CHANNEL(i) {
      channels edited = AT(edit + i), decayed = AT(decay + i), key = AT(k + i);
      EACH_ROW {
        channels *at = (channels *)(s + j * size + i);
        *at = add_product(value[j], key, add_product(removed[j], edited, *at * decayed));
      }
    }
  }
}

// The same for heads of any size.
NOINLINE void wkv7_any(float *out, const float *query, const float *decay, const float *k, const float *v, const float *removal,
                       const float *edit, float edit_found, float key_found, float *s, word size) {
  for (word c = 0; c < size; c++, s += size) {
    float less = 0, found = 0;
    for (word i = 0; i < size; i++) less -= s[i] * removal[i], found += s[i] * query[i];
    out[c] = found + less * edit_found + v[c] * key_found;
    for (word i = 0; i < size; i++) s[i] = s[i] * decay[i] + less * edit[i] + v[c] * k[i];
  }
}

// Heads from..to of a step.
static void wkv7(const step *s, word from, word to) {
  word heads = s->wkv7.heads, size = s->wkv7.size, all = s->wkv7.tokens * heads * size;
  for (word head = from; head < to; head++) {
    float *query = s->wkv7.spare + 2 * head * size, *edit = query + size, *state = s->wkv7.state + head * size * size;
    for (word at = head * size; at < all; at += heads * size) {
      const float *r = s->wkv7.r + at, *decay = s->wkv7.decay + at, *k = s->wkv7.k + at, *v = s->wkv7.v + at;
      const float *removal = s->wkv7.removal + at, *a = s->wkv7.a + at;
      f32x4 key_found = splat(0), edit_found = splat(0);
      EACH_FOUR(size, {
        f32x4 asked = load(r + i, left), edited = load(removal + i, left) * load(a + i, left);
        store(query + i, load(decay + i, left) * asked, left);
        store(edit + i, edited, left);
        key_found += load(k + i, left) * asked;
        edit_found += edited * asked;
      })
#define HEAD s->wkv7.out + at, query, decay, k, v, removal, edit, sum(edit_found), sum(key_found), state, size
      if (size % 8) wkv7_any(HEAD);
      else wkv7_rows(HEAD);
#undef HEAD
    }
  }
}

// What a token makes of a head's state; `to` may be `from`.
static void edit_state(float *to, const float *from, const float *decay, const float *k, const float *v, const float *removal,
                       const float *edit, word size) {
  for (word c = 0; c < size; c++, to += size, from += size) {
    f32x4 removed = splat(0);
    EACH_FOUR(size, { removed = madd(load(from + i, left), load(removal + i, left), removed); })
    f32x4 less = splat(-sum(removed)), value = splat(v[c]);
    EACH_FOUR(size, {
      f32x4 edited = madd(less, load(edit + i, left), load(from + i, left) * load(decay + i, left));
      store(to + i, madd(value, load(k + i, left), edited), left);
    })
  }
}

// The same with the rows side by side.
static void edit_rows(float *to, const float *from, const float *decay, const float *k, const float *v, const float *removal,
                      const float *edit, word size) {
  for (word c = 0; c < size; c += SIDE_BY_SIDE, to += SIDE_BY_SIDE * size, from += SIDE_BY_SIDE * size) {
    channels removed[SIDE_BY_SIDE] = {0}, value[SIDE_BY_SIDE];
    EACH_CHANNEL(i) {
      channels lost = AT(removal + i);
      EACH_ROW removed[j] = add_product(AT(from + j * size + i), lost, removed[j]);
    }
    f32x4 less = -sums(removed);
    EACH_ROW removed[j] = (channels){0} + less[j], value[j] = (channels){0} + v[c + j];
    EACH_CHANNEL(i) {
      channels edited = AT(edit + i), decayed = AT(decay + i), key = AT(k + i);
      EACH_ROW {
        channels kept = add_product(removed[j], edited, AT(from + j * size + i) * decayed);
        WRITE(to + j * size + i) = add_product(value[j], key, kept);
      }
    }
  }
}

// A head's numbers of one token, and where the gradients of its inputs go.
struct wkv7_token {
  const float *slope, *r, *decay, *k, *v, *removal, *a, *edit;
  float *to_r, *to_decay, *to_k, *to_v, *to_removal, *to_a;
};

// What a state and its gradient add to the gradients of a token; the edit's is in that of `a`.
static void state_back(const struct wkv7_token *p, const float *before, const float *after, float *later, word size) {
  for (word c = 0; c < size; c++, before += size, after += size, later += size) {
    f32x4 asked = splat(p->slope[c]), value = splat(p->v[c]), keys = splat(0), edits = splat(0), removed = splat(0);
    EACH_FOUR(size, {
      f32x4 g = madd(asked, load(p->r + i, left), load(later + i, left)), old = load(before + i, left);
      store(later + i, g, left);
      keys = madd(g, load(p->k + i, left), keys);
      edits = madd(g, load(p->edit + i, left), edits);
      removed = madd(old, load(p->removal + i, left), removed);
      store(p->to_r + i, madd(asked, load(after + i, left), load(p->to_r + i, left)), left);
      store(p->to_decay + i, madd(g, old, load(p->to_decay + i, left)), left);
      store(p->to_k + i, madd(value, g, load(p->to_k + i, left)), left);
    })
    p->to_v[c] = sum(keys);
    f32x4 less = splat(-sum(edits)), gone = splat(-sum(removed));
    EACH_FOUR(size, {
      f32x4 g = load(later + i, left);
      store(p->to_a + i, madd(gone, g, load(p->to_a + i, left)), left);
      store(p->to_removal + i, madd(less, load(before + i, left), load(p->to_removal + i, left)), left);
      store(later + i, madd(less, load(p->removal + i, left), g * load(p->decay + i, left)), left);
    })
  }
}

// The same with the rows side by side.
static void rows_back(const struct wkv7_token *p, const float *before, const float *after, float *later, word size) {
  for (word c = 0; c < size; c += SIDE_BY_SIDE) {
    channels asked[SIDE_BY_SIDE], value[SIDE_BY_SIDE];
    channels keys[SIDE_BY_SIDE] = {0}, edits[SIDE_BY_SIDE] = {0}, removed[SIDE_BY_SIDE] = {0};
    EACH_ROW asked[j] = (channels){0} + p->slope[c + j], value[j] = (channels){0} + p->v[c + j];
    EACH_CHANNEL(i) {
      channels query = AT(p->r + i), key = AT(p->k + i), edited = AT(p->edit + i), lost = AT(p->removal + i);
      channels to_r = AT(p->to_r + i), to_decay = AT(p->to_decay + i), to_k = AT(p->to_k + i);
      EACH_ROW {
        word at = (c + j) * size + i;
        channels old = AT(before + at), g = add_product(asked[j], query, AT(later + at));
        WRITE(later + at) = g;
        keys[j] = add_product(g, key, keys[j]);
        edits[j] = add_product(g, edited, edits[j]);
        removed[j] = add_product(old, lost, removed[j]);
        to_r = add_product(asked[j], AT(after + at), to_r);
        to_decay = add_product(g, old, to_decay);
        to_k = add_product(value[j], g, to_k);
      }
      WRITE(p->to_r + i) = to_r, WRITE(p->to_decay + i) = to_decay, WRITE(p->to_k + i) = to_k;
    }
    store(p->to_v + c, sums(keys), 4);
    f32x4 less = -sums(edits), gone = -sums(removed);
    EACH_ROW edits[j] = (channels){0} + less[j], removed[j] = (channels){0} + gone[j];
    EACH_CHANNEL(i) {
      channels lost = AT(p->removal + i), decayed = AT(p->decay + i), to_removal = AT(p->to_removal + i), to_a = AT(p->to_a + i);
      EACH_ROW {
        word at = (c + j) * size + i;
        channels g = AT(later + at);
        to_a = add_product(removed[j], g, to_a);
        to_removal = add_product(edits[j], AT(before + at), to_removal);
        WRITE(later + at) = add_product(edits[j], lost, g * decayed);
      }
      WRITE(p->to_removal + i) = to_removal, WRITE(p->to_a + i) = to_a;
    }
  }
}

// `later` is the gradient of the state after the token without this token's own result, and becomes that of the state before.
static void wkv7_token_back(const struct wkv7_token *p, const float *before, const float *after, float *later, word size) {
  EACH_FOUR(size, {
    store(p->to_r + i, splat(0), left), store(p->to_decay + i, splat(0), left), store(p->to_k + i, splat(0), left);
    store(p->to_removal + i, splat(0), left), store(p->to_a + i, splat(0), left);
  })
  if (size % 8) state_back(p, before, after, later, size);
  else rows_back(p, before, after, later, size);
  EACH_FOUR(size, {
    f32x4 edited = load(p->to_a + i, left);
    store(p->to_removal + i, madd(edited, load(p->a + i, left), load(p->to_removal + i, left)), left);
    store(p->to_a + i, edited * load(p->removal + i, left), left);
  })
}

// The states of a head before each KEPT tokens are kept, and computed again for those between, because all of them would not be in
// the processor's caches.
static void wkv7_back(const step *s) {
  word size = s->wkv7_back.size, area = size * size, width = s->wkv7_back.heads * size, tokens = s->wkv7_back.tokens;
  word blocks = (tokens + KEPT - 1) / KEPT;
  float *kept = s->wkv7_back.spare, *within = kept + blocks * area, *later = within + KEPT * area, *edit = later + area;
#define IN(name) s->wkv7_back.name + t * width + head * size
#define OUT(part) s->wkv7_back.out + ((part) * tokens + t) * width + head * size
#define ADVANCE(to, from) \
  multiply(edit, IN(removal), IN(a), size, size), (size % 8 ? edit_state : edit_rows)(to, from, IN(decay), IN(k), IN(v), IN(removal), edit, size)
  for (word head = 0; head < s->wkv7_back.heads; head++) {
    float *state = s->wkv7_back.state + head * area;
    for (word i = 0; i < area; i++) kept[i] = state[i], later[i] = 0;
    for (word t = 0; t < (blocks - 1) * KEPT; t++) {
      float *to = kept + (t / KEPT + 1) * area;
      ADVANCE(to, t % KEPT ? to : to - area);
    }
    for (word block = blocks - 1; block >= 0; block--) {
      word first = block * KEPT, end = first + KEPT < tokens ? first + KEPT : tokens;
      float *before = kept + block * area;
      for (word t = first; t < end; t++) {
        float *to = within + (t - first) * area;
        ADVANCE(to, t > first ? to - area : before);
      }
      for (word t = end - 1; t >= first; t--) {
        float *after = within + (t - first) * area;
        multiply(edit, IN(removal), IN(a), size, size);
        struct wkv7_token token = {IN(slope), IN(r), IN(decay), IN(k), IN(v), IN(removal), IN(a), edit,
                                   OUT(0), OUT(1), OUT(2), OUT(3), OUT(4), OUT(5)};
        wkv7_token_back(&token, t > first ? after - area : before, after, later, size);
      }
    }
    for (word i = 0; i < area; i++) state[i] = later[i];
  }
#undef IN
#undef OUT
#undef ADVANCE
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
