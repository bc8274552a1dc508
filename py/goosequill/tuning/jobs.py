"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "adapt": "goosequill.tuning.applying:open_adapted",
    "describe_adapter": "goosequill.tuning.applying:describe_adapter",
    "fingerprint": "goosequill.tuning.applying:fingerprint",
    "describe_examples": "goosequill.tuning.teaching:describe_examples",
    "open_gradient": "goosequill.tuning.teaching:open_gradient",
    "teach": "goosequill.tuning.teaching:teach",
}
