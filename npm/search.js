/**
 * Search of a static site by meaning, in plain JavaScript: reads the folder that `goosequill index` wrote.
 * It needs none of the engine's files. FullEmbedder, which does, embeds questions with MiniLM.
 */

export { FullEmbedder } from "./search/static/full.js";
export { openIndex, StaticIndex, StaticSearchError } from "./search/static/search.js";
