import os
import tempfile
from pathlib import Path

from asked import BASE, KEY, MESSAGE, MODEL, Nest, report

folder = Path(tempfile.mkdtemp())
os.environ["LLM_USER_PATH"] = str(folder)
models = f"- model_id: goose\n  model_name: {MODEL}\n  api_base: {BASE}\n  supports_schema: true\n"
(folder / "extra-openai-models.yaml").write_text(models, encoding="utf-8")

import llm  # noqa: E402 - it reads the folder's address

model = llm.get_model("goose")
whole = model.prompt(MESSAGE, stream=False, temperature=0, key=KEY)
report(
    text=whole.text(),
    usage=[whole.usage().input, whole.usage().output],
    streamed="".join(model.prompt(MESSAGE, temperature=0, key=KEY)),
    object=model.prompt(MESSAGE, schema=Nest, key=KEY).text(),
)
