"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS: dict[str, str] = {
    "answer_prompt": "goosequill.search.answer:answer_prompt",
    "attribute_answer": "goosequill.search.answer:attribute_answer",
}
