import dspy
from asked import BASE, EMBEDDER, KEY, LENGTH, MESSAGE, MESSAGES, MODEL, report

where = {"api_base": BASE, "api_key": KEY, "cache": False}
lm = dspy.LM(f"openai/{MODEL}", temperature=0, max_tokens=LENGTH, **where)
(text,) = lm(messages=MESSAGES)
responses = dspy.LM(f"openai/{MODEL}", model_type="responses", temperature=0, max_tokens=LENGTH, **where)
(answer,) = responses(messages=MESSAGES)
used = lm.history[-1]["usage"]
vector = dspy.Embedder(f"openai/{EMBEDDER}", caching=False, api_base=BASE, api_key=KEY)(MESSAGE)
report(
    text=text,
    response=answer if isinstance(answer, str) else answer["text"],
    usage=[used["prompt_tokens"], used["completion_tokens"]],
    vector=list(map(float, vector)),
)
