"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "inspect": "goosequill.loading.inspect:inspect_files",
}
