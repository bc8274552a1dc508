"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "describe_experiment": "goosequill.lab.experiments:describe",
    "experiment": "goosequill.lab.experiments:run",
    "experiment_files": "goosequill.lab.experiments:files",
}
