from asked import BASE, KEY, MESSAGE, MODEL, ORDER, Nest, lay, report
from magentic import Chat, FunctionCall, OpenaiChatModel, StreamedStr, UserMessage

model = OpenaiChatModel(MODEL, base_url=BASE, api_key=KEY, temperature=0)


def ask(message, **more):
    return Chat([UserMessage(message)], model=model, **more).submit().last_message.content


call = ask(ORDER, functions=[lay], output_types=[FunctionCall])
report(
    text=ask(MESSAGE),
    streamed="".join(ask(MESSAGE, output_types=[StreamedStr])),
    tool=["lay", call.arguments],
    object=ask(ORDER, output_types=[Nest]).model_dump(),
)
