// Which score stands under each image of the samples' table.

const choice = document.getElementById("score");
const table = document.getElementById("sample-table");

choice.addEventListener("change", () => {
  for (const value of table.querySelectorAll("data")) value.hidden = value.dataset.score !== choice.value;
  for (const heading of table.tHead.rows[0].cells) {
    if (heading.hasAttribute("aria-sort")) heading.setAttribute("aria-sort", "none");
  }
});
