// One zoom and one place for all images of the viewer. Places are percentages of an image, so that frames of any size agree.

const LARGEST = 32;
const KEYS = { "+": 1.5, "=": 1.5, "-": 1 / 1.5, _: 1 / 1.5 };
const MOVES = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const FRAME = ".stage, .pane";

const viewer = document.getElementById("viewer");
const pointers = new Map();
let scale = 1;
let x = 0;
let y = 0;

function show() {
  const least = 100 * (1 - scale);
  x = Math.min(0, Math.max(least, x));
  y = Math.min(0, Math.max(least, y));
  viewer.style.setProperty("--x", `${x}%`);
  viewer.style.setProperty("--y", `${y}%`);
  viewer.style.setProperty("--scale", scale);
  viewer.toggleAttribute("data-zoomed", scale > 1);
  viewer.querySelector("[data-scale]").value = `${Number(scale.toPrecision(2))}×`;
}

function zoom(factor, across = 50, down = 50) {
  const next = Math.min(LARGEST, Math.max(1, scale * factor));
  x = across - ((across - x) * next) / scale;
  y = down - ((down - y) * next) / scale;
  scale = next;
  show();
}

function fit() {
  scale = 1;
  show();
}

function move(right, down) {
  x += right;
  y += down;
  show();
}

function place(event, frame) {
  const box = frame.getBoundingClientRect();
  return [(100 * (event.clientX - box.left)) / box.width, (100 * (event.clientY - box.top)) / box.height];
}

viewer.addEventListener("keydown", (event) => {
  if (event.target.matches("select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in KEYS) zoom(KEYS[event.key]);
  else if (event.key === "0") fit();
  else if (event.key in MOVES && event.target.matches(FRAME)) move(...MOVES[event.key].map((step) => 10 * step));
  else return;
  event.preventDefault();
});

viewer.addEventListener("click", (event) => {
  const wanted = event.target.closest("[data-zoom]")?.dataset.zoom;
  if (wanted === "in") zoom(1.5);
  if (wanted === "out") zoom(1 / 1.5);
  if (wanted === "fit") fit();
});

viewer.addEventListener(
  "wheel",
  (event) => {
    const frame = event.target.closest(FRAME);
    if (!frame || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 200), ...place(event, frame));
  },
  { passive: false },
);

viewer.addEventListener("dblclick", (event) => {
  const frame = event.target.closest(FRAME);
  if (frame) zoom(event.shiftKey ? 0.5 : 2, ...place(event, frame));
});

viewer.addEventListener("pointerdown", (event) => {
  const frame = event.target.closest(FRAME);
  if (!frame || event.button > 0) return;
  frame.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, { frame, at: place(event, frame) });
});

viewer.addEventListener("pointermove", (event) => {
  const known = pointers.get(event.pointerId);
  if (!known) return;
  const [before, at] = [known.at, place(event, known.frame)];
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const apart = (point) => Math.hypot(point[0] - other.at[0], point[1] - other.at[1]);
    zoom(apart(at) / Math.max(1, apart(before)), ...other.at);
  } else if (scale > 1) {
    move(at[0] - before[0], at[1] - before[1]);
  }
  known.at = at;
});

for (const end of ["pointerup", "pointercancel"]) {
  viewer.addEventListener(end, (event) => {
    // Keys go on where the pointer was.
    if (pointers.delete(event.pointerId)) viewer.querySelector(".stage").focus({ preventScroll: true });
  });
}
