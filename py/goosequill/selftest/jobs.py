"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "check_kernels": "goosequill.selftest.checks:check_kernels",
    "check_tokenizers": "goosequill.selftest.checks:check_tokenizers",
}
