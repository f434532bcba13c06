// Dialogs of apps: one element of ours around a frame. An app reaches its own dialogs only.

import { host, remove, show } from "./frames.js";
import { ask, know, nameOf } from "./page.js";

const SIZES = {
  small: ["400px", "200px"], medium: ["600px", "400px"], large: ["800px", "600px"],
  xlarge: ["968px", "688px"], "x-large": ["968px", "688px"], fullscreen: ["96vw", "94vh"], maximum: ["96vw", "94vh"],
};
const OWN_BUTTONS = new Set(["submit", "cancel"]);
const open = [];

function words(value, fallback = "") {
  const found = value && typeof value === "object" ? value.value : value;
  return typeof found === "string" ? found.slice(0, 200) : fallback;
}

function measure(value, unit) {
  if (value === undefined || value === null) return null;
  const number = Number.parseFloat(value);
  if (!Number.isFinite(number) || number <= 0) return null;
  return String(value).trim().endsWith("%") ? `${Math.min(number, 100)}${unit}` : `${Math.min(number, 4000)}px`;
}

function measures(options) {
  if (Object.hasOwn(SIZES, String(options.size))) return SIZES[options.size];
  return [measure(options.width, "vw") || "50vw", measure(options.height, "vh") || "50vh"];
}

// Open a module of an app in a dialog. `opener` is the app's facts; the address is signed at this moment.
export async function openDialog(opener, options) {
  const settled = { ...options };
  const dialog = { app: opener.app, customData: settled.customData, extension: null, buttons: new Map(), made: null };
  dialog.made = element(dialog, settled, opener.name);
  open.push(dialog);
  try {
    const module = await ask("frame", opener.app, { module: opener.module, dialog: true, values: settled.customData });
    if (!dialog.made.isConnected) return dialog;
    const all = { ...module.options, ...settled };
    decorate(dialog, all, module);
    const frame = { ...opener, ...module, ticket: opener.ticket, isFullPage: false };
    dialog.extension = show(dialog.made.querySelector(".app-frame"), frame, {
      isDialog: true, dialogId: dialog.made.id, customData: settled.customData,
      preventDialogCloseOnEscape: all.closeOnEscape === false,
    });
    dialog.made.querySelector("iframe")?.addEventListener("load", () => setDisabled(dialog, "submit", false));
  } catch (error) {
    const note = document.createElement("p");
    note.className = "note note-error";
    note.textContent = `${nameOf(opener.app)}: ${error.message}`;
    decorate(dialog, { chrome: true, header: settled.header, buttons: [] }, { kind: "dialogs", name: "" });
    dialog.made.querySelector(".app-frame").replaceChildren(note);
  }
  return dialog;
}

let count = 0;

function element(dialog, options, name) {
  const made = document.createElement("dialog");
  made.className = "app-dialog";
  made.id = `app-dialog-${++count}`;
  made.setAttribute("aria-label", words(options.header, name || nameOf(dialog.app)));
  const article = document.createElement("article");
  const place = document.createElement("div");
  place.className = "app-frame";
  article.append(place);
  made.append(article);
  document.body.append(made);
  made.addEventListener("cancel", (event) => { if (options.closeOnEscape === false) event.preventDefault(); });
  made.addEventListener("close", () => finish(dialog, undefined));
  size(made, options);
  made.showModal();
  return made;
}

function size(made, options) {
  const [width, height] = measures(options);
  made.style.setProperty("--app-width", width);
  made.style.setProperty("--app-height", height);
}

function decorate(dialog, options, module) {
  size(dialog.made, options);
  const hasChrome = options.size === "fullscreen" || (options.size !== "maximum" && (options.chrome ?? module.kind === "dialogs"));
  if (!hasChrome) return;
  const article = dialog.made.querySelector("article");
  const header = document.createElement("header");
  const title = document.createElement("h2");
  title.textContent = words(options.header, module.name || nameOf(dialog.app));
  header.append(title, crossOf(dialog));
  const footer = document.createElement("footer");
  const hint = document.createElement("small");
  hint.textContent = words(options.hint);
  footer.append(hint);
  article.prepend(header);
  article.append(footer);
  addButton(dialog, { identifier: "submit", text: words(options.submitText, "Submit"), disabled: true });
  addButton(dialog, { identifier: "cancel", text: words(options.cancelText, "Cancel") });
  for (const button of Array.isArray(options.buttons) ? options.buttons.slice(0, 8) : []) addButton(dialog, button);
}

function crossOf(dialog) {
  const cross = document.createElement("button");
  cross.type = "button";
  cross.className = "close secondary";
  cross.textContent = "×";
  cross.setAttribute("aria-label", "Close");
  cross.addEventListener("click", () => finish(dialog, undefined));
  return cross;
}

function addButton(dialog, { identifier, text, disabled = false }) {
  const footer = dialog.made.querySelector("footer");
  const name = words(identifier);
  if (!footer || !name || dialog.buttons.has(name)) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words(text, name);
  button.disabled = disabled === true;
  button.dataset.button = name;
  if (name !== "submit") button.className = "secondary";
  button.addEventListener("click", () => press(dialog, name));
  footer.append(button);
  dialog.buttons.set(name, button);
}

function press(dialog, name) {
  const button = dialog.buttons.get(name);
  if (!button || button.disabled) return;
  const isHeard = dialog.extension && host.getExtensions({ id: dialog.extension.id })[0]?.source;
  if (!isHeard) {
    if (name === "cancel") finish(dialog, undefined);
    return;
  }
  const target = { addon_key: dialog.app, id: dialog.extension.id };
  const event = { button: { name, identifier: name, text: button.textContent } };
  if (OWN_BUTTONS.has(name)) host.broadcastEvent(`dialog.${name}`, target, event);
  host.broadcastEvent("dialog.button.click", target, event);
}

function finish(dialog, answer) {
  const at = open.indexOf(dialog);
  if (at < 0) return;
  open.splice(at, 1);
  host.broadcastEvent("dialog.close", { addon_key: dialog.app }, answer);
  if (dialog.extension) remove(dialog.extension);
  dialog.made.remove();
}

function setDisabled(dialog, name, disabled) {
  const button = dialog?.buttons.get(name);
  if (button) button.disabled = disabled;
}

// The dialog in which the caller is, else the newest one of the same app. Another app's is out of reach.
function dialogOf(context) {
  const own = open.find((dialog) => dialog.extension?.id === context.extension_id);
  return own || open.filter((dialog) => dialog.app === context.extension.addon_key).pop();
}

const last = (args) => args[args.length - 1];

function Dialog(options, callback) {
  callback = last(arguments);
  const wanted = options && typeof options === "object" ? options : {};
  const { extension } = callback._context;
  const { structuredContext: context, productContext } = extension.options;
  const key = typeof wanted.key === "string" ? wanted.key.replace(`${extension.addon_key}__`, "") : "";
  openDialog({ app: extension.addon_key, appName: nameOf(extension.addon_key), module: key, context, productContext }, wanted);
}

function Button(identifier, callback) {
  callback = last(arguments);
  this.identifier = String(identifier);
  this.dialog = dialogOf(callback._context);
}
Object.assign(Button.prototype, {
  enable() { setDisabled(this.dialog, this.identifier, false); },
  disable() { setDisabled(this.dialog, this.identifier, true); },
  toggle() { setDisabled(this.dialog, this.identifier, !this.button()?.disabled); },
  isEnabled(callback) { last(arguments)(this.button()?.disabled === false); },
  isHidden(callback) { last(arguments)(this.button()?.hidden !== false); },
  hide() { if (this.button()) this.button().hidden = true; },
  show() { if (this.button()) this.button().hidden = false; },
  trigger() { if (this.dialog) press(this.dialog, this.identifier); },
  button() { return this.dialog?.buttons.get(this.identifier); },
});

function CreateButton(options, callback) {
  callback = last(arguments);
  const dialog = dialogOf(callback._context);
  if (dialog && options && typeof options === "object") addButton(dialog, options);
}

const { enable, disable, toggle, isEnabled, isHidden, hide, show: reveal, trigger } = Button.prototype;

host.defineModule("dialog", {
  create: { constructor: Dialog },
  close(answer, callback) {
    const dialog = dialogOf(last(arguments)._context);
    if (dialog) finish(dialog, answer);
  },
  getCustomData(callback) {
    callback = last(arguments);
    callback(open.find((dialog) => dialog.extension?.id === callback._context.extension_id)?.customData);
  },
  getButton: { constructor: Button, enable, disable, toggle, isEnabled, isHidden, hide, show: reveal, trigger },
  createButton: { constructor: CreateButton },
});

// The library asks this one when a frame in a dialog is there, and when Escape was pressed inside of it.
host.getFrameworkAdaptor().registerModule({
  getModuleRegistrationName: () => "dialog",
  isEnabled: () => true,
  getProvider: () => ({
    create() {},
    close(where) {
      const dialog = open.find((each) => each.extension && each.extension.id === where?.extension_id);
      if (dialog) finish(dialog, undefined);
    },
    setButtonDisabled() {},
    isActiveDialog: (appKey) => open.some((dialog) => dialog.app === appKey),
  }),
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-app-dialog]");
  if (!button) return;
  const opener = JSON.parse(document.getElementById(button.dataset.appDialog).textContent);
  know(opener);
  openDialog(opener, { header: opener.name, chrome: true, ...opener.options });
});

