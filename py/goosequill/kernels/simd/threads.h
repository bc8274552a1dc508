// Products and recurrences by several threads of a native machine, and what its processor can do. A browser's threads are in
// engine/threads.js.
//
// The calling thread publishes a step and computes pieces of it, panels of products or heads of a recurrence; helpers, which
// other threads of the program enter by `help`, take pieces too, from the end. Nobody waits for a helper to begin: one that is
// asleep costs speed, nothing else. Rows and heads are divided, never sums, so the results are the same to the last bit,
// whichever thread computes them.
#pragma once

#include "products.h"
#include "recurrences.h"

#define WORTH_SHARING (256 * 1024)  // bytes of weights or states, times tokens, below which dividing costs more than it gains
#define SHARED_PIECE (32 * 1024)    // the same of a piece: a few microseconds of work
#define PATIENT 4096                // checks after which a waiting thread offers its core to others

#ifdef _WIN32
__declspec(dllimport) int SwitchToThread(void);
#define YIELD() SwitchToThread()
#else
int sched_yield(void);
#define YIELD() sched_yield()
#endif
#ifdef __x86_64__
#define RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ volatile("yield")
#else
#define RELAX()
#endif

#define HALF (4 * sizeof(word))  // bits of half a word
#define OPEN(value) ((value) & (((word)1 << HALF) - 1))

#define GET(variable) __atomic_load_n(&(variable), __ATOMIC_ACQUIRE)
#define SET(variable, value) __atomic_store_n(&(variable), value, __ATOMIC_RELEASE)

// The step that is being computed. `open` has its number in the upper half, and in the lower one how many units, panels or
// heads, nobody has begun. A helper that reads the other fields while they change fails to take a piece, because `open` has changed too.
static struct {
  const step *first;
  word open, least, threads, done, busy, ended;
} team;

static word panels_of(const step *s) { return (s->product.rows + PANEL - 1) / PANEL; }

static word bounded(word value, word most) { return value < 0 ? 0 : value < most ? value : most; }

// Compute the units from..to; panels are counted through all products that are computed as one.
static void compute_piece(const step *first, word from, word to) {
  if (first->operation == WKV7) {
    wkv7(first, from, to);
    return;
  }
  step piece[MAX_JOINED];
  word count = first->product.joined, before = 0;
  for (word i = 0; i < count; i++) {
    word panels = panels_of(first + i);
    piece[i] = first[i];
    piece[i].product.first_row = PANEL * bounded(from - before, panels);
    piece[i].product.end_row = PANEL * bounded(to - before, panels);
    before += panels;
  }
  product_rows(piece);
}

// Compute a piece that nobody has begun; returns how many units that were.
static word take_piece(void) {
  word open = GET(team.open), left = OPEN(open);
  if (!left) return 0;
  const step *first = GET(team.first);
  word size = left / (2 * GET(team.threads)), least = GET(team.least);
  if (size < least) size = left < least ? left : least;
  if (!__atomic_compare_exchange_n(&team.open, &open, open - size, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return 0;
  compute_piece(first, left - size, left);
  __atomic_add_fetch(&team.done, size, __ATOMIC_ACQ_REL);
  return size;
}

// As `share` of `run`: steps are divided among this thread and the helpers.
word share_rows(step *s) { return s != 0; }

// Compute a step that reads so many bytes.
static void share_units(const step *s, word units, word bytes) {
  if (bytes < WORTH_SHARING || units != OPEN(units) || GET(team.threads) < 2 || __atomic_exchange_n(&team.busy, 1, __ATOMIC_ACQUIRE)) {
    compute_piece(s, 0, units);
    return;
  }
  SET(team.first, s);
  SET(team.least, units * SHARED_PIECE / bytes + 1);
  SET(team.done, 0);
  SET(team.open, (word)((((__UINTPTR_TYPE__)GET(team.open) >> HALF) + 1) << HALF) | units);
  while (OPEN(GET(team.open))) take_piece();
  for (word checks = 1; GET(team.done) < units; checks++) {
    RELAX();
    if (checks % PATIENT == 0) YIELD();
  }
  SET(team.busy, 0);
}

static void shared_products(step *s) {
  word panels = 0, bytes = 0, count = s->product.joined;
  product_begin(s);
  for (word i = 0; i < count; i++) {
    panels += panels_of(s + i);
    bytes += panels_of(s + i) * PANEL * row_bytes(s[i].product.columns, s[i].product.form) * s[i].product.tokens;
  }
  share_units(s, panels, bytes);
}

static void shared_heads(const step *s) {
  word heads = s->wkv7.heads, size = s->wkv7.size;
  share_units(s, heads, s->wkv7.tokens * heads * size * size * (word)sizeof(float));
}

// How many threads compute from now on, the calling one included; 0 lets all helpers return.
void set_threads(word threads) {
  SET(team.threads, threads ? threads : 1);
  SET(team.ended, !threads);
}

// Compute pieces until there has been none for so many checks; returns how many units that were.
word help(word patience) {
  word computed = 0;
  for (word checks = 1; checks <= patience && !GET(team.ended); checks++) {
    word size = take_piece();
    computed += size;
    if (size) checks = 0;
    else RELAX();
    if (checks % PATIENT == PATIENT - 1) YIELD();
  }
  return computed;
}

#ifdef __x86_64__
typedef struct { unsigned a, b, c, d; } registers;

static registers cpuid(unsigned leaf) {
  registers found;
  __asm__ volatile("cpuid" : "=a"(found.a), "=b"(found.b), "=c"(found.c), "=d"(found.d) : "a"(leaf), "c"(0));
  return found;
}

#define HAS(value, bits) (((value) & (bits)) == (bits))

// The level of x86-64 (the psABI's) that processor and system support, 1 to 4, or 5 if there is AVX-512 VNNI too. Compiled for
// the lowest, because it is called before anything is known.
__attribute__((target("no-avx,no-avx2,no-bmi,no-bmi2,no-fma"))) word processor_level(void) {
  if (cpuid(0).a < 7 || cpuid(0x80000000).a < 0x80000001) return 1;
  unsigned basic = cpuid(1).c, more = cpuid(7).b, extended = cpuid(0x80000001).c, states, high;
  if (!HAS(basic, 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 23) || !HAS(extended, 1u)) return 1;
  if (!HAS(basic, 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29) || !HAS(extended, 1u << 5)) return 2;
  __asm__ volatile("xgetbv" : "=a"(states), "=d"(high) : "c"(0));
  if (!HAS(more, 1u << 3 | 1u << 5 | 1u << 8) || !HAS(states, 0x6u)) return 2;
  if (!HAS(more, 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31) || !HAS(states, 0xe6u)) return 3;
  return HAS(cpuid(7).c, 1u << 11) ? 5 : 4;
}
#else
word processor_level(void) { return 0; }
#endif
