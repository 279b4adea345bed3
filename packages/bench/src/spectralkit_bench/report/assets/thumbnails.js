// Small pictures, taken from a sample's template when they come into view.

const templates = new Map([...document.querySelectorAll("template[data-sample]")].map((t) => [t.dataset.sample, t]));

function fill(row) {
  const content = templates.get(row.dataset.row).content;
  for (const picture of row.querySelectorAll("img[data-thumbnail]")) {
    const whole = content.querySelector(`img[data-key="${picture.dataset.thumbnail}"]`);
    if (whole) picture.src = whole.getAttribute("src");
  }
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
window.addEventListener("beforeprint", () => rows.forEach(fill));
