// The layouts of weights, which Python asks for when it loads a matrix.
#pragma once

#include "products.h"

// Lay out weights [rows, columns] in a form; in 4 bits with their scales [rows, columns / GROUP] in 16 bits. `out` is zero
// at the rows that pad the last panel or pair.
void pack(signed char *out, const signed char *weights, const short *scales, word rows, word columns, word form) {
  for (word row = 0; row < rows; row++) {
    word r = row % PANEL;
    signed char *panel = out + (row - r) * row_bytes(columns, form);
    if (form == PAIRS && row + 1 < rows && columns % 16 == 0) {
      const i8x16 *high = (const i8x16 *)(weights + row * columns), *low = high + columns / 16;
      i8x16 *pair = (i8x16 *)(out + row++ * columns);
      for (word c = 0; c < columns / 16; c++) {
        i8x16 a = low[c] ^ -128, b = high[c];
        pair[2 * c] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        pair[2 * c + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      }
    } else if (form == PAIRS) {
      word high = row % 2 == 0;
      signed char *pair = out + row / 2 * 2 * columns + high;
      for (word c = 0; c < columns; c++) pair[2 * c] = weights[row * columns + c] ^ (high ? 0 : -128);
    } else if (form == 32) {
      const float *from = (const float *)weights + row * columns;
      for (word c = 0; c < columns; c++) ((float *)panel)[c * PANEL + r] = from[c];
    } else if (form == 8) {
      word high = r / 4 % 2 == 0, lane = r / 8 * 16 + r % 4 * 4;
      for (word c = 0; c < columns + columns % 2; c++)
        panel[c / 2 * 2 * PANEL + lane + c % 2 * 2 + high] = (c < columns ? weights[row * columns + c] : 0) ^ (high ? 0 : -128);
    } else {
      const unsigned char *from = (const unsigned char *)weights + row * columns / 2;
      for (word g = 0; g < columns / GROUP; g++, panel += GROUP_BYTES) {
        ((short *)panel)[r] = scales[row * (columns / GROUP) + g];
        unsigned char *to = (unsigned char *)panel + 2 * PANEL + 4 * r;
        for (word c = 0; c < GROUP; c += 8, from += 4, to += 4 * PANEL)
          for (int j = 0; j < 4; j++)
            to[j] = ((from[j / 2] >> (j % 2 * 4)) & 15) | (((from[2 + j / 2] >> (j % 2 * 4)) & 15) << 4);
      }
    }
  }
}

// The group of int4 at `from` in the other order: where bytes can be multiplied, a byte has the same column of rows r and r + 8.
static void turn_group(i8x16 *to, const i8x16 *from) {
  to[0] = from[0], to[1] = from[1];  // the scales
  for (word i = 2; i < GROUP_BYTES / 16; i += 4) UNROLL for (word j = i; j < i + 2; j++) {
    u8x16 a = (u8x16)from[j], b = (u8x16)from[j + 2];
#ifdef DOT_BYTES
    u8x16 low = (a & 15) | b << 4;
    b = a >> 4 | (b & 0xf0), a = low;
#endif
    to[j] = (i8x16)a, to[j + 2] = (i8x16)b;
  }
}

// Two vectors of int8, of which each has two rows, in its upper and its lower bytes, become a vector for each row; or, `back`,
// the other way. `weights` says which row's bytes change their sign (`byte_weights`).
INLINE void part_rows(u16x8 *a, u16x8 *b, unsigned weights, word back) {
  const unsigned short sign = weights == 2 ? 0x8000 : 0x80;
  if (!back) *a ^= sign, *b ^= sign;
  u16x8 upper = (*a & 0xff00) | *b >> 8, lower = *a << 8 | (*b & 0xff);
  *a = upper, *b = lower;
  if (back) *a ^= sign, *b ^= sign;
}

// A panel's block of `n` columns in the order that bytes.h reads, or back. In files two vectors have two columns.
static void turn_block(u16x8 *to, const u16x8 *from, word n, unsigned weights, word back) {
  u16x8 block[FLUSH];
  for (word i = 0; i < n; i++) block[i] = from[i];
  for (word i = 0; i < n; i += 4) UNROLL for (word half = 0; half < 2; half++) {
    word file = i + half, here = half * (n / 2) + i / 2;
    u16x8 a = block[back ? here : file], b = block[back ? here + 1 : file + 2];
    part_rows(&a, &b, weights, back);
    to[back ? file : here] = a, to[back ? file + 2 : here + 1] = b;
  }
}

// Whether int8 or int4 is in another order in memory than in files, or, in pairs of rows, than `pack` gives it.
word turned(word columns, word form) { return form == 4 || (form != 32 && byte_weights(columns)); }

// Bring panels or pairs of rows into the order in which they are multiplied, or back. It may be done in place.
void turn(signed char *out, const signed char *weights, word bytes, word columns, word form, word back) {
  word each = form == 4 ? GROUP_BYTES : form == PAIRS ? 32 : PANEL * columns;
  const unsigned way = byte_weights(columns);
  for (word at = 0; at < bytes; at += each) {
    u16x8 *to = (u16x8 *)(out + at);
    const u16x8 *from = (const u16x8 *)(weights + at);
    if (form == 4) turn_group((i8x16 *)to, (const i8x16 *)from);
    else if (form == PAIRS) {
      to[0] = from[0], to[1] = from[1];
      part_rows(to, to + 1, way, back);
    } else for (word start = 0; start < columns; start += FLUSH)
      turn_block(to + start, from + start, columns - start < FLUSH ? columns - start : FLUSH, way, back);
  }
}

// A group of int8 weights q in 4 bits: numbers n, plus 8, of which four columns are at `to` and four PANEL rows later, and so on.
// Returns their step d in 16 bits; it is a multiple of 1/8 up to 16, so it is exact, and so are p = d n and what is left of a
// weight, r = q - p. Adds up their squares.
static short sketch_group(unsigned char *to, const signed char *q, double *left, double *seen) {
  i16x8 low = {0}, high = {0};
  for (word c = 0; c < GROUP; c += 8) {
    i16x8 v = __builtin_convertvector(*(const i8x8 *)(q + c), i16x8);
    low = (low & (low < v)) | (v & ~(low < v)), high = (high & (high > v)) | (v & ~(high > v));
  }
  int least = 0, most = 0;
  for (int i = 0; i < 8; i++) least = low[i] < least ? low[i] : least, most = high[i] > most ? high[i] : most;
  union { float value; int bits; } step = {(-least > most ? least : most) * -0.125f};
  float inverse = step.value != 0 ? 1 / step.value : 0;
  f32x4 r = {0}, p = {0};
  for (word c = 0; c < GROUP; c += 8, to += 4 * PANEL) {
    i32x4 n[2];
    UNROLL for (int i = 0; i < 2; i++) {
      const signed char *at = q + c + 4 * i;
      f32x4 w = __builtin_convertvector(((i32x4){at[0], at[1], at[2], at[3]}), f32x4);
      n[i] = rounded(w * inverse);
      n[i] = (n[i] & (n[i] < 8)) | (7 & ~(n[i] < 8));
      f32x4 is = __builtin_convertvector(n[i], f32x4) * step.value, rest = w - is;
      r += rest * rest, p += is * is;
    }
    i32x4 both = (n[0] + 8) | (n[1] + 8) << 4;
    for (int j = 0; j < 4; j++) to[j] = both[j];
  }
  *left += sum(r), *seen += sum(p);
  return step.value != 0 ? (step.bits >> 16 & 0x8000) | ((step.bits >> 13 & 0x3ffff) - (112 << 10)) : 0;
}

// The sketch of an int8 matrix in pairs of rows: its weights in 4 bits, without the rows' scales, in panels of int4.
// `reach` gets two norms of every row, times its scale, a little more, so that no rounding matters: that of what is left of its
// weights, then that of what the sketch has. Each is followed by the highest of every panel.
void sketch(signed char *out, float *reach, const signed char *weights, const float *scales, word rows, word columns) {
  word panels = (rows + PANEL - 1) / PANEL, padded = panels * PANEL;
  const unsigned way = byte_weights(columns);
  for (word row = 0; row < rows; row++) {
    word r = row % PANEL;
    signed char *panel = out + (row - r) * row_bytes(columns, 4);
    double left = 0, seen = 0, scale = (scales[row] < 0 ? -(double)scales[row] : scales[row]) * 1.00001;
    word high = row % 2 == 0;
    const u16x8 *pair = (const u16x8 *)(weights + row / 2 * 2 * columns);
    for (word g = 0; g < columns / GROUP; g++, panel += GROUP_BYTES) {
      signed char q[GROUP];
      for (word c = 0; c < GROUP; c += 16, pair += 2) {
        u16x8 lanes[2] = {pair[0], pair[1]};
        if (way) part_rows(lanes, lanes + 1, way, 1);
        for (word i = 0; i < 16; i++) q[c + i] = high ? lanes[i / 8][i % 8] >> 8 : lanes[i / 8][i % 8] ^ 0x80;
      }
      ((short *)panel)[r] = sketch_group((unsigned char *)panel + 2 * PANEL + 4 * r, q, &left, &seen);
    }
    for (int i = 0; i < 2; i++) {
      float *norms = reach + i * (padded + panels), *most = norms + padded + row / PANEL;
      norms[row] = scale * __builtin_sqrt(i ? seen : left);
      *most = norms[row] > *most ? norms[row] : *most;
    }
  }
  turn(out, out, padded * row_bytes(columns, 4), columns, 4, 0);
}
