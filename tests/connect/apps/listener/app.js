// Listener: hears webhooks and lifecycle calls, and comments on new issues in the name of who reported them.
const express = require("express");
const connect = require("atlassian-connect-express");
const { ask, listen } = require("../shared/hosting");
connect.store.register("file", require("./file-store"));

const app = express();
app.use(express.json());
const journal = require("../shared/journal")(app);
const addon = connect(app);
app.use(addon.middleware());

let clientKey = "";
addon.on("host_settings_saved", (key) => { clientKey = key; });

addon.on("jira:issue_created", async (event, body, req) => {
  const { key, fields } = body.issue;
  journal.note("heard", { event, issue: key });
  if (!fields.reporter) return;
  const thanks = { url: `/rest/api/2/issue/${key}/comment`, json: { body: `Thank you for "${fields.summary}".` } };
  try {
    const asUser = addon.httpClient(req).asUserByAccountId(fields.reporter.accountId);
    const { status } = await ask(asUser, "post", thanks);
    journal.note("commented", { status, issue: key });
  } catch (error) {
    journal.note("not commented", { issue: key, error: String(error && error.message ? error.message : error) });
  }
});
addon.on("comment_created", (event, body) => {
  journal.note("heard", { event, issue: body.issue.key, author: body.comment.author.accountId, text: body.comment.body });
});

for (const event of ["enabled", "disabled"]) {
  app.post(`/${event}`, addon.authenticate(), (req, res) => res.status(204).send());
}
app.post("/uninstalled", addon.authenticateInstall(), (req, res) => res.status(204).send());

journal.serve(addon, async () => clientKey || (await addon.settings.getAllClientInfos())[0]?.clientKey);
listen(app, addon, () => addon.register());
