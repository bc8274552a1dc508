"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "read_conversations": "goosequill.conversations.pages:read_conversations",
    "converse": "goosequill.conversations.requests:converse",
    "branch": "goosequill.conversations.requests:branch",
    "conversation_tree": "goosequill.conversations.requests:conversation_tree",
    "siblings": "goosequill.conversations.requests:siblings",
    "rate_reply": "goosequill.conversations.requests:rate_reply",
    "rank_replies": "goosequill.conversations.requests:rank_replies",
    "write_conversations": "goosequill.conversations.pages:write_conversations",
}
