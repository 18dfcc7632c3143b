// Small helps for pages that work without them. Everything listens on the document, so swapped parts need no set-up.
const on = (type, selector, act) =>
  document.addEventListener(type, (event) => {
    const target = event.target.closest?.(selector);
    if (target) act(target, event);
  });

on("click", "[data-copy]", async (button) => {
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value ?? field.textContent.trim());
  } catch {
    field.select?.();
    return;
  }
  const label = button.querySelector("span");
  button.dataset.label ??= label.textContent;
  label.textContent = button.dataset.copied;
  setTimeout(() => { label.textContent = button.dataset.label; }, 2000);
});

on("click", "[data-show-password]", (button) => {
  const field = document.getElementById(button.dataset.showPassword);
  const shown = field.type === "password";
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
});

on("change", 'select[name="theme"]', ({ value }) => {
  document.cookie = `theme=${value};path=/;max-age=31536000;samesite=lax${location.protocol === "https:" ? ";secure" : ""}`;
  if (value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
});

on("change", "form[data-autosubmit]", (form) => form.requestSubmit());

on("click", "[data-check-all]", (box) => {
  for (const other of box.form.querySelectorAll(".pick input")) other.checked = box.checked;
});

// A form or button with data-confirm says what will happen and asks once. No JavaScript: it is sent at once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const asker = event.submitter?.dataset.confirm ? event.submitter : form;
  const dialog = document.getElementById("confirm");
  if (!asker.dataset.confirm || !dialog || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  dialog.querySelector("[data-confirm-text]").textContent = asker.dataset.confirm;
  const label = event.submitter?.textContent.trim();
  if (label) dialog.querySelector("[data-confirm-yes]").textContent = label;
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    form.dataset.confirmed = "1";
    form.requestSubmit(event.submitter);
    delete form.dataset.confirmed;
  }, { once: true });
  dialog.showModal();
}, true);

on("click", "[data-open-dialog]", (button) => document.getElementById(button.dataset.openDialog)?.showModal());

document.querySelector("[data-focus]")?.focus();

// Choosing a language loads the page anew: what was typed in it, apart from secrets and files, is typed again.
const typed = () => [...document.querySelectorAll("main :is(input, select, textarea)")]
  .filter(({ name, type }) => name && !["hidden", "password", "file", "submit"].includes(type));

on("submit", "form.languages", () => {
  const values = typed().map(({ name, type, value, checked }) => [name, value, /checkbox|radio/.test(type) ? checked : null]);
  sessionStorage.setItem("typed", JSON.stringify([location.pathname, values]));
});

const [page, values] = JSON.parse(sessionStorage.getItem("typed") ?? "[]");
sessionStorage.removeItem("typed");
for (const [name, value, checked] of page === location.pathname ? values : []) {
  const field = typed().find((one) => one.name === name && (checked === null || one.value === value));
  if (field && checked === null) field.value = value;
  else if (field) field.checked = checked;
}
