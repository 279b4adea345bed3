// Tables that sort by the heading that is pressed: numbers by size, text by letters, what is missing last.

const collator = new Intl.Collator("en", { numeric: true });

for (const table of document.querySelectorAll("table[data-sortable]")) {
  for (const heading of table.tHead.rows[0].cells) {
    heading.querySelector("button")?.addEventListener("click", () => press(table, heading));
  }
}

function press(table, heading) {
  const numeric = table.tBodies[0].rows[0]?.cells[heading.cellIndex].querySelector("data") !== null;
  const first = numeric ? "descending" : "ascending";
  const second = numeric ? "ascending" : "descending";
  const order = heading.getAttribute("aria-sort") === first ? second : first;
  for (const other of table.tHead.rows[0].cells) {
    if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  }
  heading.setAttribute("aria-sort", order);
  sort(table, heading.cellIndex, order);
}

function sort(table, column, order) {
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...table.tBodies[0].rows].map((row) => [key(row.cells[column]), row]);
  rows.sort(([a], [b]) => compare(a, b, sign));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function key(cell) {
  const value = cell.querySelector("data:not([hidden])");
  if (value === null) return cell.textContent.trim();
  return value.value === "" ? NaN : value.value === "inf" ? Infinity : value.value === "-inf" ? -Infinity : Number(value.value);
}

function compare(a, b, sign) {
  if (typeof a === "string") return sign * collator.compare(a, b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return a === b ? 0 : a < b ? -sign : sign;
}
