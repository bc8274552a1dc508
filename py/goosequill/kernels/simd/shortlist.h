// A large head in int8 for one token: the highest logits exactly, found by its sketch.
//
// A row may be left out because its logit is certainly too low. Let q be the row's weights, p what the sketch has of them, in 4
// bits with a step for each group, and r = q - p; x the inputs as the whole row is multiplied with them, in 16 bits, and y as
// the sketch is, in 8 bits with a scale for each group. Then the logit is scale (q x), the sketch gives scale (p y), and as
// q x - p y = r x + p (x - y), Cauchy and Schwarz bound their distance by scale (|r| |x| + |p| |x - y|). `sketch` has measured
// scale |r| and scale |p| of every row; |x| and |x - y| are measured here, from the integers that the products use. These sum
// integers within a group or in `LANES` columns, so that float32 rounds only a few times (`ROUNDINGS`) and some times for each
// of these, each time by 2^-24 of at most (|p| + |r|) |x|.
#pragma once

#include "logits.h"
#include "products.h"

#define MANY 8        // if more than one row in so many is needed, reading all of them in order is faster
#define PAUSE 15      // tokens for which no sketch is read after one that did not help
#define ROUNDINGS 32  // more than occur, apart from three for every group and one for every `LANES` columns
#define SAFE 1.00001  // a factor beyond the error of what is computed by it
#define TINY 1e-24f   // beyond the errors of numbers so small that float32 has fewer digits for them
#define RANGE 1e15f   // the largest of a group's inputs is at most this, and at least its inverse, unless it is 0

// The greatest distance between a row's logit and its sketch is rest * (scale |r|) + seen * (scale |p|).
struct distance { float rest, seen; };

// Measure the inputs, which are in 16 bits in `scratch`. Returns 0 if nothing is certain: all are 0, or some are so large or so
// small, or not finite, that float32 may not have enough digits for a group's scale times a step.
static int measure_inputs(struct distance *d, const struct product *p) {
  const i16x4 *fine = (const i16x4 *)p->scratch;
  float top = largest(p->inputs, p->columns);
  double unit = (double)top / 32767;
  f64x4 whole = {0}, left = {0};
  if (!(top > 0 && top <= RANGE)) return 0;
  for (word start = 0; start < p->columns; start += GROUP) {
    const float *inputs = p->inputs + start;
    float most = largest(inputs, GROUP), factor = most > 0 ? 127 / most : 0;
    double step = most / 127;  // in float32, as the sketch is multiplied
    if (most > 0 && most < 1 / RANGE) return 0;
    for (word c = 0; c < GROUP; c += 4, fine++) {
      f64x4 x = __builtin_convertvector(*fine, f64x4) * unit;
      f64x4 y = __builtin_convertvector(rounded(load(inputs + c, 4) * factor), f64x4) * step;
      whole += x * x, left += (x - y) * (x - y);
    }
  }
  double norm = SAFE * __builtin_sqrt(sum_of_doubles(whole));
  double slack = norm * (ROUNDINGS + 3 * (p->columns / GROUP) + p->columns / LANES) * 0x1p-24;
  d->rest = norm + slack, d->seen = SAFE * __builtin_sqrt(sum_of_doubles(left)) + slack;
  return 1;
}

// The rows' scales are not in the sketch.
static void scale_rows(const struct product *p) {
  EACH_FOUR(p->rows, store(p->out + i, load(p->out + i, left) * load(p->scales + i, left), left);)
}

// The lowest of the values at `count` indices.
static float lowest_of(const float *values, const word *indices, word count) {
  float low = __builtin_inff();
  for (word i = 0; i < count; i++) low = values[indices[i]] < low ? values[indices[i]] : low;
  return low;
}

// The highest of each panel's logits.
static void panel_highest(float *highest, const struct product *p, word panels) {
  for (word i = 0; i + 1 < panels; i++) {
    const float *four = p->out + i * PANEL;
    highest[i] = maximum(larger(larger(load(four, 4), load(four + 4, 4)), larger(load(four + 8, 4), load(four + 12, 4))));
  }
  word last = (panels - 1) * PANEL;
  highest[panels - 1] = highest_logit(p->out + last, p->rows - last);
}

// Compute rows exactly that are likely to be the `wanted` highest. No logit below the result is needed, since at least so
// many are above it; it is NaN or minus infinity if that is not certain.
static float needed_from(const struct product *p, word wanted, float gap, word *indices, float *values) {
  word panels = (p->rows + PANEL - 1) / PANEL;
  panel_highest(values, p, panels);
  word count = leading(indices, values, 0, panels, wanted, LOWEST);
  // Each of these panels has a row as high as its highest, so there are at least as many.
  count = at_least(indices, p->out, p->rows, lowest_of(values, indices, count));
  if (count < wanted || count > p->rows / MANY) return LOWEST;
  some_rows_i8(p, indices, 0, count);
  for (word i = 0; i < count; i++) values[i] = p->out[indices[i]];
  float top = highest_logit(values, count);
  count = leading(indices, values, 0, count, wanted, LOWEST);
  float least = lowest_of(values, indices, count);
  // Steps of the decoder round too, when they temper logits and compare them.
  return least - gap - (__builtin_fabsf(least) + __builtin_fabsf(top) + gap) * 0x1p-20f;
}

// The highest that each logit can be, by its sketch; infinity where that is not certain.
static void highest_possible(float *out, const struct product *p, const float *reach, struct distance d) {
  const float *seen = reach + (p->rows + PANEL - 1) / PANEL * PANEL;
  const f32x4 never = splat(__builtin_inff());
  EACH_FOUR(p->rows, {
    f32x4 most = load(p->out + i, left) + (load(reach + i, left) * d.rest + load(seen + i, left) * d.seen + TINY);
    store(out + i, choose(absolute(most) < never, most, never), left);
  })
}

// Compute exactly what may be on the shortlist; returns 0 if that is too much, or not certain.
static int compute_likely(const step *s, const struct product *p) {
  word *indices = s->shortlist.indices, count;
  float *values = (float *)(indices + p->rows + 1);
  struct distance d;
  if (!measure_inputs(&d, p)) return 0;
  scale_rows(p);
  float limit = needed_from(p, s->shortlist.count, s->shortlist.thousandths * 1e-3f, indices, values);
  if (!(limit > LOWEST)) return 0;
  highest_possible(values, p, s->shortlist.reach, d);
  count = at_least(indices, values, p->rows, limit);
  if (count > p->rows / MANY) return 0;
  some_rows_i8(p, indices, 0, count);
  return 1;
}

// Whether a step is a shortlist that reads no sketch now, because one did not help a few tokens ago.
INLINE int rests(const step *s) { return s->operation == SHORTLIST && s->shortlist.rest > 0; }

// `out` has the logits by the sketch, unless the step rests: compute those exactly that may matter. `indices` is memory for
// an index of every row and one more, then for a float per row.
static void shortlist(step *s) {
  struct product p = operands(s);
  spread(&p, PAIRS);
  if (rests(s)) s->shortlist.rest--;
  else if (compute_likely(s, &p)) return;
  else s->shortlist.rest = PAUSE;
  pairwise(&p, 0, p.rows);
}
