"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS: dict[str, str] = {}
