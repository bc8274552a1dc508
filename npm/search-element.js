/** Importing this module defines <goose-search>. Its attribute `index` is the folder of a static index. */

export { defineSearch, GooseSearch } from "./search/static/element.js";
