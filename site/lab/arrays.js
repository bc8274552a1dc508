/**
 * Values that cross between pages and Python, in the form in which an experiment's script has them: arrays as
 * nested lists, and null for NaN and infinity, as in the JSON that the build and the command line write.
 */

/** @import { NumpyArray } from "../engine/protocol.js" */

/**
 * A result of Python's as plain objects, lists, numbers and texts.
 * @param {any} value
 * @returns {any}
 */
export function plain(value) {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(/** @type {any} */ (value), plain);
  if (isArray(value)) return nested(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** @param {any} value */
function isArray(value) {
  return Array.isArray(value.shape) && typeof value.dtype === "string" && ArrayBuffer.isView(value.data);
}

/** @param {NumpyArray} array */
function nested({ shape, dtype, data }) {
  /** @type {any[]} */
  let items = Array.from(/** @type {any} */ (data), dtype === "bool" ? Boolean : plain);
  if (shape.length === 0) return items[0];
  for (const size of shape.slice(1).reverse()) {
    const rows = size ? items.length / size : shape[0];
    items = Array.from({ length: rows }, (_, row) => items.slice(row * size, (row + 1) * size));
  }
  return items;
}

const DTYPES = new Map(
  Object.entries({
    Int8Array: "int8",
    Int16Array: "int16",
    Uint16Array: "uint16",
    Int32Array: "int32",
    Uint32Array: "uint32",
    Float32Array: "float32",
    Float64Array: "float64",
    BigInt64Array: "int64",
    BigUint64Array: "uint64",
  }),
);

/**
 * The visitor's data as Python takes it: typed arrays become arrays of numpy, and a Uint8Array bytes.
 * @param {Record<string, any>} data
 * @returns {Record<string, any>}
 */
export function forPython(data) {
  const entries = Object.entries(data).map(([name, value]) => {
    const dtype = ArrayBuffer.isView(value) ? DTYPES.get(value.constructor.name) : undefined;
    return [name, dtype ? { shape: [/** @type {any} */ (value).length], dtype, data: value } : value];
  });
  return Object.fromEntries(entries);
}
