/**
 * Makes recipes readable: typographic bullets become lists, "Ingredients:" becomes a heading, and the
 * quantity at the start of an item is marked (the style sheet draws its fraction; the text is not changed).
 */

/** A paragraph that is a heading in a recipe. */
export const RECIPE_HEADING =
  /^[ \t]*(?:for the \p{L}[\p{L} ]{0,28}\p{L}|ingredients?|directions?|instructions?|method|preparation|steps|procedure|equipment|serves|servings|notes?|tips|zutaten|zubereitung|ingrédients|préparation|ingredientes|preparación|elaboración|ингредиенты|приготовление)[ \t]*[:：]\s*$/iu;

const UNIT =
  "cups?|c\\.|tablespoons?|tbsps?\\.?|tbs\\.?|teaspoons?|tsps?\\.?|ounces?|oz\\.?|fl\\.? oz\\.?|pounds?|lbs?\\.?|grams?|gr?\\.?|kg|kilograms?|ml|cl|dl|l|lit(?:er|re)s?|millilit(?:er|re)s?|pints?|quarts?|pinch(?:es)?|dash(?:es)?|cloves?|cans?|slices?|sticks?|packages?|packets?|bunch(?:es)?|heads?|pieces?|stalks?|sprigs?|handfuls?|EL|TL|Prise";
const NUMBER =
  "(?:\\d+(?:[.,]\\d+)?(?:[ -]\\d+\\s?[/⁄]\\s?\\d+|[ -]?[¼½¾⅓⅔⅛⅜⅝⅞])?(?:\\s?[/⁄]\\s?\\d+)?|[¼½¾⅓⅔⅛⅜⅝⅞]|an?|one|two|three)";
const QUANTITY = new RegExp(
  `^${NUMBER}(?:\\s?(?:-|–|to)\\s?${NUMBER})?\\s?(?:\\([^)\\n]{1,20}\\)\\s)?(?:${UNIT})(?=\\s|$|,)`,
  "u",
);
const BULLET = /^([ \t]*)[•‣◦▪●·∙][ \t]+(?=\S)/gmu;
const HEADING_LINE = new RegExp(RECIPE_HEADING.source.replace("\\s*$", "[ \\t]*\\n(?=\\S)"), "gimu");

/**
 * @param {string} text the text of a list item
 * @returns {[quantity: string, rest: string]} the first is "" if the item does not start with one
 */
export function markQuantity(text) {
  const found = QUANTITY.exec(text);
  return found ? [found[0], text.slice(found[0].length)] : ["", text];
}

/**
 * Outside fenced code: typographic bullets at the start of a line become Markdown's, and headings become
 * paragraphs of their own.
 * @param {string} text
 */
export function tidyRecipe(text) {
  if (text.search(BULLET) < 0 && text.search(HEADING_LINE) < 0) return text;
  return text
    .split(/(^ {0,3}```[\s\S]*?^ {0,3}```|^ {0,3}```[\s\S]*$)/m)
    .map((part, index) => (index % 2 ? part : part.replace(BULLET, "$1- ").replace(HEADING_LINE, "$&\n")))
    .join("");
}
