// Written by scripts/abi.py from py/goosequill/kernels/abi.py; do not edit.
#pragma once

typedef __INTPTR_TYPE__ word;

#define STEP_WORDS 17
#define PANEL 16
#define GROUP 64
#define CHUNK 64
#define KEPT 16
#define MAX_JOINED 8

enum { EMBED, NORMALIZE, NORMALIZE_BACK, MIX, MIX_BACK, SHIFT, LERP, ADD, MULTIPLY, PRODUCT, WKV4, WKV4_BACK, WKV5, WKV7, WKV7_BACK, DELTA_KEYS, HEAD_BONUS, DEEP_EMBED, SHORTLIST, ATTENTION };
enum { NONE, SIGMOID, SILU, TANH, RELU_SQUARED, DECAY6, DECAY7, GELU };
// What `activate` does for each of them, except for NONE.
#define EACH_ACTIVATION \
  case SIGMOID: sigmoids(z); break; \
  case SILU: EACH_PART x[j] = z[j]; sigmoids(z); EACH_PART z[j] *= x[j]; break; \
  case TANH: hyperbolic_tangents(z); break; \
  case RELU_SQUARED: EACH_PART { z[j] = larger(splat(0), z[j]); z[j] *= z[j]; } break; \
  case DECAY6: exponentials(z); EACH_PART z[j] = -z[j]; exponentials(z); break; \
  case DECAY7: sigmoids(z); EACH_PART z[j] *= -0.60653066f; exponentials(z); break; \
  case GELU: gelus(z); break;
enum { PAIRS = 2 };
enum { F32, F16, BF16 };

// A step of a program: the operation, then its fields, a word each.
typedef union step {
  word operation;
  struct { word operation; float *out; const void *table; const float *scales; const int *ids; word tokens;
    word width; word bits; } embed;
  struct { word operation; float *out; const float *x; const float *weight; const float *bias; word rows; word size;
    word heads; const float *eps; } normalize;
  struct { word operation; float *out; const float *slope; const float *x; const float *weight; word rows; word size;
    word heads; const float *eps; } normalize_back;
  struct { word operation; float *out; const float *x; float *previous; const float *weights; word tokens; word width;
    word count; } mix;
  struct { word operation; float *out; const float *slopes; const float *x; const float *weights; word tokens;
    word width; word count; } mix_back;
  struct { word operation; float *out; const float *x; float *previous; word tokens; word width; } shift;
  struct { word operation; float *out; const float *a; const float *b; const float *weight; word size; word period; }
    lerp;
  struct { word operation; float *out; const float *a; const float *b; word size; word period; } add;
  struct { word operation; float *out; const float *a; const float *b; word size; word period; } multiply;
  struct { word operation; float *out; const void *weights; const float *scales; const float *inputs;
    const float *bias; int *scratch; word tokens; word columns; word rows; word activation; word form; word first_row;
    word end_row; word joined; word gap; } product;
  struct { word operation; float *out; const float *k; const float *v; const float *decay; const float *bonus;
    float *state; word tokens; word width; } wkv4;
  struct { word operation; float *out; const float *slope; const float *k; const float *v; const float *decay;
    const float *bonus; float *state; word tokens; word width; float *spare; } wkv4_back;
  struct { word operation; float *out; const float *r; const float *k; const float *v; const float *decay;
    word decay_step; const float *bonus; float *state; word tokens; word heads; word size; } wkv5;
  struct { word operation; float *out; const float *r; const float *decay; const float *k; const float *v;
    const float *removal; const float *a; float *state; word tokens; word heads; word size; float *spare; } wkv7;
  struct { word operation; float *out; const float *slope; const float *r; const float *decay; const float *k;
    const float *v; const float *removal; const float *a; float *state; word tokens; word heads; word size;
    float *spare; } wkv7_back;
  struct { word operation; float *unit; float *keys; const float *k; const float *a; const float *removal;
    const float *replacement; word tokens; word heads; word size; } delta_keys;
  struct { word operation; float *out; const float *r; const float *k; const float *v; const float *weight;
    word tokens; word heads; word size; } head_bonus;
  struct { word operation; float *out; const float *x; const float *rows; const float *base; word tokens; word size;
    word columns; } deep_embed;
  struct { word operation; float *out; const void *weights; const float *scales; const float *inputs;
    const float *bias; int *scratch; word tokens; word columns; word rows; word activation; const float *reach;
    word *indices; word count; word thousandths; word rest; word pause; } shortlist;
  struct { word operation; float *out; const float *q; const float *k; const float *v; const int *lengths; word count;
    word heads; word size; float *scratch; } attention;
} step;

_Static_assert(sizeof(step) == STEP_WORDS * sizeof(word), "every field is a word");

void run(step *steps, word count, word (*share)(step *));
void pack(signed char *out, const signed char *weights, const short *scales, word rows, word columns, word form);
word quantize(signed char *out, float *scales, const void *weights, float *row, word rows, word columns, word type, word bits);
void sketch(signed char *out, float *reach, const signed char *weights, const float *scales, word rows, word columns);
word turned(word columns, word form);
void turn(signed char *out, const signed char *weights, word bytes, word columns, word form, word back);
word scratch_words(word columns, word form);
word first_part(word rows);
word attention_words(word size, word longest);
word nearest(word *indices, double *scores, const signed char *vectors, const float *scales, const int *question, const short *high, word n, word columns, word count, double step);
void nearest_bits(word *indices, int *found, unsigned short *distances, word *counts, const unsigned char *bits, const unsigned char *question, word n, word bytes, word count);
float highest_logit(const float *logits, word n);
word argmax(const float *logits, word n);
double weigh_logits(float *weights, const float *logits, word n, float highest);
void temper_logits(float *out, const float *logits, word n, double highest, double temperature);
word cumulative_index(const float *weights, word n, double target);
word at_least(word *indices, const float *values, word n, float limit);
word leading(word *indices, const float *values, const float *weights, word n, double mass, float limit);
void product_begin(const step *steps);
void product_rows(const step *steps);
word product_ahead(const step *steps, word done);
word share_rows(step *steps);
void set_threads(word threads);
word help(word patience);
word processor_level(void);
