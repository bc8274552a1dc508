// Products of a whole matrix, or of a range of its rows, in any form.
#pragma once

#include "inputs.h"

// Words of scratch memory that a product needs per token.
word scratch_words(word columns, word form) {
  if (form == 32) return columns;
  if (form == 8) return (columns + 1) / 2 + flushes(columns) + 1;
  if (form == PAIRS) return columns / 2 + 4 * lane_blocks(columns) + 4;
  return columns / GROUP * (GROUP_WORDS + 2);
}

// Compute a panel from `row` on for `count` tokens; a copy of the code for each count, so that sums stay in registers.
#define WHOLE_PANEL(panel, width, count) \
  for (word at = row; at < row + PANEL; at += 4 * width(count)) panel(&part, at, 0, token, 1, count)
#define WHOLE(count) VECTORS
#define IF_COUNT(panel, width, most, n) \
  case n: if (n <= most) WHOLE_PANEL(panel, width, n); break;
#define EACH_COUNT(panel, width, most) \
  switch (count) {                     \
    IF_COUNT(panel, width, most, 1)    \
    IF_COUNT(panel, width, most, 2)    \
    IF_COUNT(panel, width, most, 3)    \
    IF_COUNT(panel, width, most, 4)    \
    IF_COUNT(panel, width, most, 5)    \
    IF_COUNT(panel, width, most, 6)    \
  }

// How many of the tokens that are left have their inputs interleaved, and pass through a panel, together. The last of them are
// divided evenly, because a single one takes longer than its share.
INLINE word together(word left, word form, word columns) {
  word eight = byte_weights(columns) ? MOST_BYTES : MOST_I8;
  word most = form == PAIRS ? 1 : form == 8 ? eight : form == 32 ? MOST_F32 : !WIDE && has_quads() ? MOST_QUADS : MOST_I4;
  return left <= most ? left : left < 2 * most ? (left + 1) / 2 : most;
}

static void spread(const struct product *p, word form) {
  word each = scratch_words(p->columns, form);
  struct product part = *p;
  for (word token = 0, count; token < p->tokens; token += count) {
    count = together(p->tokens - token, form, p->columns);
    part.scratch = p->scratch + token * each;
    if (form == 32) spread_f32(&part, token, count);
    else if (form == 8) spread_i8(&part, token, count);
    else if (form == PAIRS) spread_lanes(&part, token);
    else spread_i4(&part, token, count);
  }
}

#define IF_TOKENS(n) \
  case n: if (n <= HEAD_TOKENS) pairs_i8(p, which, token, apart, HEAD_PAIRS, n); break;

// `HEAD_PAIRS` pairs of rows for several tokens.
INLINE void pairs_for(const struct product *p, const word *which, word token, word count, word apart, word bytes) {
  if (bytes) pairs_bytes(p, which, token, apart, HEAD_PAIRS, HEAD_BYTES);
  else switch (count) {
    IF_TOKENS(2)
    IF_TOKENS(3)
    IF_TOKENS(4)
    IF_TOKENS(5)
    IF_TOKENS(6)
  }
}

// Rows from..to of a matrix that is stored in pairs of rows: two pairs at a time, far apart, as panels are read (one may be
// computed twice).
static void pairwise(const struct product *p, word from, word to) {
  word each = scratch_words(p->columns, PAIRS), size = ((to < p->rows ? to : p->rows) - from + 1) / 2;
  word bytes = byte_weights(p->columns), most = bytes ? HEAD_BYTES : HEAD_TOKENS;
  struct product part = *p;
  for (word i = from / 2; i < from / 2 + (size + 1) / 2; i++, part.scratch = p->scratch) {
    const word which[] = {i, i + size / 2};
    for (word token = 0, count; token < p->tokens; token += count, part.scratch += count * each) {
      count = p->tokens - token < most ? p->tokens - token : most;
      if (count == 1) some_pairs(&part, which, token, MOST_PAIRS);
      else for (word first = 0; first < MOST_PAIRS; first += HEAD_PAIRS) pairs_for(&part, which + first, token, count, 2 * each, bytes);
    }
  }
}

// Bytes that a row takes in its panel.
INLINE word row_bytes(word columns, word form) {
  switch (form) {
    case 32: return 4 * columns;
    case 8: return columns + (columns & 1);
    case 4: return columns / GROUP * (GROUP_BYTES / PANEL);
    default: return columns;
  }
}

// How many rows of a matrix belong to its first part: half of its panels. The other rows may be in another place, `gap` bytes
// further than if they came next. So if the first parts of all matrices are adjacent, and the second parts too, one token reads
// two streams that go on from matrix to matrix: memory takes about a microsecond to reach its full speed where a stream begins.
word first_part(word rows) { return (rows + PANEL - 1) / (2 * PANEL) * PANEL; }

// Where the weights of a product would begin if its rows were in one place, with the panel of this row where it is.
INLINE const signed char *weights_for(const struct product *p, word row, word gap) {
  return (const signed char *)p->weights + (row < first_part(p->rows) ? 0 : gap);
}

// Let the panel of a row be read together with the one that is so many rows further.
INLINE void place(struct product *part, const struct product *p, word row, word apart, word bytes, word gap) {
  part->weights = weights_for(p, row, gap);
  part->distance = apart * bytes + (weights_for(p, row + apart, gap) - weights_for(p, row, gap));
}

// Rows from..to of a product, starting at a multiple of PANEL, once `spread` has prepared the inputs. Each panel is read
// from memory once; all tokens pass through it while it is in the cache.
static void panels(const struct product *p, word form, word gap, word from, word to) {
  const unsigned quads = form == 4 && !WIDE ? has_quads() : 0;
  const unsigned eight = form == 8 ? byte_weights(p->columns) : 0;
  word each = scratch_words(p->columns, form), bytes = row_bytes(p->columns, form);
  struct product part = *p;
  word row = from, apart = p->tokens == 1 ? first_part(to - from) : 0;
  for (; row < from + apart; row += PANEL) {
    place(&part, p, row, apart, bytes, gap);
    if (form == 32) panel_f32(&part, row, apart, 0, STREAMS, 1);
    else if (eight) bytes_i8(&part, row, apart, 0, STREAMS, 1);
    else if (form == 8) wide_i8(&part, row, apart, 0, STREAMS, 1);
    else if (quads == 2) bytes_i4(&part, row, apart, 0, STREAMS, 1);
    else if (quads) quads_i4(&part, row, apart, 0, STREAMS, 1);
    else wide_i4(&part, row, apart, 0, STREAMS, 1);
  }
  for (row = from + apart * STREAMS; row < to; row += PANEL) {
    place(&part, p, row, 0, bytes, gap);
    for (word token = 0, count; token < p->tokens; token += count) {
      count = together(p->tokens - token, form, p->columns);
      part.scratch = p->scratch + token * each;
      if (form == 32) {
        EACH_COUNT(panel_f32, WIDTH, MOST_F32)
      } else if (eight) {
        EACH_COUNT(bytes_i8, WHOLE, MOST_BYTES)
      } else if (form == 8) {
        EACH_COUNT(wide_i8, WIDE_WIDTH, MOST_I8)
      } else if (quads == 2) {
        EACH_COUNT(bytes_i4, WIDTH, MOST_QUADS)
      } else if (quads) {
        EACH_COUNT(quads_i4, WIDTH, MOST_QUADS)
      } else {
        EACH_COUNT(wide_i4, WIDE_WIDTH, MOST_I4)
      }
    }
  }
}

// The operands of a product's step, or of a shortlist's, which begins with the same fields.
INLINE struct product operands(const step *s) {
  return (struct product){s->product.out, s->product.weights, s->product.scales, s->product.inputs, s->product.bias,
                          s->product.scratch, s->product.tokens, s->product.columns, s->product.rows, s->product.activation, 0};
}
