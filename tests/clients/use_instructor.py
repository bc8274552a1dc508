import instructor
import openai
from asked import BASE, KEY, MODEL, ORDER, Nest, report

client = openai.OpenAI(base_url=BASE, api_key=KEY)
asked = {"model": MODEL, "messages": [{"role": "user", "content": ORDER}], "response_model": Nest}


def ask(mode):
    return instructor.from_openai(client, mode=mode).create(**asked).model_dump()


report(object=ask(instructor.Mode.TOOLS), form=ask(instructor.Mode.JSON_SCHEMA))
