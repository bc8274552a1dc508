from types import SimpleNamespace

from asked import BASE, MESSAGE, MODEL, PROMPT, report
from lm_eval.models.openai_completions import LocalCompletionsAPI

harness = LocalCompletionsAPI(base_url=f"{BASE}/completions", model=MODEL, tokenizer_backend="remote")
pairs = [(PROMPT, MESSAGE), (MESSAGE, PROMPT), ("", MESSAGE)]
requests = [SimpleNamespace(args=pair) for pair in pairs]
report(likelihoods=[found for found, _ in harness.loglikelihood(requests)])
