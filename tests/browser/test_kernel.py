"""The SIMD kernels in a real page: both builds load, and generate the same text as numpy."""

from __future__ import annotations

from playwright.sync_api import Browser

WRITE = """async ([base, kernel]) => {
  const { loadModel } = await import(base + "engine/client.js");
  const model = await loadModel({ model: base + "models/default/", kernel });
  let text = "";
  const settings = { max_new_tokens: 24, temperature: 0 };
  const logprobs = [];
  for await (const chunk of model.generate("Once upon a time", settings)) {
    text += chunk.text;
    if (chunk.logprob !== undefined) logprobs.push(chunk.logprob);
  }
  const { kernel: name } = model.info;
  model.dispose();
  return { name, text, logprobs };
}"""


def test_every_kernel_generates_the_same_text(browser: Browser, site_url: str) -> None:
    page = browser.new_page()
    page.goto(site_url + "playground/")
    found = {kernel: page.evaluate(WRITE, [site_url, kernel]) for kernel in ("auto", "plain", "numpy")}
    page.close()
    assert [found[kernel]["name"] for kernel in found] == ["relaxed", "plain", "numpy"]
    expected = found["numpy"]
    for each in found.values():
        assert each["text"] == expected["text"] != ""
        for a, b in zip(each["logprobs"], expected["logprobs"], strict=True):
            assert abs(a - b) < 0.02
