// The sample that is open: named by the address (#sample=...), filled from its template, under the seed that is chosen.

const viewer = document.getElementById("viewer");
const heading = viewer.querySelector("[data-open]");
const templates = new Map([...document.querySelectorAll("template[data-sample]")].map((t) => [t.dataset.sample, t]));
const seed = document.getElementById("seed");
let open = "";

function named() {
  const found = location.hash.startsWith("#sample=") ? decodeURIComponent(location.hash.slice(8)) : "";
  return templates.has(found) ? found : "";
}

function order() {
  return [...document.querySelectorAll("tr[data-row]")].map((row) => row.dataset.row);
}

function show(id) {
  open = id;
  const content = templates.get(id).content.cloneNode(true);
  for (const figure of seed ? content.querySelectorAll("figure[data-seeds]") : []) {
    if (!figure.dataset.seeds.split(" ").includes(seed.value)) figure.remove();
  }
  for (const slot of viewer.querySelectorAll("[data-slot]")) {
    slot.replaceChildren(...content.querySelectorAll(`.${slot.dataset.slot}`));
  }
  const ids = order();
  heading.textContent = `${id} (${ids.indexOf(id) + 1} of ${ids.length})`;
  for (const row of document.querySelectorAll("tr[data-row]")) {
    if (row.dataset.row === id) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  viewer.dispatchEvent(new Event("opened"));
}

function step(by) {
  const ids = order();
  const next = ids[(ids.indexOf(open) + by + ids.length) % ids.length];
  history.replaceState(null, "", `#sample=${next}`);
  show(next);
}

seed?.addEventListener("change", () => show(open));

viewer.addEventListener("click", (event) => {
  const by = event.target.closest("[data-step]")?.dataset.step;
  if (by) step(Number(by));
});

viewer.addEventListener("keydown", (event) => {
  if (event.target.matches("select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "n") step(1);
  if (event.key === "p") step(-1);
});

function follow() {
  const id = named();
  if (!id) return;
  show(id);
  viewer.scrollIntoView({ block: "start" });
  heading.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  if (event.target.closest('a[href^="#sample="]')?.hash === location.hash) follow();
});
window.addEventListener("hashchange", follow);
if (named()) follow();
else show(order()[0]);
