// Single keys: "/" searches, "?" helps, J K A C in a review. A page marks what a key does with data-key="j";
// a person may switch them off in their account (data-keys on <html>).
const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.documentElement.dataset.keys === "off" || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    document.getElementById("help")?.showModal();
    event.preventDefault();
    return;
  }
  const key = event.key.toLowerCase();
  if (!/^[a-z/]$/.test(key)) return;
  const target = document.querySelector(`[data-key="${key}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input, textarea")) target.focus();
  else target.click();
});
