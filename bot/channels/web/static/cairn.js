// Conveniences where scripts may run: copy the checklist, print the page whole. All works without.
"use strict";
window.addEventListener("beforeprint", () => { for (const d of document.querySelectorAll("details")) d.open = true; });
for (const button of document.querySelectorAll(".script-only")) button.hidden = false;
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("print" in button.dataset) window.print();
  if ("copy" in button.dataset) {
    const field = button.parentElement.querySelector("textarea");
    field.select();
    try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
    button.textContent = button.dataset.copy;
  }
});
