"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "attribute": "goosequill.insight.requests:attribute",
    "logit_lens": "goosequill.insight.requests:logit_lens",
    "view_state": "goosequill.insight.requests:view_text_state",
}
