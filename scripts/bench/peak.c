// How many multiply-adds of 16-bit numbers WebAssembly does: pairs of products, added to twelve independent sums, all in
// registers. Written for encoder.py.

typedef int i32x4 __attribute__((vector_size(16)));
typedef short i16x8 __attribute__((vector_size(16)));

#define SUMS 12
#define UNROLL _Pragma("clang loop unroll(full)")

// Adds or, without `adding`, only multiplies; n times SUMS vectors of eight products.
static inline __attribute__((always_inline)) int repeat(int n, const int adding) {
  i32x4 sums[SUMS];
  i16x8 weights = {3, 1, 4, 1, 5, 9, 2, 6};
  UNROLL for (int i = 0; i < SUMS; i++) sums[i] = (i32x4){i, n, i, n};
  for (; n > 0; n--)
    UNROLL for (int i = 0; i < SUMS; i++) {
      i32x4 product = __builtin_wasm_dot_s_i32x4_i16x8(weights, (i16x8)sums[i]);
      sums[i] = adding ? sums[i] + product : product;
    }
  UNROLL for (int i = 1; i < SUMS; i++) sums[0] += sums[i];
  return sums[0][0] + sums[0][1] + sums[0][2] + sums[0][3];
}

int multiply_add(int n) { return repeat(n, 1); }
int multiply(int n) { return repeat(n, 0); }
