// Team board: pages of every kind, a dialog, and settings. Runs as in production: below a path, with PostgreSQL.
const express = require("express");
const connect = require("atlassian-connect-express");
const { ask, listen, page, escape } = require("../shared/hosting");

const app = express();
app.use(express.json());
app.use(express.urlencoded({ extended: false }));
const journal = require("../shared/journal")(app);
const addon = connect(app);
app.use(addon.middleware());

const base = new URL(addon.config.localBaseUrl()).pathname.replace(/\/$/, "");
const own = express.Router();
app.use(base, own);
own.use("/public", express.static(`${__dirname}/public`));

const SETTINGS = `/rest/atlassian-connect/1/addons/${addon.key}/properties/settings`;
let clientKey = "";
addon.on("host_settings_saved", (key) => { clientKey = key; });

async function settingsOf(req) {
  const answer = await ask(addon.httpClient(req), "get", { url: `${SETTINGS}?jsonValue=true`, json: true });
  return answer.status === 200 ? answer.body.value : { archive: false };
}

function show(title, body) {
  return (req, res) => page(res, {
    title,
    script: `${base}/public/board.js`,
    facts: { page: req.path, query: JSON.stringify(req.query), license: res.locals.license },
    body: `<h2>${title}</h2><p id="who"></p>${body}`
  });
}

const BOARD = `<p><button id="card">New card</button> <button id="flag">Say it</button>
<button id="go">To the first issue</button></p><ul id="cards"></ul>`;
own.get("/board", addon.authenticate(), show("Board", BOARD));
own.get("/projects/:id", addon.authenticate(), show("Project board", BOARD));
own.get("/project-settings", addon.authenticate(), show("Board of the project", ""));
own.get("/welcome", addon.authenticate(), show("Welcome", "<p>Boards are on every issue now.</p>"));
own.get("/panel", addon.authenticate(), show("On the board", '<ul id="public"></ul>'));
own.get("/sheet", addon.authenticate(), (req, res) => res.send(`<h1>Sheet</h1><p>${escape(res.locals.userAccountId)}</p>`));
own.get("/admin", addon.authenticate(), addon.authorizeJira({ global: ["ADMINISTER"] }), show("Boards", "<p>All boards.</p>"));
own.get("/card", addon.authenticate(), show("Card", '<p><input id="text" aria-label="Text of the card"></p><p id="data"></p>'));

const FORM = (settings) => `<form id="settings"><label><input type="checkbox" name="archive"${settings.archive ? " checked" : ""}>
Show the archive</label> <button>Save</button></form>`;
own.get("/settings", addon.authenticate(), addon.authorizeJira({ global: ["ADMINISTER"] }), async (req, res) => {
  show("Board settings", FORM(await settingsOf(req)))(req, res);
});
own.post("/settings", addon.authenticate(true), addon.authorizeJira({ global: ["ADMINISTER"] }), async (req, res) => {
  const put = await ask(addon.httpClient(req), "put", { url: SETTINGS, json: { archive: req.body.archive === true } });
  res.status(put.status < 300 ? 200 : 502).json({ status: put.status });
});

for (const event of ["enabled", "disabled"]) {
  own.post(`/${event}`, addon.authenticate(), (req, res) => res.status(204).send());
}
own.post("/uninstalled", addon.authenticateInstall(), (req, res) => res.status(204).send());

journal.serve(addon, async () => clientKey);
listen(app, addon);
