import assert from "node:assert/strict";
import test from "node:test";

import { describeTag, htmlOf } from "../../../site/embed/tag.js";

const DEFAULTS = {
  mode: "completion",
  model: "",
  adapter: "",
  prompt: "",
  placeholder: "",
  "max-new-tokens": "200",
  temperature: "1",
  width: "100%",
  height: "12em",
  theme: "",
  accent: "#17605a",
  background: "#ffffff",
  text: "#20252a",
};
const SCRIPT = "https://site.example/embed/goosequill.js";
const TAG = `<script type="module" src="${SCRIPT}"></script>\n`;

const described = (values) => describeTag({ ...DEFAULTS, ...values }, DEFAULTS);
const html = (values) => htmlOf(described(values), SCRIPT);

test("the HTML has only what differs from the defaults", () => {
  assert.equal(html({}), `${TAG}<goose-quill></goose-quill>`);
  assert.equal(
    html({ mode: "chat", temperature: "0.5" }),
    `${TAG}<goose-quill mode="chat" temperature="0.5"></goose-quill>`,
  );
  assert.equal(
    html({ width: "30rem", height: "20em", theme: "dark" }),
    `${TAG}<style>
  goose-quill {
    width: 30rem;
    max-width: 100%;
    --goose-height: 20em;
  }
</style>
<goose-quill theme="dark"></goose-quill>`,
  );
});

test("texts are escaped, and a long tag has a line for each attribute", () => {
  const values = { prompt: '"A" <b> & so on,\nand on, and on, and on', placeholder: "Write something here" };
  assert.equal(
    html(values),
    `${TAG}<goose-quill
  prompt="&quot;A&quot; &lt;b> &amp; so on,&#10;and on, and on, and on"
  placeholder="Write something here"></goose-quill>`,
  );
});

test("a value that cannot be used is named and left out", () => {
  const bad = {
    model: "model.safetensors",
    adapter: "javascript:alert(1)",
    "max-new-tokens": "0",
    temperature: "",
    width: "var(--x, </style><script>)",
    height: "-3em",
    accent: "red",
  };
  const { problems } = described({ ...bad, theme: "own" });
  assert.deepEqual([...problems.keys()].sort(), Object.keys(bad).sort());
  assert.equal(html(bad), html({}));
  assert.match(html({ ...bad, theme: "own" }), /--goose-accent: #17605a/);
});

test("a model is an address or an id", () => {
  for (const model of ["https://a.example/m/", "owner/repo:file.safetensors", "owner/repo:folder/@main"])
    assert.deepEqual([...described({ model }).problems], []);
  assert.ok(described({ model: "owner/repo:" }).problems.has("model"));
});

test("three colours give all others, and a text that is hard to read is named", () => {
  const dark = described({ theme: "own", accent: "#ffc46b", background: "#1d1a2b", text: "#f3eefc" });
  const style = Object.fromEntries(dark.style);
  assert.deepEqual(dark.attributes, [["theme", "dark"]]);
  assert.equal(style["--goose-accent-ink"], "#000000");
  assert.equal(style["--goose-paper"], "#1d1a2b");
  assert.equal(dark.problems.size, 0);
  const grey = described({ theme: "own", text: "#999999" });
  assert.match(grey.problems.get("text"), /2\.8/);
  assert.deepEqual(grey.attributes, [["theme", "light"]]);
});
