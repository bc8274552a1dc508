// The layouts of weights, which Python asks for when it loads a matrix.
#pragma once

#include "products.h"

// Lay out weights [rows, columns] in panels; in 4 bits with their scales [rows, columns / GROUP] in 16 bits. `out` is zero
// at the rows that pad the last panel.
void pack(signed char *out, const signed char *weights, const short *scales, word rows, word columns, word bits) {
  for (word row = 0; row < rows; row++) {
    word r = row % PANEL;
    signed char *panel = out + (row - r) * row_bytes(columns, bits);
    if (bits == 32) {
      const float *from = (const float *)weights + row * columns;
      for (word c = 0; c < columns; c++) ((float *)panel)[c * PANEL + r] = from[c];
    } else if (bits == 8) {
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

// How far a logit may be from its sketch: the norms of what a row's sketch leaves of it, r = (q & 15) - 7.5, and of what it
// has, p = 16 (q >> 4) + 7.5, times the row's scale; a little more, so that no rounding matters.
static void measure_row(float *rest, float *seen, const signed char *q, float scale, word columns) {
  double r = 0, p = 0;
  for (word c = 0; c < columns; c++) {
    int low = 2 * (q[c] & 15) - 15, high = 32 * (q[c] >> 4) + 15;
    r += low * low, p += high * high;
  }
  double half = (scale < 0 ? -(double)scale : scale) * 0.5 * 1.00001;
  *rest = half * __builtin_sqrt(r), *seen = half * __builtin_sqrt(p);
}

// The sketch of an int8 matrix that is stored row by row: the upper half of each weight, plus 8, in panels like those of
// int4, without scales. `reach` gets the two norms of every row: those of what is left, then those of what is seen.
void sketch(signed char *out, float *reach, const signed char *weights, const float *scales, word rows, word columns) {
  float *seen = reach + (rows + PANEL - 1) / PANEL * PANEL;
  for (word row = 0; row < rows; row++) {
    const signed char *from = weights + row * columns;
    measure_row(reach + row, seen + row, from, scales[row], columns);
    signed char *to = out + row / PANEL * PANEL * columns / 2 + row % PANEL * 4;
    for (word c = 0; c < columns; c += 8, from += 8, to += 4 * PANEL)
      for (int j = 0; j < 4; j++) to[j] = ((from[j] >> 4) + 8) | (((from[4 + j] >> 4) + 8) << 4);
  }
}
