/** A static index of two dimensions, small enough to be written here, as a fetch that knows ranges. */

const encoder = new TextEncoder();
const text = (value) => [...encoder.encode(value)];
const key = (value) => [0, value.length, ...text(value)];
const float = (value) => [...new Uint8Array(Float32Array.of(value).buffer)];
const GRID = { means: [0, 0], steps: [0.1, 0.1] };
const STAGE = { weight: 0.3, threshold: -1, middle: 0.3, slope: 10 };

/**
 * The files of an index in which each passage has the word "lamp", unless its text lacks it; addresses are
 * relative to "web/". `documents` counts the passages of each; `change` may damage what it gets.
 */
export function tinyIndex(
  passages,
  { stamp = "a", documents = passages.map(() => 1), change = () => {} } = {},
) {
  const count = passages.length;
  const texts = passages.map(({ title = "T", heading = "", address = "p/", text: shown = "a lamp" }) =>
    text(JSON.stringify([title, heading, address, shown])),
  );
  const lit = passages.flatMap(({ text: shown = "lamp" }, at) => (/lamp/i.test(String(shown)) ? [at] : []));
  const gaps = lit.map((passage, at) => passage - (lit[at - 1] ?? -1) - 1);
  const words = [1, ...key("lamp"), lit.length, ...float(1), ...gaps, ...lit.map(() => 255)];
  const pieces = [2, ...key("[UNK]"), ...key("lamp"), 0, 60, 0x7f, 0, 60, 0x7f];
  const directory = (block, first) => [...[1, block.length & 127, ...key(first)]];
  const sections = {
    documents,
    texts: texts.flatMap(({ length }) => [(length & 127) | 128, length >> 7]),
    words: directory(words, "lamp"),
    pieces: directory(pieces, "[UNK]"),
  };
  const content = {
    head: Object.values(sections).flat(),
    words,
    pieces,
    vectors: passages.map((_, at) => 0x7f - at),
    texts: texts.flat(),
  };
  const head = {};
  let at = 0;
  for (const [name, section] of Object.entries(sections)) {
    head[name] = [at, at + section.length];
    at += section.length;
  }
  const files = Object.fromEntries(
    Object.entries(content).map(([name, { length }]) => [
      name,
      { name: `${name}-${stamp}.bin`, bytes: length },
    ]),
  );
  const facts = {
    ...{ format: "goosequill-web-search", version: 2, stamp, passages: count, documents: documents.length },
    ...{ dimensions: 2, vectors: { ...GRID }, table: { ...GRID }, files, head, words: { stop: [] } },
    stages: { meaning: { ...STAGE } },
  };
  change(facts);
  const named = Object.entries(content).map(([name, bytes]) => [files[name].name, Uint8Array.from(bytes)]);
  return new Map([...named, ["search.json", encoder.encode(JSON.stringify(facts))]]);
}

/** A server of files, whose `files` may be exchanged. */
export function server(files) {
  const served = {
    files,
    fetch: async (url, init) => {
      const data = served.files.get(url.split("/web/")[1] ?? "");
      if (!data) return new Response("", { status: 404 });
      const range = /(\d+)-(\d+)/.exec(new Headers(init?.headers).get("range") ?? "");
      return range
        ? new Response(data.slice(Number(range[1]), Number(range[2]) + 1), { status: 206 })
        : new Response(data);
    },
  };
  return served;
}
