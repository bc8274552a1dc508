/** Print the formats of reports that the comparer reads, as JSON: node scripts/report_formats.js */

import { LISTED } from "../site/reports/index.js";

console.log(JSON.stringify(LISTED.map(({ title, shape }) => ({ title: title(), shape }))));
