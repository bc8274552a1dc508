"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "inspect": "goosequill.loading.load:inspect_files",
}
