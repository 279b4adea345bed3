// Two images one over the other, and the divider between them: a range input, so that keys and readers know it.

const viewer = document.getElementById("viewer");
const stage = viewer.querySelector(".stage");
const divider = viewer.querySelector("input[type=range]");
const picks = viewer.querySelectorAll("select[data-pick]");

function divide() {
  viewer.style.setProperty("--split", `${divider.value}%`);
  divider.setAttribute("aria-valuetext", `${divider.value} % of the left image`);
}

function pick() {
  for (const select of picks) {
    const side = select.dataset.pick;
    const image = stage.querySelector(`img[data-side="${side}"]`);
    const whole = viewer.querySelector(`.panes img[data-key="${select.value}"]`);
    if (!whole) continue;
    image.src = whole.src;
    image.alt = `${side}: ${whole.alt}`;
    stage.style.aspectRatio = `${whole.width} / ${whole.height}`;
  }
}

function follow(event) {
  const box = stage.getBoundingClientRect();
  divider.value = (100 * (event.clientX - box.left)) / box.width;
  divide();
}

divider.addEventListener("input", divide);
viewer.addEventListener("change", pick);
viewer.addEventListener("opened", pick);
stage.addEventListener("pointerdown", (event) => !viewer.hasAttribute("data-zoomed") && event.isPrimary && follow(event));
stage.addEventListener("pointermove", (event) => {
  if (event.buttons && event.isPrimary && !viewer.hasAttribute("data-zoomed")) follow(event);
});
divide();
