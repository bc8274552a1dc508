// Inputs of a product, quantized and interleaved as the panels read them.
#pragma once

#include "bytes.h"

// The largest absolute value; NaN if there is one. Without their signs, floats have the order of their bits.
static float largest(const float *x, word n) {
  i32x4 top = {0};
  EACH_FOUR(n, {
    i32x4 size = (i32x4)absolute(load(x + i, left));
    top = (i32x4)choose(size > top, (f32x4)size, (f32x4)top);
  })
  int a = top[0] > top[1] ? top[0] : top[1], b = top[2] > top[3] ? top[2] : top[3];
  union { int bits; float value; } found = {a > b ? a : b};
  return found.value;
}

// The nearest integers, up to 2^22: adding 1.5 2^23 puts them in the last bits.
INLINE i32x4 rounded(f32x4 v) { return (i32x4)(v + 12582912.0f) - 0x4b400000; }

// Numbers that fit into half the bits.
#ifdef __wasm_simd128__
INLINE i16x8 narrow(i32x4 a, i32x4 b) { return __builtin_wasm_narrow_s_i16x8_i32x4(a, b); }
INLINE i8x16 narrow_again(i16x8 a, i16x8 b) { return __builtin_wasm_narrow_s_i8x16_i16x8(a, b); }
#else
INLINE i16x8 narrow(i32x4 a, i32x4 b) {
  return __builtin_shufflevector((i16x8)a, (i16x8)b, 0, 2, 4, 6, 8, 10, 12, 14);
}
INLINE i8x16 narrow_again(i16x8 a, i16x8 b) {
  return __builtin_shufflevector((i8x16)a, (i8x16)b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
#endif

static void spread_f32(const struct product *p, word token, unsigned count) {
  for (unsigned t = 0; t < count; t++) {
    const float *x = p->inputs + (token + t) * p->columns;
    float *out = (float *)p->scratch + t;
    for (word c = 0; c < p->columns; c++) out[c * count] = x[c];
  }
}

// The inputs of `n` columns of a token in 15 bits, two columns per word, `apart` words from each other. Returns their sum.
INLINE int spread_pairs(int *out, word apart, const float *x, word n, float factor) {
  i32x4 four = {0};
  word c = 0;
  for (; c + 8 <= n; c += 8, out += 4 * apart) {
    i16x8 q = narrow(rounded(load(x + c, 4) * factor), rounded(load(x + c + 4, 4) * factor));
    four += pair_sums(q);
    if (apart == 1) *(i16x8 *)out = q;
    else UNROLL for (unsigned i = 0; i < 4; i++) out[i * apart] = ((i32x4)q)[i];
  }
  int total = four[0] + four[1] + four[2] + four[3];
  for (; c < n; c += 2, out += apart) {
    i32x4 q = rounded(load(x + c, n - c < 2 ? 1 : 2) * factor);
    total += q[0] + q[1];
    *out = (q[0] & 0xffff) | q[1] << 16;
  }
  return total;
}

// The same in bytes, for each eight columns the upper and then the lower ones of two words; `n` is a multiple of 8.
INLINE int spread_bytes(int *out, word apart, const float *x, word n, float factor) {
  i32x4 four = {0};
  for (word c = 0; c < n; c += 8, out += apart) {
    i16x8 q = narrow(rounded(load(x + c, 4) * factor), rounded(load(x + c + 4, 4) * factor));
    i16x8 first = __builtin_shufflevector(q, q, 0, 1, 4, 5, 0, 1, 4, 5), second = __builtin_shufflevector(q, q, 2, 3, 6, 7, 2, 3, 6, 7);
    four += pair_sums(q);
    *(i16x8 *)out = __builtin_shufflevector(upper_bytes(first, second), lower_bytes(first, second), 0, 1, 2, 3, 12, 13, 14, 15);
  }
  return four[0] + four[1] + four[2] + four[3];
}

// Inputs in 15 bits, then the corrections, 128 times the inputs of some columns, which weights plus 128 add to each sum, then a
// scale for each token.
static void spread_i8(const struct product *p, word token, word count) {
  const unsigned bytes = byte_weights(p->columns);
  int *corrections = p->scratch + (p->columns + 1) / 2 * count;
  float *scales = (float *)(corrections + flushes(p->columns) * count);
  for (word t = 0; t < count; t++) {
    const float *x = p->inputs + (token + t) * p->columns;
    float top = largest(x, p->columns), factor = top > 0 ? MOST_INPUT / top : 0;
    for (word start = 0, block = 0; start < p->columns; start += FLUSH, block++) {
      word n = p->columns - start < FLUSH ? p->columns - start : FLUSH;
      int *out = p->scratch + start / 2 * count;
      int total = bytes ? spread_bytes(out + 4 * t, 4 * count, x + start, n, factor) : spread_pairs(out + t, count, x + start, n, factor);
      corrections[block * count + t] = bytes == 1 ? 0 : -128 * total;
    }
    scales[t] = top / MOST_INPUT;
  }
}

// The same for one token and pairs of rows, with the corrections of each lane.
static void spread_lanes(const struct product *p, word token) {
  const float *x = p->inputs + token * p->columns;
  const unsigned bytes = byte_weights(p->columns);
  i16x8 *out = (i16x8 *)p->scratch;
  i32x4 *corrections = (i32x4 *)((short *)p->scratch + p->columns);
  float top = largest(x, p->columns), factor = top > 0 ? MOST_INPUT / top : 0;
  for (word start = 0, end; start < p->columns; start = end) {
    i32x4 four = {0};
    end = p->columns - start < LANES ? p->columns : start + LANES;
    for (word c = start; c < end; c += 16, out += 2) {
      EACH_OF_TWO {
        out[i] = narrow(rounded(load(x + c + 8 * i, 4) * factor), rounded(load(x + c + 8 * i + 4, 4) * factor));
        four += pair_sums(out[i]);
      }
      if (bytes) {
        i16x8 first = out[0], second = out[1];
        out[0] = upper_bytes(first, second), out[1] = lower_bytes(first, second);
      }
    }
    *corrections++ = bytes == 1 ? (i32x4){0} : four * -128;
  }
  *(float *)corrections = top / MOST_INPUT;
}

// The inputs of eight columns in 8 bits, as `add_bytes` or `add_nibbles` reads them.
INLINE void spread_octet(int *out, i32x4 a, i32x4 b) {
  i16x8 x = narrow(a, b);
#ifdef DOT_BYTES
  i8x16 bytes = narrow_again(x, x);
  *(i8x8 *)out = __builtin_shufflevector(bytes, bytes, 0, 1, 2, 3, 4, 5, 6, 7);
#else
  x = __builtin_shufflevector(x, x, 0, 2, 4, 6, 1, 3, 5, 7);  // the order of the weights in two lanes
  *(i16x8 *)out = x - (__builtin_shufflevector(x, (i16x8){0}, 8, 9, 0, 1, 2, 3, 4, 5) << 4);
#endif
}

// The inputs of a group in 8 bits, the words of eight columns `apart` words from each other. Returns four sums, of every
// fourth column.
INLINE i32x4 spread_group(int *out, word apart, const float *x, float factor) {
  i32x4 total = {0};
  for (int i = 0; i < GROUP; i += 8, out += apart) {
    i32x4 a = rounded(load(x + i, 4) * factor), b = rounded(load(x + i + 4, 4) * factor);
    total += a + b;
    spread_octet(out, a, b);
  }
  return total;
}

// Inputs in 8 bits, then for each group the correction for the weights' offset of 8, for two 16-bit sums, and a scale for each
// token and group.
static void spread_i4(const struct product *p, word token, unsigned count) {
  word groups = p->columns / GROUP, apart = count * OCTET_WORDS;
  int *corrections = p->scratch + groups * GROUP_WORDS * count;
  float *scales = (float *)(corrections + groups * count);
  for (unsigned t = 0; t < count; t++) {
    const float *x = p->inputs + (token + t) * p->columns;
    for (word g = 0; g < groups; g++, x += GROUP) {
      float top = largest(x, GROUP);
      i32x4 sums = spread_group(p->scratch + t * OCTET_WORDS + g * GROUP / 8 * apart, apart, x, top > 0 ? 127 / top : 0);
      corrections[g * count + t] = (-8 * (sums[0] + sums[1]) & 0xffff) | -8 * (sums[2] + sums[3]) << 16;
      scales[g * count + t] = top / 127 * HALF_BIAS;
    }
  }
}
