/**
 * The style of <goose-search>, as a constructed style sheet, which no policy for styles forbids.
 * It is part of the code, so it is written without spaces.
 */

export const CSS = `
:host{all:initial;display:block;position:relative;visibility:inherit;color-scheme:inherit}
:host([hidden]){display:none}
.root{--ink:var(--goose-ink,light-dark(#20252a,#e9e6df));--ink-soft:var(--goose-ink-soft,light-dark(#565d64,#a7adb3));--paper:var(--goose-paper,light-dark(#ffffff,#1c2024));--sunken:var(--goose-sunken,light-dark(#f2f0ea,#2a3036));--line:var(--goose-line,light-dark(#857f70,#7c848b));--accent:var(--goose-accent,light-dark(#17605a,#82cbbf));--mark:var(--goose-mark,light-dark(#fff0b8,#5a4a12));--radius:var(--goose-radius,8px);color:var(--ink);font:var(--goose-font-size,medium) / 1.45 var(--goose-font,ui-sans-serif,system-ui,"Segoe UI","Noto Sans",sans-serif);overflow-wrap:anywhere}
.root,.root *{box-sizing:border-box}
.root [hidden]{display:none!important}
input{width:100%;margin:0;padding:.55em .8em;border:1px solid var(--line);border-radius:var(--radius);background:var(--paper);color:inherit;font:inherit}
input::placeholder{color:var(--ink-soft);opacity:1}
:focus-visible{outline:3px solid var(--accent);outline-offset:1px}
label{display:block;margin-block-end:.3em;font-weight:600}
.panel{position:absolute;z-index:var(--goose-layer,10);max-width:calc(100vw - 16px);margin-block-start:.35em;padding:.4em;border:1px solid var(--line);border-radius:var(--radius);background:var(--paper);box-shadow:0 .5em 1.6em rgb(0 0 0 / 22%)}
ul{max-height:var(--goose-max-height,min(32em,65vh));margin:0;padding:0;overflow-y:auto;list-style:none}
[role="option"]{padding:.55em .65em;border-radius:calc(var(--radius) * .7);cursor:pointer}
[role="option"]:hover{background:var(--sunken)}
[role="option"][aria-selected="true"]{background:var(--sunken);outline:2px solid var(--accent);outline-offset:-2px}
.title,.text{unicode-bidi:isolate}
.title{display:block;font-weight:600}
[part~="further"]{margin-inline-start:1.1em;padding-block:.3em;border-inline-start:2px solid var(--sunken);border-radius:0}
[part~="further"] .text{-webkit-line-clamp:2}
.unseen{position:absolute;clip-path:inset(50%);white-space:nowrap}
.heading{color:var(--ink-soft);font-weight:400}
.text{display:-webkit-box;overflow:hidden;color:var(--ink-soft);font-size:.875em;-webkit-box-orient:vertical;-webkit-line-clamp:3}
mark{background:var(--mark);color:var(--ink)}
.status,.note{margin:0;padding:.35em .65em;color:var(--ink-soft);font-size:.875em}
.nothing{padding:.55em .65em}
.nothing p{margin:0 0 .5em}
.error{margin:0;padding:.55em .65em;border-inline-start:4px solid #b3362b}
.more{display:flex;flex-wrap:wrap;align-items:center;gap:.4em;padding:.3em .65em;border-block-start:1px solid var(--sunken)}
.more:not(:has(>:not([hidden]))){display:none}
.progress{display:flex;flex:1 1 100%;flex-wrap:wrap;align-items:center;gap:.2em .6em;color:var(--ink-soft);font-size:.875em}
progress{flex:1 1 8em;min-width:4em;height:.6em;accent-color:var(--accent)}
.more .error{flex:1 1 100%}
button,.ask{padding:.3em .75em;border:1px solid var(--line);border-radius:calc(var(--radius) * .7);background:transparent;color:inherit;font:inherit;font-size:.875em;text-decoration:none;cursor:pointer}
`;
