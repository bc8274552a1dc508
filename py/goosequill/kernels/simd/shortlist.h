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
#define USEFUL 16     // if more than one row in so many was needed, it would have been faster without the sketch
#define PAUSE 31      // tokens, at most, for which no sketch is read after one that did not help
#define ROUNDINGS 32  // more than occur, apart from three for every group and one for every `LANES` columns
#define SAFE 1.00001  // a factor beyond the error of what is computed by it
#define TINY 1e-24f   // beyond the errors of numbers so small that float32 has fewer digits for them
#define RANGE 1e15f   // the largest of a group's inputs is at most this, and at least its inverse, unless it is 0

// The greatest distance between a row's logit and its sketch is rest * (scale |r|) + seen * (scale |p|).
struct distance { float rest, seen; };

// Measure the inputs. Returns 0 if nothing is certain: all are 0, or some are so large or so
// small, or not finite, that float32 may not have enough digits for a group's scale times a step.
static int measure_inputs(struct distance *d, const struct product *p) {
  float top = largest(p->inputs, p->columns), fine = MOST_INPUT / top;
  double unit = (double)top / MOST_INPUT;
  f64x4 whole = {0}, left = {0};
  if (!(top > 0 && top <= RANGE)) return 0;
  for (word start = 0; start < p->columns; start += GROUP) {
    const float *inputs = p->inputs + start;
    float most = largest(inputs, GROUP), factor = most > 0 ? 127 / most : 0;
    double step = most / 127;  // in float32, as the sketch is multiplied
    if (most > 0 && most < 1 / RANGE) return 0;
    for (word c = 0; c < GROUP; c += 4) {
      f64x4 x = __builtin_convertvector(rounded(load(inputs + c, 4) * fine), f64x4) * unit;
      f64x4 y = __builtin_convertvector(rounded(load(inputs + c, 4) * factor), f64x4) * step;
      whole += x * x, left += (x - y) * (x - y);
    }
  }
  double norm = SAFE * __builtin_sqrt(sum_of_doubles(whole));
  double slack = norm * (ROUNDINGS + 3 * (p->columns / GROUP) + p->columns / LANES) * 0x1p-24;
  d->rest = norm + slack, d->seen = SAFE * __builtin_sqrt(sum_of_doubles(left)) + slack;
  return 1;
}

INLINE word panels_in(word rows) { return (rows + PANEL - 1) / PANEL; }

// The rows' scales are not in the sketch: apply them, and find the highest logit of each panel, NaN if one is NaN.
static void scale_rows(const struct product *p, float *highest) {
  word row = 0;
  for (; row + PANEL <= p->rows; row += PANEL) {
    f32x4 x[4];
    i32x4 wrong = {0};
    EACH_PART {
      x[j] = load(p->out + row + 4 * j, 4) * load(p->scales + row + 4 * j, 4);
      store(p->out + row + 4 * j, x[j], 4);
      wrong |= x[j] != x[j];
    }
    *highest++ = any(wrong) ? __builtin_nanf("") : maximum(larger(larger(x[0], x[1]), larger(x[2], x[3])));
  }
  for (word i = row; i < p->rows; i++) p->out[i] *= p->scales[i];
  if (row < p->rows) *highest = highest_logit(p->out + row, p->rows - row);
}

// The lowest of the values at `count` indices.
static float lowest_of(const float *values, const word *indices, word count) {
  float low = __builtin_inff();
  for (word i = 0; i < count; i++) low = values[indices[i]] < low ? values[indices[i]] : low;
  return low;
}

// What `sketch` has measured of n rows, or of panels: the highest of their rows.
struct norms { const float *left, *seen; };

static struct norms norms_of(const float *reach, word rows, word from) {
  word panels = panels_in(rows), each = panels * PANEL + panels;
  return (struct norms){reach + from, reach + each + from};
}

// The highest that each logit can be, by its sketch; infinity where that is not certain.
static void highest_possible(float *out, const float *logits, struct norms norms, struct distance d, word n) {
  const f32x4 never = splat(__builtin_inff());
  EACH_FOUR(n, {
    f32x4 most = load(logits + i, left) + (load(norms.left + i, left) * d.rest + load(norms.seen + i, left) * d.seen + TINY);
    store(out + i, choose(absolute(most) < never, most, never), left);
  })
}

// The rows in `count` panels that can be at least `limit`, ascending. Returns how many; may write one more.
static word possible_rows(word *rows, const struct product *p, const float *reach, struct distance d, const word *panels, word count, float limit) {
  word found = 0;
  for (word i = 0; i < count; i++) {
    float highest[PANEL];
    word row = panels[i] * PANEL, size = p->rows - row < PANEL ? p->rows - row : PANEL;
    highest_possible(highest, p->out + row, norms_of(reach, p->rows, row), d, size);
    for (word j = 0; j < size; j++) rows[found] = row + j, found += highest[j] >= limit;
  }
  return found;
}

// Compute rows exactly that are likely to be the `wanted` highest, from the highest by the sketch of each panel. No logit below
// the result is needed, since at least so many are above it; it is NaN or minus infinity if that is not certain. `indices`
// is memory for one of every panel and row, and one more, `values` for a float per row.
static float needed_from(const struct product *p, const float *reach, const float *highest, word wanted, float gap, word *indices, float *values) {
  word panels = panels_in(p->rows), *rows = indices + panels;
  word count = leading(indices, highest, 0, panels, wanted, LOWEST);
  // Each of these panels has a row as high as its highest, so there are at least as many.
  count = possible_rows(rows, p, reach, (struct distance){0}, indices, count, lowest_of(highest, indices, count));
  if (count < wanted || count > p->rows / MANY) return LOWEST;
  some_rows_i8(p, rows, 0, count);
  for (word i = 0; i < count; i++) values[i] = p->out[rows[i]];
  float top = highest_logit(values, count);
  count = leading(rows, values, 0, count, wanted, LOWEST);
  float least = lowest_of(values, rows, count);
  // Steps of the decoder round too, when they temper logits and compare them.
  return least - gap - (__builtin_fabsf(least) + __builtin_fabsf(top) + gap) * 0x1p-20f;
}

// Compute exactly what may be on the shortlist. Returns how many rows that were; all if that is too much, or not certain.
static word compute_likely(const step *s, const struct product *p) {
  const float *reach = s->shortlist.reach;
  word panels = panels_in(p->rows), *indices = s->shortlist.indices, *rows = indices + panels, count;
  float *highest = (float *)(rows + p->rows + 1), *values = highest + panels;
  struct distance d;
  if (!measure_inputs(&d, p)) return p->rows;
  scale_rows(p, highest);
  float limit = needed_from(p, reach, highest, s->shortlist.count, s->shortlist.thousandths * 1e-3f, indices, values);
  if (!(limit > LOWEST)) return p->rows;
  // No row of a panel can be higher than its highest row with the greatest distance.
  highest_possible(values, highest, norms_of(reach, p->rows, panels * PANEL), d, panels);
  count = at_least(indices, values, panels, limit);
  count = possible_rows(rows, p, reach, d, indices, count, limit);
  if (count > p->rows / MANY) return p->rows;
  some_rows_i8(p, rows, 0, count);
  return count;
}

// Whether a step is a shortlist that reads no sketch now, because one did not help a few tokens ago.
INLINE int rests(const step *s) { return s->operation == SHORTLIST && s->shortlist.rest > 0; }

// For how many tokens no sketch is read after one for which so many rows were needed. A pause is longer than the one before it,
// unless a sketch helped in between: texts have certain places between uncertain ones, some models have only uncertain ones.
static word pause_after(word needed, word rows, word before) {
  word longer = 2 * before + 1;
  return needed <= rows / USEFUL ? 0 : longer < PAUSE ? longer : PAUSE;
}

// `out` has the logits by the sketch, unless the step rests: compute those exactly that may matter. `indices` is memory for
// an index of every panel and row, and one more, then for as many floats.
static void shortlist(step *s) {
  struct product p = operands(s);
  spread(&p, PAIRS);
  word resting = rests(s), needed = resting ? p.rows : compute_likely(s, &p);
  if (needed == p.rows) pairwise(&p, 0, p.rows);
  if (resting) s->shortlist.rest--;
  else s->shortlist.rest = s->shortlist.pause = pause_after(needed, p.rows, s->shortlist.pause);
}
