import openai
from asked import BASE, EMBEDDER, KEY, LENGTH, MESSAGE, MESSAGES, MODEL, ORDER, PROMPT, TOOL, Nest, report

client = openai.OpenAI(base_url=BASE, api_key=KEY)
asked = {"model": MODEL, "messages": MESSAGES, "temperature": 0}
order = {"model": MODEL, "messages": [{"role": "user", "content": ORDER}]}
whole = client.chat.completions.create(**asked)
stream = client.chat.completions.create(**asked, stream=True)
called = client.chat.completions.create(**order, tools=[TOOL], tool_choice="required")
(call,) = called.choices[0].message.tool_calls
report(
    models=[model.id for model in client.models.list()],
    text=whole.choices[0].message.content,
    usage=[whole.usage.prompt_tokens, whole.usage.completion_tokens],
    streamed="".join(chunk.choices[0].delta.content or "" for chunk in stream),
    response=client.responses.create(model=MODEL, input=MESSAGE, temperature=0).output_text,
    completion=client.completions.create(model=MODEL, prompt=PROMPT, max_tokens=LENGTH, temperature=0)
    .choices[0]
    .text,
    tool=[call.function.name, call.function.arguments],
    object=client.chat.completions.parse(**order, response_format=Nest)
    .choices[0]
    .message.parsed.model_dump(),
    vector=client.embeddings.create(model=EMBEDDER, input=MESSAGE).data[0].embedding,
)
