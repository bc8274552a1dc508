/**
 * The geometry of the dilation page: where grids, cells, the kernel and its beam lie, as SVG path data.
 * Nothing here touches a document, so the page, the build, the GIF and the tests draw the same picture.
 */

/**
 * @typedef {[number, number]} Point
 * @typedef {{low: number, high: number, first: number, spacing: number, taps: number[][]}} Lattice
 * @typedef {{
 *   output_size: number, effective_kernel: number, values: number[][], weights: number[][],
 *   output: number[][], reads: number[][], lattice: Lattice, size_formula: string, pytorch: string
 * }} Data what goosequill.lab.dilation computes
 * @typedef {{column: Point, row: Point, origin: Point}} Plane one step along a row, one along a column, and
 *   the corner of cell 0, in units of the drawing
 * @typedef {{role: string, x: number, y: number, size: number, text: string}} Label
 * @typedef {"tilted" | "flat"} View
 * @typedef {{
 *   width: number, height: number, cell: number, view: View, input: Plane, output: Plane,
 *   shapes: Record<string, string>, labels: Label[]
 * }} Scene `shapes` are path data by role
 * @typedef {{shapes: Record<string, string>, labels: Label[]}} Marks what a chosen cell adds to a scene
 */

/** Width of a drawing; its height follows. */
export const WIDTH = 720;
/** From this size of a cell on its number can be read. */
const READABLE = 22;
/** Lines nearer than this would fill their grid. */
const NEAREST_LINES = 3;
const MARGIN = 12;
/** No cell is drawn larger, so that a single one does not fill the page. */
const LARGEST_CELL = 64;

/** @type {Record<View, {column: Point, row: Point}>} in cells */
const AXES = {
  tilted: { column: [0.93, 0.17], row: [-0.56, 0.4] },
  flat: { column: [1, 0], row: [0, 1] },
};

/** The roles of all shapes, from back to front. */
export const LAYERS = [
  "zeros",
  "input",
  "input-lines",
  "tap-zero",
  "tap",
  "source",
  "window",
  "glass",
  "beam",
  "output",
  "output-lines",
  "fed",
  "link",
  "current",
];

/**
 * Everything that does not change with the chosen cell.
 * @param {Data} data
 * @param {View} view
 * @returns {Scene}
 */
export function makeScene(data, view) {
  const { low, high } = data.lattice;
  const cells = high - low;
  const out = data.output_size;
  const axes = AXES[view];
  const bottom = outline({ ...axes, origin: [0, 0] }, 0, 0, cells);
  const top = outline({ ...axes, origin: [0, 0] }, 0, 0, out);
  const shift = view === "tilted" ? above(axes, cells, out) : beside(cells, out);
  const points = [...bottom, ...top.map(([x, y]) => /** @type {Point} */ ([x + shift[0], y + shift[1]]))];
  const [left, upper] = [Math.min(...points.map(([x]) => x)), Math.min(...points.map(([, y]) => y))];
  const across = Math.max(...points.map(([x]) => x)) - left;
  const down = Math.max(...points.map(([, y]) => y)) - upper;
  const cell = Math.min(LARGEST_CELL, (WIDTH - 2 * MARGIN) / across);
  const indent = (WIDTH - cell * across) / 2;
  const place = (/** @type {Point} */ [x, y]) =>
    /** @type {Point} */ ([indent + cell * (x - left), MARGIN + cell * (y - upper)]);
  const scaled = {
    column: /** @type {Point} */ (axes.column.map((value) => value * cell)),
    row: /** @type {Point} */ (axes.row.map((value) => value * cell)),
  };
  const start = place([0, 0]);
  const input = { ...scaled, origin: at({ ...scaled, origin: start }, -low, -low) };
  const output = { ...scaled, origin: place(shift) };
  const scene = { width: WIDTH, height: cell * down + 2 * MARGIN, cell, view, input, output };
  return { ...scene, shapes: grids(data, scene), labels: labels(data, scene) };
}

/**
 * The shift of an output that floats above the middle of the input.
 * @param {{column: Point, row: Point}} axes @param {number} cells @param {number} out
 * @returns {Point}
 */
function above({ column, row }, cells, out) {
  const middle = (cells - out) / 2;
  const lift = 0.36 * Math.max(cells, out) + 0.3 * Math.min(cells, out) + 0.9;
  return [middle * (column[0] + row[0]), middle * (column[1] + row[1]) - lift];
}

/** @param {number} cells @param {number} out @returns {Point} */
function beside(cells, out) {
  return [cells + Math.max(1.5, cells / 6), (cells - out) / 2];
}

/**
 * The corner of a cell.
 * @param {Plane} plane @param {number} row @param {number} column
 * @returns {Point}
 */
export function at({ origin, row: [rx, ry], column: [cx, cy] }, row, column) {
  return [origin[0] + row * rx + column * cx, origin[1] + row * ry + column * cy];
}

/**
 * The cell under a point; it may lie outside the grid.
 * @param {Plane} plane @param {Point} point
 * @returns {[number, number]} row and column
 */
export function cellAt({ origin, row: [rx, ry], column: [cx, cy] }, [x, y]) {
  const [dx, dy] = [x - origin[0], y - origin[1]];
  const area = cx * ry - cy * rx;
  return [Math.floor((cx * dy - cy * dx) / area), Math.floor((ry * dx - rx * dy) / area)];
}

/**
 * The corners of a square of cells.
 * @param {Plane} plane @param {number} row @param {number} column @param {number} cells
 */
function outline(plane, row, column, cells) {
  return [
    at(plane, row, column),
    at(plane, row, column + cells),
    at(plane, row + cells, column + cells),
    at(plane, row + cells, column),
  ];
}

/** @param {number} value */
const short = (value) => String(Math.round(value * 10) / 10);

/** @param {Point[]} points */
function polygon(points) {
  return `M${points.map((point) => point.map(short).join(" ")).join("L")}Z`;
}

/** @param {Point} from @param {Point} to */
function line(from, to) {
  return `M${from.map(short).join(" ")}L${to.map(short).join(" ")}`;
}

/** @param {Plane} plane @param {number} row @param {number} column @param {number} [cells] */
function square(plane, row, column, cells = 1) {
  return polygon(outline(plane, row, column, cells));
}

/**
 * The lines of a grid of cells from `low` to `high`, its border included.
 * @param {Plane} plane @param {number} low @param {number} high
 */
function gridLines(plane, low, high) {
  const lines = [];
  for (let index = low; index <= high; index++) {
    lines.push(line(at(plane, index, low), at(plane, index, high)));
    lines.push(line(at(plane, low, index), at(plane, high, index)));
  }
  return lines.join("");
}

/**
 * @param {Data} data @param {{cell: number, input: Plane, output: Plane}} scene
 * @returns {Record<string, string>}
 */
function grids({ lattice, values, output_size: out }, { cell, input, output }) {
  const { low, high, first, spacing } = lattice;
  const size = values.length;
  const lines = (/** @type {Plane} */ plane, /** @type {number} */ from, /** @type {number} */ to) =>
    cell < NEAREST_LINES ? square(plane, from, from, to - from) : gridLines(plane, from, to);
  /** @type {Record<string, string>} */
  const shapes = { output: square(output, 0, 0, out), "output-lines": lines(output, 0, out) };
  if (high - low > size) shapes.zeros = lines(input, low, high);
  if (spacing === 1) {
    shapes.input = square(input, first, first, size);
    shapes["input-lines"] = lines(input, first, first + size);
    return shapes;
  }
  const places = Array.from({ length: size }, (_, index) => first + spacing * index);
  const cells = places.flatMap((row) => places.map((column) => square(input, row, column)));
  shapes.input = cells.join("");
  shapes["input-lines"] = shapes.input;
  return shapes;
}

/**
 * The numbers in the cells, where cells are large enough.
 * @param {Data} data @param {{cell: number, view: View, input: Plane, output: Plane}} scene
 * @returns {Label[]}
 */
function labels(data, { cell, view, input, output }) {
  if (view !== "flat" || cell < READABLE) return [];
  const { first, spacing } = data.lattice;
  const made = (
    /** @type {number[][]} */ rows,
    /** @type {Plane} */ plane,
    /** @type {string} */ role,
    step = 1,
    start = 0,
  ) =>
    rows.flatMap((row, r) =>
      row.map((value, c) => {
        const [x, y] = at(plane, start + step * r + 0.5, start + step * c + 0.5);
        const text = format(value);
        return { role, x, y, size: Math.min(0.42 * cell, (1.35 * cell) / text.length), text };
      }),
    );
  return [
    ...made(data.values, input, "input-number", spacing, first),
    ...made(data.output, output, "output-number"),
  ];
}

/**
 * What shows that an output cell reads its inputs: the weights' cells, the kernel's window and the beam.
 * @param {Data} data @param {Scene} scene @param {number} row @param {number} column
 * @returns {Marks}
 */
export function reading(data, scene, row, column) {
  const { taps } = data.lattice;
  const [down, across] = [taps[row], taps[column]];
  const start = [Math.min(...down), Math.min(...across)];
  const span = data.effective_kernel;
  /** @type {Record<"tap" | "tap-zero", string[]>} */
  const cells = { tap: [], "tap-zero": [] };
  /** @type {Label[]} */
  const weights = [];
  down.forEach((r, i) => {
    across.forEach((c, j) => {
      const real = data.reads[row][i] >= 0 && data.reads[column][j] >= 0;
      cells[real ? "tap" : "tap-zero"].push(square(scene.input, r, c));
      if (scene.view === "flat" && scene.cell >= 1.4 * READABLE) {
        const text = `×${format(data.weights[i][j])}`;
        const size = Math.min(0.22 * scene.cell, (1.4 * scene.cell) / text.length);
        const [x, y] = at(scene.input, r + 0.83, c + 0.92 - (0.28 * size * text.length) / scene.cell);
        weights.push({ role: "weight", x, y, size, text });
      }
    });
  });
  const window = outline(scene.input, start[0], start[1], span);
  const target = outline(scene.output, row, column, 1);
  return {
    shapes: {
      tap: cells.tap.join(""),
      "tap-zero": cells["tap-zero"].join(""),
      window: polygon(window),
      ...beam(window, target, scene.view),
      current: polygon(target),
    },
    labels: weights,
  };
}

/**
 * The edges of the beam from the kernel's window to the output cell, and what it covers.
 * @param {Point[]} window @param {Point[]} target @param {View} view
 */
function beam(window, target, view) {
  const corners = view === "flat" ? [1, 2] : [0, 1, 2, 3];
  const edges = corners.map((index) => line(window[index], target[view === "flat" ? 3 * index - 3 : index]));
  const glass = view === "flat" ? "" : polygon(hull([...window, ...target]));
  return { beam: edges.join(""), glass };
}

/** The corners of the smallest convex shape around points. @param {Point[]} points */
function hull(points) {
  const sorted = [...points].sort(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const half = (/** @type {Point[]} */ ordered) => {
    /** @type {Point[]} */
    const kept = [];
    for (const point of ordered) {
      while (kept.length > 1 && !turnsLeft(kept[kept.length - 2], kept[kept.length - 1], point)) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

/** @param {Point} a @param {Point} b @param {Point} c */
function turnsLeft(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0;
}

/**
 * What shows which outputs an input cell feeds.
 * @param {Data} data @param {Scene} scene @param {number} row @param {number} column
 * @returns {Marks}
 */
export function feeding(data, scene, row, column) {
  const { first, spacing } = data.lattice;
  const [r, c] = [first + spacing * row, first + spacing * column];
  const middle = at(scene.input, r + 0.5, c + 0.5);
  const fed = readers(data, row).flatMap((down) => readers(data, column).map((across) => [down, across]));
  return {
    shapes: {
      source: square(scene.input, r, c),
      fed: fed.map(([down, across]) => square(scene.output, down, across)).join(""),
      link: fed.map(([down, across]) => line(middle, at(scene.output, down + 0.5, across + 0.5))).join(""),
    },
    labels: [],
  };
}

/**
 * The output indices that read an input index, along one axis.
 * @param {Data} data @param {number} index
 */
export function readers({ reads }, index) {
  return reads.flatMap((cells, output) => (cells.includes(index) ? [output] : []));
}

/**
 * A number in a few characters, with a real minus sign: whole numbers exactly, others with three digits.
 * @param {number} value
 */
export function format(value) {
  return String(rounded(value)).replace("-", "−").replace("e+", "e");
}

/** The number that `format` shows. @param {number} value */
export function rounded(value) {
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? value : Number(value.toPrecision(3));
}
