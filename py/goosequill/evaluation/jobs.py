"""The jobs of this room: name -> "module:function". See `goosequill.browser.jobs`."""

JOBS = {
    "judge": "goosequill.evaluation.votes:judge",
    "loops": "goosequill.evaluation.text_metrics:loops",
    "measure": "goosequill.evaluation.text_metrics:measure",
    "measure_columns": "goosequill.evaluation.text_metrics:measure_columns",
}
