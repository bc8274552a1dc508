from asked import BASE, KEY, MESSAGES, MODEL, ORDER, lay, report
from smolagents import ChatMessage, OpenAIServerModel, tool

model = OpenAIServerModel(MODEL, api_base=BASE, api_key=KEY, temperature=0)
messages = [ChatMessage(**MESSAGES[0])]
whole = model.generate(messages)
called = model.generate([ChatMessage("user", ORDER)], tools_to_call_from=[tool(lay)], tool_choice="required")
(call,) = called.tool_calls
report(
    text=whole.content,
    usage=[whole.token_usage.input_tokens, whole.token_usage.output_tokens],
    streamed="".join(part.content or "" for part in model.generate_stream(messages)),
    tool=[call.function.name, call.function.arguments],
)
