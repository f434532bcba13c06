// Frames of apps: made with the attributes of the bridge, sized as the app asks within limits.

import { know, nameOf } from "./page.js";

const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-modals allow-downloads";
const HIGHEST = 20000;
const WAIT = 10000;
const host = window.connectHost;

// Options that the frame's own script reads. They are this app's business alone; keep them few.
export function optionsOf(module, more = {}) {
  return {
    hostOrigin: location.origin,
    structuredContext: module.context,
    productContext: module.productContext,
    moduleType: module.kind,
    moduleLocation: module.location,
    isFullPage: module.isFullPage === true,
    uniqueKey: `${module.app}__${module.module}`,
    autoresize: more.isDialog !== true,
    ...more,
  };
}

export function show(place, module, more = {}) {
  know(module);
  if (module.problem) return complain(place, module);
  const made = host.createExtension({
    addon_key: module.app,
    key: module.module,
    url: module.url,
    options: optionsOf(module, more),
  });
  const frame = document.createElement("iframe");
  const { id, name, src } = made.iframeAttributes;
  Object.assign(frame, { id, name, title: `${module.name || module.module} (${module.appName})` });
  frame.setAttribute("sandbox", SANDBOX);
  frame.setAttribute("referrerpolicy", "no-referrer");
  frame.dataset.app = module.app;
  frame.dataset.module = module.module;
  place.classList.toggle("full", module.isFullPage === true);
  waitFor(frame, place, module);
  frame.src = src;
  place.append(frame);
  return made.extension;
}

export function remove(extension) {
  document.getElementById(extension.id)?.remove();
  host.destroy(extension.id);
}

export function complain(place, module) {
  const note = document.createElement("p");
  note.className = "note note-error";
  note.textContent = `${module.name || module.module} of ${module.appName} cannot be shown. ${module.problem}`;
  place.replaceChildren(note);
  return null;
}

function waitFor(frame, place, module) {
  const note = document.createElement("p");
  note.className = "app-waits";
  note.textContent = "Loading …";
  const late = setTimeout(() => { note.textContent = `${nameOf(module.app)} does not answer.`; }, WAIT);
  frame.addEventListener("load", () => { clearTimeout(late); note.remove(); }, { once: true });
  place.append(note);
}

function length(value) {
  if (typeof value === "string" && /^\d{1,3}(\.\d+)?%$/.test(value)) return value;
  const pixels = Math.round(Number.parseFloat(value));
  return Number.isFinite(pixels) ? `${Math.min(Math.max(pixels, 0), HIGHEST)}px` : null;
}

const unmounts = [];

host.registerProvider("addon", {
  resize(width, height, context) {
    const frame = document.getElementById(context.extension_id);
    if (!frame || context.extension.options.isDialog) return;
    const [w, h] = [length(width), length(height)];
    if (w) frame.style.width = w.endsWith("%") ? w : `min(100%, ${w})`;
    if (h) frame.style.height = h.endsWith("%") ? `calc(${Number.parseFloat(h)} * 0.9vh)` : h;
  },
  sizeToParent(_hideFooter, context) {
    const frame = document.getElementById(context.extension_id);
    if (!frame || !context.extension.options.isFullPage) return;
    const top = frame.getBoundingClientRect().top + window.scrollY;
    frame.style.width = "100%";
    frame.style.height = `max(20rem, calc(100vh - ${Math.round(top)}px - 1rem))`;
  },
  // The library hands in the frame that made a flag, right after it was made.
  registerUnmountCallback(close, context) {
    for (const hear of unmounts) hear(close, context);
  },
});

export function onMade(hear) {
  unmounts.push(hear);
}

export { host };
