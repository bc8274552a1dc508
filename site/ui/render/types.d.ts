/** The few shapes of vendored libraries that the renderer uses, and the tree that it builds. */

export type Attributes = Record<string, string>;
export interface Element {
  tag: string;
  attributes: Attributes;
  children: Tree[];
}
export interface Math {
  tex: string;
  display: boolean;
}
export interface Code {
  code: string;
  language: string;
}
/** A text, an element, or a span that is drawn when its library has come: mathematics or a block of code. */
export type Tree = string | Element | { math: Math } | { code: Code };

export interface Token {
  type: string;
  tag: string;
  nesting: -1 | 0 | 1;
  attrs: [string, string][] | null;
  children: Token[] | null;
  content: string;
  info: string;
  markup: string;
  hidden: boolean;
  block: boolean;
  level: number;
  map: [number, number] | null;
  meta: { display: boolean } | null;
  attrGet(name: string): string | null;
}
export interface StateInline {
  src: string;
  pos: number;
  push(type: string, tag: string, nesting: number): Token;
}
export interface StateBlock extends StateInline {
  bMarks: number[];
  eMarks: number[];
  tShift: number[];
  sCount: number[];
  blkIndent: number;
  line: number;
}
type LinkPart = (source: string, start: number, end: number, ...more: unknown[]) => { ok: boolean; pos: number };
type InlineRule = (state: StateInline, silent: boolean) => boolean;
type BlockRule = (state: StateBlock, start: number, end: number, silent: boolean) => boolean;
export interface LinkMatch {
  lastIndex: number;
  url: string;
}
export interface MarkdownIt {
  parse(text: string, environment: object): Token[];
  validateLink: (url: string) => boolean;
  helpers: {
    parseLinkDestination: LinkPart;
    parseLinkTitle: LinkPart;
  };
  linkify: {
    test(text: string): boolean;
    matchAtStart(text: string): LinkMatch | null;
    set(options: object): void;
    add(schema: string, rule: { validate: (source: string, position: number) => number; normalize(match: LinkMatch): void }): void;
  };
  inline: { skipToken(state: StateInline): void; ruler: { before(other: string, name: string, rule: InlineRule): void } };
  block: { ruler: { before(other: string, name: string, rule: BlockRule, options: { alt: string[] }): void } };
}
export interface MarkdownItConstructor {
  new (options: object): MarkdownIt;
}
export interface Temml {
  render(tex: string, into: globalThis.Element, options: object): void;
}
export interface Highlighter {
  registerLanguage(name: string, grammar: unknown): void;
  getLanguage(name: string): unknown;
  highlight(code: string, options: { language: string; ignoreIllegals: boolean }): { value: string };
}
