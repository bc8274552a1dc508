"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS: dict[str, str] = {
    "add_document": "goosequill.search.collection:add_document",
    "add_vectors": "goosequill.search.collection:add_vectors",
    "answer_prompt": "goosequill.search.answer:answer_prompt",
    "attribute_answer": "goosequill.search.answer:attribute_answer",
    "compact_collection": "goosequill.search.collection:compact_collection",
    "describe_collection": "goosequill.search.collection:describe_collection",
    "document_text": "goosequill.search.collection:document_text",
    "embed_passages": "goosequill.search.collection:embed_passages",
    "endpoint_request": "goosequill.search.endpoint:endpoint_request",
    "endpoint_vectors": "goosequill.search.endpoint:endpoint_vectors",
    "export_collection": "goosequill.search.collection:export_collection",
    "import_collection": "goosequill.search.collection:import_collection",
    "open_collection": "goosequill.search.collection:open_collection",
    "open_embedder": "goosequill.search.embedders:open_lasting",
    "open_model_embedder": "goosequill.search.rwkv_embedder:open_model",
    "pending_texts": "goosequill.search.collection:pending_texts",
    "remove_documents": "goosequill.search.collection:remove_documents",
    "rename_collection": "goosequill.search.collection:rename_collection",
    "search": "goosequill.search.collection:search",
}
