import asyncio

import agents
import openai
from asked import BASE, KEY, MESSAGE, MODEL, ORDER, Nest, lay, report

agents.set_tracing_disabled(True)
agents.set_default_openai_client(openai.AsyncOpenAI(base_url=BASE, api_key=KEY))
more = {"model": MODEL, "name": "goose"}
plain = agents.ModelSettings(temperature=0)
forced = agents.ModelSettings(temperature=0, tool_choice="required")


async def streamed() -> str:
    run = agents.Runner.run_streamed(agents.Agent(model_settings=plain, **more), MESSAGE)
    events = [event.data async for event in run.stream_events() if event.type == "raw_response_event"]
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


layer = agents.Agent(
    model_settings=forced, tools=[agents.function_tool(lay)], tool_use_behavior="stop_on_first_tool", **more
)
run = agents.Runner.run_sync(layer, ORDER)
(call,) = [item.raw_item for item in run.new_items if item.type == "tool_call_item"]
report(
    response=agents.Runner.run_sync(agents.Agent(model_settings=plain, **more), MESSAGE).final_output,
    streamed=asyncio.run(streamed()),
    object=agents.Runner.run_sync(agents.Agent(output_type=Nest, **more), ORDER).final_output.model_dump(),
    tool=[call.name, call.arguments],
)
