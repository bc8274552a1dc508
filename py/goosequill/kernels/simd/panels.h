// Products of a few panels of a matrix with the inputs of one or several tokens.
//
// A panel is 16 rows of a matrix, read as one linear stream. Within it the rows alternate every 1 (float32), 2 (int8) or
// 4 + 4 (int4) columns, so that each lane of a vector belongs to one row: no sum across lanes is needed, and one load of
// the input serves 16 rows. In int4 the scales of a group come right before its weights, because reading them as a second
// stream costs as much again as their bytes. A large head in int8 is stored in pairs of rows, with its weights in int4 beside it:
// the sketch, from which the rows that are worth computing exactly are chosen.
#pragma once

#include "vectors.h"

#ifdef __ARM_FEATURE_DOTPROD
#include <arm_neon.h>
#endif

#define VECTORS 4   // of four rows each, in a panel
#define SOME 2      // vectors of a panel that three or more tokens pass through together
#define STREAMS 2   // panels that one token passes through together; chosen by measurement
#define TOKENS 6    // at most that pass through a panel together
#define MOST_F32 5  // the same of float32; more would not fit the registers
#define GROUP_BYTES (2 * PANEL + PANEL * GROUP / 2)  // of a panel: its rows' scales in 16 bits, then the weights
#define MOST_INPUT 32639  // the largest integer for an input of int8, 127 * 256 + 127, so that it consists of two bytes with signs
#define FLUSH 512   // columns of int8 that are summed as integers; more could overflow 32 bits
#define LANES 1024  // the same where a row is spread over four lanes; up to 2048 cannot overflow
#define NEAR 32  // words of inputs that are requested together: two lines of a cache, chosen by measurement
#define MOST_QUADS 5  // tokens that pass through int4 together with `quads`; the sums of more would not fit the registers

// The scales of int4 are read too small by 2^112 (`halves`): half of that is in the inputs' scales, and half is applied to the
// sums, so that neither factor leaves the range.
#define HALF_BIAS 0x1p56f

// Compute a vector here, not again at every use, which in WebAssembly costs a third of the speed of a prompt, and some
// hundredths of the speed of a token in 4 bits.
#ifdef __wasm_simd128__
#define ONCE(v) __asm__ volatile("" : "+r"(v))
#else
#define ONCE(v)
#endif

// Keep an array in memory between two loops: the browser would rather keep it in registers, and move sums of the inner loop to
// memory and back at each turn, which takes longer than the turn.
#ifdef __wasm_simd128__
#define IN_MEMORY(array) __asm__ volatile("" : : "r"(array) : "memory")
#else
#define IN_MEMORY(array)
#endif

// For each lane: the sum of its two products of 16-bit numbers.
INLINE i32x4 dot2(i16x8 a, i16x8 b) {
#if defined(__wasm_simd128__)
  return __builtin_wasm_dot_s_i32x4_i16x8(a, b);
#elif defined(__SSE2__)
  return __builtin_ia32_pmaddwd128(a, b);
#else
  i32x4 p = (i32x4)a, q = (i32x4)b;
  return (p >> 16) * (q >> 16) + ((p << 16) >> 16) * ((q << 16) >> 16);
#endif
}

// For each 16-bit lane: the sum of its two products of an input (-127..127) and a weight (0..15). Tests compile without it.
#if defined(WITHOUT_DOT_BYTES)
#elif defined(__wasm_relaxed_simd__)
#define DOT_BYTES(x, w) __builtin_wasm_relaxed_dot_i8x16_i7x16_s_i16x8(x, w)
#elif defined(__SSSE3__)
#define DOT_BYTES(x, w) __builtin_ia32_pmaddubsw128(w, x)
#elif defined(__ARM_FEATURE_DOTPROD)
#define DOT_BYTES(x, w) \
  (i16x8) vpaddq_s16(vmull_s8(vget_low_s8((int8x16_t)(x)), vget_low_s8((int8x16_t)(w))), vmull_high_s8((int8x16_t)(x), (int8x16_t)(w)))
#endif

INLINE i32x4 pair_sums(i16x8 v) { return dot2(v, (i16x8){1, 1, 1, 1, 1, 1, 1, 1}); }

// Add, for each 32-bit lane, its four products of an input and a weight.
#if defined(WITHOUT_DOT_BYTES)
#elif defined(__wasm_relaxed_simd__)
#define ADD_DOT_QUADS(sums, x, w) __builtin_wasm_relaxed_dot_i8x16_i7x16_add_s_i32x4(x, w, sums)
#elif defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define ADD_DOT_QUADS(sums, x, w) (i32x4) __builtin_ia32_vpdpbusd128((i32x4)(sums), (i32x4)(w), (i32x4)(x))
#elif defined(__SSSE3__)
#define ADD_DOT_QUADS(sums, x, w) ((sums) + pair_sums(DOT_BYTES(x, w)))
#elif defined(__ARM_FEATURE_DOTPROD)
#define ADD_DOT_QUADS(sums, x, w) (i32x4) vdotq_s32((int32x4_t)(sums), (int8x16_t)(x), (int8x16_t)(w))
#endif

#ifdef ADD_DOT_QUADS
INLINE int dot_quads(int x, int w) {
  i32x4 sums = ADD_DOT_QUADS(((i32x4){0}), (i8x16)((i32x4){x, x, x, x}), (i8x16)((i32x4){w, w, w, w}));
  return sums[0];
}
#endif

// Whether that is one instruction of the processor, as with AVX-VNNI (2) and on ARM (1), and not three, which would be slower
// than adding pairs in 16 bits. The browser's choice shows in what WebAssembly leaves open, the products of weights beyond 7
// bits: three instructions limit the sum of two to 16 bits; AVX-VNNI takes weights of 8 bits. (Tests define QUADS to choose.)
INLINE unsigned has_quads(void) {
#if !defined(ADD_DOT_QUADS)
  return 0;
#elif defined(QUADS)
  return QUADS;
#elif defined(__wasm_relaxed_simd__)
  int sum = dot_quads(0x7f7f7f7f, -1);
  return sum == 4 * 127 * 255 ? 2 : sum != 2 * 0x7fff;
#elif defined(__AVX512VNNI__) && defined(__AVX512VL__)
  return 2;
#elif defined(__ARM_FEATURE_DOTPROD)
  return 1;
#else
  return 0;
#endif
}

// Add the products of a vector of bytes, in which each lane has the weights of two rows for the same columns, to the sums of
// these rows, in 16 bits, or with `quads` in 32. With weights of 8 bits whole bytes are multiplied: less the first row's sum, that
// is 16 times the second's, so that only one of the halves has to be taken out.
#ifdef DOT_BYTES
#define OCTET_WORDS 2
INLINE void add_bytes(i32x4 *sums, i8x16 w, i8x16 mask, int x, const unsigned quads) {
  i8x16 inputs = (i8x16)(i32x4){x, x, x, x}, low = w & mask, high = quads == 2 ? w : (i8x16)((u16x8)w >> 4) & mask;
  if (quads) {
    sums[0] = ADD_DOT_QUADS(sums[0], inputs, low), sums[1] = ADD_DOT_QUADS(sums[1], inputs, high);
  } else {
    sums[0] = (i32x4)((i16x8)sums[0] + DOT_BYTES(inputs, low)), sums[1] = (i32x4)((i16x8)sums[1] + DOT_BYTES(inputs, high));
  }
  ONCE(sums[0]);
  ONCE(sums[1]);
}
#else
// Where only 16-bit numbers can be multiplied, a lane is not taken apart. Let its weights be a + 16 b + 256 c + 4096 d. Shifted
// down by 4, 8 and 12 bits it is b + 16 c + 256 d, c + 16 d and d; so with the factors x(a), x(b) - 16 x(a), x(c) - 16 x(b) and
// x(d) - 16 x(c), the sum of the four products is a x(a) + b x(b) + c x(c) + d x(d), modulo 2^16.
#define OCTET_WORDS 4
INLINE i32x4 add_nibbles(i32x4 sums, i8x16 w, const int *x) {
  u16x8 lanes = (u16x8)w, sum = {0};
  UNROLL for (int i = 0; i < 4; i++) sum += (lanes >> (4 * i)) * (u16x8)(i32x4){x[i], x[i], x[i], x[i]};
  return (i32x4)((u16x8)sums + sum);
}
#endif

// A product's operands (see abi.h), and the `distance` in bytes of two panels that are read together. `scratch` holds the
// inputs of up to `TOKENS` tokens interleaved: for each word of columns the words of all tokens, then for each group of columns
// the tokens' corrections and scales (inputs.h).
struct product {
  float *out;
  const void *weights;
  const float *scales;
  const float *inputs, *bias;
  int *scratch;
  word tokens, columns, rows, activation, distance;
};

// Store the last rows of a result, fewer than four, before its activation.
NOINLINE void finish_rest(const struct product *p, word row, word token, f32x4 v) {
  word left = p->rows - row;
  if (left <= 0) return;
  if (p->bias) v += load(p->bias + row, left);
  store(p->out + token * p->rows + row, v, left);
}

// Store four rows of a result. Inlined, because a call would take a good part of the time of a row with few columns.
INLINE void finish(const struct product *p, word row, word token, f32x4 v) {
  if (row + 4 > p->rows) {
    finish_rest(p, row, token, v);
    return;
  }
  if (p->bias) v += load(p->bias + row, 4);
  store(p->out + token * p->rows + row, v, 4);
}

// Apply the activation to rows from..to, once they are computed.
static void activate_rows(const struct product *p, word from, word to) {
  if (to > p->rows) to = p->rows;
  for (word token = 0; token < p->tokens; token++) {
    float *out = p->out + token * p->rows;
    for (word row = from; row < to; row += BLOCK) {
      f32x4 z[BLOCK / 4];
      EACH_PART z[j] = row + 4 * j < to ? load(out + row + 4 * j, to - row - 4 * j) : splat(0);
      activate(z, p->activation);
      EACH_PART if (row + 4 * j < to) store(out + row + 4 * j, z[j], to - row - 4 * j);
    }
  }
}

// How often sums of int8 are flushed, and those that are spread over lanes.
INLINE word flushes(word columns) { return (columns + FLUSH - 1) / FLUSH; }
INLINE word lane_blocks(word columns) { return (columns + LANES - 1) / LANES; }

#define EACH_PANEL UNROLL for (unsigned n = 0; n < panels; n++)
#define WIDTH(count) ((count) <= 2 ? VECTORS : SOME)
#define EACH_VECTOR UNROLL for (unsigned i = 0; i < WIDTH(count); i++)
#define EACH_TOKEN UNROLL for (unsigned t = 0; t < count; t++)

// Request two lines of a token's inputs, if there are so many before the end. Weights evict inputs from the first-level cache, and
// if they are then loaded from the second one a line at a time, the weights come more slowly, too. (In
// float32 it matters little: for a line of inputs there are 32 of weights.)
INLINE void request(const int *x, const int *end) {
  if (end - x < NEAR) return;
  int seen = x[0] | x[16];
  __asm__ volatile("" : : "r"(seen));
}

// How many of the words that are left a loop uses next; requests those that come after them. For several tokens, all.
INLINE word portion(const int *x, const int *end, word left, const unsigned count) {
  if (count == 1) request(x + NEAR, end);
  return count > 1 || left < NEAR ? left : NEAR;
}

// Each panel_* function computes either `panels` panels, `apart` rows from each other, for one token (panels far apart keep
// several memory streams busy: while one waits, the other runs), or `WIDTH(count)` vectors of a panel, from `row` on, for
// `count` tokens.

INLINE void panel_f32(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  const float *w = (const float *)p->weights + row / PANEL * PANEL * p->columns + row % PANEL, *x = (const float *)p->scratch;
  const word distance = p->distance / (word)sizeof(float);
  f32x4 sums[TOKENS][VECTORS] = {0};
  for (word c = 0; c < p->columns; c++, w += PANEL, x += count) {
    EACH_PANEL {
      const float *at = w + n * distance;
      f32x4 weights[VECTORS];
      EACH_VECTOR weights[i] = load(at + 4 * i, 4);
      EACH_TOKEN EACH_VECTOR sums[n + t][i] = madd(weights[i], splat(x[t]), sums[n + t][i]);
    }
  }
  EACH_PANEL EACH_TOKEN EACH_VECTOR finish(p, row + n * apart + 4 * i, token + t, sums[n + t][i]);
}

// A lane of 16 bits holds the weights of two rows as 256 a + b + 128, so that no byte has to be widened. Shifted down it
// is a; the sum over whole lanes, less 256 times the sum over a and 128 times the sum of the inputs, is the sum over b.
// Sums may wrap around; their differences do not.
INLINE void panel_i8(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  word padded = p->columns + (p->columns & 1), distance = p->distance / 16;
  const signed char *panel = (const signed char *)p->weights + row / PANEL * PANEL * padded;
  const i16x8 *w = (const i16x8 *)(panel + row % PANEL * 2);
  const int *x = p->scratch, *corrections = x + padded / 2 * count;
  const float *scales = (const float *)(corrections + flushes(padded) * count);
  f32x4 sums[TOKENS][VECTORS] = {0};
  for (word start = 0; start < padded; start += FLUSH, corrections += count) {
    word left = (padded - start < FLUSH ? padded - start : FLUSH) / 2;
    i32x4 whole[TOKENS][VECTORS] = {0};
    EACH_PANEL EACH_TOKEN EACH_VECTOR if (i % 2) {
      int c = corrections[t];
      whole[n + t][i] = (i32x4){c, c, c, c};
    }
    for (word some; left > 0; left -= some) {
      some = portion(x, p->scratch + padded / 2, left, count);
      for (word c = 0; c < some; c++, w += VECTORS / 2, x += count) EACH_PANEL {
        const i16x8 *at = w + n * distance;
        i16x8 weights[VECTORS];
        EACH_VECTOR weights[i] = i % 2 ? at[i / 2] : at[i / 2] >> 8;
        EACH_TOKEN {
          i16x8 pair = (i16x8)(i32x4){x[t], x[t], x[t], x[t]};
          EACH_VECTOR whole[n + t][i] += dot2(weights[i], pair);
        }
      }
    }
    EACH_PANEL EACH_TOKEN EACH_VECTOR {
      if (i % 2) whole[n + t][i] -= whole[n + t][i - 1] << 8;
      sums[n + t][i] += __builtin_convertvector(whole[n + t][i], f32x4);
    }
  }
  EACH_PANEL EACH_VECTOR {
    word at = row + n * apart + 4 * i;
    f32x4 factor = load(p->scales + at, 4);
    EACH_TOKEN finish(p, at, token + t, sums[n + t][i] * factor * scales[t]);
  }
}

// Four float16 scales as float32, times 2^-112, the difference between the two exponent biases.
INLINE f32x4 halves(const short *p) {
  i32x4 wide = __builtin_convertvector(*(const i16x4 *)p, i32x4);
  return (f32x4)((wide << 13) & (int)0x8fffffff);
}

// The row within its panel of the first of the four results in a vector of int4. Where bytes can be multiplied, a byte has the
// weights of two rows, eight rows apart.
#ifdef DOT_BYTES
#define FIRST_OF_FOUR(row, i) ((row) % PANEL / 2 + 4 * ((i) / 2) + 8 * ((i) % 2))
#else
#define FIRST_OF_FOUR(row, i) ((row) % PANEL + 4 * (i))
#endif

// Add the products of a group of 4-bit weights at w, and of the same group in panels at a distance, to sums of 16 bits, or of
// 32 (`quads`). Each lane of 16 bits adds 32 products of at most 8 x 127. The sums start with the correction for the weights'
// offset of 8, so the results fit; intermediate sums may wrap around.
INLINE void add_group(i32x4 (*sums)[VECTORS], const signed char *w, word distance, const int *x, const unsigned panels, const unsigned count, const unsigned quads) {
#ifdef DOT_BYTES
  i8x16 mask = {15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15};
  ONCE(mask);
#endif
  for (int octet = 0; octet < GROUP / 8; octet++, w += 4 * PANEL, x += OCTET_WORDS * count) {
    EACH_PANEL {
      const i8x16 *at = (const i8x16 *)(w + n * distance);
#ifdef DOT_BYTES
      UNROLL for (unsigned four = 0; four < 2; four++) UNROLL for (unsigned i = 0; i < WIDTH(count); i += 2) {
        i8x16 weights = at[four * 2 + i / 2];
        EACH_TOKEN add_bytes(&sums[n + t][i], weights, mask, x[t * OCTET_WORDS + four], quads);
      }
#else
      i8x16 weights[VECTORS];
      EACH_VECTOR weights[i] = at[i];
      EACH_TOKEN EACH_VECTOR sums[n + t][i] = add_nibbles(sums[n + t][i], weights[i], x + t * OCTET_WORDS);
#endif
    }
  }
}

#define GROUP_WORDS (GROUP / 8 * OCTET_WORDS)  // of a token's inputs

INLINE void panel_groups(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count, const unsigned quads) {
  word groups = p->columns / GROUP, panel = groups * GROUP_BYTES;
  const signed char *w = (const signed char *)p->weights + row / PANEL * panel;
  const word distance = p->distance;
  const int *x = p->scratch;
  const int *corrections = x + groups * GROUP_WORDS * count, *end = corrections;
  const float *x_scales = (const float *)(corrections + groups * count);
  f32x4 sums[TOKENS][VECTORS] = {0};
  if (quads) IN_MEMORY(sums);
  for (word g = 0; g < groups; g++, corrections += count, x_scales += count, w += GROUP_BYTES) {
    i32x4 whole[TOKENS][VECTORS];
    EACH_PANEL EACH_TOKEN EACH_VECTOR {
      int c = quads ? (short)corrections[t] + (corrections[t] >> 16) : corrections[t];
      if (quads == 2 && i % 2) c *= 17;  // 16 times its own and once the other row's, which is subtracted
      whole[n + t][i] = (i32x4){c, c, c, c};
    }
    if (count == 1 && g % (NEAR / GROUP_WORDS) == 0) request(x + NEAR, end);
    add_group(whole, w + 2 * PANEL + FIRST_OF_FOUR(row, 0) * 4, distance, x, panels, count, quads);
    x += GROUP_WORDS * count;
    EACH_PANEL EACH_VECTOR {
      f32x4 factor = halves((const short *)(w + n * distance) + FIRST_OF_FOUR(row, i));
      EACH_TOKEN {
        f32x4 scaled = factor * splat(x_scales[t]);
        i32x4 dots = quads ? whole[n + t][i] : pair_sums((i16x8)whole[n + t][i]);
        if (quads == 2 && i % 2) dots = (dots - whole[n + t][i - 1]) >> 4;
        sums[n + t][i] = madd(__builtin_convertvector(dots, f32x4), scaled, sums[n + t][i]);
      }
    }
    if (quads) IN_MEMORY(sums);
  }
  word first = row / PANEL * PANEL;
  EACH_PANEL EACH_TOKEN EACH_VECTOR finish(p, first + n * apart + FIRST_OF_FOUR(row, i), token + t, sums[n + t][i] * HALF_BIAS);
}

INLINE void panel_i4(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  panel_groups(p, row, apart, token, panels, count, 0);
}

#ifdef ADD_DOT_QUADS
INLINE void quads_i4(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  panel_groups(p, row, apart, token, panels, count, 1);
}

INLINE void bytes_i4(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  panel_groups(p, row, apart, token, panels, count, 2);
}
#else
#define quads_i4 panel_i4
#define bytes_i4 panel_i4
#endif
