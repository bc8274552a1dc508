import asyncio

from ag2 import Agent
from ag2.config import OpenAIConfig
from asked import BASE, KEY, MESSAGE, MODEL, ORDER, Nest, report

config = OpenAIConfig(MODEL, base_url=BASE, api_key=KEY, temperature=0)


async def main():
    whole = await Agent("goose", config=config).ask(MESSAGE)
    nest = await Agent("goose", config=config, response_schema=Nest).ask(ORDER)
    report(text=whole.body, object=(await nest.content()).model_dump())


asyncio.run(main())
