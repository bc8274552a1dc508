/** Makes small reports for the tests. */

/** A sampling report of outputs by prompt and configuration. */
export function sampling(prompts, model = "org/model") {
  return {
    model_name: model,
    date: "2026-01-02T03:04:05",
    args: { seed: null },
    prompts: Object.entries(prompts).map(([prompt, configs]) => ({
      prompt,
      results: Object.entries(configs).map(([name, outputs]) => ({
        sampling_config: name,
        sampling_params: { temperature: 0.8, top_k: null },
        outputs,
      })),
    })),
  };
}
