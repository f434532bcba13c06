// Puts apps into the page: every place that the page has made for one gets its frame.

import "./dialogs.js";
import "./flags.js";
import "./modules.js";

import { complain, show } from "./frames.js";
import { ask, know, read } from "./page.js";

for (const place of document.querySelectorAll("[data-app-frame]")) show(place, read(place.dataset.appFrame));

// A folded panel gets its frame when it is opened, by an address that is signed then.
for (const place of document.querySelectorAll("[data-app-later]")) {
  const module = read(place.dataset.appLater);
  know(module);
  place.closest("details").addEventListener("toggle", async () => {
    if (place.childElementCount) return;
    try {
      const made = await ask("frame", module.app, { module: module.module });
      show(place, { ...module, url: made.url });
    } catch (error) {
      complain(place, { ...module, problem: error.message });
    }
  }, { once: true });
}
document.documentElement.dataset.apps = "shown";
