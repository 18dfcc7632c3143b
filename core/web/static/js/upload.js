// Forms with data-upload: too much is said before it travels, a progress bar while files travel, and a still picture of a chosen video.
const swap = (request) => {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  if (request.responseURL) history.pushState(null, "", request.responseURL);
  document.documentElement.replaceWith(page.documentElement);
  window.htmx?.process(document.body);
  document.querySelector("[data-focus]")?.focus();
  scrollTo(0, 0);
};

const filesOf = (form) => [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);

// What is too large is refused here, where nothing that was typed can be lost. Says whether it fits.
const fits = (form) => {
  const input = form.querySelector("input[type=file][data-most]");
  if (!input) return true;
  const size = filesOf(form).reduce((sum, file) => sum + file.size, 0);
  input.setCustomValidity(size > Number(input.dataset.most) ? input.dataset.tooLarge : "");
  return input.reportValidity();
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  const files = filesOf(form);
  const box = form.querySelector("[data-progress]");
  if (event.defaultPrevented || !form.matches("[data-upload]") || !files.length || !box) return;
  event.preventDefault();
  if (!fits(form)) return;
  const bar = box.querySelector("progress");
  const text = box.querySelector("small");
  const buttons = form.querySelectorAll("button");
  const busy = (state) => {
    box.hidden = !state;
    for (const button of buttons) button.disabled = state;
  };
  const data = new FormData(form, event.submitter);
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = Math.round((100 * loaded) / total);
    text.textContent = `${bar.value} %`;
  });
  // What the server could not take whole has no form in its answer: this one stays, with all that was typed.
  const stay = (message) => {
    busy(false);
    const input = form.querySelector("input[type=file][data-most]");
    input?.setCustomValidity(message);
    input?.reportValidity();
  };
  const { tooLarge, notSent } = form.querySelector("input[type=file][data-most]")?.dataset ?? {};
  request.addEventListener("load", () => {
    if (tooLarge && request.status === 413) stay(tooLarge);
    else if (notSent && request.status >= 500) stay(notSent);
    else swap(request);
  });
  request.addEventListener("error", () => {
    if (notSent) stay(notSent);
    else { busy(false); HTMLFormElement.prototype.submit.call(form); }
  });
  request.open("POST", form.getAttribute("action") || location.href); // a field may be named action
  busy(true);
  request.send(data);
});

document.addEventListener("change", ({ target }) => {
  if (target.matches?.("input[type=file]") && target.form?.matches("[data-upload]")) fits(target.form);
  const file = target.matches?.("input[type=file][data-poster]") && target.files[0];
  const poster = file && target.form.elements[target.dataset.poster];
  if (!poster || !file.type.startsWith("video/")) return;
  const video = Object.assign(document.createElement("video"), { muted: true, preload: "auto", src: URL.createObjectURL(file) });
  video.addEventListener("loadeddata", () => { video.currentTime = Math.min(1, video.duration / 3); }, { once: true });
  video.addEventListener("seeked", () => {
    const scale = Math.min(1, 720 / video.videoWidth);
    const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth * scale, height: video.videoHeight * scale });
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => {
      const list = new DataTransfer();
      if (blob) list.items.add(new File([blob], "poster.jpg", { type: "image/jpeg" }));
      poster.files = list.files;
      URL.revokeObjectURL(video.src);
    }, "image/jpeg", .8);
  }, { once: true });
});
