// Single keys: "/" searches, "?" helps, J K A C in a review. A page marks what a key does with data-key="j".
const STORE = "samverk-keys";
const remembered = () => { try { return localStorage.getItem(STORE); } catch { return null; } };
const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (remembered() === "off" || typing(event.target) || document.querySelector("dialog[open]")) return;
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

const box = document.querySelector("[data-keys-switch]");
if (box) {
  box.checked = remembered() !== "off";
  box.addEventListener("change", () => { try { localStorage.setItem(STORE, box.checked ? "on" : "off"); } catch { /* private window */ } });
}
