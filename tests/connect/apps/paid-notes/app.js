// Paid notes: three panels of which a site sees the one that it pays for, by the conditions of its descriptor.
const express = require("express");
const connect = require("atlassian-connect-express");
const { listen, page } = require("../shared/hosting");

const app = express();
app.use(express.json());
const journal = require("../shared/journal")(app);
const addon = connect(app);
app.use(addon.middleware());

const base = new URL(addon.config.localBaseUrl()).pathname.replace(/\/$/, "");
const own = express.Router();
app.use(base, own);
own.use("/public", express.static(`${__dirname}/public`));

let clientKey = "";
addon.on("host_settings_saved", (key) => { clientKey = key; });

own.get("/panel", addon.authenticate(), (req, res) => {
  page(res, {
    title: "Notes",
    script: `${base}/public/panel.js`,
    facts: { shows: req.query.shows, license: res.locals.license, edition: req.query.capSet ?? "absent" },
    body: `<p id="shows">${{ basic: "Your notes.", pro: "Your notes, in colour.", buy: "Notes are to be bought." }[req.query.shows] ?? ""}</p>
<p id="told"></p>`
  });
});

addon.on("license.changed", (event, body) => journal.note("license changed", { body }));

for (const event of ["enabled", "disabled"]) {
  own.post(`/${event}`, addon.authenticate(), (req, res) => res.status(204).send());
}
own.post("/uninstalled", addon.authenticateInstall(), (req, res) => res.status(204).send());

journal.serve(addon, async () => clientKey);
listen(app, addon);
