(async () => {
  const { issue, session } = document.body.dataset;
  const heard = { options: null };
  window.heard = heard;

  async function call(path, options = {}) {
    const token = await AP.context.getToken();
    const headers = { Authorization: `JWT ${token}`, "Content-Type": "application/json" };
    return fetch(path, { ...options, headers });
  }

  async function show() {
    const answer = await (await call("/api/notes")).json();
    const list = document.getElementById("notes");
    list.replaceChildren(...answer.notes.map(({ text }) => Object.assign(document.createElement("li"), { textContent: text })));
    heard.context = answer.context;
    heard.total = answer.total;
  }

  const { body } = await AP.request(`/rest/api/3/issue/${issue}`);
  document.getElementById("about").textContent = `About: ${JSON.parse(body).fields.summary}`;
  const context = await AP.context.getContext();
  heard.given = context;
  heard.session = (await fetch("/api/session", { headers: { "X-acpt": session } })).status;
  await show();
  document.getElementById("new").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = event.target.elements.text.value;
    const saved = await call("/api/notes", { method: "POST", body: JSON.stringify({ text }) });
    event.target.reset();
    await show();
    AP.flag.create({ title: saved.ok ? "Noted" : "Not noted", body: text, type: saved.ok ? "success" : "error", close: "manual" });
    AP.events.emit("noted", { text });
    AP.events.emitPublic("noted", { count: document.querySelectorAll("#notes li").length });
    AP.resize();
  });
  document.body.dataset.ready = "yes";
})();
