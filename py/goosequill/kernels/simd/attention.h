// Softmax attention within each of several sequences, without a mask.
#pragma once

#include "vectors.h"

#define LANE 8  // queries, or columns of the values, that are processed together, in two vectors
#define FOUR 4  // numbers each of which is multiplied by a whole lane
#define EACH_OF_FOUR UNROLL for (unsigned u = 0; u < FOUR; u++)
#define EACH_HALF UNROLL for (unsigned h = 0; h < 2; h++)
#define PAD(n, step) (((n) + (step) - 1) / (step) * (step))

// Words of scratch memory for sequences of up to `longest` rows and heads of this size.
word attention_words(word size, word longest) {
  return size * PAD(longest, FOUR) + longest * PAD(size, LANE) + LANE * size + LANE * PAD(longest, FOUR);
}

// out[u][j] = sum over i of a[i][u] b[i][j], for four u and a lane of j; rows of a are `apart` floats from each other.
INLINE void multiply_lane(f32x4 (*out)[2], const float *a, const float *b, word n, word apart) {
  EACH_OF_FOUR out[u][0] = out[u][1] = splat(0);
  for (word i = 0; i < n; i++, a += apart, b += LANE) {
    f32x4 left = load(b, 4), right = load(b + 4, 4);
    EACH_OF_FOUR {
      f32x4 x = splat(a[u]);
      out[u][0] = madd(x, left, out[u][0]);
      out[u][1] = madd(x, right, out[u][1]);
    }
  }
}

// Columns c to c + 4 of four rows, as four vectors of one column each, `step` floats from each other.
INLINE void transpose_four(float *out, const float *rows, word width, word step) {
  f32x4 a = load(rows, 4), b = load(rows + width, 4), c = load(rows + 2 * width, 4), d = load(rows + 3 * width, 4);
  f32x4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  store(out, __builtin_shufflevector(ab, cd, 0, 1, 4, 5), 4);
  store(out + step, __builtin_shufflevector(ab, cd, 2, 3, 6, 7), 4);
  ab = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store(out + 2 * step, __builtin_shufflevector(ab, cd, 0, 1, 4, 5), 4);
  store(out + 3 * step, __builtin_shufflevector(ab, cd, 2, 3, 6, 7), 4);
}

// Copy rows [n, size] as [n / step, size, step], with zeros after the last one; `step` is a multiple of 4.
static void lay_out_rows(float *out, const float *rows, word n, word width, word size, word step) {
  for (word start = 0; start < n; start += step, out += size * step)
    for (word j = 0; j < step; j += 4) {
      const float *four = rows + (start + j) * width;
      word left = n - start - j, c = 0;
      for (; left >= 4 && c + 4 <= size; c += 4) transpose_four(out + c * step + j, four + c, width, step);
      for (; c < size; c++)
        for (word u = 0; u < 4; u++) out[c * step + j + u] = u < left ? four[u * width + c] : 0;
    }
}

// Copy the values [n, size] as [size / LANE, n, LANE], with zeros after the last column.
static void lay_out_values(float *out, const float *v, word n, word width, word size) {
  for (word start = 0; start < size; start += LANE)
    for (word i = 0; i < n; i++, out += LANE) {
      const float *value = v + i * width + start;
      if (start + LANE <= size) {
        store(out, load(value, 4), 4);
        store(out + 4, load(value + 4, 4), 4);
      } else for (word c = 0; c < LANE; c++) out[c] = start + c < size ? value[c] : 0;
    }
}

// Replace the scores [n, LANE] of a lane of queries, times `factor`, by exp(score - highest); `sums` gets their sums. Rows
// are taken four at a time, because WebAssembly rebuilds the exponential's constants each time; those after row n become 0 or nearly so.
static void soften(float *sums, float *scores, word n, float factor) {
  f32x4 top[2], total[2] = {splat(0), splat(0)};
  EACH_HALF top[h] = load(scores + 4 * h, 4);
  for (word i = 1; i < n; i++) EACH_HALF top[h] = larger(load(scores + i * LANE + 4 * h, 4), top[h]);
  for (word i = n; i < PAD(n, FOUR); i++) EACH_HALF store(scores + i * LANE + 4 * h, splat(-__builtin_inff()), 4);
  for (word i = 0; i < n; i += FOUR, scores += FOUR * LANE) {
    EACH_OF_FOUR EACH_HALF {
      float *four = scores + u * LANE + 4 * h;
      f32x4 weight = decaying((load(four, 4) - top[h]) * factor);
      store(four, weight, 4);
      total[h] += weight;
    }
  }
  EACH_HALF store(sums + 4 * h, total[h], 4);
}

// Mix the values by weights [n, LANE], for `count` queries of a lane.
static void mix_values(float *out, const float *values, const float *weights, const float *sums, word n, word width,
                       word size, word count) {
  f32x4 mixed[FOUR][2];
  for (word c = 0; c < size; c += LANE, values += n * LANE)
    for (word first = 0; first < count; first += FOUR) {
      multiply_lane(mixed, weights + first, values, n, LANE);
      for (word u = 0; u < FOUR && first + u < count; u++) {
        float *to = out + (first + u) * width + c;
        f32x4 share = splat(1 / sums[first + u]);
        store(to, mixed[u][0] * share, size - c);
        if (size - c > 4) store(to + 4, mixed[u][1] * share, size - c - 4);
      }
    }
}

// One head of one sequence of n rows, `width` floats apart.
static void attend(float *out, const float *q, const float *k, const float *v, word n, word width, word size, float *scratch) {
  word padded = PAD(n, FOUR);
  float *keys = scratch, *values = keys + size * padded, *queries = values + n * PAD(size, LANE);
  float *scores = queries + size * LANE, sums[LANE];
  lay_out_rows(keys, k, n, width, size, FOUR);
  lay_out_values(values, v, n, width, size);
  for (word row = 0; row < n; row += LANE) {
    word count = n - row < LANE ? n - row : LANE;
    lay_out_rows(queries, q + row * width, count, width, size, LANE);
    for (word j = 0; j < padded; j += FOUR) {
      f32x4 four[FOUR][2];
      multiply_lane(four, keys + j * size, queries, size, FOUR);
      EACH_OF_FOUR {
        store(scores + (j + u) * LANE, four[u][0], 4);
        store(scores + (j + u) * LANE + 4, four[u][1], 4);
      }
    }
    soften(sums, scores, n, 1 / square_root(size));
    mix_values(out + row * width, values, scores, sums, n, width, size, count);
  }
}

static void attention(float *out, const float *q, const float *k, const float *v, const int *lengths, word count,
                      word heads, word size, float *scratch) {
  word width = heads * size;
  for (word i = 0; i < count; i++) {
    for (word at = 0; at < width; at += size) attend(out + at, q + at, k + at, v + at, lengths[i], width, size, scratch);
    word all = lengths[i] * width;
    out += all, q += all, k += all, v += all;
  }
}
