from asked import BASE, EMBEDDER, KEY, MESSAGE, MODEL, ORDER, SCHEMA, TOOL, report
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

where = {"base_url": BASE, "api_key": KEY}
chat = ChatOpenAI(model=MODEL, temperature=0, **where)
whole = chat.invoke(MESSAGE)
(call,) = chat.bind_tools([TOOL], tool_choice="required").invoke(ORDER).tool_calls
form = {"title": "nest", "description": "A nest.", **SCHEMA}
embedder = OpenAIEmbeddings(model=EMBEDDER, check_embedding_ctx_length=False, **where)
report(
    text=whole.content,
    usage=[whole.usage_metadata["input_tokens"], whole.usage_metadata["output_tokens"]],
    streamed="".join(chunk.content for chunk in chat.stream(MESSAGE)),
    response=ChatOpenAI(model=MODEL, temperature=0, use_responses_api=True, **where).invoke(MESSAGE).text,
    tool=[call["name"], call["args"]],
    object=chat.with_structured_output(form).invoke(ORDER),
    vector=embedder.embed_query(MESSAGE),
)
