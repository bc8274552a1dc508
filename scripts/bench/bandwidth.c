// Reads memory as fast as WebAssembly can: the bound that the benchmark compares with. It reads from four places a
// quarter of the memory apart, since one sequential stream does not saturate memory.

typedef float f32x4 __attribute__((vector_size(16)));

__attribute__((export_name("total"))) float total(const f32x4 *p, int count) {
  f32x4 a[8] = {0};
  int part = count / 4;
  for (int i = 0; i < part; i += 2) {
    _Pragma("clang loop unroll(full)") for (int place = 0; place < 4; place++) {
      a[2 * place] += p[place * part + i];
      a[2 * place + 1] += p[place * part + i + 1];
    }
  }
  for (int i = 1; i < 8; i++) a[0] += a[i];
  return a[0][0] + a[0][1] + a[0][2] + a[0][3];
}
