// The operations of `kernel.py` in 128-bit SIMD: one source for WebAssembly and for native machines.
//
// `run` executes a program: an array of steps, each a number of an operation and its operands
// (addresses and sizes), as `simd_kernel.py` writes them. There is no library underneath and no
// memory of its own: everything lives in arrays of numpy's. Numbers are float32, rows contiguous.
//
// Weights of a product lie in panels of 16 rows, read as one linear stream. Within a panel the 16
// rows alternate every 1 (float32), 2 (int8) or 4 + 4 (int4) columns, so that a lane of a vector
// belongs to a row, no sum across lanes is needed, and one load of the input serves 16 rows. In
// int4 the scales of a group lie right before its weights: a stream of their own would cost as
// much again as their bytes do. A large head in int8 lies row by row, and beside it the upper halves
// of its numbers in panels: its sketch, which tells what rows are worth computing.

typedef __INTPTR_TYPE__ word;
typedef float f32x4 __attribute__((vector_size(16), aligned(4)));
typedef int i32x4 __attribute__((vector_size(16), aligned(4)));
typedef short i16x8 __attribute__((vector_size(16), aligned(2)));
typedef short i16x4 __attribute__((vector_size(8), aligned(2)));
typedef unsigned short u16x8 __attribute__((vector_size(16), aligned(2)));
typedef signed char i8x16 __attribute__((vector_size(16), aligned(1)));
typedef signed char i8x8 __attribute__((vector_size(8), aligned(1)));

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define EACH_PART UNROLL for (unsigned j = 0; j < BLOCK / 4; j++)  // of a block, in vectors
#define ROWS 16      // of a panel
#define VECTORS 4    // of four rows each, in a panel
#define SOME 2       // of them that several tokens pass through together
#define STREAMS 2    // of panels, for one token; as measured
#define TOKENS 5     // that pass through it together; more would not fit the registers
#define GROUP 64     // columns that share a scale in int4
#define GROUP_BYTES (2 * ROWS + ROWS * GROUP / 2)  // of a panel: its rows' scales in 16 bits, then the weights
#define FLUSH 128    // columns of int8 that are summed as integers; up to 512 cannot overflow 32 bits
#define LANES 1024   // the same where a row is spread over four lanes; up to 2048 cannot
#define AHEAD 8      // groups of int4 whose inputs are fetched together
#define MANY 8       // one of so many rows of a head; more are read faster in their order
#define WARM 1024    // bytes of each stream that are asked for before a product begins
#define BLOCK 16     // results or scores that are looked at together; scores that are all cut, or too low, are passed over

// The form of a matrix: bits of a weight in panels (32, 8 or 4), or one of these.
enum { SKETCH = 1, ROWWISE = 2 };

enum { SIGMOID = 1, SILU, TANH, RELU_SQUARED, DECAY6, DECAY7 };

// ---- Vectors -------------------------------------------------------------------------------

INLINE f32x4 splat(float value) { return (f32x4){value, value, value, value}; }

INLINE f32x4 madd(f32x4 a, f32x4 b, f32x4 sum) {
#ifdef __wasm_relaxed_simd__
  return __builtin_wasm_relaxed_madd_f32x4(a, b, sum);
#else
  return a * b + sum;
#endif
}

// The end of a row whose length is no multiple of 4: n is 1, 2 or 3.
NOINLINE f32x4 load_end(const float *p, word n) { return (f32x4){p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0}; }

NOINLINE void store_end(float *p, f32x4 v, word n) {
  p[0] = v[0];
  if (n > 1) p[1] = v[1];
  if (n > 2) p[2] = v[2];
}

// The first n numbers at p (4 if there are more), zeros behind them.
INLINE f32x4 load(const float *p, word n) { return n >= 4 ? *(const f32x4 *)p : load_end(p, n); }

INLINE void store(float *p, f32x4 v, word n) {
  if (n >= 4) *(f32x4 *)p = v;
  else store_end(p, v, n);
}

// A body for every four of n numbers from i on; the last time `left` may be less than 4.
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

#ifdef __wasm_simd128__
INLINE f32x4 larger(f32x4 a, f32x4 b) { return __builtin_wasm_pmax_f32x4(b, a); }
INLINE f32x4 smaller(f32x4 a, f32x4 b) { return __builtin_wasm_pmin_f32x4(b, a); }
#else
INLINE f32x4 larger(f32x4 a, f32x4 b) { return choose(a > b, a, b); }
INLINE f32x4 smaller(f32x4 a, f32x4 b) { return choose(a < b, a, b); }
#endif
INLINE f32x4 absolute(f32x4 a) { return (f32x4)((i32x4)a & 0x7fffffff); }
INLINE float square_root(float a) { return __builtin_sqrtf(a); }

// exp by 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (Cephes' expf); relative error 2e-7. For -87.3 to 88.
INLINE f32x4 moderate_exponential(f32x4 x) {
  const f32x4 round = splat(12582912.0f);  // 1.5 2^23: adding it rounds to an integer, in the last bits
  f32x4 shifted = x * 1.44269504f + round, n = shifted - round;
  f32x4 r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  f32x4 p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return (f32x4)((i32x4)p + ((i32x4)shifted << 23));
}

// For x that is not above 0.
INLINE f32x4 decaying(f32x4 x) { return moderate_exponential(larger(x, splat(-87.3f))); }

// Activations go over four vectors at once: in WebAssembly the constants, made anew at every call, cost more than one does.
// Beyond what float32 can hold it stays at the smallest or largest power of two.
NOINLINE void exponentials(f32x4 *x) {
  EACH_PART x[j] = moderate_exponential(smaller(larger(x[j], splat(-87.3f)), splat(88.0f)));
}

static void sigmoids(f32x4 *x) {
  EACH_PART x[j] = -x[j];
  exponentials(x);
  EACH_PART x[j] = 1.0f / (1.0f + x[j]);
}

// tanh by a polynomial near 0 (Cephes' tanhf), where 1 - 2 / (exp(2 x) + 1) would lose digits.
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

static void activate(f32x4 *z, word activation) {
  f32x4 x[BLOCK / 4];
  switch (activation) {
    case SIGMOID: sigmoids(z); break;
    case SILU:
      EACH_PART x[j] = z[j];
      sigmoids(z);
      EACH_PART z[j] *= x[j];
      break;
    case TANH: hyperbolic_tangents(z); break;
    case RELU_SQUARED:
      EACH_PART {
        z[j] = larger(z[j], splat(0));
        z[j] *= z[j];
      }
      break;
    case DECAY6:
      exponentials(z);
      EACH_PART z[j] = -z[j];
      exponentials(z);
      break;
    case DECAY7:
      sigmoids(z);
      EACH_PART z[j] *= -0.60653066f;
      exponentials(z);
      break;
  }
}

// ---- Products ------------------------------------------------------------------------------

// For each lane: the sum of its two products of 16-bit numbers.
INLINE i32x4 dot2(i16x8 a, i16x8 b) {
#if defined(__wasm_simd128__)
  return __builtin_wasm_dot_s_i32x4_i16x8(a, b);
#elif defined(__SSE2__)
  return __builtin_ia32_pmaddwd128(a, b);
#else
  i32x4 p = (i32x4)a, q = (i32x4)b;
  return (p >> 16) * (q >> 16) + ((p << 16) >> 16) * ((q << 16) >> 16);
#endif
}

// For each 16-bit lane: the sum of its two products of an input (-127..127) and a weight (0..15).
#if defined(__wasm_relaxed_simd__)
#define DOT_BYTES(x, w) __builtin_wasm_relaxed_dot_i8x16_i7x16_s_i16x8(x, w)
#elif defined(__SSSE3__)
#define DOT_BYTES(x, w) __builtin_ia32_pmaddubsw128(w, x)
#endif

// What of the input goes with one group of columns: bytes where the machine multiplies bytes,
// else two words, the even and the odd columns as 16-bit numbers.
#ifdef DOT_BYTES
#define QUAD_WORDS 1
INLINE i16x8 dot4(i8x16 w, const int *x) {
  return DOT_BYTES(((i8x16)(i32x4){x[0], x[0], x[0], x[0]}), w);
}
#else
#define QUAD_WORDS 2
INLINE i16x8 dot4(i8x16 w, const int *x) {
  i16x8 even = (i16x8)w & 0xff, odd = (i16x8)((u16x8)w >> 8);
  return even * (i16x8)(i32x4){x[0], x[0], x[0], x[0]} + odd * (i16x8)(i32x4){x[1], x[1], x[1], x[1]};
}
#endif

INLINE i32x4 pair_sums(i16x8 v) { return dot2(v, (i16x8){1, 1, 1, 1, 1, 1, 1, 1}); }

// A product's operands. The inputs of `TOKENS` tokens lie interleaved in `scratch`: for each step
// the words of all tokens, then for each group of columns the tokens' scales and corrections.
struct product {
  float *out;
  const void *weights;
  const float *scales;
  const float *x, *bias;
  int *scratch;
  word tokens, in, rows, activation;
};

// Four rows of a result, but for the activation.
NOINLINE void finish_some(const struct product *p, word row, word token, f32x4 v) {
  word left = p->rows - row;
  if (left <= 0) return;
  if (p->bias) v += load(p->bias + row, left);
  store(p->out + token * p->rows + row, v, left);
}

// The same; for one token a call would take a good part of a short row's time.
INLINE void finish(const struct product *p, word row, word token, f32x4 v, const unsigned count) {
  if (count > 1 || row + 4 > p->rows) {
    finish_some(p, row, token, v);
    return;
  }
  if (p->bias) v += load(p->bias + row, 4);
  store(p->out + token * p->rows + row, v, 4);
}

// The activation of rows from..to, once they are there.
static void activate_rows(const struct product *p, word from, word to) {
  if (to > p->rows) to = p->rows;
  for (word token = 0; token < p->tokens; token++) {
    float *out = p->out + token * p->rows;
    for (word row = from; row < to; row += BLOCK) {
      f32x4 z[BLOCK / 4];
      EACH_PART z[j] = row + 4 * j < to ? load(out + row + 4 * j, to - row - 4 * j) : splat(0);
      activate(z, p->activation);
      EACH_PART if (row + 4 * j < to) store(out + row + 4 * j, z[j], to - row - 4 * j);
    }
  }
}

// Bring inputs into the first cache together. The weights that have passed since the last panel have
// pushed them out, and one at a time they would wait behind what is under way from memory.
INLINE void fetch(const int *x, word words) {
  int seen = 0;
  for (word i = 0; i < words; i += 16) seen |= x[i];  // one of each line of 64 bytes
  __asm__ volatile("" : : "r"(seen));
}

// Compute a vector here, not anew at every use of it, which in WebAssembly costs a third of a prompt's speed, and of a
// token's in 4 bits some hundredths.
#ifdef __wasm_simd128__
#define ONCE(v) __asm__ volatile("" : "+r"(v))
#else
#define ONCE(v)
#endif

// How many times sums of int8 are flushed.
INLINE word flushes(word columns) { return (columns + FLUSH - 1) / FLUSH; }

#define EACH_PANEL UNROLL for (unsigned n = 0; n < panels; n++)
#define EACH_VECTOR UNROLL for (unsigned i = 0; i < (count == 1 ? VECTORS : SOME); i++)
#define EACH_TOKEN UNROLL for (unsigned t = 0; t < count; t++)

// Each of these computes `panels` panels, `apart` rows from one another, for one token: panels from distant places keep
// several streams of memory under way, and while one waits, the other runs. Or `SOME` vectors of a panel, from `row` on,
// for `count` tokens.

INLINE void panel_f32(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  const float *w = (const float *)p->weights + row / ROWS * ROWS * p->in + row % ROWS, *x = (const float *)p->scratch;
  f32x4 sums[TOKENS][VECTORS] = {0};
  for (word c = 0; c < p->in; c++, w += ROWS, x += count) {
    EACH_PANEL {
      const float *at = w + n * apart * p->in;
      f32x4 weights[VECTORS];
      EACH_VECTOR weights[i] = load(at + 4 * i, 4);
      EACH_TOKEN EACH_VECTOR sums[n + t][i] = madd(weights[i], splat(x[t]), sums[n + t][i]);
    }
  }
  EACH_PANEL EACH_TOKEN EACH_VECTOR finish(p, row + n * apart + 4 * i, token + t, sums[n + t][i], count);
}

// A lane of 16 bits holds the weights of two rows, 256 a + b + 128, so that no byte need be widened: shifted down it is
// a, and what the whole adds to a sum is b's part once 256 times a's is taken off, and 128 times the inputs'.
INLINE void panel_i8(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  word padded = p->in + (p->in & 1), distance = apart * padded / 16;
  const i16x8 *w = (const i16x8 *)((const signed char *)p->weights + row / ROWS * ROWS * padded + row % ROWS * 2);
  const int *x = p->scratch, *corrections = x + padded / 2 * count;
  const float *scales = (const float *)(corrections + flushes(padded) * count);
  f32x4 sums[TOKENS][VECTORS] = {0};
  for (word start = 0; start < padded; start += FLUSH, corrections += count) {
    word steps = (padded - start < FLUSH ? padded - start : FLUSH) / 2;
    i32x4 whole[TOKENS][VECTORS] = {0};
    EACH_PANEL EACH_TOKEN EACH_VECTOR if (i % 2) {
      int c = corrections[t];
      whole[n + t][i] = (i32x4){c, c, c, c};
    }
    if (count == 1) fetch(x, steps);
    for (; steps > 0; steps--, w += VECTORS / 2, x += count) {
      EACH_PANEL {
        const i16x8 *at = w + n * distance;
        i16x8 weights[VECTORS];
        EACH_VECTOR weights[i] = i % 2 ? at[i / 2] : at[i / 2] >> 8;
        if (count > 1) ONCE(weights[0]);
        EACH_TOKEN EACH_VECTOR whole[n + t][i] += dot2(weights[i], (i16x8)(i32x4){x[t], x[t], x[t], x[t]});
      }
    }
    EACH_PANEL EACH_TOKEN EACH_VECTOR {
      if (i % 2) whole[n + t][i] -= whole[n + t][i - 1] << 8;
      sums[n + t][i] += __builtin_convertvector(whole[n + t][i], f32x4);
    }
  }
  EACH_PANEL EACH_VECTOR {
    word at = row + n * apart + 4 * i;
    f32x4 factor = load(p->scales + at, 4);
    EACH_TOKEN finish(p, at, token + t, sums[n + t][i] * factor * scales[t], count);
  }
}

// Four scales of 16 bits, times 2^-112: the exponent of a float16 counts from another number.
INLINE f32x4 halves(const short *p) {
  i32x4 wide = __builtin_convertvector(*(const i16x4 *)p, i32x4);
  return (f32x4)((wide << 13) & (int)0x8fffffff);
}

// Add the products of a group of 4-bit weights at w, and of the same in panels at a distance, to sums of 16 bits:
// each lane adds 32 products of at most 8 x 127, which fit once the weights' offset of 8 is taken off, as the sums
// begin with it; on the way there they may wrap around.
INLINE void add_group(i16x8 (*sums)[VECTORS], const signed char *w, word distance, const int *x, const unsigned panels, const unsigned count) {
  i8x16 mask = {15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15};
  ONCE(mask);
  for (int step = 0; step < GROUP / 8; step++, w += 4 * ROWS, x += 2 * QUAD_WORDS * count) {
    EACH_PANEL {
      const i8x16 *at = (const i8x16 *)(w + n * distance);
      i8x16 low[VECTORS], high[VECTORS];
      EACH_VECTOR low[i] = at[i] & mask, high[i] = (i8x16)((u16x8)at[i] >> 4) & mask;
      EACH_TOKEN {
        const int *first = x + t * QUAD_WORDS, *second = first + count * QUAD_WORDS;
        EACH_VECTOR sums[n + t][i] += dot4(low[i], first) + dot4(high[i], second);
      }
    }
  }
}

#define BESIDE(groups) ((groups) < AHEAD ? (groups) : AHEAD) * (GROUP / 4) * QUAD_WORDS

INLINE void panel_i4(const struct product *p, word row, word apart, word token, const unsigned panels, const unsigned count) {
  word groups = p->in / GROUP, panel = groups * GROUP_BYTES;
  const signed char *w = (const signed char *)p->weights + row / ROWS * panel;
  const word distance = apart / ROWS * panel;
  const int *x = p->scratch;
  const int *corrections = x + p->in / 4 * QUAD_WORDS * count;
  const float *x_scales = (const float *)(corrections + groups * count);
  f32x4 sums[TOKENS][VECTORS] = {0};
  for (word g = 0; g < groups; g++, corrections += count, x_scales += count, w += GROUP_BYTES) {
    if (count == 1 && g % AHEAD == 0) fetch(x, BESIDE(groups - g));
    i16x8 whole[TOKENS][VECTORS];
    EACH_PANEL EACH_TOKEN EACH_VECTOR {
      int c = corrections[t];
      whole[n + t][i] = (i16x8)(i32x4){c, c, c, c};
    }
    add_group(whole, w + 2 * ROWS + row % ROWS * 4, distance, x, panels, count);
    x += GROUP / 4 * QUAD_WORDS * count;
    EACH_PANEL EACH_VECTOR {
      f32x4 factor = halves((const short *)(w + n * distance) + row % ROWS + 4 * i);
      EACH_TOKEN {
        // Half of the 2^112 goes here and half to the end: neither factor can then leave the range.
        f32x4 scaled = factor * splat(x_scales[t] * 0x1p56f);
        sums[n + t][i] = madd(__builtin_convertvector(pair_sums(whole[n + t][i]), f32x4), scaled, sums[n + t][i]);
      }
    }
  }
  EACH_PANEL EACH_TOKEN EACH_VECTOR finish(p, row + n * apart + 4 * i, token + t, sums[n + t][i] * 0x1p56f, count);
}

// One token's scores by a sketch: of each weight q in int8 it knows q >> 4, so takes 16 (q >> 4) + 7.5 for it.
INLINE void panel_sketch(const struct product *p, word row, word apart, const unsigned panels) {
  const unsigned count = 1;
  word groups = p->in / GROUP, distance = apart * p->in / 2;
  const signed char *w = (const signed char *)p->weights + row * p->in / 2;
  const int *x = p->scratch, *corrections = x + p->in / 4 * QUAD_WORDS;
  const float *rest = (const float *)(corrections + groups);  // the inputs' scale, then 7.5 times their sum
  i32x4 sums[TOKENS][VECTORS] = {0};
  for (word g = 0; g < groups; g++, w += ROWS * GROUP / 2, x += GROUP / 4 * QUAD_WORDS) {
    if (g % AHEAD == 0) fetch(x, BESIDE(groups - g));
    i16x8 whole[TOKENS][VECTORS];
    int c = corrections[g];
    EACH_PANEL EACH_VECTOR whole[n][i] = (i16x8)(i32x4){c, c, c, c};
    add_group(whole, w, distance, x, panels, count);
    EACH_PANEL EACH_VECTOR sums[n][i] += pair_sums(whole[n][i]);
  }
  EACH_PANEL EACH_VECTOR {
    word at = row + n * apart + 4 * i;
    f32x4 factor = load(p->scales + at, 4) * rest[0];
    finish(p, at, 0, (__builtin_convertvector(sums[n][i], f32x4) * 16 + rest[1]) * factor, count);
  }
}

// Some rows, wherever they are, of a matrix in int8 that lies row by row; a head's, so without bias and activation.
INLINE void rows_i8(const struct product *p, const word *rows, word token, const unsigned count) {
  const short *x = (const short *)p->scratch;
  float scale = ((const float *)p->scratch)[p->in / 2];
  f32x4 total[4] = {0};
  for (word start = 0, end; start < p->in; start = end) {
    i32x4 sums[4] = {0};
    end = p->in - start < LANES ? p->in : start + LANES;
    for (word c = start; c < end; c += 8) {
      i16x8 inputs = *(const i16x8 *)(x + c);
      UNROLL for (unsigned n = 0; n < count; n++) {
        const i8x8 *at = (const i8x8 *)((const signed char *)p->weights + rows[n] * p->in + c);
        sums[n] += dot2(__builtin_convertvector(*at, i16x8), inputs);
      }
    }
    UNROLL for (unsigned n = 0; n < count; n++) total[n] += __builtin_convertvector(sums[n], f32x4);
  }
  UNROLL for (unsigned n = 0; n < count; n++) p->out[token * p->rows + rows[n]] = sum(total[n]) * p->scales[rows[n]] * scale;
}

static void some_rows_i8(const struct product *p, const word *rows, word token, word count) {
  word i = 0;
  for (; i + 3 < count; i += 4) rows_i8(p, rows + i, token, 4);
  for (; i < count; i++) rows_i8(p, rows + i, token, 1);
}

static float largest(const float *x, word n) {
  f32x4 top = splat(0);
  EACH_FOUR(n, top = larger(absolute(load(x + i, left)), top);)
  return maximum(top);
}

// To the nearest integers, which lie in the last bits once 1.5 2^23 is added; up to 2^22.
INLINE i32x4 rounded(f32x4 v) { return (i32x4)(v + 12582912.0f) - 0x4b400000; }

// Numbers that fit, in half the bits.
#ifdef __wasm_simd128__
INLINE i16x8 narrow(i32x4 a, i32x4 b) { return __builtin_wasm_narrow_s_i16x8_i32x4(a, b); }
INLINE i8x16 narrow_again(i16x8 a, i16x8 b) { return __builtin_wasm_narrow_s_i8x16_i16x8(a, b); }
#else
INLINE i16x8 narrow(i32x4 a, i32x4 b) {
  return __builtin_shufflevector((i16x8)a, (i16x8)b, 0, 2, 4, 6, 8, 10, 12, 14);
}
INLINE i8x16 narrow_again(i16x8 a, i16x8 b) {
  return __builtin_shufflevector((i8x16)a, (i8x16)b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
#endif

static void spread_f32(const struct product *p, word token, unsigned count) {
  for (unsigned t = 0; t < count; t++) {
    const float *x = p->x + (token + t) * p->in;
    float *out = (float *)p->scratch + t;
    for (word c = 0; c < p->in; c++) out[c * count] = x[c];
  }
}

// The sum of the 16-bit halves of n words, `apart` from one another.
static int sum_of_halves(const int *words, word n, word apart) {
  i32x4 four = {0};
  word i = 0;
  for (; apart == 1 && i + 4 <= n; i += 4) four += pair_sums(*(const i16x8 *)(words + i));
  int total = four[0] + four[1] + four[2] + four[3];
  for (; i < n; i++) total += (short)words[i * apart] + (words[i * apart] >> 16);
  return total;
}

// Inputs in 15 bits, two columns a word, and behind them a scale for each token. Between them, for a matrix in panels,
// what a lane that holds two weights adds too much to each sum: 128 times its inputs.
static void spread_i8(const struct product *p, word token, unsigned count, int paired) {
  word words = (p->in + 1) / 2;
  int *corrections = p->scratch + words * count;
  float *scales = (float *)(corrections + (paired ? flushes(p->in) * count : 0));
  for (unsigned t = 0; t < count; t++) {
    const float *x = p->x + (token + t) * p->in;
    int *out = p->scratch + t;
    float top = largest(x, p->in), factor = top > 0 ? 32767 / top : 0;
    if (count == 1 && p->in % 8 == 0) {
      for (word c = 0; c < p->in; c += 8, out += 4)
        *(i16x8 *)out = narrow(rounded(load(x + c, 4) * factor), rounded(load(x + c + 4, 4) * factor));
    } else EACH_FOUR(p->in, {
      i16x8 q = (i16x8)rounded(load(x + i, left) * factor);
      i32x4 pairs = (i32x4)__builtin_shufflevector(q, q, 0, 2, 4, 6, 0, 2, 4, 6);
      out[0] = pairs[0];
      if (left > 2) out[count] = pairs[1];
      out += left > 2 ? 2 * count : count;
    })
    for (word start = 0, i = 0; paired && start < words; start += FLUSH / 2, i++) {
      word n = words - start < FLUSH / 2 ? words - start : FLUSH / 2;
      corrections[i * count + t] = -128 * sum_of_halves(p->scratch + start * count + t, n, count);
    }
    scales[t] = top / 32767;
  }
}

// The inputs of a group in 8 bits, `apart` words from one another: four columns a word (or two words). Adds them to four
// sums; returns what takes the weights' offset of 8 off two sums in 16 bits.
INLINE int spread_group(int *out, word apart, const float *x, float factor, i32x4 *total) {
  const i8x16 offset = {8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8};
  i16x8 correction = {0};
#ifdef DOT_BYTES
  if (apart == 1) {
    for (int i = 0; i < GROUP; i += 16, out += 4) {
      i32x4 q[4];
      UNROLL for (int j = 0; j < 4; j++) *total += q[j] = rounded(load(x + i + 4 * j, 4) * factor);
      i8x16 bytes = narrow_again(narrow(q[0], q[1]), narrow(q[2], q[3]));
      *(i8x16 *)out = bytes;
      correction -= DOT_BYTES(bytes, offset);
    }
    correction += __builtin_shufflevector(correction, correction, 4, 5, 6, 7, 0, 1, 2, 3);
    correction += __builtin_shufflevector(correction, correction, 2, 3, 0, 1, 6, 7, 4, 5);
    return ((i32x4)correction)[0];
  }
#endif
  for (int i = 0; i < GROUP; i += 4, out += apart) {
    i32x4 q = rounded(load(x + i, 4) * factor);
    *total += q;
#ifdef DOT_BYTES
    i8x16 bytes = (i8x16)q;
    out[0] = ((i32x4)__builtin_shufflevector(bytes, bytes, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12))[0];
#else
    i32x4 halves = (i32x4)__builtin_shufflevector((i16x8)q, (i16x8)q, 0, 4, 2, 6, 0, 4, 2, 6);
    out[0] = halves[0];
    out[1] = halves[1];
#endif
    correction -= dot4(offset, out);
  }
  return ((i32x4)correction)[0];
}

// With a scale for each token and group; or, for a sketch, one scale for all, and behind it 7.5 times the inputs' sum.
static void spread_i4(const struct product *p, word token, unsigned count, int whole) {
  word groups = p->in / GROUP, words = p->in / 4 * QUAD_WORDS, apart = count * QUAD_WORDS;
  float *scales = (float *)p->scratch + (words + groups) * count;
  for (unsigned t = 0; t < count; t++) {
    const float *x = p->x + (token + t) * p->in;
    float top = whole ? largest(x, p->in) : 0;
    i32x4 total = {0};
    for (word g = 0; g < groups; g++, x += GROUP) {
      if (!whole) top = largest(x, GROUP);
      int *out = p->scratch + t * QUAD_WORDS + g * (GROUP / 4) * apart;
      p->scratch[words * count + g * count + t] = spread_group(out, apart, x, top > 0 ? 127 / top : 0, &total);
      if (!whole) scales[g * count + t] = top / 127;
    }
    if (whole) {
      scales[0] = top / 127;
      scales[1] = 7.5f * (total[0] + total[1] + total[2] + total[3]);
    }
  }
}

// Words of scratch that a product needs for each token.
word scratch_words(word in, word form) {
  if (form == 32) return in;
  if (form == 8) return (in + 1) / 2 + flushes(in) + 1;
  if (form == ROWWISE) return (in + 1) / 2 + 1;
  return in / 4 * QUAD_WORDS + in / GROUP + (form == SKETCH ? 2 : in / GROUP);
}

#define EACH_COUNT(panel)                                        \
  if (count == 1) panel(&part, row, 0, token, 1, 1);             \
  else for (word at = row; at < row + ROWS; at += 4 * SOME)      \
    switch (count) {                                             \
      case 2: panel(&part, at, 0, token, 1, 2); break;           \
      case 3: panel(&part, at, 0, token, 1, 3); break;           \
      case 4: panel(&part, at, 0, token, 1, 4); break;           \
      default: panel(&part, at, 0, token, 1, TOKENS); break;     \
    }

// Inputs of so many tokens lie interleaved.
INLINE word together(word form) { return form == ROWWISE || form == SKETCH ? 1 : TOKENS; }

static void spread(const struct product *p, word form) {
  word each = scratch_words(p->in, form), step = together(form);
  struct product part = *p;
  for (word token = 0; token < p->tokens; token += step) {
    unsigned count = p->tokens - token < step ? p->tokens - token : step;
    part.scratch = p->scratch + token * each;
    if (form == 32) spread_f32(&part, token, count);
    else if (form == 8 || form == ROWWISE) spread_i8(&part, token, count, form == 8);
    else spread_i4(&part, token, count, form == SKETCH);
  }
}

// Rows from..to of a matrix that lies row by row; four at a time, from distant places (a row may come twice). Neighbours
// would be read at a quarter of the speed: memory does not see several streams in them.
static void rowwise(const struct product *p, word from, word to) {
  word each = scratch_words(p->in, ROWWISE), size = (to < p->rows ? to : p->rows) - from;
  struct product part = *p;
  for (word row = from; row < from + (size + 3) / 4; row++, part.scratch = p->scratch)
    for (word token = 0; token < p->tokens; token++, part.scratch += each)
      rows_i8(&part, (word[]){row, row + size / 4, row + size / 2, row + size * 3 / 4}, token, 4);
}

// Rows from..to (the first a multiple of ROWS) of a product whose inputs are spread. Each panel is
// read once from memory; all tokens pass while it is in the cache.
static void panels(const struct product *p, word form, word from, word to) {
  word each = scratch_words(p->in, form);
  struct product part = *p;
  word row = from, apart = p->tokens == 1 ? (to - from) / (STREAMS * ROWS) * ROWS : 0;
  for (; row < from + apart; row += ROWS) {
    if (form == 32) panel_f32(p, row, apart, 0, STREAMS, 1);
    else if (form == 8) panel_i8(p, row, apart, 0, STREAMS, 1);
    else if (form == SKETCH) panel_sketch(p, row, apart, STREAMS);
    else panel_i4(p, row, apart, 0, STREAMS, 1);
  }
  for (row = from + apart * STREAMS; row < to; row += ROWS) {
    for (word token = 0; token < p->tokens; token += TOKENS) {
      unsigned count = p->tokens - token < TOKENS ? p->tokens - token : TOKENS;
      part.scratch = p->scratch + token * each;
      if (form == SKETCH) {
        panel_sketch(p, row, 0, 1);
      } else if (form == 32) {
        EACH_COUNT(panel_f32)
      } else if (form == 8) {
        EACH_COUNT(panel_i8)
      } else {
        EACH_COUNT(panel_i4)
      }
    }
  }
}

// Bytes of a panel's row.
INLINE word row_bytes(word in, word form) {
  switch (form) {
    case 32: return 4 * in;
    case 8: return in + (in & 1);
    case 4: return in / GROUP * (GROUP_BYTES / ROWS);
    case SKETCH: return in / 2;
    default: return in;
  }
}

// Read so many bytes of each of the streams of a product for one token into the cache.
static void touch(const char *weights, word apart, word bytes) {
  int seen = 0;
  for (word i = 0; i < bytes; i += 64)
    for (word n = 0; n < STREAMS; n++) seen |= weights[n * apart + i];
  __asm__ volatile("" : : "r"(seen));
}

// Bytes of one of the streams in which rows from..to of a product for one token are read.
INLINE word stream_bytes(word in, word form, word from, word to) {
  return (to - from) / (STREAMS * ROWS) * ROWS * row_bytes(in, form);
}

// ---- Rows of an embedding table ------------------------------------------------------------

static void embed(float *out, const void *table, const float *scales, const int *tokens, word count, word width, word bits) {
  for (word t = 0; t < count; t++, out += width) {
    word token = tokens[t];
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

// ---- Element by element; `period` is the length after which the last operand repeats --------

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

// Each of the rows of `size` numbers to mean 0 and variance 1; weight and bias repeat after `heads` rows.
static void normalise(float *out, const float *x, const float *weight, const float *bias, word rows, word size, word heads, float eps) {
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

// ---- The recurrences -----------------------------------------------------------------------

static void wkv4(float *out, const float *k, const float *v, const float *decay, const float *bonus, float *state, word tokens, word width) {
  float *numerator = state, *denominator = state + width, *exponent = state + 2 * width;
  for (word t = 0; t < tokens; t++, k += width, v += width, out += width) {
    EACH_FOUR(width, {
      f32x4 key = load(k + i, left), value = load(v + i, left), e = load(exponent + i, left);
      f32x4 a = load(numerator + i, left), b = load(denominator + i, left);
      // The exponent common to both sums is subtracted, so that no exp overflows.
      f32x4 boosted = key + load(bonus + i, left), top = larger(e, boosted);
      f32x4 past = decaying(e - top), now = decaying(boosted - top);
      store(out + i, (past * a + now * value) / (past * b + now), left);
      e += load(decay + i, left);
      top = larger(e, key);
      past = decaying(e - top), now = decaying(key - top);
      store(numerator + i, past * a + now * value, left);
      store(denominator + i, past * b + now, left);
      store(exponent + i, top, left);
    })
  }
}

INLINE void wkv5_row(float *out, float r, float k, const float *v, float decay, float bonus, float *s, word size,
                     const int whole) {
  for (word i = 0, left = size; i < size; i += 4, left -= 4) {
    word n = whole ? 4 : left;
    f32x4 kv = k * load(v + i, n), old = load(s + i, n);
    store(out + i, madd(splat(r), madd(splat(bonus), kv, old), load(out + i, n)), n);
    store(s + i, madd(splat(decay), old, kv), n);
  }
}

static void wkv5(float *out, const float *r, const float *k, const float *v, const float *decay, word decay_step,
                 const float *bonus, float *state, word tokens, word heads, word size) {
  word width = heads * size;
  for (word t = 0; t < tokens; t++, r += width, k += width, v += width, decay += decay_step, out += width) {
    for (word i = 0; i < width; i++) out[i] = 0;
    for (word c = 0; c < width; c++) {  // a channel of the keys; its row of the state runs over the values
      word head = c / size * size;
#define ROW out + head, r[c], k[c], v + head, decay[c], bonus[c], state + c * size, size
      if (size % 4) wkv5_row(ROW, 0);
      else wkv5_row(ROW, 1);
#undef ROW
    }
  }
}

#define WKV7_ROWS 2

// What all channels of the values in a head share: the query after the decay, the direction in which the state is edited,
// and what the query finds there and in the key.
struct wkv7_head {
  const float *query, *decay, *key, *removal, *edit;
  float key_found, edit_found;
};

// The channels of the values in one head, `count` at once; each one's row of the state runs over the keys. What a row
// gives to the output is summed from the old row, along with what is removed, so that a second pass over it only writes;
// the first pass over the next rows goes along with that one, so that neither waits for sums.
INLINE void wkv7_rows(float *out, const struct wkv7_head *h, const float *v, float *s, word size, const unsigned count, const int whole) {
  f32x4 removed[WKV7_ROWS] = {0}, y[WKV7_ROWS] = {0};
  for (word i = 0, left = size; i < size; i += 4, left -= 4) {
    word n = whole ? 4 : left;
    f32x4 removal = load(h->removal + i, n), query = load(h->query + i, n);
    UNROLL for (unsigned j = 0; j < count; j++) {
      f32x4 old = load(s + j * size + i, n);
      removed[j] = madd(old, removal, removed[j]);
      y[j] = madd(old, query, y[j]);
    }
  }
  for (word c = 0; c < size; c += count, s += count * size) {
    f32x4 less[WKV7_ROWS], value[WKV7_ROWS];
    UNROLL for (unsigned j = 0; j < count; j++) {
      float minus = -sum(removed[j]);
      out[c + j] = sum(y[j]) + minus * h->edit_found + v[c + j] * h->key_found;
      less[j] = splat(minus), value[j] = splat(v[c + j]);
      removed[j] = y[j] = splat(0);
    }
    const float *next = c + count < size ? s + count * size : s;
    for (word i = 0, left = size; i < size; i += 4, left -= 4) {
      word n = whole ? 4 : left;
      f32x4 edit = load(h->edit + i, n), decay = load(h->decay + i, n), key = load(h->key + i, n);
      f32x4 removal = load(h->removal + i, n), query = load(h->query + i, n);
      UNROLL for (unsigned j = 0; j < count; j++) {
        float *at = s + j * size + i;
        f32x4 old = load(next + j * size + i, n);
        removed[j] = madd(old, removal, removed[j]);
        y[j] = madd(old, query, y[j]);
        store(at, madd(value[j], key, madd(less[j], edit, load(at, n) * decay)), n);
      }
    }
  }
}

// `spare` has room for two vectors of a head's size.
static void wkv7(float *out, const float *r, const float *decay, const float *k, const float *v, const float *removal,
                 const float *a, float *state, word tokens, word heads, word size, float *spare) {
  float *query = spare, *edit = spare + size;
  for (word row = 0; row < tokens * heads; row++, out += size, r += size, decay += size, k += size, v += size, removal += size, a += size) {
    f32x4 key_found = splat(0), edit_found = splat(0);
    EACH_FOUR(size, {
      f32x4 asked = load(r + i, left), edited = load(removal + i, left) * load(a + i, left);
      store(query + i, load(decay + i, left) * asked, left);
      store(edit + i, edited, left);
      key_found += load(k + i, left) * asked;
      edit_found += edited * asked;
    })
    struct wkv7_head head = {query, decay, k, removal, edit, sum(key_found), sum(edit_found)};
    float *s = state + row % heads * size * size;
    if (size % 4) wkv7_rows(out, &head, v, s, size, 1, 0);
    else wkv7_rows(out, &head, v, s, size, WKV7_ROWS, 1);
  }
}

static void delta_keys(float *unit, float *keys, const float *k, const float *a, const float *removal,
                       const float *replacement, word tokens, word heads, word size) {
  for (word row = 0; row < tokens * heads; row++, unit += size, keys += size, k += size, a += size) {
    word head = row % heads * size;
    f32x4 squares = splat(0);
    for (word i = 0, left = size; i < size; i += 4, left -= 4) {
      f32x4 key = load(k + i, left), scaled = key * load(removal + head + i, left);
      squares += scaled * scaled;
      store(unit + i, scaled, left);
      store(keys + i, key * madd(load(a + i, left) - 1.0f, load(replacement + head + i, left), splat(1)), left);
    }
    float length = square_root(sum(squares));
    f32x4 factor = splat(1 / (length > 1e-12f ? length : 1e-12f));
    for (word i = 0; i < size; i += 4) store(unit + i, load(unit + i, size - i) * factor, size - i);
  }
}

static void head_bonus(float *out, const float *r, const float *k, const float *v, const float *weight, word tokens, word heads, word size) {
  for (word row = 0; row < tokens * heads; row++, out += size, r += size, k += size, v += size) {
    const float *w = weight + row % heads * size;
    f32x4 strength = splat(0);
    for (word i = 0, left = size; i < size; i += 4, left -= 4)
      strength += load(r + i, left) * load(k + i, left) * load(w + i, left);
    f32x4 factor = splat(sum(strength));
    for (word i = 0; i < size; i += 4) store(out + i, factor * load(v + i, size - i), size - i);
  }
}

// ---- Over the scores of a vocabulary; Python calls these one by one ------------------------

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

// A last block that is short, with minus infinity behind its end.
NOINLINE const float *padded(float *spare, const float *scores, word left) {
  for (word j = 0; j < BLOCK; j++) spare[j] = j < left ? scores[j] : LOWEST;
  return spare;
}

NOINLINE void store_short(float *out, const float *block, word left) {
  for (word j = 0; j < left; j++) out[j] = block[j];
}

// The next block of `left` scores.
INLINE void load_block(f32x4 *block, const float *scores, word left) {
  float spare[BLOCK];
  if (left < BLOCK) scores = padded(spare, scores, left);
  EACH_PART block[j] = load(scores + 4 * j, 4);
}

INLINE void store_block(float *out, const f32x4 *block, word left) {
  float spare[BLOCK], *to = left < BLOCK ? spare : out;
  EACH_PART store(to + 4 * j, block[j], 4);
  if (left < BLOCK) store_short(out, spare, left);
}

// The highest of n scores; NaN if one is NaN.
float highest_logit(const float *scores, word n) {
  f32x4 x[4], top[4] = {splat(LOWEST), splat(LOWEST), splat(LOWEST), splat(LOWEST)};
  i32x4 wrong = {0};
  for (word i = 0; i < n; i += BLOCK) {
    load_block(x, scores + i, n - i);
    EACH_PART {
      top[j] = larger(x[j], top[j]);
      wrong |= x[j] != x[j];
    }
  }
  f32x4 all = larger(larger(top[0], top[1]), larger(top[2], top[3]));
  return any(wrong) ? __builtin_nanf("") : maximum(all);
}

// The first place of the highest of n scores; n if one is NaN.
word argmax(const float *scores, word n) {
  float top = highest_logit(scores, n);
  for (word i = 0; i < n; i += BLOCK) {
    f32x4 x[4];
    i32x4 same[4];
    load_block(x, scores + i, n - i);
    EACH_PART same[j] = x[j] == top;
    if (any_of(same)) for (word k = i; k < n && k < i + BLOCK; k++) if (scores[k] == top) return k;
  }
  return n;
}

// exp(score - highest), 0 where that is below what float32 holds well. Returns the sum; NaN if `highest` is not finite.
double weigh_logits(float *weights, const float *scores, word n, float highest) {
  f64x4 total = {0};
  for (word i = 0; i < n; i += BLOCK) {
    f32x4 x[4], weight[4] = {0};
    i32x4 counts[4];
    load_block(x, scores + i, n - i);
    EACH_PART counts[j] = (x[j] -= highest) > -87.0f;
    if (any_of(counts)) EACH_PART {
      weight[j] = (f32x4)((i32x4)moderate_exponential(x[j]) & counts[j]);
      total += doubles(weight[j]);
    }
    store_block(weights + i, weight, n - i);
  }
  return sum_of_doubles(total) + (highest - highest);
}

// (score - highest) / temperature, in double precision on the way.
void temper_logits(float *out, const float *scores, word n, double highest, double temperature) {
  for (word i = 0; i < n; i += BLOCK) {
    f32x4 x[4];
    i32x4 alive[4];
    load_block(x, scores + i, n - i);
    EACH_PART alive[j] = x[j] > LOWEST;
    if (any_of(alive)) EACH_PART x[j] = __builtin_convertvector((doubles(x[j]) - highest) / temperature, f32x4);
    store_block(out + i, x, n - i);
  }
}

// The first place up to which the weights sum to more than the target; if none, the last that weighs anything.
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

// The places of the values that are at least `limit`, ascending. Returns how many they are, and may write one more.
word at_least(word *places, const float *values, word n, float limit) {
  word count = 0;
  for (word i = 0; i < n; i += BLOCK) {
    f32x4 x[4];
    i32x4 reached[4];
    load_block(x, values + i, n - i);
    EACH_PART reached[j] = x[j] >= limit;
    if (any_of(reached)) EACH_PART if (any(reached[j]))
      UNROLL for (unsigned lane = 0; lane < 4; lane++) {
        places[count] = i + 4 * j + lane;
        count -= reached[j][lane];
      }
  }
  return count;
}

#define DIGITS 2048

// Bits of a number, so turned that they are ordered as the numbers are; and back.
INLINE u32x4 ordered(f32x4 values) {
  i32x4 bits = (i32x4)(values + 0.0f);  // so that -0 is 0
  return (u32x4)(bits ^ ((bits >> 31) | (-0x7fffffff - 1)));
}

INLINE float number(unsigned key) {
  union { unsigned bits; float number; } all = {key >> 31 ? key ^ 0x80000000u : ~key};
  return all.number;
}

// The digit from the largest down at which the sums reach the mass; if none does, the last that has any. What comes
// before it is taken off the mass.
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

// The places, ascending, of the fewest values that are at least `limit`, the largest first and of equal ones the first,
// whose weights (1 each, if there are none) together reach the mass; all of them if they do not. Returns how many.
//
// Nothing is sorted: the digits of the smallest value that is taken are found as in a radix sort, 11 bits at a time, by
// the sums of the weights of all that agree so far.
word leading(word *places, const float *values, const float *weights, word n, double mass, float limit) {
#define WEIGHT(i) (weights ? weights[i] : 1.0f)
  double sums[DIGITS] = {0};
  for (word i = 0; i < n; i += BLOCK) {
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
  if (digit < 0 || sums[digit] < mass) return at_least(places, values, n, limit);
  unsigned edge = (unsigned)digit << 21;
  float low = number(edge);
  word count = at_least(places, values, n, low > limit ? low : limit), taken = 0;
  for (int shift = 10, known = 21; shift >= 0; known = shift, shift -= 10) {
    for (int d = 0; d < DIGITS; d++) sums[d] = 0;
    for (word k = 0; k < count; k++) {
      unsigned key = ordered(splat(values[places[k]]))[0];
      sums[key >> shift & (DIGITS - 1)] += key >> known == edge >> known ? WEIGHT(places[k]) : 0;
    }
    edge |= (unsigned)reach(sums, &mass) << shift;
  }
  float last = number(edge);
  double ties = 0;
  for (word k = 0; k < count; k++) {
    word place = places[k], take = values[place] > last;
    if (values[place] == last && (ties == 0 || ties < mass)) {
      take = 1;
      ties += WEIGHT(place);
    }
    places[taken] = place;
    taken += take;
  }
  return taken;
}

// ---- What Python calls ---------------------------------------------------------------------

enum { EMBED, NORMALISE, MIX, SHIFT, LERP, ADD, MULTIPLY, PRODUCT, WKV4, WKV5, WKV7, DELTA_KEYS, HEAD_BONUS, SHORTLIST };

#define STEP 15  // words of a step: the operation, then its operands
#define F(i) ((float *)s[i])

INLINE struct product operands(const word *s) {
  return (struct product){F(1), F(2), F(3), F(4), F(5), (int *)s[6], s[7], s[8], s[9], s[10]};
}

// Products that need none of one another's results lie in consecutive steps, the first of which says in s[14] how many
// they are. These two are their halves, for threads that compute some of the rows: of each those from s[12] to s[13].
#define EACH_PRODUCT(s) for (word i = 0, count = s[14]; i < count; i++, s += STEP)

void product_begin(const word *s) {
  EACH_PRODUCT(s) {
    struct product p = operands(s);
    spread(&p, s[11]);
  }
}

// Ask memory for the beginnings of the streams of a product for one token that is about to be computed: it reads
// ahead by itself only once it has seen a stream begin.
static void warm(const word *s) {
  if (s[7] != 1 || s[12] >= s[13]) return;
  word apart = stream_bytes(s[8], s[11], s[12], s[13]);
  touch((const char *)s[2] + s[12] * row_bytes(s[8], s[11]), apart, apart < WARM ? apart : WARM);
}

void product_rows(const word *s) {
  EACH_PRODUCT(s) {
    struct product p = operands(s);
    if (i) warm(s);
    if (s[11] == ROWWISE) rowwise(&p, s[12], s[13]);
    else if (s[12] < s[13]) panels(&p, s[11], s[12], s[13]);
    if (p.activation) activate_rows(&p, s[12], s[13]);
  }
}

// For a thread that waits: bring a little more into its cache of what product_rows will read, of which it has so many
// bytes of each stream. Returns how many it has now.
word product_ahead(const word *s, word done) {
  word before = 0;
  EACH_PRODUCT(s) {
    word apart = stream_bytes(s[8], s[11], s[12], s[13]), left = before + apart - done;
    if (left > 0) {
      word bytes = left < WARM ? left : WARM;
      touch((const char *)s[2] + s[12] * row_bytes(s[8], s[11]) + apart - left, apart, bytes);
      return done + bytes;
    }
    before += apart;
  }
  return done;
}

// `share` divides products among threads: at each call it writes the next rows that are to be computed here,
// until there are none and it returns 0. Helpers begin at the first call.
static void products(word *s, word (*share)(word *)) {
  word more = 1, *each = s;
  if (share) {
    more = share(s);
    warm(s);
  } else EACH_PRODUCT(each) each[12] = 0, each[13] = each[9];
  product_begin(s);
  for (; more; more = share ? share(s) : 0) product_rows(s);
}

// The lowest of the values at some places.
static float lowest_of(const float *values, const word *places, word count) {
  float low = __builtin_inff();
  for (word i = 0; i < count; i++) low = values[places[i]] < low ? values[places[i]] : low;
  return low;
}

// One token's scores by a head in int8, where those by its sketch are there already: the highest are computed anew, which
// are those of s[12] or more rows that have s[13] thousandths or more of the probability. s[11] has room for a place of
// every row and one more, then for a weight of every row.
static void shortlist(const word *s) {
  struct product p = operands(s);
  word panels = (p.rows + ROWS - 1) / ROWS, *places = (word *)s[11], count;
  float *highest = (float *)(places + p.rows + 1), *weights = highest;
  for (word i = 0; i + 1 < panels; i++) {
    const float *four = p.out + i * ROWS;
    highest[i] = maximum(larger(larger(load(four, 4), load(four + 4, 4)), larger(load(four + 8, 4), load(four + 12, 4))));
  }
  highest[panels - 1] = highest_logit(p.out + (panels - 1) * ROWS, p.rows - (panels - 1) * ROWS);
  // As many panels have a score as high as theirs, so as many rows or more.
  count = leading(places, highest, 0, panels, s[12], LOWEST);
  float least = lowest_of(highest, places, count);
  if (s[13]) {
    double total = weigh_logits(weights, p.out, p.rows, highest_logit(highest, panels));
    count = leading(places, p.out, weights, p.rows, total * s[13] / 1000, LOWEST);
    float low = lowest_of(p.out, places, count);
    least = low < least ? low : least;
  }
  count = at_least(places, p.out, p.rows, least);
  spread(&p, ROWWISE);
  if (count < p.rows / MANY) some_rows_i8(&p, places, 0, count);
  else rowwise(&p, 0, p.rows);
}

// Warm the first product among `count` steps, of which this thread computes all: what comes before it leaves memory idle.
static void warm_next(word *s, word count) {
  while (count > 0 && s[0] != PRODUCT) s += STEP, count--;
  if (count <= 0) return;
  s[12] = 0, s[13] = s[9];
  warm(s);
}

// Execute `count` steps in turn; without `share` (0) this thread does all of it.
void run(word *s, word count, word (*share)(word *)) {
  if (!share) warm_next(s, count);
  for (; count > 0; count--, s += STEP) {
    switch (s[0]) {
      case EMBED: embed(F(1), F(2), F(3), (const int *)s[4], s[5], s[6], s[7]); break;
      case NORMALISE: normalise(F(1), F(2), F(3), F(4), s[5], s[6], s[7], *F(8)); break;
      case MIX: mix(F(1), F(2), F(3), F(4), s[5], s[6], s[7]); break;
      case SHIFT: shift(F(1), F(2), F(3), s[4], s[5]); break;
      case LERP: lerp(F(1), F(2), F(3), F(4), s[5], s[6]); break;
      case ADD: add(F(1), F(2), F(3), s[4], s[5]); break;
      case MULTIPLY: multiply(F(1), F(2), F(3), s[4], s[5]); break;
      case PRODUCT: {
        word further = s[14] - 1;
        products(s, share);
        s += further * STEP, count -= further;
        if (!share) warm_next(s + STEP, count - 1);
        break;
      }
      case WKV4: wkv4(F(1), F(2), F(3), F(4), F(5), F(6), s[7], s[8]); break;
      case WKV5: wkv5(F(1), F(2), F(3), F(4), F(5), s[6], F(7), F(8), s[9], s[10], s[11]); break;
      case WKV7: wkv7(F(1), F(2), F(3), F(4), F(5), F(6), F(7), F(8), s[9], s[10], s[11], F(12)); break;
      case DELTA_KEYS: delta_keys(F(1), F(2), F(3), F(4), F(5), F(6), s[7], s[8], s[9]); break;
      case HEAD_BONUS: head_bonus(F(1), F(2), F(3), F(4), F(5), s[6], s[7], s[8]); break;
      case SHORTLIST: shortlist(s); break;
    }
  }
}

// Lay out weights [rows, in] in panels, for 4 bits with their scales [rows, in / GROUP] in 16 bits; `out` is zero
// where rows are missing from the last panel.
void pack(signed char *out, const signed char *weights, const short *scales, word rows, word in, word bits) {
  for (word row = 0; row < rows; row++) {
    word r = row % ROWS;
    signed char *panel = out + (row - r) * row_bytes(in, bits);
    if (bits == 32) {
      const float *from = (const float *)weights + row * in;
      for (word c = 0; c < in; c++) ((float *)panel)[c * ROWS + r] = from[c];
    } else if (bits == 8) {
      word high = r / 4 % 2 == 0, lane = r / 8 * 16 + r % 4 * 4;
      for (word c = 0; c < in + in % 2; c++)
        panel[c / 2 * 2 * ROWS + lane + c % 2 * 2 + high] = (c < in ? weights[row * in + c] : 0) ^ (high ? 0 : -128);
    } else {
      const unsigned char *from = (const unsigned char *)weights + row * in / 2;
      for (word g = 0; g < in / GROUP; g++, panel += GROUP_BYTES) {
        ((short *)panel)[r] = scales[row * (in / GROUP) + g];
        unsigned char *to = (unsigned char *)panel + 2 * ROWS + 4 * r;
        for (word c = 0; c < GROUP; c += 8, from += 4, to += 4 * ROWS)
          for (int j = 0; j < 4; j++)
            to[j] = ((from[j / 2] >> (j % 2 * 4)) & 15) | (((from[2 + j / 2] >> (j % 2 * 4)) & 15) << 4);
      }
    }
  }
}

// The sketch of a matrix in int8 that lies row by row: the upper half of each number, plus 8, in panels like those of int4
// without scales.
void sketch(signed char *out, const signed char *weights, word rows, word in) {
  for (word row = 0; row < rows; row++) {
    const signed char *from = weights + row * in;
    signed char *to = out + row / ROWS * ROWS * in / 2 + row % ROWS * 4;
    for (word c = 0; c < in; c += 8, from += 8, to += 4 * ROWS)
      for (int j = 0; j < 4; j++) to[j] = ((from[j] >> 4) + 8) | (((from[4 + j] >> 4) + 8) << 4);
  }
}
