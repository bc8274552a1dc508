/**
 * Collects the interface's texts for words.py: what the scripts of site/ pass to `t` and `tn`, the messages
 * of the engine's scripts, and the texts of rendered pages. It also reports texts that a visitor would see
 * but that no catalogue could translate.
 *
 *     node scripts/words.js < request.json
 *
 * The request has `pages` (HTML by name), `rooms` and `engine` (folders of scripts), and
 * `elsewhere` (folders among them that are left out).
 */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { JSDOM } from "jsdom";
import { SyntaxKind } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";
import { textsOf } from "../site/ui/translate.js";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NAMES = new Set([
  "aria-label",
  "placeholder",
  "title",
  "alt",
  "aria-description",
  "aria-roledescription",
]);
/** Properties of elements that a visitor reads. */
const SHOWN = new Set(["textContent", "innerText", "placeholder", "title", "alt", "ariaLabel"]);
/** Functions whose arguments a visitor reads. */
const SAYING = new Set(["say", "problem", "append", "prepend", "replaceChildren", "showNotice"]);
/** Elements for what is typed or read by machines. */
const LITERAL = new Set(["code", "kbd", "samp"]);
/** Names and units that are the same in every language. */
const SAME = new Set([
  "Goosequill",
  "RWKV",
  "JSON",
  "CSV",
  "SVG",
  "PNG",
  "MB",
  "GB",
  "ms",
  "Python",
  "GitHub",
]);

const { pages, rooms, elsewhere, engine } = JSON.parse(readFileSync(0, "utf-8"));
const found = { texts: {}, messages: {}, problems: [] };

/** @param {Record<string, string>} kind @param {string} text @param {string} where the first place is kept */
function keep(kind, text, where) {
  kind[text] ??= where;
}

/** A program of the rooms' scripts, parsed only: no types, no imports. @param {string[]} files */
function parse(files) {
  const config = resolve(ROOT, "words.tsconfig.json");
  const options = {
    allowJs: true,
    noLib: true,
    noResolve: true,
    types: [],
    module: "esnext",
    target: "esnext",
  };
  const fs = {
    readFile: (name) => (name === config ? JSON.stringify({ compilerOptions: options, files }) : undefined),
    fileExists: (name) => (name === config ? true : undefined),
  };
  const api = new API({ cwd: ROOT, fs });
  const [project] = api.updateSnapshot({ openProject: config }).getProjects();
  return { api, sources: files.map((file) => [file, project.program.getSourceFile(resolve(ROOT, file))]) };
}

function scripts(folders) {
  return folders
    .flatMap((folder) =>
      readdirSync(resolve(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(".js"))
        .map((entry) => relative(ROOT, resolve(entry.parentPath, entry.name))),
    )
    .filter((file) => !elsewhere.some((folder) => file.startsWith(`${folder}/`)))
    .sort();
}

/** The expressions that a value is one of: both branches of a condition. */
function branches(node) {
  switch (node.kind) {
    case SyntaxKind.ParenthesizedExpression:
      return branches(node.expression);
    case SyntaxKind.ConditionalExpression:
      return [...branches(node.whenTrue), ...branches(node.whenFalse)];
    case SyntaxKind.BinaryExpression: {
      const { kind } = node.operatorToken;
      if (kind === SyntaxKind.AmpersandAmpersandToken) return branches(node.right);
      if (kind === SyntaxKind.BarBarToken || kind === SyntaxKind.QuestionQuestionToken)
        return [...branches(node.left), ...branches(node.right)];
      return [node];
    }
    default:
      return [node];
  }
}

/** The text of a literal, or of literals joined by "+"; null for anything else. */
function literal(node) {
  if (node.kind === SyntaxKind.StringLiteral || node.kind === SyntaxKind.NoSubstitutionTemplateLiteral)
    return node.text;
  if (node.kind === SyntaxKind.ParenthesizedExpression) return literal(node.expression);
  if (node.kind !== SyntaxKind.BinaryExpression || node.operatorToken.kind !== SyntaxKind.PlusToken)
    return null;
  const [left, right] = [literal(node.left), literal(node.right)];
  return left === null || right === null ? null : left + right;
}

/** Every text that a message can be, with {0}, {1} for what is inserted. @returns {string[][]} parts */
function messageParts(node, names, depth = 0) {
  const all = branches(node).flatMap((branch) => {
    const text = literal(branch);
    if (text !== null) return [[text]];
    if (branch.kind === SyntaxKind.TemplateExpression) {
      let made = [[branch.head.text]];
      for (const { expression, literal: after } of branch.templateSpans) {
        const inner = depth < 3 ? messageParts(expression, names, depth + 1) : [["", ""]];
        made = made.flatMap((left) => inner.map((right) => join(join(left, right), [after.text])));
      }
      return made;
    }
    if (branch.kind === SyntaxKind.BinaryExpression && branch.operatorToken.kind === SyntaxKind.PlusToken) {
      const right = messageParts(branch.right, names, depth + 1);
      return messageParts(branch.left, names, depth + 1).flatMap((left) =>
        right.map((one) => join(left, one)),
      );
    }
    if (branch.kind === SyntaxKind.Identifier && names.has(branch.text) && depth < 3)
      return names.get(branch.text).flatMap((value) => messageParts(value, names, depth + 1));
    return [["", ""]];
  });
  const distinct = new Map(all.map((parts) => [JSON.stringify(parts), parts]));
  return [...distinct.values()].slice(0, 16);
}

/** Two messages after each other: the last part of one continues in the first of the other. */
function join(left, right) {
  return [...left.slice(0, -1), left[left.length - 1] + right[0], ...right.slice(1)];
}

function template(parts) {
  return parts.map((part, index) => (index ? `{${index - 1}}${part}` : part)).join("");
}

function hasWords(text) {
  return /\p{L}{2}/u.test(text);
}

/** Literals with words in an expression that a visitor sees. */
function bareWords(node) {
  return branches(node).flatMap((branch) => {
    const text = literal(branch);
    if (text !== null) return hasWords(text) && !SAME.has(text.trim()) ? [text] : [];
    if (branch.kind === SyntaxKind.TemplateExpression) {
      const texts = [branch.head.text, ...branch.templateSpans.map(({ literal: after }) => after.text)];
      const own = texts.some((one) => hasWords(one) && !SAME.has(one.trim())) ? [texts.join("…")] : [];
      return [...own, ...branch.templateSpans.flatMap(({ expression }) => bareWords(expression))];
    }
    if (branch.kind === SyntaxKind.BinaryExpression)
      return [...bareWords(branch.left), ...bareWords(branch.right)];
    if (branch.kind === SyntaxKind.ArrayLiteralExpression) return branch.elements.flatMap(bareWords);
    return [];
  });
}

/** What of a call or an assignment a visitor sees. */
function seen(node) {
  if (node.kind === SyntaxKind.CallExpression) {
    const callee = node.expression;
    const name = callee.kind === SyntaxKind.PropertyAccessExpression ? callee.name.text : callee.text;
    const [first, second, ...others] = node.arguments;
    if (name === "element" && first) {
      const children = LITERAL.has(literal(first) ?? "") ? [] : others;
      return [...children, ...named(second)];
    }
    if (name === "setAttribute" && NAMES.has(literal(first) ?? "")) return second ? [second] : [];
    if (SAYING.has(name)) return node.arguments;
    return [];
  }
  if (node.kind === SyntaxKind.BinaryExpression && node.operatorToken.kind === SyntaxKind.EqualsToken) {
    const isShown = node.left.kind === SyntaxKind.PropertyAccessExpression && SHOWN.has(node.left.name.text);
    return isShown ? [node.right] : [];
  }
  return [];
}

/** The values of an object literal's properties that a visitor reads. */
function named(node) {
  if (node?.kind !== SyntaxKind.ObjectLiteralExpression) return [];
  return node.properties
    .filter((one) => one.kind === SyntaxKind.PropertyAssignment && NAMES.has(one.name.text))
    .map((one) => one.initializer);
}

function line(source, node) {
  return source.text.slice(0, node.getStart(source)).split("\n").length;
}

/** @param {string} file @param {any} source */
function collect(file, source) {
  const isEngine = engine.some((folder) => file.startsWith(`${folder}/`));
  const names = isEngine ? constants(source) : new Map();
  const visit = (node) => {
    const where = () => `${file}:${line(source, node)}`;
    if (node.kind === SyntaxKind.CallExpression && node.expression.kind === SyntaxKind.Identifier) {
      if (node.expression.text === "t") texts(node.arguments.slice(0, 1), where);
      if (node.expression.text === "phrase") texts(node.arguments.slice(0, 1), where);
      if (node.expression.text === "english") messages(node.arguments[0], new Map(), where);
      if (node.expression.text === "tn") forms(node.arguments.slice(1, 3), where);
    }
    if (
      isEngine &&
      node.kind === SyntaxKind.PropertyAssignment &&
      /^(message|remedy|note)$/.test(node.name.text)
    ) {
      messages(node.initializer, names, where);
    }
    if (
      isEngine &&
      node.kind === SyntaxKind.VariableDeclaration &&
      /^(NOTES|NO_SIMD)$/.test(node.name.text)
    ) {
      const values = node.initializer.properties?.map((one) => one.initializer) ?? [node.initializer];
      texts(values, where);
    }
    if (
      isEngine &&
      node.kind === SyntaxKind.CallExpression &&
      /^notices\.push$/.test(node.expression.getText(source))
    ) {
      for (const one of node.arguments) messages(one, names, where);
    }
    if (!isEngine) {
      for (const one of seen(node).flatMap(bareWords))
        found.problems.push(`${where()}: ${JSON.stringify(one)} is not wrapped in t()`);
    }
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
}

function messages(node, names, where) {
  for (const parts of messageParts(node, names)) {
    if (parts.some(hasWords)) keep(found.messages, template(parts), where());
  }
}

function texts(nodes, where) {
  for (const branch of nodes.flatMap(branches)) {
    const text = literal(branch);
    if (text === null) found.problems.push(`${where()}: t() needs a text, not an expression`);
    else if (text) keep(found.texts, text, where());
  }
}

function forms(nodes, where) {
  const [one, many] = nodes.map(literal);
  if (typeof one !== "string" || typeof many !== "string")
    found.problems.push(`${where()}: tn() needs two texts, not expressions`);
  else keep(found.texts, `${one}|${many}`, where());
}

/** What the names of a file may stand for: the values of its constants. */
function constants(source) {
  const values = new Map();
  const visit = (node) => {
    if (
      node.kind === SyntaxKind.VariableDeclaration &&
      node.initializer &&
      node.name.kind === SyntaxKind.Identifier
    )
      values.set(node.name.text, [...(values.get(node.name.text) ?? []), node.initializer]);
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return values;
}

const { api, sources } = parse(scripts([...rooms, ...engine]));
for (const [file, source] of sources) collect(file, source);
api.close();
for (const [name, html] of Object.entries(pages)) {
  for (const { text } of textsOf(new JSDOM(html).window.document)) keep(found.texts, text, name);
}
process.stdout.write(JSON.stringify(found));
