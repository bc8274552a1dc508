// Products of int8 where one instruction multiplies bytes and adds four products to a sum (`ADD_DOT_QUADS`).
//
// Inputs are x = 256 h + l, two bytes with signs. So a row's sum is 256 times that of its products with h, plus that with l: two
// instructions for 16 weights where `panel_i8` needs five. The integers are the same, so the results are too, bit by bit.
// Each lane has four columns of one row, which is another order of weights than that of files (`turn` in packing.h).
#pragma once

#include "wide.h"

#define HEAD_BYTES 2  // tokens that pass through rows of a large head together
#define REQUESTED 8   // pairs of rows that are requested from memory at once; chosen by measurement
#define MOST_BYTES 3  // tokens that pass through a panel together; the sums of more would not fit the registers

// How weights are multiplied as bytes: plus 128 and without a sign (2), as AVX-VNNI does, with it (1), as ARM does, or not (0).
INLINE unsigned byte_weights(word columns) {
#ifdef ADD_DOT_QUADS
  const int least = 0x80808080;
  if (WIDE || columns % 8 || !has_quads()) return 0;
  return dot_quads(least, -1) == 4 * -128 * 255 ? 2 : dot_quads(least, least) == 4 * 128 * 128;
#else
  return 0;
#endif
}

// The upper and the lower bytes of inputs: of `second` in the even bytes, of `first` in the odd ones, as `part_rows` orders the
// columns of weights.
INLINE i16x8 upper_bytes(i16x8 first, i16x8 second) { return ((first + 128) & ~255) | (((second + 128) >> 8) & 255); }
INLINE i16x8 lower_bytes(i16x8 first, i16x8 second) { return first << 8 | (second & 255); }

#define EACH_OF_TWO UNROLL for (unsigned i = 0; i < 2; i++)  // of eight rows: four in a vector

// Add the products of eight rows' next eight columns to sums with upper and lower bytes.
INLINE void add_columns(i32x4 (*dots)[2][2], const signed char *w, const int *words, const unsigned count) {
#ifdef ADD_DOT_QUADS
  UNROLL for (unsigned four = 0; four < 2; four++) {
    i8x16 weights[2];
    EACH_OF_TWO weights[i] = ((const i8x16 *)w)[2 * four + i];
    EACH_TOKEN UNROLL for (unsigned k = 0; k < 2; k++) {
      int inputs = words[4 * t + 2 * k + four];
      EACH_OF_TWO {
        i32x4 *sum = &dots[t][i][k];
        *sum = ADD_DOT_QUADS(*sum, (i8x16)((i32x4){inputs, inputs, inputs, inputs}), weights[i]);
        ONCE(*sum);
      }
    }
  }
#endif
}

// A panel has, for every `FLUSH` columns, first eight of its rows, then the others. Both halves run the same instructions, because
// processors remember for each instruction what it will read next; two copies in turn would be half as fast.
INLINE void bytes_i8(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
#ifdef ADD_DOT_QUADS
  const signed char *w = (const signed char *)p->weights + row * p->columns;
  const word distance = p->distance;
  const int *x = p->scratch, *corrections = x + p->columns / 2 * count;
  const float *scales = (const float *)(corrections + flushes(p->columns) * count);
  f32x4 sums[2][TOKENS][2] = {0};
  for (word start = 0, size; start < p->columns; start += size, x += size / 2 * count, corrections += count) {
    size = p->columns - start < FLUSH ? p->columns - start : FLUSH;
    IN_MEMORY(sums);
    ONE_COPY for (unsigned half = 0; half < 2; half++) {
      i32x4 dots[TOKENS][2][2] = {0};  // with upper and lower bytes
      EACH_PANEL EACH_TOKEN EACH_OF_TWO {
        int c = corrections[t];
        dots[n + t][i][1] = (i32x4){c, c, c, c};
      }
      const int *words = x, *end = p->scratch + p->columns / 2;
      for (word left = size / 2, some; left > 0; left -= some) {
        some = portion(words, end, left, count);
        for (word c = 0; c < some; c += 4, words += 4 * count, w += 64) EACH_PANEL add_columns(dots + n, w + n * distance, words, count);
      }
      EACH_PANEL EACH_TOKEN EACH_OF_TWO
        sums[half][n + t][i] += __builtin_convertvector((dots[n + t][i][0] << 8) + dots[n + t][i][1], f32x4);
      IN_MEMORY(sums);
    }
  }
  EACH_PANEL UNROLL for (unsigned half = 0; half < 2; half++) EACH_OF_TWO {
    word at = row + n * apart + 8 * half + 4 * i;
    f32x4 factor = load(p->scales + at, 4);
    EACH_TOKEN finish(p, at, token + t, sums[half][n + t][i] * factor * scales[t]);
  }
#endif
}

// The same as `pairs_i8`. Of a pair of rows, 16 bytes of each are in turn; tokens' inputs are `apart` numbers of 16 bits apart.
INLINE void pairs_bytes(const struct product *p, const word *which, word token, word apart, const unsigned pairs, const unsigned count) {
#ifdef ADD_DOT_QUADS
  const short *x = (const short *)p->scratch;
  f32x4 sums[MOST_PAIRS][TOKENS][2] = {0};
  const i32x4 *corrections = (const i32x4 *)(x + p->columns);
  for (word start = 0, end; start < p->columns; start = end, corrections++) {
    i32x4 dots[MOST_PAIRS][TOKENS][2][2] = {0};
    end = p->columns - start < LANES ? p->columns : start + LANES;
    for (word c = start; c < end; c += 16) EACH_PAIR {
      const i8x16 *at = (const i8x16 *)((const signed char *)p->weights + which[n] * 2 * p->columns + 2 * c);
      EACH_OF_TWO {
        i8x16 weights = at[i];
        EACH_TOKEN UNROLL for (unsigned k = 0; k < 2; k++) {
          i32x4 *sum = &dots[n][t][i][k];
          *sum = ADD_DOT_QUADS(*sum, *(const i8x16 *)(x + t * apart + c + 8 * k), weights);
          ONCE(*sum);
        }
      }
    }
    EACH_TOKEN EACH_PAIR EACH_OF_TWO {
      i32x4 *parts = dots[n][t][i];
      sums[n][t][i] += __builtin_convertvector((parts[0] << 8) + parts[1] + corrections[t * apart / 8], f32x4);
    }
  }
  EACH_TOKEN EACH_PAIR finish_pair(p, which[n], token + t, x + t * apart, sums[n][t][0], sums[n][t][1]);
#endif
}

// Some pairs of rows for one token.
INLINE void some_pairs(const struct product *p, const word *which, word token, const unsigned pairs) {
  if (byte_weights(p->columns)) pairs_bytes(p, which, token, 0, pairs, 1);
  else pairs_i8(p, which, token, 0, pairs, 1);
}

// Read `bytes` at `weights`, and as many at a distance, into the cache.
static void touch(const signed char *weights, word distance, word bytes) {
  int seen = 0;
  for (word i = 0; i < bytes; i += 64) seen |= weights[i] | weights[distance + i];
  __asm__ volatile("" : : "r"(seen));
}

// The logits of some rows, which ascend, and of those that are stored in pairs with them. Memory takes long to answer where a pair
// begins, so some of them are requested at once, before their first use waits.
static void some_rows_i8(const struct product *p, const word *rows, word token, word count) {
  word which[REQUESTED], found = 0, last = -1;
  for (word i = 0; i < count; i++) {
    if (rows[i] / 2 != last) which[found++] = last = rows[i] / 2;
    if (found < REQUESTED && i + 1 < count) continue;
    for (word n = 0; n < found; n++) touch((const signed char *)p->weights + which[n] * 2 * p->columns, p->columns, p->columns);
    for (word n = 0; n < found; n += MOST_PAIRS) {
      if (n + MOST_PAIRS > found) some_pairs(p, which + n, token, 1);
      else some_pairs(p, which + n, token, MOST_PAIRS);
    }
    found = 0;
  }
}
