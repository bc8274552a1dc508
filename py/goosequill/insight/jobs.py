"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "attribute": "goosequill.insight.attribution:attribution_steps",
    "logit_lens": "goosequill.insight.lens:lens_steps",
    "view_state": "goosequill.insight.states:view_text_state",
}
