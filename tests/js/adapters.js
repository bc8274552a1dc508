/** Adapter files for the default model, made by hand. */

/** The width of the default model. */
const WIDTH = 320;

/**
 * A file that changes the last layer norm.
 * @param {number} change
 * @param {Record<string, unknown>} [about]
 */
export function adapterFile(change, about = {}) {
  const values = new Float32Array(WIDTH).map((_, at) => change * Math.sin(at));
  const described = JSON.stringify({ format_version: 1, method: "vectors", name: "Pirate", ...about });
  const header = new TextEncoder().encode(
    JSON.stringify({
      __metadata__: { "goosequill.adapter": described },
      "ln_out.weight": { dtype: "F32", shape: [WIDTH], data_offsets: [0, values.byteLength] },
    }),
  );
  const file = new Uint8Array(8 + header.length + values.byteLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  file.set(new Uint8Array(values.buffer), 8 + header.length);
  return file;
}
