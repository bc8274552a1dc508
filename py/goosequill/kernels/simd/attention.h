// Softmax attention within each of several sequences, without a mask.
#pragma once

#include "vectors.h"

#define QUERIES 4                   // rows that pass through the keys and values together
#define LANE 8                      // columns of a result that are summed together, in two vectors
#define EACH_QUERY UNROLL for (unsigned r = 0; r < QUERIES; r++)

INLINE word in_lanes(word n) { return (n + LANE - 1) / LANE * LANE; }

// Words of scratch memory for sequences of up to `longest` rows and heads of this size.
word attention_words(word size, word longest) {
  return size * in_lanes(longest) + longest * in_lanes(size) + QUERIES * in_lanes(longest);
}

// out[r][j] = sum over i of a[r][i] b[i][j], for LANE columns j; b [n, LANE].
INLINE void multiply_lane(f32x4 (*out)[LANE / 4], const float *const *a, const float *b, word n) {
  EACH_QUERY out[r][0] = out[r][1] = splat(0);
  for (word i = 0; i < n; i++, b += LANE) {
    f32x4 left = load(b, 4), right = load(b + 4, 4);
    EACH_QUERY {
      f32x4 x = splat(a[r][i]);
      out[r][0] = madd(x, left, out[r][0]);
      out[r][1] = madd(x, right, out[r][1]);
    }
  }
}

// Replace n scores, padded to whole lanes, by exp(score - highest); returns the sum.
INLINE float soften(float *scores, word n) {
  for (word i = n; i < in_lanes(n); i++) scores[i] = -1e30f;
  f32x4 top = load(scores, 4), total = splat(0);
  for (word i = 0; i < n; i += LANE) top = larger(larger(load(scores + i, 4), load(scores + i + 4, 4)), top);
  top = splat(maximum(top));
  for (word i = 0; i < n; i += LANE) {
    f32x4 a = decaying(load(scores + i, 4) - top), b = decaying(load(scores + i + 4, 4) - top);
    store(scores + i, a, 4);
    store(scores + i + 4, b, 4);
    total += a + b;
  }
  return sum(total);
}

// Copy the keys [n, size] as [n / LANE, size, LANE], divided by sqrt(size), and zeros after the last one.
static void lay_out_keys(float *out, const float *k, word n, word width, word size) {
  float factor = 1 / square_root(size);
  for (word start = 0; start < n; start += LANE, out += size * LANE)
    for (word j = 0; j < LANE; j++) {
      const float *key = k + (start + j) * width;
      for (word c = 0; c < size; c++) out[c * LANE + j] = start + j < n ? key[c] * factor : 0;
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

// One head of one sequence of n rows, `width` floats apart.
static void attend(float *out, const float *q, const float *k, const float *v, word n, word width, word size, float *scratch) {
  word padded = in_lanes(n);
  float *keys = scratch, *values = keys + size * padded, *weights = values + n * in_lanes(size);
  lay_out_keys(keys, k, n, width, size);
  lay_out_values(values, v, n, width, size);
  for (word row = 0; row < n; row += QUERIES) {
    const float *queries[QUERIES], *shares[QUERIES];
    f32x4 lane[QUERIES][LANE / 4], factors[QUERIES];
    EACH_QUERY queries[r] = q + (row + r < n ? row + r : n - 1) * width;  // at the end the last one again
    for (word j = 0; j < padded; j += LANE) {
      multiply_lane(lane, queries, keys + j * size, size);
      EACH_QUERY store(weights + r * padded + j, lane[r][0], 4), store(weights + r * padded + j + 4, lane[r][1], 4);
    }
    for (word r = 0; r < QUERIES; r++) {
      shares[r] = weights + r * padded;
      factors[r] = splat(1 / soften(weights + r * padded, n));
    }
    for (word c = 0; c < size; c += LANE) {
      multiply_lane(lane, shares, values + c * n, n);
      for (word r = 0; r < QUERIES && row + r < n; r++) {
        float *to = out + (row + r) * width + c;
        store(to, lane[r][0] * factors[r], size - c);
        if (size - c > 4) store(to + 4, lane[r][1] * factors[r], size - c - 4);
      }
    }
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
