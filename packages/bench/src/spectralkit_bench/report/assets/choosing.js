// Which score stands under each image of the samples' table, and under which seed.

const choice = document.getElementById("score");
const seed = document.getElementById("seed");
const table = document.getElementById("sample-table");

function choose() {
  for (const value of table.querySelectorAll("data")) {
    const other = seed && !value.dataset.seeds.split(" ").includes(seed.value);
    value.hidden = other || value.dataset.score !== choice.value;
  }
  for (const heading of table.tHead.rows[0].cells) {
    if (heading.hasAttribute("aria-sort")) heading.setAttribute("aria-sort", "none");
  }
}

choice.addEventListener("change", choose);
seed?.addEventListener("change", choose);
