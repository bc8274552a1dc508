from asked import BASE, EMBEDDER, KEY, MESSAGE, MODEL, ORDER, TOOL, report
from haystack.components.embedders import OpenAITextEmbedder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import Tool
from haystack.utils import Secret

where = {"api_base_url": BASE, "api_key": Secret.from_token(KEY)}
asking = {"model": MODEL, "generation_kwargs": {"temperature": 0}, **where}
(whole,) = OpenAIChatGenerator(**asking).run([ChatMessage.from_user(MESSAGE)])["replies"]
parts = []
OpenAIChatGenerator(**asking, streaming_callback=lambda part: parts.append(part.content)).run(
    [ChatMessage.from_user(MESSAGE)]
)
tool = Tool(function=print, **TOOL["function"])
(called,) = OpenAIChatGenerator(**asking).run(
    [ChatMessage.from_user(ORDER)], tools=[tool], generation_kwargs={"tool_choice": "required"}
)["replies"]
(call,) = called.tool_calls
report(
    text=whole.text,
    usage=[whole.meta["usage"]["prompt_tokens"], whole.meta["usage"]["completion_tokens"]],
    streamed="".join(parts),
    tool=[call.tool_name, call.arguments],
    vector=OpenAITextEmbedder(model=EMBEDDER, **where).run(MESSAGE)["embedding"],
)
