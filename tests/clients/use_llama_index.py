from asked import BASE, KEY, LENGTH, MESSAGE, MODEL, ORDER, PROMPT, lay, report
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike

where = {"model": MODEL, "api_base": BASE, "api_key": KEY, "temperature": 0}
chat = OpenAILike(is_chat_model=True, is_function_calling_model=True, **where)
messages = [ChatMessage(MESSAGE)]
answer = chat.chat_with_tools([FunctionTool.from_defaults(lay)], ORDER, tool_required=True)
(call,) = chat.get_tool_calls_from_response(answer)
report(
    text=chat.chat(messages).message.content,
    streamed="".join(part.delta for part in chat.stream_chat(messages)),
    completion=OpenAILike(max_tokens=LENGTH, **where).complete(PROMPT).text,
    tool=[call.tool_name, call.tool_kwargs],
)
