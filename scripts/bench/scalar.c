// A matrix [rows, columns] times a vector, without SIMD: the most that a library can do that is compiled for WebAssembly as
// Pyodide's numpy is. Rows and columns in fours. Written for numpy_products.py.

// One row at a time, as numpy goes. Four products are added up before they are added to the sum, which would wait for itself.
void by_rows(float *out, const float *matrix, const float *x, int rows, int columns) {
  for (int i = 0; i < rows; i++, matrix += columns) {
    float sum = 0;
    for (int j = 0; j < columns; j += 4)
      sum += (matrix[j] * x[j] + matrix[j + 1] * x[j + 1]) + (matrix[j + 2] * x[j + 2] + matrix[j + 3] * x[j + 3]);
    out[i] = sum;
  }
}

// Four rows at a time, far apart: each number of the vector is loaded once for them, and memory has four streams.
void by_four_rows(float *out, const float *matrix, const float *x, int rows, int columns) {
  int apart = rows / 4;
  const float *b = matrix + apart * columns, *c = b + apart * columns, *d = c + apart * columns;
  for (int i = 0; i < apart; i++, matrix += columns, b += columns, c += columns, d += columns) {
    float sums[4] = {0};
    for (int j = 0; j < columns; j += 2) {
      float one = x[j], two = x[j + 1];
      sums[0] += matrix[j] * one + matrix[j + 1] * two;
      sums[1] += b[j] * one + b[j + 1] * two;
      sums[2] += c[j] * one + c[j + 1] * two;
      sums[3] += d[j] * one + d[j + 1] * two;
    }
    for (int k = 0; k < 4; k++) out[k * apart + i] = sums[k];
  }
}
