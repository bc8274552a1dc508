"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "generate": "goosequill.decoding.streaming:continue_text",
    "describe_decoding": "goosequill.decoding:describe",
    "explain": "goosequill.decoding.explain:explain_steps",
    "tokenize": "goosequill.decoding.tokens:tokenize",
    "token_bytes": "goosequill.decoding.tokens:token_bytes",
    "detokenize": "goosequill.decoding.tokens:detokenize",
    "logprobs": "goosequill.decoding.tokens:logprobs",
}
