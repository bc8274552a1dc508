// llama.cpp with its WebAssembly SIMD, for a worker: load a model, read a prompt, decode greedily. What a call
// takes is measured around llama_decode, and the choice of the next token, as in the other contestants.
#include <chrono>
#include <cstdint>
#include <vector>

#include "llama.h"

static llama_model *model;
static llama_context *context;
static std::vector<double> times;
static llama_token token = 1;

static double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static llama_token read(const std::vector<llama_token> &tokens) {
  llama_batch batch = llama_batch_get_one(const_cast<llama_token *>(tokens.data()), int32_t(tokens.size()));
  if (llama_decode(context, batch)) return -1;
  const float *logits = llama_get_logits_ith(context, -1);
  const int32_t size = llama_vocab_n_tokens(llama_model_get_vocab(model));
  llama_token best = 0;
  for (llama_token i = 1; i < size; i++)
    if (logits[i] > logits[best]) best = i;
  return best;
}

extern "C" {

// Whether the model at a path could be loaded.
int load(const char *path, int threads) {
  llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
  llama_backend_init();
  llama_model_params how = llama_model_default_params();
  how.load_mode = LLAMA_LOAD_MODE_NONE;
  model = llama_model_load_from_file(path, how);
  if (!model) return 0;
  llama_context_params params = llama_context_default_params();
  params.n_ctx = 1024;
  params.n_batch = params.n_ubatch = 512;
  params.n_threads = params.n_threads_batch = threads;
  context = llama_init_from_model(model, params);
  return context != nullptr;
}

// Milliseconds for a prompt of `count` tokens; negative if it failed.
double prompt(int count) {
  std::vector<llama_token> tokens;
  for (int i = 0; i < count; i++) tokens.push_back(7 * i % 1000);
  llama_memory_clear(llama_get_memory(context), true);
  double start = now();
  llama_token next = read(tokens);
  double took = now() - start;
  if (next >= 0) token = next;
  return next < 0 ? -1 : took;
}

// Milliseconds of each of `count` tokens.
const double *decode(int count) {
  times.clear();
  for (int i = 0; i < count; i++) {
    double start = now();
    llama_token next = read({token});
    if (next >= 0) token = next;
    times.push_back(next < 0 ? -1 : now() - start);
  }
  return times.data();
}
}
