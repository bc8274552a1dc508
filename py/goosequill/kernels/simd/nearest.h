// Scans of many vectors for those nearest to a question, which Python calls one by one; search.py documents them.
#pragma once

#include "logits.h"
#include "panels.h"

typedef unsigned long long u64 __attribute__((aligned(1)));

#define ROWS 4  // vectors that are multiplied together, from as many streams

// The best rows so far, the worst of them first (a binary heap).
struct best {
  word *indices;
  double *scores;
  word size, count;
};

// Whether a row comes after another one: a lower score, or the same score and a higher index.
INLINE int after(double score, word index, double other, word other_index) {
  return score < other || (score == other && index > other_index);
}

// Put a row into the heap at `at`, whose place is free, or below.
static void sink(struct best *b, word at, word index, double score) {
  for (word child; (child = 2 * at + 1) < b->size; at = child) {
    if (child + 1 < b->size && after(b->scores[child + 1], b->indices[child + 1], b->scores[child], b->indices[child])) child++;
    if (!after(b->scores[child], b->indices[child], score, index)) break;
    b->scores[at] = b->scores[child], b->indices[at] = b->indices[child];
  }
  b->scores[at] = score, b->indices[at] = index;
}

static void offer(struct best *b, word index, double score) {
  if (b->size == b->count) {
    if (after(b->scores[0], b->indices[0], score, index)) sink(b, 0, index, score);
    return;
  }
  word at = b->size++;
  for (word parent; at && (parent = (at - 1) / 2, after(score, index, b->scores[parent], b->indices[parent])); at = parent)
    b->scores[at] = b->scores[parent], b->indices[at] = b->indices[parent];
  b->scores[at] = score, b->indices[at] = index;
}

// Turn the heap into a list, best first.
static void sort_best(struct best *b) {
  word size = b->size;
  while (b->size > 1) {
    word last = --b->size, index = b->indices[last];
    double score = b->scores[last];
    b->scores[last] = b->scores[0], b->indices[last] = b->indices[0];
    sink(b, 0, index, score);
  }
  b->size = size;
}

struct scan {
  struct best best;
  const signed char *vectors;
  const float *scales;
  const int *question;  // whole
  const short *high;    // its upper half, rounded
  word columns;
  double step;
  float factor, slack;  // step times 2^15, and what the lower half adds at most to a row of scale 1
};

INLINE double exact(const struct scan *s, word row) {
  const signed char *vector = s->vectors + row * s->columns;
  long long total = 0;
  for (word c = 0; c < s->columns; c++) total += (long long)vector[c] * s->question[c];
  return (double)total * ((double)s->scales[row] * s->step);
}

// Multiply the vectors at `rows` by the question's upper half, and compute exactly those that may be among the best.
INLINE void scan_rows(struct scan *s, const word *rows, const unsigned count) {
  i32x4 sums[ROWS] = {0};
  const signed char *at[ROWS];
  UNROLL for (unsigned n = 0; n < count; n++) at[n] = s->vectors + rows[n] * s->columns;
  word c = 0;
  for (; c + 8 <= s->columns; c += 8) {
    i16x8 high = *(const i16x8 *)(s->high + c);
    UNROLL for (unsigned n = 0; n < count; n++)
      sums[n] += dot2(__builtin_convertvector(*(const i8x8 *)(at[n] + c), i16x8), high);
  }
  for (; c < s->columns; c++)
    UNROLL for (unsigned n = 0; n < count; n++) sums[n][0] += at[n][c] * s->high[c];
  f32x4 scale = splat(0), dot = splat(0);
  UNROLL for (unsigned n = 0; n < count; n++) {
    dot[n] = (sums[n][0] + sums[n][1]) + (sums[n][2] + sums[n][3]);
    scale[n] = s->scales[rows[n]];
  }
  f32x4 score = dot * (scale * s->factor);
  f32x4 most = score + absolute(scale) * s->slack + absolute(score) * 1e-6f;
  const struct best *b = &s->best;
  float least = b->size == b->count ? b->scores[0] : LOWEST;
  i32x4 good = most >= least;
  if (!any(good)) return;
  UNROLL for (unsigned n = 0; n < count; n++)
    if (good[n] && __builtin_isfinite(scale[n])) offer(&s->best, rows[n], exact(s, rows[n]));
}

word nearest(word *indices, double *scores, const signed char *vectors, const float *scales, const int *question,
             const short *high, word n, word columns, word count, double step) {
  double low = 0;
  for (word c = 0; c < columns; c++) low += __builtin_abs(question[c] - (high[c] << 15));
  struct scan s = {{indices, scores, 0, count}, vectors, scales, question, high, columns, step};
  s.factor = step * (1 << 15), s.slack = low * step * 128 * 1.001;
  if (!count) return 0;
  word apart = n / ROWS, row = 0;
  for (; row < apart; row++) scan_rows(&s, (word[]){row, row + apart, row + 2 * apart, row + 3 * apart}, ROWS);
  for (row = ROWS * apart; row < n; row++) scan_rows(&s, &row, 1);
  sort_best(&s.best);
  return s.best.size;
}

INLINE word different(const unsigned char *a, const unsigned char *b, word bytes) {
  word total = 0, i = 0;
  for (; i + 8 <= bytes; i += 8) total += __builtin_popcountll(*(const u64 *)(a + i) ^ *(const u64 *)(b + i));
  for (; i < bytes; i++) total += __builtin_popcount(a[i] ^ b[i]);
  return total;
}

// The distances of all rows, and how many rows there are of each: those with even and odd indices are counted separately,
// because a count that was just written is slow to read.
INLINE void measure(unsigned short *distances, word *counts, const unsigned char *bits, const unsigned char *question,
                    word n, const word bytes) {
  for (word i = 0; i < n; i++, bits += bytes) {
    word distance = different(bits, question, bytes);
    distances[i] = distance;
    counts[2 * distance + i % 2]++;
  }
}

// The `count` rows that differ from the question in the fewest bits, in order: how many rows there are of each distance
// says where in the results each of them belongs. `counts` is zero, two for each distance.
void nearest_bits(word *indices, int *found, unsigned short *distances, word *counts, const unsigned char *bits,
                  const unsigned char *question, word n, word bytes, word count) {
  if (bytes == 48) measure(distances, counts, bits, question, n, 48);
  else measure(distances, counts, bits, question, n, bytes);
  word limit = 0;
  for (word before = 0; before < count; limit++) {
    word here = counts[2 * limit] + counts[2 * limit + 1];
    counts[limit] = before;
    before += here;
  }
  i16x8 limits = (i16x8){0} + (short)limit;
  for (word i = 0; i < n; i++) {
    for (; i + 8 <= n && !any((i32x4)(*(const i16x8 *)(distances + i) < limits)); i += 8) continue;
    if (i == n) break;
    word distance = distances[i];
    if (distance >= limit || counts[distance] >= count) continue;
    found[counts[distance]] = distance;
    indices[counts[distance]++] = i;
  }
}
