/* The state update of RWKV-7 for training on a CPU, forward and backward, over sequences with an empty initial state.
 *   S_t = S_(t-1) diag(w) + (S_(t-1) a) b^T + v k^T,   y_t = S_t r       (a = -kk, b = kk * in-context rate)
 * All arrays are float32 [B, T, H, N]. S is stored as [k][v], so that the inner loop runs over v without sums across lanes.
 * The forward pass stores S at every CHUNK-th token; the backward pass recomputes the ones in between. */
#include <string.h>
#define N 64
#define CHUNK 16
typedef float State[N][N];

static void advance(State S, const float *restrict w, const float *restrict k, const float *restrict v,
                    const float *restrict a, const float *restrict b, float *restrict sa) {
  for (int j = 0; j < N; j++) sa[j] = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) sa[j] += S[i][j] * a[i];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) S[i][j] = S[i][j] * w[i] + sa[j] * b[i] + v[j] * k[i];
}

/* kept [B, H, T / CHUNK, N, N]: S before every CHUNK-th token. */
void wkv7_forward(int B, int T, int H, const float *restrict r, const float *restrict w, const float *restrict k,
                  const float *restrict v, const float *restrict a, const float *restrict b, float *restrict y,
                  float *restrict kept) {
  for (int s = 0; s < B * H; s++) {
    State S = {{0}};
    float sa[N];
    for (int t = 0; t < T; t++) {
      const long at = (((long)(s / H) * T + t) * H + s % H) * N;
      if (t % CHUNK == 0) memcpy(kept + ((long)s * (T / CHUNK) + t / CHUNK) * N * N, S, sizeof(State));
      advance(S, w + at, k + at, v + at, a + at, b + at, sa);
      float out[N] = {0};
      for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) out[j] += S[i][j] * r[at + i];
      memcpy(y + at, out, sizeof out);
    }
  }
}

void wkv7_backward(int B, int T, int H, const float *restrict r, const float *restrict w, const float *restrict k,
                   const float *restrict v, const float *restrict a, const float *restrict b, const float *restrict kept,
                   const float *restrict gy, float *restrict gr, float *restrict gw, float *restrict gk,
                   float *restrict gv, float *restrict ga, float *restrict gb) {
  State S[CHUNK + 1];
  float sa[CHUNK][N];
  for (int s = 0; s < B * H; s++) {
    State G = {{0}}; /* the gradient of S */
    for (int c = T / CHUNK - 1; c >= 0; c--) {
      memcpy(S[0], kept + ((long)s * (T / CHUNK) + c) * N * N, sizeof(State));
      for (int t = 0; t < CHUNK; t++) {
        const long at = (((long)(s / H) * T + c * CHUNK + t) * H + s % H) * N;
        memcpy(S[t + 1], S[t], sizeof(State));
        advance(S[t + 1], w + at, k + at, v + at, a + at, b + at, sa[t]);
      }
      for (int t = CHUNK - 1; t >= 0; t--) {
        const long at = (((long)(s / H) * T + c * CHUNK + t) * H + s % H) * N;
        float gsa[N] = {0}, gvt[N] = {0}, g[N], vt[N];
        memcpy(g, gy + at, sizeof g);
        memcpy(vt, v + at, sizeof vt);
        for (int i = 0; i < N; i++) {
          float sr = 0, sw = 0, sk = 0, sb = 0;
          for (int j = 0; j < N; j++) {
            float grad = G[i][j] + r[at + i] * g[j];
            G[i][j] = grad;
            sr += S[t + 1][i][j] * g[j];
            sw += S[t][i][j] * grad;
            sk += vt[j] * grad;
            sb += sa[t][j] * grad;
            gvt[j] += grad * k[at + i];
            gsa[j] += grad * b[at + i];
          }
          gr[at + i] = sr, gw[at + i] = sw, gk[at + i] = sk, gb[at + i] = sb;
        }
        memcpy(gv + at, gvt, sizeof gvt);
        for (int i = 0; i < N; i++) {
          float sum = 0;
          for (int j = 0; j < N; j++) {
            sum += S[t][i][j] * gsa[j];
            G[i][j] = G[i][j] * w[at + i] + gsa[j] * a[at + i];
          }
          ga[at + i] = sum;
        }
      }
    }
  }
}
