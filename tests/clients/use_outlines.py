import openai
import outlines
from asked import BASE, KEY, MESSAGE, MODEL, ORDER, Nest, report

model = outlines.from_openai(openai.OpenAI(base_url=BASE, api_key=KEY), MODEL)
report(
    text=model(MESSAGE, temperature=0),
    streamed="".join(model.stream(MESSAGE, temperature=0)),
    object=model(ORDER, Nest),
)
