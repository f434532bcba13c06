// Short messages of apps. All text of theirs is text, never markup, and the app's name stands under it.

import { host, onMade } from "./frames.js";
import { nameOf } from "./page.js";

const KINDS = new Set(["info", "success", "warning", "error"]);
const MOST = 5;
const AUTO = 5000;
let newest = null;

function region() {
  let found = document.getElementById("app-flags");
  if (!found) {
    found = document.createElement("div");
    found.id = "app-flags";
    found.setAttribute("role", "status");
    document.body.append(found);
  }
  return found;
}

function text(tag, words, limit) {
  const made = document.createElement(tag);
  made.textContent = String(words ?? "").slice(0, limit);
  return made;
}

export function showFlag({ title, body, type, actions = [], onClose = () => {}, close: closing, appName = "" }) {
  const flag = document.createElement("div");
  flag.className = `app-flag ${KINDS.has(type) ? type : "info"}`;
  const heading = text("p", "", 0);
  heading.append(text("strong", title, 200));
  flag.append(heading);
  if (body) flag.append(text("p", body, 1000));
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    flag.remove();
    onClose();
  };
  for (const action of actions.slice(0, 4)) {
    const button = text("button", action.actionText, 80);
    button.type = "button";
    button.addEventListener("click", () => action.executeAction());
    flag.append(button);
  }
  const cross = text("button", "×", 1);
  cross.type = "button";
  cross.className = "close";
  cross.setAttribute("aria-label", "Close");
  cross.addEventListener("click", close);
  flag.append(cross);
  const by = text("small", appName, 200);
  flag.append(by);
  const place = region();
  place.append(flag);
  while (place.children.length > MOST) place.firstElementChild.querySelector(".close").click();
  if (closing === "auto") setTimeout(close, AUTO);
  return { close, sayWho: (name) => { by.textContent = name; } };
}

host.getFrameworkAdaptor().registerModule({
  getModuleRegistrationName: () => "flag",
  isEnabled: () => true,
  getProvider: () => ({
    create(options) {
      newest = showFlag({ ...options, onClose: () => options.onClose(options.id) });
      return newest;
    },
  }),
});

onMade((_close, context) => {
  newest?.sayWho(nameOf(context.extension.addon_key));
  newest = null;
});
