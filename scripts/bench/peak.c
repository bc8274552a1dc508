// How many products WebAssembly computes: twelve independent chains of the instructions that the kernel multiplies with, all
// in registers. Written for the prompts of bench.py.

typedef int i32x4 __attribute__((vector_size(16)));
typedef short i16x8 __attribute__((vector_size(16)));
typedef char i8x16 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));

#define CHAINS 12
#define UNROLL _Pragma("clang loop unroll(full)")

// n times CHAINS vectors: `next` is computed from the last result, `x`, and from the constant `weights`.
#define REPEAT(name, type, constant, next)                                 \
  int name(int n) {                                                        \
    const type weights = constant;                                         \
    type chains[CHAINS];                                                   \
    UNROLL for (int i = 0; i < CHAINS; i++) chains[i] = (type)((i32x4)weights + (i32x4){i, n, i, n}); \
    for (; n > 0; n--)                                                     \
      UNROLL for (int i = 0; i < CHAINS; i++) {                            \
        const type x = chains[i];                                          \
        chains[i] = (type)(next);                                          \
      }                                                                    \
    UNROLL for (int i = 1; i < CHAINS; i++) chains[0] += chains[i];        \
    return ((i32x4)chains[0])[0];                                          \
  }

#define SHORTS ((i16x8){3, 1, 4, 1, 5, 9, 2, 6})
#define FLOATS ((f32x4){0.3f, 0.1f, 0.4f, 0.5f})

// Eight products of 16-bit numbers, added to the chain.
REPEAT(multiply_add, i16x8, SHORTS, (i32x4)x + __builtin_wasm_dot_s_i32x4_i16x8(weights, x))

#ifdef __wasm_relaxed_simd__
// Sixteen products of bytes, which are added; the same by an instruction that adds them itself; and four of float32.
REPEAT(multiply_add_bytes, i16x8, SHORTS, x + __builtin_wasm_relaxed_dot_i8x16_i7x16_s_i16x8((i8x16)x, (i8x16)weights))
REPEAT(multiply_add_quads, i32x4, SHORTS, __builtin_wasm_relaxed_dot_i8x16_i7x16_add_s_i32x4((i8x16)weights, (i8x16)weights, x))
REPEAT(multiply_floats, f32x4, FLOATS, __builtin_wasm_relaxed_madd_f32x4(weights, x, weights))
#else
REPEAT(multiply_floats, f32x4, FLOATS, weights * x + weights)
#endif
