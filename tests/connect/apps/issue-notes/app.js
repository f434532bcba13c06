// Issue notes: a panel on the issue. Its script asks this app with a context token, and the site through the bridge;
// the notes themselves are a property of the issue, their number in all is one of the app.
const express = require("express");
const connect = require("atlassian-connect-express");
const { ask, listen, page, escape } = require("../shared/hosting");

const app = express();
app.use(express.json());
app.use(express.urlencoded({ extended: false }));
const journal = require("../shared/journal")(app);
const store = { dialectModulePath: require.resolve("../shared/sqlite") };
const addon = connect(app, { config: { development: { store } } });
app.use(addon.middleware());
app.use("/public", express.static(`${__dirname}/public`));

const NOTES = (issue) => `/rest/api/3/issue/${encodeURIComponent(issue)}/properties/example-notes`;
const TOTAL = `/rest/atlassian-connect/1/addons/${addon.key}/properties/total`;
let clientKey = "";
addon.on("host_settings_saved", (key) => { clientKey = key; });

app.get("/notes", addon.authenticate(), async (req, res) => {
  const about = await ask(addon.httpClient(req), "get", { url: `/rest/atlassian-connect/1/addons/${addon.key}`, json: true });
  journal.note("own entry", about);
  page(res, {
    title: "Notes",
    script: "/public/notes.js",
    facts: { issue: req.query.issue, project: req.query.project, license: res.locals.license, session: res.locals.token },
    body: `<p id="about"></p><ul id="notes"></ul>
<form id="new"><input name="text" aria-label="New note" required> <button>Add</button></form>
<p><small>${escape(req.query.issue)} in ${escape(req.query.project)}, version ${escape(about.body.version)}</small></p>`
  });
});

// The page's own script, with a token of AP.context.getToken.
app.get("/api/notes", addon.authenticate(true), async (req, res) => {
  const kept = await ask(addon.httpClient(req), "get", { url: NOTES(issueOf(req)), json: true });
  const total = await ask(addon.httpClient(req), "get", { url: `${TOTAL}?jsonValue=true`, json: true });
  res.json({ notes: notesOf(kept), total: total.status === 200 ? total.body.value.count : 0, context: req.context.context });
});

app.post("/api/notes", addon.authenticate(true), async (req, res) => {
  const client = addon.httpClient(req);
  const kept = notesOf(await ask(client, "get", { url: NOTES(issueOf(req)), json: true }));
  const notes = [...kept, { text: String(req.body.text), by: req.context.userAccountId }];
  const put = await ask(client, "put", { url: NOTES(issueOf(req)), json: { count: notes.length, notes } });
  const total = await ask(client, "get", { url: `${TOTAL}?jsonValue=true`, json: true });
  const count = (total.status === 200 ? total.body.value.count : 0) + 1;
  const counted = await ask(client, "put", { url: TOTAL, json: { count } });
  journal.note("saved", { property: put.status, total: counted.status });
  res.status(put.status < 300 ? 201 : 502).json({ notes });
});

// A token of the framework's own, which it has put into the page.
app.get("/api/session", addon.checkValidToken(), (req, res) => res.json({ user: req.context.userAccountId }));

app.get("/summary", addon.authenticate(), async (req, res) => {
  const notes = notesOf(await ask(addon.httpClient(req), "get", { url: NOTES(req.query.issue), json: true }));
  page(res, { title: "Summary", script: "/public/summary.js", body: `<p id="count">${notes.length} notes</p><ul id="heard"></ul>` });
});

app.post("/uninstalled", addon.authenticateInstall(), (req, res) => res.status(204).send());

// The context of a token is signed; what the page says of itself is not.
function issueOf(req) {
  return req.context.context.jira.issue.key;
}

function notesOf(answer) {
  return answer.status === 200 ? answer.body.value.notes : [];
}

journal.serve(addon, async () => clientKey);
listen(app, addon, () => addon.register());
