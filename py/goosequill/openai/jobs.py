"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "chat_completion": "goosequill.openai.chat_completions:chat_completion",
    "completion": "goosequill.openai.completions:completion",
    "respond": "goosequill.openai.http:respond",
}
