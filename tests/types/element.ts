// The element's types in a page.

import { define, type GooseQuill } from "goosequill/element";
import "goosequill/search-element";

const quill: GooseQuill | null = document.querySelector("goose-quill");
const made: GooseQuill = document.createElement("goose-quill");
made.maxNewTokens = 60;
made.mode = "chat";
// @ts-expect-error there is no such mode
made.mode = "chatty";
// @ts-expect-error it is a number
made.maxNewTokens = "sixty";
quill?.addEventListener("token", ({ detail }) => console.log(detail.text, detail.index));
quill?.addEventListener("error", ({ detail }) => console.log(detail.code === "csp", detail.remedy));
// @ts-expect-error a token has no remedy
quill?.addEventListener("token", ({ detail }) => console.log(detail.remedy));
const text: string = await made.generate("Once upon a time");
define("a-goose");
console.log(text);
