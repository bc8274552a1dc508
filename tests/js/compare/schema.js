/**
 * Checks a value against the keywords of JSON Schema that sampling-report.schema.json uses; others are an
 * error.
 */

const KEYWORDS =
  "$schema $defs title description type required properties items additionalProperties anyOf $ref minLength";

/** Returns what is wrong, with its path. */
export function problemsOf(value, schema, root = schema, path = "$") {
  const unknown = Object.keys(schema).filter((name) => !KEYWORDS.split(" ").includes(name));
  if (unknown.length) throw new Error(`this check does not know ${unknown}`);
  const check = (part, rule, where) => problemsOf(part, rule, root, where);
  const found = [];
  if (schema.$ref) found.push(...check(value, root.$defs[schema.$ref.split("/").at(-1)], path));
  if (schema.anyOf?.every((rule) => check(value, rule, path).length > 0))
    found.push(`${path} fits none of anyOf`);
  if (schema.type && ![schema.type].flat().includes(typeOf(value))) return [`${path} is ${typeOf(value)}`];
  if (typeof value === "string" && value.length < (schema.minLength ?? 0)) found.push(`${path} is too short`);
  if (Array.isArray(value) && schema.items)
    found.push(...value.flatMap((item, index) => check(item, schema.items, `${path}[${index}]`)));
  if (typeOf(value) !== "object") return found;
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(value, name)) found.push(`${path}.${name} is missing`);
  for (const [name, member] of Object.entries(value)) {
    const known = schema.properties && Object.hasOwn(schema.properties, name);
    const rule = known ? schema.properties[name] : schema.additionalProperties;
    if (rule) found.push(...check(member, rule, `${path}.${name}`));
  }
  return found;
}

function typeOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
