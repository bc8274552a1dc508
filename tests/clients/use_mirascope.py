from asked import BASE, KEY, MESSAGE, MODEL, ORDER, Nest, report
from mirascope import llm

llm.register_provider("ollama", scope="ollama/", base_url=BASE, api_key=KEY)
model = llm.Model(f"ollama/{MODEL}", temperature=0)
whole = model.call(MESSAGE)
report(
    text=whole.text(),
    usage=[whole.usage.input_tokens, whole.usage.output_tokens],
    streamed="".join(model.stream(MESSAGE).text_stream()).rstrip(),
    object=model.call(ORDER, format=Nest).parse().model_dump(),
)
