"""Serves a model over HTTP in the shape of OpenAI's API, for ``goosequill serve``.

What requests mean and what answers look like is in `goosequill.openai`; this room schedules them, and is the
only one that imports starlette and uvicorn, which the extra ``serve`` is for.
"""
