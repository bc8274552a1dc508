"""A widget for Jupyter and marimo: `<goose-quill>` in the notebook, with a model that runs in the browser.

    from goosequill.notebook import GooseQuill

    quill = GooseQuill(prompt="Once upon a time", settings={"temperature": 0.8, "max_new_tokens": 60})
    quill

It needs the extra `notebook`. The kernel computes nothing and needs no model: the reader's browser takes the
element, the engine and the model from a built site of Goosequill, which `site` names.
"""

from goosequill.notebook.widget import GooseQuill

__all__ = ["GooseQuill"]
