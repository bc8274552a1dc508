import litellm
from asked import BASE, EMBEDDER, KEY, LENGTH, MESSAGE, MESSAGES, MODEL, PROMPT, report

where = {"api_base": BASE, "api_key": KEY}
asked = {"model": f"openai/{MODEL}", "messages": MESSAGES, "temperature": 0, **where}
whole = litellm.completion(**asked)
text = {
    "model": f"text-completion-openai/{MODEL}",
    "prompt": PROMPT,
    "max_tokens": LENGTH,
    "temperature": 0,
    **where,
}
report(
    text=whole.choices[0].message.content,
    usage=[whole.usage.prompt_tokens, whole.usage.completion_tokens],
    streamed="".join(
        chunk.choices[0].delta.content or "" for chunk in litellm.completion(**asked, stream=True)
    ),
    completion=litellm.text_completion(**text).choices[0].text,
    vector=litellm.embedding(model=f"openai/{EMBEDDER}", input=[MESSAGE], **where).data[0]["embedding"],
)
