// Inputs of a product, quantized and interleaved as the panels read them.
#pragma once

#include "panels.h"

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

// The sum of the 16-bit halves of n words.
static int sum_of_halves(const int *words, word n) {
  i32x4 four = {0};
  word i = 0;
  for (; i + 4 <= n; i += 4) four += pair_sums(*(const i16x8 *)(words + i));
  int total = four[0] + four[1] + four[2] + four[3];
  for (; i < n; i++) total += (short)words[i] + (words[i] >> 16);
  return total;
}

// Inputs in 15 bits, two columns per word, followed by a scale for each token. For one token and a matrix in panels
// (`paired`), the corrections come in between: 128 times the inputs, which the lanes that hold two weights add to each sum.
static void spread_i8(const struct product *p, word token, word count, int paired) {
  word words = (p->columns + 1) / 2;
  int *corrections = p->scratch + words * count;
  float *scales = (float *)(corrections + (paired ? flushes(p->columns) * count : 0));
  for (word t = 0; t < count; t++) {
    word c = 0;
    const float *x = p->inputs + (token + t) * p->columns;
    int *out = p->scratch + t;
    float top = largest(x, p->columns), factor = top > 0 ? 32767 / top : 0;
    for (; c + 8 <= p->columns; c += 8, out += 4 * count) {
      i16x8 q = narrow(rounded(load(x + c, 4) * factor), rounded(load(x + c + 4, 4) * factor));
      if (count == 1) *(i16x8 *)out = q;
      else UNROLL for (unsigned i = 0; i < 4; i++) out[i * count] = ((i32x4)q)[i];
    }
    for (; c < p->columns; c += 2, out += count) {
      i32x4 q = rounded(load(x + c, p->columns - c) * factor);
      *out = (q[0] & 0xffff) | q[1] << 16;
    }
    scales[t] = top / 32767;
  }
  for (word start = 0; paired && count == 1 && start < words; start += FLUSH / 2) {
    word n = words - start < FLUSH / 2 ? words - start : FLUSH / 2;
    *corrections++ = -128 * sum_of_halves(p->scratch + start, n);
  }
}

// The inputs of a group in 8 bits, four columns per word (or two words), `apart` words from each other. Adds them to the
// four sums in `total`, and returns the correction for the weights' offset of 8, for two 16-bit sums.
INLINE int spread_group(int *out, word apart, const float *x, float factor, i32x4 *total) {
  const i8x16 offset = {8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8};
  i16x8 correction = {0};
#ifdef DOT_BYTES
  if (apart == 1) {
    for (int i = 0; i < GROUP; i += 16, out += 4) {
      i32x4 q[4];
      UNROLL for (int j = 0; j < 4; j++) *total += q[j] = rounded(load(x + i + 4 * j, 4) * factor);
      i8x16 bytes = narrow_again(narrow(q[0], q[1]), narrow(q[2], q[3]));
      *(i8x16 *)out = bytes;
      correction -= DOT_BYTES(bytes, offset);
    }
    correction += __builtin_shufflevector(correction, correction, 4, 5, 6, 7, 0, 1, 2, 3);
    correction += __builtin_shufflevector(correction, correction, 2, 3, 0, 1, 6, 7, 4, 5);
    return ((i32x4)correction)[0];
  }
#endif
  for (int i = 0; i < GROUP; i += 4, out += apart) {
    i32x4 q = rounded(load(x + i, 4) * factor);
    *total += q;
#ifdef DOT_BYTES
    i8x16 bytes = (i8x16)q;
    out[0] = ((i32x4)__builtin_shufflevector(bytes, bytes, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12))[0];
#else
    i32x4 halves = (i32x4)__builtin_shufflevector((i16x8)q, (i16x8)q, 0, 4, 2, 6, 0, 4, 2, 6);
    out[0] = halves[0];
    out[1] = halves[1];
#endif
    correction -= dot4(offset, out);
  }
  return ((i32x4)correction)[0];
}

// Inputs in 8 bits, with a scale for each token and group; for a sketch (`whole`), one scale and 7.5 times the sum.
static void spread_i4(const struct product *p, word token, unsigned count, int whole) {
  word groups = p->columns / GROUP, words = p->columns / 4 * QUAD_WORDS, apart = count * QUAD_WORDS;
  float *scales = (float *)p->scratch + (words + groups) * count;
  for (unsigned t = 0; t < count; t++) {
    const float *x = p->inputs + (token + t) * p->columns;
    float top = whole ? largest(x, p->columns) : 0;
    i32x4 total = {0};
    for (word g = 0; g < groups; g++, x += GROUP) {
      if (!whole) top = largest(x, GROUP);
      int *out = p->scratch + t * QUAD_WORDS + g * (GROUP / 4) * apart;
      p->scratch[words * count + g * count + t] = spread_group(out, apart, x, top > 0 ? 127 / top : 0, &total);
      if (!whole) scales[g * count + t] = top / 127;
    }
    if (whole) {
      scales[0] = top / 127;
      scales[1] = 7.5f * (total[0] + total[1] + total[2] + total[3]);
    }
  }
}
