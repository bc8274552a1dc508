/**
 * The style of <goose-quill>, as a constructed style sheet, which no policy for styles forbids. Only
 * direction, visibility and colour scheme are inherited from the page; custom properties and parts are for
 * embedders to change. The output's height is its own, so that the page around it stays where it is; progress
 * takes the place of the buttons that rest meanwhile. Such things are said here: comments inside are sent.
 */

export const CSS = `
:host {
  all: initial;
  display: block;
  visibility: inherit;
  color-scheme: inherit;
}
:host([hidden]) { display: none; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([theme="auto"]) { color-scheme: light dark; }

.root {
  all: initial;
  --ink: var(--goose-ink, light-dark(#20252a, #e9e6df));
  --ink-soft: var(--goose-ink-soft, light-dark(#565d64, #a7adb3));
  --paper: var(--goose-paper, light-dark(#ffffff, #1c2024));
  --sunken: var(--goose-sunken, light-dark(#f6f4ee, #14171a));
  --line: var(--goose-line, light-dark(#857f70, #7c848b));
  --accent: var(--goose-accent, light-dark(#17605a, #82cbbf));
  --accent-ink: var(--goose-accent-ink, light-dark(#ffffff, #0d211e));
  --error: var(--goose-error, light-dark(#a12a1f, #ff9d8f));
  --radius: var(--goose-radius, 8px);
  --gap: var(--goose-gap, 0.75em);
  display: flex;
  visibility: inherit;
  color-scheme: inherit;
  direction: inherit;
  box-sizing: border-box;
  padding: var(--goose-padding, 1em);
  flex-direction: column;
  gap: var(--gap);
  border: var(--goose-border, 1px solid var(--line));
  border-radius: var(--radius);
  background: var(--paper);
  color: var(--ink);
  font: var(--goose-font-size, medium) / 1.5 var(--goose-font, ui-sans-serif, system-ui, "Segoe UI", "Noto Sans", sans-serif);
  overflow-wrap: anywhere;
}
.root *, .root *::before { box-sizing: border-box; }
.root [hidden] { display: none !important; }

.row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5em; }
.more { gap: 0.2em; margin-inline-start: auto; }
.row:has(> .progress:not([hidden])) > .more { display: none; }
.progress { display: grid; min-height: 2.4em; flex: 1 1 10em; align-content: center; }
.poster { display: contents; }
.compose { display: flex; flex-direction: column; gap: 0.4em; }
[data-mode="chat"] .compose { order: 3; }
[data-mode="chat"] .about > * { order: 2; }

label { font-weight: 600; }
.note { color: var(--ink-soft); font-size: 0.875em; }
p { margin: 0; }

textarea {
  width: 100%;
  min-height: 3.4em;
  margin: 0;
  padding: 0.6em 0.75em;
  border: 1px solid var(--line);
  border-radius: calc(var(--radius) * 0.7);
  background: var(--sunken);
  color: inherit;
  font: inherit;
  resize: vertical;
}
textarea::placeholder { color: var(--ink-soft); opacity: 1; }

button {
  min-height: 2.4em;
  margin: 0;
  padding: 0.3em 0.95em;
  border: 1px solid var(--line);
  border-radius: calc(var(--radius) * 0.7);
  background: transparent;
  color: inherit;
  font: inherit;
  cursor: pointer;
}
button[part~="send"] { border-color: var(--accent); background: var(--accent); color: var(--accent-ink); font-weight: 600; }
button[aria-disabled="true"] { cursor: default; opacity: 0.55; }
button.quiet { padding-inline: 0.6em; border-color: transparent; color: var(--ink-soft); }
button.quiet:hover:not([aria-disabled="true"]) { border-color: var(--line); color: var(--ink); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }

.output {
  height: var(--goose-height, 12em);
  padding: 0.75em 0.9em;
  overflow-y: auto;
  resize: vertical;
  border-radius: calc(var(--radius) * 0.7);
  background: var(--sunken);
  font-family: var(--goose-text-font, inherit);
  white-space: pre-wrap;
  tab-size: 4;
}
.output:focus-visible { outline-offset: 0; }
.prompt-text { color: var(--ink-soft); }
.unseen { unicode-bidi: isolate; font-size: 0; }
.unseen::before { content: attr(data-sign); padding: 0 0.15em; border: 1px solid var(--line); border-radius: 0.2em;
  font-family: ui-monospace, monospace; font-size: 0.75rem; white-space: nowrap; }
[data-busy] .writing::after { content: ""; display: inline-block; width: 0.5em; height: 1em; margin-inline-start: 0.1em;
  background: var(--accent); vertical-align: -0.12em; animation: blink 1.1s steps(2) infinite; }
@keyframes blink { 50% { opacity: 0; } }

.messages { display: flex; flex-direction: column; gap: 0.7em; margin: 0; padding: 0; list-style: none; white-space: normal; }
.message { max-width: 92%; padding: 0.5em 0.8em; border: 1px solid var(--line); border-radius: var(--radius); background: var(--paper); }
.message .who { display: block; color: var(--ink-soft); font-size: 0.875em; font-weight: 600; }
.message .said { white-space: pre-wrap; }
.message .thought { color: var(--ink-soft); font-size: 0.875em; }
.message summary { cursor: pointer; }
.message.user { align-self: flex-end; border-color: var(--accent); }
.message.assistant { align-self: flex-start; }

.about { display: contents; }
.status { min-height: 1.5em; }
progress { width: 100%; height: 0.6em; border: 0; border-radius: 1em; background: var(--sunken); accent-color: var(--accent); }
.error { padding: 0.6em 0.8em; border: 1px solid var(--error); border-inline-start-width: 5px; border-radius: calc(var(--radius) * 0.5); }
.error strong { color: var(--error); }
slot[name="poster"]::slotted(*) { max-width: 100%; }

@media (prefers-reduced-motion: reduce) { [data-busy] .writing::after { animation: none; } }
@media (forced-colors: active) {
  button[part~="send"] { forced-color-adjust: none; border-color: ButtonText; background: ButtonText; color: ButtonFace; }
  .message.user { border-color: Highlight; }
}
`;
