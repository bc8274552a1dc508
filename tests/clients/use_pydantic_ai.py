from asked import BASE, KEY, MESSAGE, MODEL, ORDER, Nest, report
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=BASE, api_key=KEY))
agent = Agent(model, model_settings={"temperature": 0})
whole = agent.run_sync(MESSAGE)
streamed = agent.run_stream_sync(MESSAGE)
report(
    text=whole.output,
    usage=[whole.usage.input_tokens, whole.usage.output_tokens],
    streamed="".join(streamed.stream_text(delta=True)),
    object=Agent(model, output_type=Nest).run_sync(ORDER).output.model_dump(),
)
