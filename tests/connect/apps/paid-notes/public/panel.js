(async () => {
  const context = await AP.context.getContext();
  window.heard = { context };
  const edition = context.license && "capabilitySet" in context.license ? context.license.capabilitySet : "absent";
  document.getElementById("told").textContent = `License ${context.license?.active ? "active" : "none"}, edition ${edition}`;
  document.body.dataset.ready = "yes";
})();
