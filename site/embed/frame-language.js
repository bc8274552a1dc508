/**
 * The iframe's language, which its address may give (?lang=de): set before the element asks for its words.
 */

const tag = new URLSearchParams(location.search).get("lang");
if (tag) document.documentElement.lang = tag;
