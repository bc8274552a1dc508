// Reads memory as fast as WebAssembly can: the bound that the benchmark compares with. One sequential stream does not saturate
// memory; whether two or four do it best depends on the machine.

typedef float f32x4 __attribute__((vector_size(16), aligned(4)));

#define READ(name, places)                                                                  \
  __attribute__((export_name(#name))) float name(const f32x4 *p, int count) {               \
    f32x4 a[2 * places] = {0};                                                              \
    int part = count / places;                                                              \
    for (int i = 0; i < part; i += 4) {                                                     \
      _Pragma("clang loop unroll(full)") for (int place = 0; place < places; place++) {     \
        const f32x4 *from = p + place * part + i;                                           \
        a[2 * place] += from[0], a[2 * place + 1] += from[1];                               \
        a[2 * place] += from[2], a[2 * place + 1] += from[3];                               \
      }                                                                                     \
    }                                                                                       \
    for (int i = 1; i < 2 * places; i++) a[0] += a[i];                                      \
    return a[0][0] + a[0][1] + a[0][2] + a[0][3];                                           \
  }

READ(from2, 2)
READ(from4, 4)

// The same of a model's weights: for each matrix, two addresses and the bytes at each of them.
__attribute__((export_name("weights"))) float weights(const long (*places)[3], int matrices) {
  f32x4 a[4] = {0};
  for (; matrices > 0; matrices--, places++) {
    const f32x4 *p = (const f32x4 *)places[0][0], *q = (const f32x4 *)places[0][1];
    for (long left = places[0][2]; left > 0; left -= 64, p += 4, q += 4) {
      a[0] += p[0], a[1] += p[1], a[2] += q[0], a[3] += q[1];
      a[0] += p[2], a[1] += p[3], a[2] += q[2], a[3] += q[3];
    }
  }
  a[0] += a[1] + a[2] + a[3];
  return a[0][0] + a[0][1] + a[0][2] + a[0][3];
}
