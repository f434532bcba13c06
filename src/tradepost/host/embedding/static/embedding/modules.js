// The modules of AP that the product brings: context, request, user, navigator, history, cookie, jira, and events.

import { showFlag } from "./flags.js";
import { host } from "./frames.js";
import { ask, facts, nameOf } from "./page.js";

const last = (args) => args[args.length - 1];
const whoAsks = (args) => last(args)._context.extension;
const promised = (method) => Object.assign(method, { returnsPromise: true });

host.defineModule("context", {
  getContext: promised(async function () { return whoAsks(arguments).options.structuredContext; }),
  getToken: promised(async function () { return (await ask("token", whoAsks(arguments).addon_key)).token; }),
});

host.defineModule("user", {
  getCurrentUser: promised(async function () { return { atlassianAccountId: facts.viewer.accountId }; }),
  getLocale(callback) { last(arguments)(facts.viewer.locale); },
  getTimeZone(callback) { last(arguments)(facts.viewer.timeZone); },
});

// A global of AP. The frame's own part turns the answer into success, error and promise.
host.defineModule({
  request(options, callback) {
    callback = last(arguments);
    const extension = callback._context.extension;
    const { url, method, headers, body } = options && typeof options === "object" ? options : {};
    ask("request", extension.addon_key, { url, method, headers, body }).then(callback, (error) => {
      const told = JSON.stringify({ errorMessages: [error.message], errors: {} });
      callback({ status: 0, headers: {}, body: told });
    });
  },
});

// Where an app may lead its viewer: to pages of this site, by paths that stay in it.
function inSite(path) {
  const relative = String(path ?? "");
  if (!relative.startsWith("/") || relative.startsWith("//") || /[\\\u0000-\u001f]/.test(relative)) return null;
  const below = facts.root && (relative === facts.root || relative.startsWith(`${facts.root}/`)) ? relative : facts.root + relative;
  const url = new URL(below, location.origin);
  const isHere = url.origin === location.origin && (url.pathname + "/").startsWith(`${facts.root}/`);
  return isHere && !/%2f|%5c|%2e%2e/i.test(url.pathname) ? url : null;
}

const segment = (value) => encodeURIComponent(String(value ?? ""));

function modulePage(context, extension) {
  const given = context.context && typeof context.context === "object" ? context.context : {};
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    const known = /^(?:issue|project|profileUser)\./.test(name);
    if (value !== null && typeof value !== "object") query.set(known ? name : `ac.${name}`, String(value).slice(0, 2000));
  }
  const custom = context.customData;
  if (custom && typeof custom === "object") {
    for (const [name, value] of Object.entries(custom)) query.set(`ac.${name}`, String(value).slice(0, 2000));
  }
  const text = query.toString();
  const key = String(context.moduleKey ?? "").replace(`${extension.addon_key}__`, "");
  return `/plugins/servlet/ac/${segment(context.addonKey || extension.addon_key)}/${segment(key)}${text ? `?${text}` : ""}`;
}

const TARGETS = {
  site: (context) => context.relativeUrl ?? context.absoluteUrl,
  dashboard: () => "/",
  issue: (context) => `/browse/${segment(context.issueKey)}`,
  addonmodule: modulePage,
  userprofile: (context) => `/people/${segment(context.accountId ?? facts.viewer.accountId)}/`,
  projectsummary: (context) => `/projects/${segment(context.projectKey)}/`,
  projectadminsummary: (context) => `/projects/${segment(context.projectKey)}/settings/`,
  projectadmintabpanel: (context, extension) =>
    modulePage({ ...context, moduleKey: context.moduleKey ?? context.tabPanelKey, context: { "project.key": context.projectKey } }, extension),
};

function refuse(extension, text) {
  showFlag({ title: "That is not possible here", body: text, type: "warning", appName: nameOf(extension.addon_key) });
}

const navigator_ = {
  go(target, context, callback) {
    const extension = whoAsks(arguments);
    const name = String(target).toLowerCase();
    const find = Object.hasOwn(TARGETS, name) ? TARGETS[name] : null;
    const given = context && typeof context === "object" ? context : {};
    const url = find ? inSite(find(given, extension)) : null;
    if (url) location.assign(url);
    else refuse(extension, `The app wanted to lead you to a place that this site does not have (${String(target).slice(0, 40)}).`);
  },
  reload() { location.reload(); },
  getLocation(callback) { last(arguments)(whereabouts(whoAsks(arguments))); },
};
host.defineModule("navigator", { ...navigator_, to: navigator_.go });

function whereabouts(extension) {
  const { productContext: context } = extension.options;
  if (context?.["issue.key"]) return { target: "issue", context: { issueKey: context["issue.key"], issueId: context["issue.id"] } };
  if (isOwnPage(extension)) return { target: "addonModule", context: { addonKey: extension.addon_key, moduleKey: extension.key } };
  if (context?.["project.key"]) return { target: "projectSummary", context: { projectKey: context["project.key"] } };
  return { target: "site", context: { relativeUrl: location.pathname.slice(facts.root.length) || "/" } };
}

const isOwnPage = (extension) => extension.options.isFullPage === true;

// The fragment, and what an app handed to its own page, are no other app's business.
host.defineModule("env", {
  getLocation(callback) {
    callback = last(arguments);
    callback(isOwnPage(callback._context.extension) ? location.href : location.origin + location.pathname);
  },
});

const STATE = "!";

function stateNow() {
  return location.hash.startsWith(`#${STATE}`) ? decodeURIComponent(location.hash.slice(2)) : "";
}

function stateFacts() {
  const hash = stateNow();
  return { key: hash, hash, query: {}, title: document.title, href: location.href, state: history.state?.app ?? null };
}

function setState(how, args) {
  const extension = whoAsks(args);
  if (!isOwnPage(extension)) return;
  const [hash, title, state] = [args[0], args[1], args[2]];
  const text = String(hash && typeof hash === "object" ? (hash.hash ?? "") : (hash ?? "")).replace(/^#?!?/, "").slice(0, 2000);
  const kept = args.length > 3 && state && typeof state === "object" ? state : null;
  history[how]({ app: kept }, "", `#${STATE}${encodeURIComponent(text)}`);
  if (args.length > 2 && typeof title === "string" && title) document.title = title.slice(0, 200);
}

host.defineModule("history", {
  pushState(hash, title, state, callback) { setState("pushState", arguments); },
  replaceState(hash, title, state, callback) { setState("replaceState", arguments); },
  back() { if (isOwnPage(whoAsks(arguments))) history.back(); },
  forward() { if (isOwnPage(whoAsks(arguments))) history.forward(); },
  go(delta, callback) { if (isOwnPage(whoAsks(arguments))) history.go(Number(delta) || 0); },
  getState(type, callback) {
    callback = last(arguments);
    const isOwn = isOwnPage(callback._context.extension);
    if (type === "all") callback(isOwn ? stateFacts() : {});
    else callback(isOwn ? stateNow() : "");
  },
});

window.addEventListener("popstate", () => {
  for (const { extension } of Object.values(host.getExtensions())) {
    if (isOwnPage(extension)) host.broadcastEvent("history.popstate", { addon_key: extension.addon_key, id: extension.id }, stateFacts());
  }
});

// Kept in the browser's storage and not as cookies: nothing of an app goes out with requests to the site.
const MOST_COOKIES = 50;
const LARGEST_COOKIE = 4096;
const drawer = (extension) => `app-cookies/${facts.site}/${facts.viewer.accountId ?? ""}/${extension.addon_key}`;

function cookies(extension) {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(drawer(extension)) || "{}");
  } catch {
    // Somebody wrote nonsense into the storage: begin anew.
  }
  return new Map(Object.entries(kept).filter(([, [, until]]) => until === null || until > Date.now()));
}

function keep(extension, kept) {
  localStorage.setItem(drawer(extension), JSON.stringify(Object.fromEntries([...kept].slice(-MOST_COOKIES))));
}

host.defineModule("cookie", {
  save(name, value, expires, callback) {
    const extension = whoAsks(arguments);
    const days = Number.parseFloat(expires);
    const text = String(value ?? "");
    if (typeof name !== "string" || name.length + text.length > LARGEST_COOKIE) return;
    const kept = cookies(extension);
    kept.delete(name);
    kept.set(name, [text, Number.isFinite(days) ? Date.now() + days * 86400000 : null]);
    keep(extension, kept);
  },
  read(name, callback) { last(arguments)(cookies(whoAsks(arguments)).get(String(name))?.[0]); },
  erase(name, callback) {
    const extension = whoAsks(arguments);
    const kept = cookies(extension);
    kept.delete(String(name));
    keep(extension, kept);
  },
});

function notHere(name, answer) {
  return function () {
    const callback = last(arguments);
    refuse(callback._context.extension, `This product has no ${name}.`);
    callback(answer);
  };
}

host.defineModule("jira", {
  refreshIssuePage() { if (whoAsks(arguments).options.productContext?.["issue.key"]) location.reload(); },
  openIssueDialog(issueKey, callback) { navigator_.go.call(null, "issue", { issueKey }, last(arguments)); },
  openCreateIssueDialog: notHere("dialog for new issues", []),
  openDatePicker: notHere("date picker"),
  showJQLEditor: notHere("editor for searches"),
  isDashboardItemEditable(callback) { last(arguments)(false); },
  setDashboardItemTitle() {},
  initJQLEditor: notHere("editor for searches"),
  getWorkflowConfiguration: notHere("configuration of workflows"),
  isNativeApp(callback) { last(arguments)(false); },
  getSelectedIssueKeys(callback) { last(arguments)([]); },
});

// An event for everybody carries who sent it and what was sent: nothing of the sender's frame, page or viewer.
host.defineModule("events", {
  emitPublic(name, ...more) {
    const extension = last(more)._context.extension;
    const sender = { addonKey: extension.addon_key, key: extension.key, options: {} };
    host.broadcastEvent(String(name), {}, { sender, event: more.slice(0, -1) });
  },
});

// What the library would do by jQuery and a look of its own.
const message = (type) => function (title, body, options, callback) {
  const extension = whoAsks(arguments);
  const words = (value) => (typeof value === "string" ? value : "");
  showFlag({ title: words(title), body: words(body), type, appName: nameOf(extension.addon_key) });
};
host.defineModule("messages", {
  generic: message("info"), info: message("info"), hint: message("info"), success: message("success"),
  warning: message("warning"), error: message("error"), clear() {}, onClose() {},
});
host.defineModule("inlineDialog", { hide() {} });
host.defineModule("dropdown", {
  create: notHere("dropdown lists of apps"), showAt() {}, hide() {}, itemDisable() {}, itemEnable() {},
});
host.defineModule("scrollPosition", {
  getPosition(callback) {
    last(arguments)({ scrollY: window.scrollY, scrollX: window.scrollX, width: innerWidth, height: innerHeight });
  },
  setVerticalPosition(y, callback) { if (isOwnPage(whoAsks(arguments))) window.scrollTo(0, Number(y) || 0); },
});
