// Vectors of four floats, and what is computed on them: exponentials and activations.
#pragma once

#include "abi.h"

typedef float f32x4 __attribute__((vector_size(16), aligned(4)));
typedef int i32x4 __attribute__((vector_size(16), aligned(4)));
typedef short i16x8 __attribute__((vector_size(16), aligned(2)));
typedef short i16x4 __attribute__((vector_size(8), aligned(2)));
typedef unsigned short u16x8 __attribute__((vector_size(16), aligned(2)));
typedef signed char i8x16 __attribute__((vector_size(16), aligned(1)));
typedef unsigned char u8x16 __attribute__((vector_size(16), aligned(1)));
typedef signed char i8x8 __attribute__((vector_size(8), aligned(1)));

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define ONE_COPY _Pragma("clang loop unroll(disable)")
#define BLOCK 16  // results or logits that are processed together, in four vectors
#define EACH_PART UNROLL for (unsigned j = 0; j < BLOCK / 4; j++)  // the vectors of a block

INLINE f32x4 splat(float value) { return (f32x4){value, value, value, value}; }

INLINE f32x4 madd(f32x4 a, f32x4 b, f32x4 sum) {
#ifdef __wasm_relaxed_simd__
  return __builtin_wasm_relaxed_madd_f32x4(a, b, sum);
#else
  return a * b + sum;
#endif
}

// The end of a row whose length is not a multiple of 4: n is 1, 2 or 3.
NOINLINE f32x4 load_end(const float *p, word n) { return (f32x4){p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0}; }

NOINLINE void store_end(float *p, f32x4 v, word n) {
  p[0] = v[0];
  if (n > 1) p[1] = v[1];
  if (n > 2) p[2] = v[2];
}

// The first n floats at p, at most 4, padded with zeros.
INLINE f32x4 load(const float *p, word n) { return n >= 4 ? *(const f32x4 *)p : load_end(p, n); }

INLINE void store(float *p, f32x4 v, word n) {
  if (n >= 4) *(f32x4 *)p = v;
  else store_end(p, v, n);
}

// Run a body for every four of n floats, from i on; in the last one `left` may be less than 4.
#define EACH_FOUR(n, ...)                                             \
  {                                                                   \
    word i = 0;                                                       \
    for (const word left = 4; i + 4 <= (n); i += 4) { __VA_ARGS__ }   \
    for (const word left = (n) - i; i < (n); i += 4) { __VA_ARGS__ }  \
  }

INLINE float sum(f32x4 v) { return (v[0] + v[1]) + (v[2] + v[3]); }
INLINE float maximum(f32x4 v) {
  float a = v[0] > v[1] ? v[0] : v[1], b = v[2] > v[3] ? v[2] : v[3];
  return a > b ? a : b;
}

INLINE f32x4 choose(i32x4 mask, f32x4 yes, f32x4 no) {
  return (f32x4)(((i32x4)yes & mask) | ((i32x4)no & ~mask));
}

// Of a number and NaN, both return b.
#ifdef __wasm_simd128__
INLINE f32x4 larger(f32x4 a, f32x4 b) { return __builtin_wasm_pmax_f32x4(b, a); }
INLINE f32x4 smaller(f32x4 a, f32x4 b) { return __builtin_wasm_pmin_f32x4(b, a); }
#else
INLINE f32x4 larger(f32x4 a, f32x4 b) { return choose(a > b, a, b); }
INLINE f32x4 smaller(f32x4 a, f32x4 b) { return choose(a < b, a, b); }
#endif
INLINE f32x4 larger_or_nan(f32x4 a, f32x4 b) { return choose(a == a, larger(a, b), a); }
INLINE f32x4 absolute(f32x4 a) { return (f32x4)((i32x4)a & 0x7fffffff); }
INLINE float square_root(float a) { return __builtin_sqrtf(a); }

// The constants of exp.
static const float EXPONENTIAL[] = {
  1.44269504f, 12582912.0f,  // 1 / ln 2; 1.5 2^23, which rounds to an integer in the last bits when it is added
  -0.693359375f, 2.12194440e-4f,  // -ln 2 in two parts
  1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f, 1.0f,
};

// exp of `count` vectors of numbers from -87.3 to 88: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (Cephes' expf),
// relative error 2e-7. c is EXPONENTIAL.
INLINE void moderate_exponentials(f32x4 *x, const unsigned count, const float *c) {
#define EACH_EXP UNROLL for (unsigned j = 0; j < count; j++)
  f32x4 shifted[BLOCK / 4], r[BLOCK / 4], p[BLOCK / 4];
  EACH_EXP shifted[j] = madd(x[j], splat(c[0]), splat(c[1]));
  EACH_EXP {
    f32x4 n = shifted[j] - splat(c[1]);
    r[j] = madd(n, splat(c[3]), madd(n, splat(c[2]), x[j]));
  }
  EACH_EXP p[j] = madd(splat(c[4]), r[j], splat(c[5]));
  UNROLL for (int k = 6; k < 10; k++) EACH_EXP p[j] = madd(p[j], r[j], splat(c[k]));
  EACH_EXP p[j] = madd(p[j], r[j] * r[j], r[j] + splat(c[10]));
  EACH_EXP x[j] = (f32x4)((i32x4)p[j] + ((i32x4)shifted[j] << 23));
}

// exp for x <= 0. Here and below the limits come first, so that NaN stays NaN.
INLINE f32x4 decaying(f32x4 x) {
  x = larger(splat(-87.3f), x);
  moderate_exponentials(&x, 1, EXPONENTIAL);
  return x;
}

// exp of a block, clamped to what float32 can represent. Activations process four vectors at once, because WebAssembly
// rebuilds the constants at every call, and that costs more than one vector does.
NOINLINE void exponentials(f32x4 *x) {
  EACH_PART x[j] = smaller(splat(88.0f), larger(splat(-87.3f), x[j]));
  moderate_exponentials(x, BLOCK / 4, EXPONENTIAL);
}

static void sigmoids(f32x4 *x) {
  EACH_PART x[j] = -x[j];
  exponentials(x);
  EACH_PART x[j] = 1.0f / (1.0f + x[j]);
}

// tanh; near 0, where 1 - 2 / (exp(2 x) + 1) would lose digits, by a polynomial (Cephes' tanhf).
static void hyperbolic_tangents(f32x4 *x) {
  f32x4 far[BLOCK / 4];
  EACH_PART {
    f32x4 size = absolute(x[j]);
    far[j] = size + size;
  }
  exponentials(far);
  EACH_PART {
    f32x4 z = x[j] * x[j];
    f32x4 p = splat(-5.70498872745e-3f);
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    p = p * z * x[j] + x[j];
    far[j] = 1.0f - 2.0f / (far[j] + 1.0f);
    x[j] = choose(absolute(x[j]) < 0.625f, p, choose(x[j] < 0.0f, -far[j], far[j]));
  }
}

// z (1 + erf(z / sqrt 2)) / 2; erf by Eigen's rational approximation, as in activations.py, within 5e-7.
NOINLINE void gelus(f32x4 *z) {
  EACH_PART {
    f32x4 x = larger(smaller(z[j] * 0.70710678f, splat(4)), splat(-4)), t = x * x;
    f32x4 p = splat(-2.72614225801306e-10f), q = splat(-1.45660718464996e-05f);
    p = madd(p, t, splat(2.77068142495902e-08f));
    p = madd(p, t, splat(-2.10102402082508e-06f));
    p = madd(p, t, splat(-5.69250639462346e-05f));
    p = madd(p, t, splat(-7.34990630326855e-04f));
    p = madd(p, t, splat(-2.95459980854025e-03f));
    p = madd(p, t, splat(-1.60960333262415e-02f));
    q = madd(q, t, splat(-2.13374055278905e-04f));
    q = madd(q, t, splat(-1.68282697438203e-03f));
    q = madd(q, t, splat(-7.37332916720468e-03f));
    q = madd(q, t, splat(-1.42647390514189e-02f));
    z[j] *= madd(x * p / q, splat(0.5f), splat(0.5f));
  }
}

static void activate(f32x4 *z, word activation) {
  f32x4 x[BLOCK / 4];
  switch (activation) { EACH_ACTIVATION }
}
