// Reads memory as fast as WebAssembly can: the bound that the benchmark compares with.

typedef float f32x4 __attribute__((vector_size(16)));

__attribute__((export_name("total"))) float total(const f32x4 *p, int count) {
  f32x4 a = {0}, b = {0}, c = {0}, d = {0};
  for (int i = 0; i < count; i += 4) a += p[i], b += p[i + 1], c += p[i + 2], d += p[i + 3];
  a += b + c + d;
  return a[0] + a[1] + a[2] + a[3];
}
