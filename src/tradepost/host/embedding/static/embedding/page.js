// What a page of ours knows about itself and the apps on it, and how it asks our own endpoints on their behalf.

export const facts = JSON.parse(document.getElementById("app-bridge").textContent);

const tickets = new Map();
const names = new Map();
const RENEW_AFTER = 20 * 60 * 1000;

export function know(module) {
  if (module.ticket) tickets.set(module.app, module.ticket);
  if (module.appName) names.set(module.app, module.appName);
}

export function nameOf(appKey) {
  return names.get(appKey) || appKey;
}

export function read(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

// Ask one of our endpoints as an app that is on this page. No frame can choose the app: it is known by its window.
export async function ask(what, appKey, more = {}) {
  const answer = await fetch(facts.bridge + what, {
    method: "POST",
    credentials: "same-origin",
    redirect: "error",
    headers: { "Content-Type": "application/json", "X-CSRFToken": facts.csrf },
    body: JSON.stringify({ ...more, ticket: tickets.get(appKey) }),
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error || `The site answered ${answer.status}.`);
  return told;
}

setInterval(async () => {
  for (const appKey of [...tickets.keys()]) {
    try {
      tickets.set(appKey, (await ask("ticket", appKey)).ticket);
    } catch {
      // The next question says what is wrong.
    }
  }
}, RENEW_AFTER);
