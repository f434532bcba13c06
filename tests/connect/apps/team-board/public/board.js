(async () => {
  const heard = { public: [], events: [] };
  window.heard = heard;
  const { page } = document.body.dataset;
  const add = (id, text) => document.getElementById(id)?.append(Object.assign(document.createElement("li"), { textContent: text }));

  const { atlassianAccountId } = await AP.user.getCurrentUser();
  heard.user = atlassianAccountId;
  heard.context = await AP.context.getContext();
  document.getElementById("who").textContent = `Shown to ${atlassianAccountId}`;
  AP.events.onPublic("noted", (...told) => { heard.public.push(["noted", ...told]); add("public", "Something was noted"); });
  AP.events.onAny((...told) => heard.events.push(JSON.parse(JSON.stringify(told))));

  document.getElementById("card")?.addEventListener("click", () => {
    AP.dialog.create({ key: "card-dialog", customData: { column: "to do" } });
    AP.events.once("dialog.close", (answer) => { if (answer) add("cards", `${answer.column}: ${answer.text}`); });
  });
  document.getElementById("flag")?.addEventListener("click", () => {
    AP.flag.create({ title: "The board is up to date", body: "<b>Nothing</b> is late.", type: "info", close: "manual" });
  });
  document.getElementById("go")?.addEventListener("click", () => AP.navigator.go("issue", { issueKey: "DEMO-1" }));

  if (page === "/card") {
    AP.dialog.getCustomData((data) => {
      heard.data = data;
      document.getElementById("data").textContent = data ? `Column: ${data.column}` : "";
      AP.dialog.disableCloseOnSubmit();
      AP.events.on("dialog.submit", () => {
        AP.dialog.close({ column: data ? data.column : "", text: document.getElementById("text").value });
      });
    });
  }
  document.getElementById("settings")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const headers = { Authorization: `JWT ${await AP.context.getToken()}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ archive: event.target.elements.archive.checked });
    const saved = await fetch("settings", { method: "POST", headers, body });
    AP.flag.create({ title: saved.ok ? "Saved" : "Not saved", type: saved.ok ? "success" : "error", close: "manual" });
  });
  document.body.dataset.ready = "yes";
})();
