// Forms with data-upload: a progress bar while files travel, and a still picture of a chosen video.
const swap = (request) => {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  if (request.responseURL) history.pushState(null, "", request.responseURL);
  document.documentElement.replaceWith(page.documentElement);
  window.htmx?.process(document.body);
  document.querySelector("[data-focus]")?.focus();
  scrollTo(0, 0);
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  const files = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
  const box = form.querySelector("[data-progress]");
  if (event.defaultPrevented || !form.matches("[data-upload]") || !files.length || !box) return;
  event.preventDefault();
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
  request.addEventListener("load", () => swap(request));
  // The network failed: let the browser send it the plain way, which shows its own message.
  request.addEventListener("error", () => { busy(false); form.submit(); });
  request.open("POST", form.action);
  busy(true);
  request.send(data);
});

document.addEventListener("change", ({ target }) => {
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
