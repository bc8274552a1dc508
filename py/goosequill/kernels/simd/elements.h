// Rows of an embedding table, element-wise operations, matrices of tokens, token shift and normalization.
#pragma once

#include "vectors.h"

static void embed(float *out, const void *table, const float *scales, const int *ids, word tokens, word width, word bits) {
  for (word t = 0; t < tokens; t++, out += width) {
    word token = ids[t];
    if (bits == 32) {
      const float *row = (const float *)table + token * width;
      for (word c = 0; c < width; c++) out[c] = row[c];
    } else if (bits == 8) {
      const signed char *row = (const signed char *)table + token * width;
      for (word c = 0; c < width; c++) out[c] = row[c] * scales[token];
    } else {
      const unsigned char *row = (const unsigned char *)table + token * width / 2;
      for (word c = 0; c < width; c++) {
        int q = ((row[c / 2] >> (c % 2 * 4)) & 15) - 8;
        out[c] = q * scales[(token * width + c) / GROUP];
      }
    }
  }
}

// Element by element; `period` is the length after which the last operand repeats.

static void lerp(float *out, const float *a, const float *b, const float *weight, word n, word period) {
  for (word start = 0; start < n; start += period, out += period, a += period, b += period)
    EACH_FOUR(period, {
      f32x4 x = load(a + i, left);
      store(out + i, madd(load(b + i, left) - x, load(weight + i, left), x), left);
    })
}

static void add(float *out, const float *a, const float *b, word n, word period) {
  for (word start = 0; start < n; start += period, out += period, a += period)
    EACH_FOUR(period, store(out + i, load(a + i, left) + load(b + i, left), left);)
}

static void multiply(float *out, const float *a, const float *b, word n, word period) {
  for (word start = 0; start < n; start += period, out += period, a += period)
    EACH_FOUR(period, store(out + i, load(a + i, left) * load(b + i, left), left);)
}

static void copy(float *out, const float *from, word n) {
  EACH_FOUR(n, store(out + i, load(from + i, left), left);)
}

// Each token's row of inputs times a matrix [size, columns] of its own, which is the sum of two.
static void deep_embed(float *out, const float *x, const float *rows, const float *base, word tokens, word size, word columns) {
  for (word t = 0; t < tokens; t++, x += size, out += columns) {
    for (word i = 0; i < columns; i++) out[i] = 0;
    for (word d = 0; d < size; d++, rows += columns, base += columns)
      EACH_FOUR(columns, {
        f32x4 weights = load(rows + i, left) + load(base + i, left);
        store(out + i, madd(splat(x[d]), weights, load(out + i, left)), left);
      })
  }
}

static void shift(float *out, const float *x, float *previous, word tokens, word width) {
  copy(out, previous, width);
  copy(out + width, x, (tokens - 1) * width);
  copy(previous, x + (tokens - 1) * width, width);
}

static void mix(float *out, const float *x, float *previous, const float *weights, word tokens, word width, word count) {
  for (word m = 0; m < count; m++, weights += width) {
    for (word t = 0; t < tokens; t++, out += width) {
      const float *now = x + t * width, *before = t ? now - width : previous;
      lerp(out, now, before, weights, width, width);
    }
  }
  copy(previous, x + (tokens - 1) * width, width);
}

// The way back through `mix` from a `previous` of zeros: the gradients of x, and of each of the weights.
static void mix_back(float *out, const float *slopes, const float *x, const float *weights, word tokens, word width, word count) {
  float *to_weight = out + tokens * width;
  for (word i = 0; i < (tokens + count) * width; i++) out[i] = 0;
  for (word m = 0; m < count; m++, weights += width, to_weight += width) {
    for (word t = 0; t < tokens; t++, slopes += width) {
      const float *now = x + t * width;
      float *to = out + t * width;
      EACH_FOUR(width, {
        f32x4 g = load(slopes + i, left), part = g * load(weights + i, left), difference = -load(now + i, left);
        if (t) {
          difference += load(now - width + i, left);
          store(to - width + i, load(to - width + i, left) + part, left);
        }
        store(to + i, load(to + i, left) + (g - part), left);
        store(to_weight + i, madd(g, difference, load(to_weight + i, left)), left);
      })
    }
  }
}

// Normalize each row of `size` floats to mean 0 and variance 1; weight and bias repeat after `heads` rows.
static void normalize(float *out, const float *x, const float *weight, const float *bias, word rows, word size, word heads, float eps) {
  for (word row = 0; row < rows; row++, x += size, out += size) {
    f32x4 total = splat(0), squares = splat(0);
    EACH_FOUR(size, total += load(x + i, left);)
    float mean = sum(total) / size;
    EACH_FOUR(size, store(out + i, load(x + i, left) - mean, left);)
    EACH_FOUR(size, {
      f32x4 centred = load(out + i, left);
      squares += centred * centred;
    })
    f32x4 factor = splat(1 / square_root(sum(squares) / size + eps));
    const float *w = weight + row % heads * size, *b = bias + row % heads * size;
    EACH_FOUR(size, store(out + i, madd(load(out + i, left) * factor, load(w + i, left), load(b + i, left)), left);)
  }
}

// The way back: the gradients of x, then of weight and of bias, each of `heads` rows.
static void normalize_back(float *out, const float *slope, const float *x, const float *weight, word rows, word size, word heads, float eps) {
  float *to_weight = out + rows * size, *to_bias = to_weight + heads * size;
  for (word i = 0; i < 2 * heads * size; i++) to_weight[i] = 0;
  for (word row = 0; row < rows; row++, x += size, slope += size, out += size) {
    word head = row % heads * size;
    f32x4 total = splat(0), squares = splat(0), level = splat(0), along = splat(0);
    EACH_FOUR(size, total += load(x + i, left);)
    float mean = sum(total) / size;
    EACH_FOUR(size, store(out + i, load(x + i, left) - mean, left);)
    EACH_FOUR(size, {
      f32x4 centred = load(out + i, left);
      squares += centred * centred;
    })
    f32x4 factor = splat(1 / square_root(sum(squares) / size + eps));
    EACH_FOUR(size, {
      f32x4 g = load(slope + i, left), normal = load(out + i, left) * factor, scaled = g * load(weight + head + i, left);
      level += scaled;
      along = madd(scaled, normal, along);
      store(out + i, normal, left);
      store(to_weight + head + i, madd(g, normal, load(to_weight + head + i, left)), left);
      store(to_bias + head + i, g + load(to_bias + head + i, left), left);
    })
    float middle = sum(level) / size, slant = sum(along) / size;  // what shifting and scaling x would change, which is nothing
    EACH_FOUR(size, {
      f32x4 scaled = load(slope + i, left) * load(weight + head + i, left);
      store(out + i, (scaled - middle - load(out + i, left) * slant) * factor, left);
    })
  }
}
