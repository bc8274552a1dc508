// A large head in int8 for one token: all logits by its sketch, and those that may matter exactly.
#pragma once

#include "logits.h"
#include "products.h"

#define MANY 8  // if more than one row in so many is needed, reading all of them in order is faster

// The lowest of the values at `count` indices.
static float lowest_of(const float *values, const word *indices, word count) {
  float low = __builtin_inff();
  for (word i = 0; i < count; i++) low = values[indices[i]] < low ? values[indices[i]] : low;
  return low;
}

// `out` has the logits by the sketch; compute again the highest of them, which are at least `count` rows, and those that
// have `thousandths` of the probability. `indices` is memory for an index of every row and one more, then for a weight of
// every row.
static void shortlist(const step *s) {
  struct product p = operands(s);
  word panels = (p.rows + PANEL - 1) / PANEL, *indices = s->shortlist.indices, count;
  float *highest = (float *)(indices + p.rows + 1), *weights = highest;
  for (word i = 0; i + 1 < panels; i++) {
    const float *four = p.out + i * PANEL;
    highest[i] = maximum(larger(larger(load(four, 4), load(four + 4, 4)), larger(load(four + 8, 4), load(four + 12, 4))));
  }
  highest[panels - 1] = highest_logit(p.out + (panels - 1) * PANEL, p.rows - (panels - 1) * PANEL);
  // Each of these panels has a logit as high as its highest, so at least as many rows do.
  count = leading(indices, highest, 0, panels, s->shortlist.count, LOWEST);
  float least = lowest_of(highest, indices, count);
  if (s->shortlist.thousandths) {
    double total = weigh_logits(weights, p.out, p.rows, highest_logit(highest, panels));
    count = leading(indices, p.out, weights, p.rows, total * s->shortlist.thousandths / 1000, LOWEST);
    float low = lowest_of(p.out, indices, count);
    least = low < least ? low : least;
  }
  count = at_least(indices, p.out, p.rows, least);
  spread(&p, ROWWISE);
  if (count < p.rows / MANY) some_rows_i8(&p, indices, 0, count);
  else rowwise(&p, 0, p.rows);
}
