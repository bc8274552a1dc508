"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS: dict[str, str] = {
    "answer_prompt": "goosequill.search.answer:answer_prompt",
    "attribute_answer": "goosequill.search.answer:attribute_answer",
    "endpoint_request": "goosequill.search.endpoint:endpoint_request",
    "endpoint_vectors": "goosequill.search.endpoint:endpoint_vectors",
    "open_embedder": "goosequill.search.embedders:open_lasting",
    "open_model_embedder": "goosequill.search.rwkv_embedder:open_model",
}
