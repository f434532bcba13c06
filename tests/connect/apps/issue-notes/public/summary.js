AP.events.on("noted", ({ text }) => {
  document.getElementById("heard").append(Object.assign(document.createElement("li"), { textContent: text }));
});
document.body.dataset.ready = "yes";
