// Quantizing rows of weights as they are stored in a file, to the last bit as weights/quantize.py does it.
#pragma once

#include "inputs.h"

// Four numbers of 16 bits at p, or the n that are left, as signed integers.
INLINE i32x4 sixteen_bits(const short *p, word n) {
  if (n >= 4) return __builtin_convertvector(*(const i16x4 *)p, i32x4);
  return (i32x4){p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0};
}

// A row in float32. Returns 0 if a number is not finite. A float16's sign and magnitude are moved to where a float32 has
// them, which is the value with an exponent that is too small by the difference of the biases; infinity becomes 2^16.
static int widen(float *out, const void *row, word n, word type) {
  const int limit = type == F16 ? 0x47800000 : 0x7f800000;
  i32x4 beyond = {0};
  EACH_FOUR(n, {
    f32x4 x;
    if (type == F32) x = load((const float *)row + i, left);
    else if (type == BF16) x = (f32x4)(sixteen_bits((const short *)row + i, left) << 16);
    else x = (f32x4)(sixteen_bits((const short *)row + i, left) << 13 & (int)0x8fffe000) * 0x1p112f;
    store(out + i, x, left);
    beyond |= (i32x4)absolute(x) >= limit;
  })
  return !(beyond[0] | beyond[1] | beyond[2] | beyond[3]);
}

INLINE i32x4 limited(i32x4 q, int low, int high) {
  const i32x4 least = {low, low, low, low}, most = {high, high, high, high};
  i32x4 under = q < least, over = q > most;
  return (q & ~(under | over)) | (least & under) | (most & over);
}

// The float16 nearest to x, as a float; infinity from 65520 on.
static float nearest_half(float x) {
  union { float value; int bits; } number = {x}, out;
  int sign = number.bits & (int)0x80000000, size = number.bits & 0x7fffffff;
  if (size < 0x38800000) {  // below 2^-14 they are 2^-24 apart, as float32 is from 2^-1 on
    out.bits = size, out.value += 0.5f, out.value -= 0.5f;
  } else {
    out.bits = (size + 0xfff + (size >> 13 & 1)) & ~0x1fff;
    if (out.bits >= 0x47800000) out.bits = 0x7f800000;
  }
  out.bits |= sign;
  return out.value;
}

static float quantize_row(signed char *out, const float *x, word n) {
  float scale = largest(x, n) / 127;
  f32x4 step = splat(scale > 0 ? scale : 1);
  word c = 0;
  for (; c + 16 <= n; c += 16) {
    i32x4 q[4];
    UNROLL for (int j = 0; j < 4; j++) q[j] = limited(rounded(load(x + c + 4 * j, 4) / step), -127, 127);
    *(i8x16 *)(out + c) = narrow_again(narrow(q[0], q[1]), narrow(q[2], q[3]));
  }
  for (; c < n; c += 4) {
    i32x4 q = limited(rounded(load(x + c, n - c) / step), -127, 127);
    for (word j = 0; j < 4 && c + j < n; j++) out[c + j] = q[j];
  }
  return scale;
}

// The number of largest magnitude becomes -8; of two with opposite signs, the positive one.
static float quantize_group(unsigned char *out, const float *x) {
  f32x4 least = load(x, 4), most = least;
  UNROLL for (int i = 4; i < GROUP; i += 4) least = smaller(load(x + i, 4), least), most = larger(load(x + i, 4), most);
  float low = -maximum(-least), high = maximum(most);
  float scale = nearest_half((-low > high ? low : high) / -8);
  f32x4 step = splat(scale != 0 ? scale : 1);
  for (int i = 0; i < GROUP; i += 16, out += 8) {
    i32x4 q[4];
    UNROLL for (int j = 0; j < 4; j++) q[j] = limited(rounded(load(x + i + 4 * j, 4) / step), -8, 7) + 8;
    i16x8 pairs = (i16x8)narrow_again(narrow(q[0], q[1]), narrow(q[2], q[3]));  // two columns each
    pairs = (pairs | pairs >> 4) & 0xff;
    i8x16 bytes = (i8x16)pairs;
    *(i8x8 *)out = __builtin_shufflevector(bytes, bytes, 0, 2, 4, 6, 8, 10, 12, 14);
  }
  return scale;
}

// Quantize weights [rows, columns] of a type to 8 bits with a scale per row, or to 4 bits with a scale per group. `row` is
// memory for a row. Returns 0 if a weight is not finite.
word quantize(signed char *out, float *scales, const void *weights, float *row, word rows, word columns, word type, word bits) {
  word finite = 1, bytes = type == F32 ? 4 : 2;
  for (word r = 0; r < rows; r++, weights = (const char *)weights + columns * bytes) {
    finite &= widen(row, weights, columns, type);
    if (bits == 8) *scales++ = quantize_row(out, row, columns), out += columns;
    else for (word c = 0; c < columns; c += GROUP, out += GROUP / 2) *scales++ = quantize_group((unsigned char *)out, row + c);
  }
  return finite;
}
