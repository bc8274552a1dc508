/** What lists of objects are compared by: one property of each, or the text of each element. */

export const pluck = (items, name) => Array.from(items, (item) => item[name]);

export const textsOf = (elements) => pluck(elements, "textContent");
