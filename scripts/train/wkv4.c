/* The WKV operation of RWKV-4 for training on a CPU: forward, and the gradients by two scans over time.
 * Adapted from BlinkDL's CUDA kernel (RWKV-LM, RWKV-v4). All arrays are float32, [B, T, C] unless noted.
 * Channels are processed in blocks, so that the state stays in registers and the compiler vectorizes over channels. */
#include <math.h>
#include <string.h>
#define N 64
#define EMPTY -1e30f

/* e^x for x <= 0 (and slightly above), relative error about 2e-7: 2^n times a polynomial, so that the loop vectorizes. */
static inline float expo(float x) {
  x = x < -87.0f ? -87.0f : x;
  float t = x * 1.44269504f;
  float n = floorf(t + 0.5f);
  float f = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  float p = 1.0f + f * (1.0f + f * (0.5f + f * (0.166666667f + f * (0.0416666667f + f * (0.00833333f + f * 0.00138889f)))));
  int bits = ((int)n + 127) << 23;
  float scale;
  memcpy(&scale, &bits, 4);
  return p * scale;
}

static inline float larger(float a, float b) { return a > b ? a : b; }

void wkv4_forward(int B, int T, int C, const float *restrict w, const float *restrict u,
                  const float *restrict k, const float *restrict v, float *restrict y) {
  for (int b = 0; b < B; b++)
    for (int c = 0; c < C; c += N) {
      float p[N], q[N], o[N];
      for (int j = 0; j < N; j++) p[j] = q[j] = 0, o[j] = EMPTY;
      for (int t = 0; t < T; t++) {
        const long at = ((long)b * T + t) * C + c;
        for (int j = 0; j < N; j++) {
          float kt = k[at + j], vt = v[at + j];
          float m = larger(o[j], u[c + j] + kt);
          float A = expo(o[j] - m), E = expo(u[c + j] + kt - m);
          y[at + j] = (A * p[j] + E * vt) / (A * q[j] + E);
          m = larger(w[c + j] + o[j], kt);
          A = expo(w[c + j] + o[j] - m), E = expo(kt - m);
          p[j] = A * p[j] + E * vt;
          q[j] = A * q[j] + E;
          o[j] = m;
        }
      }
    }
}

/* Adds to gw and gu [C]; z and x are scratch memory [T, N]. */
void wkv4_backward(int B, int T, int C, const float *restrict w, const float *restrict u, const float *restrict k,
                   const float *restrict v, const float *restrict y, const float *restrict gy, float *restrict gw,
                   float *restrict gu, float *restrict gk, float *restrict gv, float *restrict z, float *restrict x) {
  for (int b = 0; b < B; b++)
    for (int c = 0; c < C; c += N) {
      float p[N], q[N], o[N], dp[N], dq[N], sw[N], su[N];
      for (int j = 0; j < N; j++) p[j] = q[j] = dp[j] = dq[j] = sw[j] = su[j] = 0, o[j] = EMPTY;
      for (int t = 0; t < T; t++) {
        const long at = ((long)b * T + t) * C + c;
        for (int j = 0; j < N; j++) {
          float kt = k[at + j], vt = v[at + j], g = gy[at + j], yt = y[at + j];
          float m = larger(o[j], kt + u[c + j]);
          float A = expo(o[j] - m), E = expo(kt + u[c + j] - m);
          float iden = 1.0f / (A * q[j] + E);
          z[t * N + j] = iden;
          x[t * N + j] = kt + u[c + j] - m;
          sw[j] += g * (dp[j] - dq[j] * yt) * iden * A;
          su[j] += g * (vt - yt) * E * iden;
          m = larger(w[c + j] + o[j], kt);
          A = expo(w[c + j] + o[j] - m), E = expo(kt - m);
          dp[j] = A * (p[j] + dp[j]);
          dq[j] = A * (q[j] + dq[j]);
          p[j] = A * p[j] + E * vt;
          q[j] = A * q[j] + E;
          o[j] = m;
        }
      }
      for (int j = 0; j < N; j++) gw[c + j] += sw[j], gu[c + j] += su[j];
      for (int j = 0; j < N; j++) p[j] = q[j] = 0, o[j] = EMPTY; /* gradients of the numerator, the denominator */
      for (int t = T - 1; t >= 0; t--) {
        const long at = ((long)b * T + t) * C + c;
        for (int j = 0; j < N; j++) {
          float kt = k[at + j], vt = v[at + j], yt = y[at + j], gz = gy[at + j] * z[t * N + j], xt = x[t * N + j];
          float A = gz * expo(xt), E = expo(kt + o[j]);
          gk[at + j] = A * (vt - yt) + E * (p[j] * vt + q[j]);
          gv[at + j] = A + E * p[j];
          float s = xt - kt - u[c + j];
          float m = larger(w[c + j] + o[j], s);
          A = expo(w[c + j] + o[j] - m), E = gz * expo(s - m);
          p[j] = A * p[j] + E;
          q[j] = A * q[j] - E * yt;
          o[j] = m;
        }
      }
    }
}
