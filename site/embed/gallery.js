/**
 * The page: a builder (builder.js), and a gallery, in which each example is shown live and as its code, from
 * one template. The code contains this site's own address, wherever it is served.
 */

import { ROOT } from "../engine/root.js";
import { copyButton } from "../ui/clipboard.js";
import { element } from "../ui/dom.js";
import { t } from "../ui/words.js";
import { startBuilder } from "./builder.js";

const SCRIPT = new URL("embed/goosequill.js", ROOT).href;
const FRAME = new URL("embed/frame.html", ROOT).href;
const CONNECT = new URL("embed/connect.js", ROOT).href;
const { origin } = new URL(ROOT);

const TEXTS = {
  frame: `<iframe src="${FRAME}?mode=completion&prompt=Once%20upon%20a%20time"
  title="Goosequill" width="100%" height="420" allow="clipboard-write"></iframe>`,
  connect: `import { connect } from "${CONNECT}";
// <iframe src="${FRAME}?parent=https://your.page" …>
const quill = await connect(document.querySelector("iframe"));
quill.addEventListener("token", ({ detail }) => console.log(detail.text));
await quill.generate("Once upon a time");`,
  policy: `script-src  ${origin} 'wasm-unsafe-eval';
worker-src  blob:;
connect-src ${origin};`,
};

/** The style sheet of the example with colours, both shown and applied. */
const EVENING = `.evening {
  --goose-paper: #1d1a2b;
  --goose-sunken: #2a2640;
  --goose-ink: #f3eefc;
  --goose-ink-soft: #c0b7da;
  --goose-line: #8a80a8;
  --goose-accent: #ffc46b;
  --goose-accent-ink: #2a1c00;
  --goose-error: #ffb4a8;
  --goose-radius: 18px;
  --goose-text-font: Georgia, serif;
}

.evening::part(send) {
  border-radius: 99px;
}`;

/** @param {HTMLElement} pre */
function addCopyButton(pre) {
  const name = t("Copy: {name}", { name: pre.getAttribute("aria-label") ?? "" });
  const button = copyButton(() => pre.textContent ?? "", { name, fallbackElement: pre });
  button.className = "quiet";
  const box = element("div", { class: "code-box" });
  pre.replaceWith(box);
  box.append(pre, button);
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(EVENING);
document.adoptedStyleSheets.push(sheet);

for (const [name, text] of Object.entries({ ...TEXTS, css: EVENING })) {
  for (const pre of document.querySelectorAll(`pre[data-${name}]`)) pre.textContent = text;
}

for (const template of document.querySelectorAll("template")) {
  const title = template.closest("section")?.querySelector("h2")?.textContent ?? "";
  const code = element("pre", { class: "code", tabindex: 0, "aria-label": t("Code: {title}", { title }) });
  const holder = element("div");
  holder.append(template.content.cloneNode(true));
  code.textContent = [...template.content.children].map((child) => child.outerHTML).join("\n");
  template.replaceWith(holder, code);
}

startBuilder(SCRIPT);

for (const pre of document.querySelectorAll("pre.code")) addCopyButton(/** @type {HTMLElement} */ (pre));

const received = document.querySelector("#received");
const quill = /** @type {any} */ (document.querySelector("#slots-example"));
let count = 0;
quill?.addEventListener("token", () => {
  count++;
  if (received) received.textContent = String(count);
});
quill?.querySelector("button")?.addEventListener("click", () => quill.generate("A feather").catch(() => {}));
