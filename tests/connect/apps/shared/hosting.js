// What the apps do alike to listen: the address is the one that AC_LOCAL_BASE_URL names.
const http = require("node:http");

exports.listen = function listen(app, addon, ready) {
  const { hostname, port } = new URL(addon.config.localBaseUrl());
  http.createServer(app).listen(Number(port), hostname, ready);
};

// httpClient with a promise: the answer's status and body.
exports.ask = function ask(client, method, options) {
  return new Promise((resolve, reject) => {
    client[method](options, (error, answer, body) => (error ? reject(error) : resolve({ status: answer.statusCode, body })));
  });
};

exports.page = function page(res, { title, script, facts = {}, body = "" }) {
  const { hostScriptUrl, hostStylesheetUrl } = res.locals;
  const data = Object.entries(facts).map(([name, value]) => ` data-${name}="${escape(value)}"`).join("");
  res.type("html").send(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title>
<link rel="stylesheet" href="${escape(hostStylesheetUrl)}">
<style>body { font: 15px/1.5 sans-serif; margin: 0 } .ac-content { padding: 4px }
button, input { font: inherit } li { margin: 2px 0 }</style></head>
<body${data}><div class="ac-content">${body}</div>
<script src="${escape(hostScriptUrl)}"></script><script src="${escape(script)}"></script></body></html>`);
};

function escape(text) {
  const named = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return String(text ?? "").replace(/[&<>"]/g, (each) => named[each]);
}
exports.escape = escape;
