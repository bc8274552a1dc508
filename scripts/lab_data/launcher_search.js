/**
 * The page's own search under Node, for launcher_study.py and a test: JSON on the standard input with
 * `templates` ([label, strokes] each), `names`, `kept`, `full`, and `queries`, each with a list of strokes
 * and, in `marks`, the numbers of strokes after which `target`, a name's index, is looked up. The answer has
 * for each query the rankings of each stroke, or the ranks at the marks, and what each stroke took.
 */

import { text } from "node:stream/consumers";
import { Search, spelledNames, Templates } from "../../site/lab/launcher-search.js";

const { templates, names, kept, full, queries } = JSON.parse(await text(process.stdin));
const letters = templates.map(([label, strokes]) => ({ label, strokes }));
const bank = new Templates(letters);
const spelled = spelledNames(names);
const answers = queries.map(({ strokes, marks, target }) => {
  const search = new Search(bank, spelled, { kept, isFull: full });
  const ranks = [];
  const steps = strokes.map((stroke, at) => {
    const began = process.cpuUsage(); // unlike the time of day, it does not grow while others compute
    const { order, scores, best, distances, comparisons, everything } = search.add(stroke);
    const { user, system } = process.cpuUsage(began);
    const milliseconds = (user + system) / 1000;
    for (const mark of marks ?? []) if (mark === at + 1) ranks.push(order.indexOf(target) + 1);
    const took = { milliseconds, distances, comparisons, everything };
    return marks ? took : { ...took, order, scores, best };
  });
  return { steps, ranks };
});
process.stdout.write(JSON.stringify(answers));
