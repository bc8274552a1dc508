"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "answer": "goosequill.chat.replies:answer",
    "continue_reply": "goosequill.chat.replies:continue_reply",
    "append": "goosequill.chat.replies:append",
    "say": "goosequill.chat.replies:say",
    "count_tokens": "goosequill.chat.requests:count_tokens",
    "score_reply": "goosequill.chat.requests:score_reply",
    "undo": "goosequill.chat.requests:undo",
    "save_conversation": "goosequill.chat.requests:save_conversation",
    "save_state": "goosequill.chat.requests:save_state",
}
