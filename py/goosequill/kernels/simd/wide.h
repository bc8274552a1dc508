// Products in vectors of 32 bytes, which native x86-64 has. The sums are the same, bit by bit: a vector here is two of panels.h.
#pragma once

#include "panels.h"

#if defined(__AVX2__) && defined(DOT_BYTES) && !defined(QUADS)

#define WIDE 1
#define WIDE_WIDTH(count) VECTORS
#define MOST_I8 6  // tokens that pass through a panel together, chosen by measurement
#define MOST_I4 5
#define HEAD_PAIRS 2  // of a large head's rows, which up to `HEAD_TOKENS` tokens pass through together
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define HEAD_TOKENS 6
#else
#define HEAD_TOKENS 2
#endif

typedef float f32x8 __attribute__((vector_size(32), aligned(4)));
typedef int i32x8 __attribute__((vector_size(32), aligned(4)));
typedef short i16x16 __attribute__((vector_size(32), aligned(2)));
typedef unsigned short u16x16 __attribute__((vector_size(32), aligned(2)));
typedef signed char i8x32 __attribute__((vector_size(32), aligned(1)));

INLINE i32x8 splat_words(int value) { return (i32x8){value, value, value, value, value, value, value, value}; }
INLINE f32x8 splat_wide(float value) { return (f32x8){value, value, value, value, value, value, value, value}; }

// The sums plus, for each lane, its two products of 16-bit numbers.
INLINE i32x8 add_dot2(i32x8 sums, i16x16 a, i16x16 b) {
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
  return (i32x8)__builtin_ia32_vpdpwssd256((i32x8)sums, (i32x8)a, (i32x8)b);
#else
  return sums + (i32x8)__builtin_ia32_pmaddwd256(a, b);
#endif
}

// Sums of products of four bytes each, which are in 16 bits (`DOTS` adds the two of a word) or, with VNNI, in 32.
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define WHOLE_BYTES 1
#define DOTS_START(correction) ((short)(correction) + ((correction) >> 16))
#define DOTS(dots) (dots)
INLINE i32x8 add_dot4(i32x8 dots, i8x32 weights, int inputs) {
  return (i32x8)__builtin_ia32_vpdpbusd256(dots, (i32x8)weights, splat_words(inputs));
}
#else
#define WHOLE_BYTES 0
#define DOTS_START(correction) (correction)
#define DOTS(dots) ((i32x8)__builtin_ia32_pmaddwd256((i16x16)(dots), (i16x16)splat_words(0x00010001)))
INLINE i32x8 add_dot4(i32x8 dots, i8x32 weights, int inputs) {
  return (i32x8)((i16x16)dots + (i16x16)__builtin_ia32_pmaddubsw256(weights, (i8x32)splat_words(inputs)));
}
#endif

INLINE void finish_wide(const struct product *p, word first, word second, word token, f32x8 v) {
  finish(p, first, token, __builtin_shufflevector(v, v, 0, 1, 2, 3));
  finish(p, second, token, __builtin_shufflevector(v, v, 4, 5, 6, 7));
}

// A whole panel of int8, as in `panel_i8`: the upper lanes belong to rows 0-3 and 8-11, whole lanes to rows 4-7 and 12-15.
INLINE void wide_i8(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  word padded = p->columns + (p->columns & 1);
  const signed char *w = (const signed char *)p->weights + row * padded;
  const int *x = p->scratch, *corrections = x + padded / 2 * count;
  const float *scales = (const float *)(corrections + flushes(padded) * count);
  f32x8 sums[TOKENS][2] = {0};
  for (word start = 0; start < padded; start += FLUSH, corrections += count) {
    word left = (padded - start < FLUSH ? padded - start : FLUSH) / 2;
    i32x8 upper[TOKENS] = {0}, whole[TOKENS];
    EACH_PANEL EACH_TOKEN whole[n + t] = splat_words(corrections[t]);
    for (word some; left > 0; left -= some) {
      some = portion(x, p->scratch + padded / 2, left, count);
      for (word c = 0; c < some; c++, w += 2 * PANEL, x += count) EACH_PANEL {
        i16x16 lanes = *(const i16x16 *)(w + n * p->distance), shifted = lanes >> 8;
        EACH_TOKEN {
          i16x16 pair = (i16x16)splat_words(x[t]);
          upper[n + t] = add_dot2(upper[n + t], shifted, pair);
          whole[n + t] = add_dot2(whole[n + t], lanes, pair);
        }
      }
    }
    EACH_PANEL EACH_TOKEN {
      whole[n + t] -= upper[n + t] << 8;
      sums[n + t][0] += __builtin_convertvector(upper[n + t], f32x8);
      sums[n + t][1] += __builtin_convertvector(whole[n + t], f32x8);
    }
  }
  EACH_PANEL UNROLL for (unsigned i = 0; i < 2; i++) {
    word first = row + n * apart + 4 * i, second = first + 8;
    f32x4 a = load(p->scales + first, 4), b = load(p->scales + second, 4);
    f32x8 factors = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
    EACH_TOKEN finish_wide(p, first, second, token + t, sums[n + t][i] * factors * scales[t]);
  }
}

// Sixteen columns of a pair of rows, and their sums.
typedef i16x16 pair_t;
typedef i32x8 pair_sums_t;
INLINE pair_sums_t add_pair(pair_sums_t sums, pair_t a, pair_t b) { return add_dot2(sums, a, b); }
INLINE i32x4 folded(pair_sums_t v) {
  return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
}

// Eight float16 scales as float32, times 2^-112, as `halves` gives four.
INLINE f32x8 halves_wide(const short *p) {
  i32x8 wide = __builtin_convertvector(*(const i16x8 *)p, i32x8);
  return (f32x8)((wide << 13) & (int)0x8fffffff);
}

// Whole panels of int4, as in `panel_i4`.
INLINE void wide_i4(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  word groups = p->columns / GROUP;
  const signed char *w = (const signed char *)p->weights + row / PANEL * groups * GROUP_BYTES;
  const int *x = p->scratch, *corrections = x + groups * GROUP_WORDS * count, *end = corrections;
  const float *x_scales = (const float *)(corrections + groups * count);
  const i8x32 mask = (i8x32)splat_words(0x0f0f0f0f);
  f32x8 sums[TOKENS][2] = {0};
  for (word g = 0; g < groups; g++, corrections += count, x_scales += count, w += GROUP_BYTES) {
    if (count == 1 && g % (NEAR / GROUP_WORDS) == 0) request(x + NEAR, end);
    const signed char *at = w + 2 * PANEL;
    i32x8 dots[TOKENS][2];
    EACH_PANEL EACH_TOKEN UNROLL for (unsigned i = 0; i < 2; i++) {
      dots[n + t][i] = splat_words(DOTS_START(corrections[t]) * (WHOLE_BYTES && i ? 17 : 1));
    }
    for (int octet = 0; octet < GROUP / 8; octet++, at += 4 * PANEL, x += OCTET_WORDS * count)
      EACH_PANEL UNROLL for (unsigned four = 0; four < 2; four++) {
        i8x32 weights = *(const i8x32 *)(at + n * p->distance + 32 * four), low = weights & mask;
        i8x32 high = WHOLE_BYTES ? weights : (i8x32)((u16x16)weights >> 4) & mask;
        EACH_TOKEN {
          int inputs = x[t * OCTET_WORDS + four];
          dots[n + t][0] = add_dot4(dots[n + t][0], low, inputs), dots[n + t][1] = add_dot4(dots[n + t][1], high, inputs);
        }
      }
    if (WHOLE_BYTES) EACH_PANEL EACH_TOKEN dots[n + t][1] = (dots[n + t][1] - dots[n + t][0]) >> 4;
    EACH_PANEL UNROLL for (unsigned i = 0; i < 2; i++) {
      f32x8 factor = halves_wide((const short *)(w + n * p->distance) + 8 * i);
      EACH_TOKEN {
        f32x8 scaled = factor * splat_wide(x_scales[t]);
        sums[n + t][i] = __builtin_convertvector(DOTS(dots[n + t][i]), f32x8) * scaled + sums[n + t][i];
      }
    }
  }
  EACH_PANEL UNROLL for (unsigned i = 0; i < 2; i++) {
    word at = row + n * apart + 8 * i;
    EACH_TOKEN finish_wide(p, at, at + 4, token + t, sums[n + t][i] * HALF_BIAS);
  }
}

#else
#define WIDE 0
#define WIDE_WIDTH WIDTH
#define MOST_I8 4
#define MOST_I4 5
#define wide_i8 panel_i8
#define wide_i4 panel_i4

#define HEAD_PAIRS 1
#define HEAD_TOKENS 4
typedef i16x8 pair_t;
typedef i32x4 pair_sums_t;
INLINE pair_sums_t add_pair(pair_sums_t sums, pair_t a, pair_t b) { return sums + dot2(a, b); }
INLINE i32x4 folded(pair_sums_t v) { return v; }
#endif

#define MOST_PAIRS 2  // that one token passes through together; chosen by measurement
#define PAIR_COLUMNS (word)(sizeof(pair_t) / sizeof(short))
#define EACH_PAIR UNROLL for (unsigned n = 0; n < pairs; n++)

// Store the logits of a pair of rows for a token, whose inputs are at x.
INLINE void finish_pair(const struct product *p, word pair, word token, const short *x, f32x4 even, f32x4 odd) {
  word row = 2 * pair;
  float *out = p->out + token * p->rows + row, scale = *(const float *)((const i32x4 *)(x + p->columns) + lane_blocks(p->columns));
  out[0] = sum(even) * p->scales[row] * scale;
  if (row + 1 < p->rows) out[1] = sum(odd) * p->scales[row + 1] * scale;
}

// `pairs` pairs of rows of a large head, for `count` tokens whose inputs are `apart` numbers from each other. As in `panel_i8`,
// a lane of 16 bits holds the weights of two rows as 256 a + b + 128; a is of the even row. There is no bias and no activation.
INLINE void pairs_i8(const struct product *p, const word *which, word token, word apart, const unsigned pairs, const unsigned count) {
  const short *x = (const short *)p->scratch;
  f32x4 even[MOST_PAIRS][TOKENS] = {0}, odd[MOST_PAIRS][TOKENS] = {0};
  const i32x4 *corrections = (const i32x4 *)(x + p->columns);
  for (word start = 0, end; start < p->columns; start = end, corrections++) {
    pair_sums_t upper[MOST_PAIRS][TOKENS] = {0}, whole[MOST_PAIRS][TOKENS] = {0};
    end = p->columns - start < LANES ? p->columns : start + LANES;
    for (word next = start; next < end; next += 2 * PAIR_COLUMNS) UNROLL for (word i = 0; i < 2; i++) {
      const word c = next + i * PAIR_COLUMNS;
      pair_t inputs[TOKENS];
      EACH_TOKEN inputs[t] = *(const pair_t *)(x + t * apart + c);
      EACH_PAIR {
        pair_t weights = *(const pair_t *)((const short *)p->weights + which[n] * p->columns + c), shifted = weights >> 8;
        EACH_TOKEN {
          upper[n][t] = add_pair(upper[n][t], shifted, inputs[t]);
          whole[n][t] = add_pair(whole[n][t], weights, inputs[t]);
        }
      }
    }
    EACH_TOKEN EACH_PAIR {
      i32x4 a = folded(upper[n][t]), b = folded(whole[n][t]) - (a << 8) + corrections[t * apart / 8];
      even[n][t] += __builtin_convertvector(a, f32x4), odd[n][t] += __builtin_convertvector(b, f32x4);
    }
  }
  EACH_TOKEN EACH_PAIR finish_pair(p, which[n], token + t, x + t * apart, even[n][t], odd[n][t]);
}
