// What a test wants to know of an app: every request it got, what became of it, and what it noted itself.
// Only tests ask for it; nothing else in these apps is made for them.

function part(token, number) {
  try {
    return JSON.parse(Buffer.from(token.split(".")[number], "base64url"));
  } catch {
    return null;
  }
}

function tokenOf(req) {
  const header = req.headers.authorization || "";
  return req.query.jwt || (header.startsWith("JWT ") ? header.slice(4) : "");
}

module.exports = function journal(app) {
  const entries = [];

  app.use((req, res, next) => {
    if (req.path.startsWith("/test/")) return next();
    const token = tokenOf(req);
    const entry = {
      method: req.method,
      path: req.path,
      target: req.originalUrl,
      token,
      claims: part(token, 1),
      algorithm: part(token, 0)?.alg ?? "",
      headers: req.headers,
      body: req.body && Object.keys(req.body).length ? req.body : null,
      status: 0
    };
    entries.push(entry);
    res.on("finish", () => {
      entry.status = res.statusCode;
    });
    next();
  });

  return {
    note(what, facts) {
      entries.push({ note: what, ...facts });
    },
    // The log, and a call to the site as the app makes it, for moments at which nobody looks at its pages.
    serve(addon, clientKeyOf) {
      app.get("/test/log", (req, res) => res.json(entries));
      app.post("/test/calls", async (req, res) => {
        const { method, path, user } = req.body;
        const client = addon.httpClient({ clientKey: await clientKeyOf(), userAccountId: user });
        const done = (error, answer, body) =>
          res.json({ error: error ? String(error) : "", status: answer ? answer.statusCode : 0, body });
        client[method]({ url: path, json: req.body.json === undefined ? true : req.body.json }, done);
      });
    }
  };
};
