// Operations on the logits of a whole vocabulary, which Python calls one by one; logits.py documents them.
#pragma once

#include "vectors.h"

typedef double f64x4 __attribute__((vector_size(32), aligned(8)));
typedef unsigned u32x4 __attribute__((vector_size(16), aligned(4)));

#define LOWEST (-__builtin_inff())
INLINE int any(i32x4 mask) {
#ifdef __wasm_simd128__
  return __builtin_wasm_any_true_v128((i8x16)mask);
#else
  return __builtin_reduce_or(mask) != 0;
#endif
}

INLINE int any_of(const i32x4 *masks) { return any((masks[0] | masks[1]) | (masks[2] | masks[3])); }
INLINE f64x4 doubles(f32x4 v) { return __builtin_convertvector(v, f64x4); }
INLINE double sum_of_doubles(f64x4 v) { return (v[0] + v[1]) + (v[2] + v[3]); }

// A short last block, padded with minus infinity.
NOINLINE const float *padded(float *spare, const float *logits, word left) {
  for (word j = 0; j < BLOCK; j++) spare[j] = j < left ? logits[j] : LOWEST;
  return spare;
}

NOINLINE void store_short(float *out, const float *block, word left) {
  for (word j = 0; j < left; j++) out[j] = block[j];
}

// The next block of `left` logits.
INLINE void load_block(f32x4 *block, const float *logits, word left) {
  float spare[BLOCK];
  if (left < BLOCK) logits = padded(spare, logits, left);
  EACH_PART block[j] = load(logits + 4 * j, 4);
}

INLINE void store_block(float *out, const f32x4 *block, word left) {
  float spare[BLOCK], *to = left < BLOCK ? spare : out;
  EACH_PART store(to + 4 * j, block[j], 4);
  if (left < BLOCK) store_short(out, spare, left);
}

#define STRETCH 512  // logits among which the highest one is looked for again

// The highest of n logits; NaN if one is NaN.
float highest_logit(const float *logits, word n) {
  f32x4 x[4], top[4] = {splat(LOWEST), splat(LOWEST), splat(LOWEST), splat(LOWEST)};
  i32x4 wrong = {0};
  for (word i = 0; i < n; i += BLOCK) {
    load_block(x, logits + i, n - i);
    EACH_PART {
      top[j] = larger(x[j], top[j]);
      wrong |= x[j] != x[j];
    }
  }
  f32x4 all = larger(larger(top[0], top[1]), larger(top[2], top[3]));
  return any(wrong) ? __builtin_nanf("") : maximum(all);
}

// The index of the highest of n logits, the first if several are equal; n if one is NaN.
word argmax(const float *logits, word n) {
  float top = LOWEST;
  word index = 0;
  for (word i = 0; i < n; i += STRETCH) {
    float highest = highest_logit(logits + i, n - i < STRETCH ? n - i : STRETCH);
    if (highest != highest) return n;
    if (highest > top) top = highest, index = i;
  }
  while (logits[index] != top) index++;
  return index;
}

// exp(logit - highest), 0 below the normal range of float32; not stored without `weights`. Returns the sum, or NaN if
// `highest` is not finite.
double weigh_logits(float *weights, const float *logits, word n, float highest) {
  f64x4 total = {0};
  // Loaded through an address that the compiler does not know: otherwise WebAssembly puts each vector of constants together
  // anew wherever it is used. Not in what helper threads run: they share Python's memory and have no data in it.
  const float *c = EXPONENTIAL;
  __asm__("" : "+r"(c));
  for (word i = 0; i < n; i += BLOCK) {
    f32x4 x[4], weight[4] = {0};
    i32x4 counts[4];
    load_block(x, logits + i, n - i);
    EACH_PART counts[j] = (x[j] -= highest) > -87.0f;
    if (any_of(counts)) {
      moderate_exponentials(x, BLOCK / 4, c);
      EACH_PART {
        weight[j] = (f32x4)((i32x4)x[j] & counts[j]);
        total += doubles(weight[j]);
      }
    }
    if (weights) store_block(weights + i, weight, n - i);
  }
  return sum_of_doubles(total) + (highest - highest);
}

// (logit - highest) / temperature, computed in double precision.
void temper_logits(float *out, const float *logits, word n, double highest, double temperature) {
  for (word i = 0; i < n; i += BLOCK) {
    f32x4 x[4];
    i32x4 alive[4];
    load_block(x, logits + i, n - i);
    EACH_PART alive[j] = x[j] > LOWEST;
    if (any_of(alive)) EACH_PART x[j] = __builtin_convertvector((doubles(x[j]) - highest) / temperature, f32x4);
    store_block(out + i, x, n - i);
  }
}

// The first index at which the cumulative sum of the weights exceeds the target; else the last with a weight above 0.
word cumulative_index(const float *weights, word n, double target) {
  double sum = 0;
  word i = 0;
  for (; i + BLOCK <= n; i += BLOCK) {
    f64x4 part = {0};
    EACH_PART part += doubles(load(weights + i + 4 * j, 4));
    double more = sum_of_doubles(part);
    if (sum + more > target) break;
    sum += more;
  }
  for (; i < n; i++)
    if ((sum += weights[i]) > target) return i;
  while (i > 1 && !(weights[i - 1] > 0)) i--;
  return i - 1;
}

// The indices of the values that are at least `limit`, ascending. Returns their count; may write one more index.
word at_least(word *indices, const float *values, word n, float limit) {
  word count = 0;
  for (word i = 0; i < n; i += BLOCK) {
    f32x4 x[4];
    i32x4 reached[4];
    load_block(x, values + i, n - i);
    EACH_PART reached[j] = x[j] >= limit;
    if (any_of(reached)) EACH_PART if (any(reached[j]))
      UNROLL for (unsigned lane = 0; lane < 4; lane++) {
        indices[count] = i + 4 * j + lane;
        count -= reached[j][lane];
      }
  }
  return count;
}

#define DIGITS 2048

// The bits of floats as integers in the same order, and back.
INLINE u32x4 ordered(f32x4 values) {
  i32x4 bits = (i32x4)(values + 0.0f);  // so that -0 is 0
  return (u32x4)(bits ^ ((bits >> 31) | (-0x7fffffff - 1)));
}

INLINE float number(unsigned key) {
  union { unsigned bits; float number; } all = {key >> 31 ? key ^ 0x80000000u : ~key};
  return all.number;
}

// The digit, from the largest down, at which the sums reach the mass; else the last digit with a sum above 0. The sums of
// the digits before it are subtracted from the mass.
static int reach(const double *sums, double *mass) {
  int digit = -1;
  for (int d = DIGITS - 1; d >= 0; d--) {
    if (!(sums[d] > 0)) continue;
    if (digit >= 0) *mass -= sums[digit];
    digit = d;
    if (sums[d] >= *mass) break;
  }
  return digit;
}

#define PART 64

// Whether more than one value in 32 is at least `limit`, judged by some of them.
NOINLINE int is_reached_often(const float *values, word n, float limit) {
  word reached = 0;
  for (word i = 0; i < n; i += PART + 1) reached += values[i] >= limit;
  return reached * (PART + 1) * 32 > n;
}

#define STEPS 6

// The highest of `limit`, 4, 16 times as much and so on whose lower weights are not needed to reach the mass. Where a few
// weights are most of the sum, as in a text, this leaves few; and it takes additions, no branches, which cannot be foreseen.
NOINLINE float raised(const float *weights, word n, double mass, float limit) {
  f32x4 limits[STEPS], sums[STEPS] = {0}, all = {0};
  UNROLL for (int k = 0; k < STEPS; k++) limits[k] = splat(limit *= 4);
  EACH_FOUR(n, {
    f32x4 x = load(weights + i, left);
    all += x;
    UNROLL for (int k = 0; k < STEPS; k++) sums[k] += (f32x4)((i32x4)x & (x >= limits[k]));
  })
  double wrong = sum(all) * (n * 0x1p-25);  // what rounding may add to a sum of so many floats
  int k = STEPS;
  while (k && !(sum(sums[k - 1]) >= mass + wrong)) k--;
  return limit / (1 << 2 * (STEPS - k));
}

// A limit that the `count` highest values reach: the lowest of as many parts' highest values. `spare` is memory for n + 1
// indices.
NOINLINE float reached_by(word *spare, const float *values, word n, double count, float limit) {
  word parts = (n + PART - 1) / PART, *indices = spare + parts;
  float *maxima = (float *)spare, lowest = LOWEST;
  for (word i = 0; i < parts; i++) maxima[i] = highest_logit(values + i * PART, i + 1 < parts ? PART : n - i * PART);
  word found = leading(indices, maxima, 0, parts, count, limit);
  for (word i = 0; i < found; i++) if (!i || maxima[indices[i]] < lowest) lowest = maxima[indices[i]];
  return found < count ? limit : lowest;
}

// The fewest values of at least `limit`, largest first and of equal ones the first, whose weights (1 each, without
// `weights`) sum to the mass; all of them if they do not reach it. Writes their indices, ascending, and returns the count.
//
// Nothing is sorted: the smallest value that is taken is found digit by digit as in a radix sort, 11 bits at a time, from
// the sums of the weights of the values that agree so far. Where a higher limit is found first, only what reaches it counts.
word leading(word *indices, const float *values, const float *weights, word n, double mass, float limit) {
#define WEIGHT(i) (weights ? weights[i] : 1.0f)
  double sums[DIGITS] = {0};
  float higher = limit;
  if (weights == values && is_reached_often(values, n, limit)) higher = raised(values, n, mass, limit);
  if (!weights && mass * 4 * PART < n) higher = reached_by(indices, values, n, mass, limit);
  word few = higher > limit, count = 0;
  if (few) {
    count = at_least(indices, values, n, limit = higher);
    for (word k = 0; k < count; k++) sums[ordered(splat(values[indices[k]]))[0] >> 21] += WEIGHT(indices[k]);
  } else for (word i = 0; i < n; i += BLOCK) {
    f32x4 x[4];
    i32x4 reached[4];
    load_block(x, values + i, n - i);
    EACH_PART reached[j] = x[j] >= limit;
    if (any_of(reached)) EACH_PART if (any(reached[j])) {
      u32x4 digits = ordered(x[j]) >> 21;
      UNROLL for (unsigned lane = 0; lane < 4; lane++)
        if (reached[j][lane]) sums[digits[lane]] += WEIGHT(i + 4 * j + lane);
    }
  }
  int digit = reach(sums, &mass);
  if (digit < 0 || sums[digit] < mass) return few ? count : at_least(indices, values, n, limit);
  unsigned edge = (unsigned)digit << 21;
  float low = number(edge);
  if (!few) count = at_least(indices, values, n, low > limit ? low : limit);
  word taken = 0;
  for (int shift = 10, known = 21; shift >= 0; known = shift, shift -= 10) {
    for (int d = 0; d < DIGITS; d++) sums[d] = 0;
    for (word k = 0; k < count; k++) {
      unsigned key = ordered(splat(values[indices[k]]))[0];
      sums[key >> shift & (DIGITS - 1)] += key >> known == edge >> known ? WEIGHT(indices[k]) : 0;
    }
    edge |= (unsigned)reach(sums, &mass) << shift;
  }
  float last = number(edge);
  double ties = 0;
  for (word k = 0; k < count; k++) {
    word index = indices[k], take = values[index] > last;
    if (values[index] == last && (ties == 0 || ties < mass)) {
      take = 1;
      ties += WEIGHT(index);
    }
    indices[taken] = index;
    taken += take;
  }
  return taken;
}
