// Small pictures, taken from a sample's template when they come into view.

const templates = new Map([...document.querySelectorAll("template[data-sample]")].map((t) => [t.dataset.sample, t]));

const seed = document.getElementById("seed");

function fill(row) {
  const content = templates.get(row.dataset.row).content;
  const of = seed ? `:is(figure:not([data-seeds]), [data-seeds~="${seed.value}"])` : "";
  for (const picture of row.querySelectorAll("img[data-thumbnail]")) {
    const whole = content.querySelector(`${of} img[data-key="${picture.dataset.thumbnail}"]`);
    if (whole) picture.src = whole.getAttribute("src");
  }
  row.dataset.filled = "";
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      fill(entry.target);
    }
  },
  { rootMargin: "200px" },
);

const rows = document.querySelectorAll("tr[data-row]");
for (const row of rows) seen.observe(row);
seed?.addEventListener("change", () => document.querySelectorAll("tr[data-filled]").forEach(fill));
window.addEventListener("beforeprint", () => rows.forEach(fill));
