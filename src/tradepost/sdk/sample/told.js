// Reads what the page context says of the license, tells the app's server, and shows it in the table.
"use strict";

function cell(text, name) {
  const place = document.createElement("td");
  if (name) place.className = name;
  place.textContent = text;
  return place;
}

function show(said) {
  const row = document.createElement("tr");
  row.dataset.channel = "context";
  row.append(
    cell("context"),
    cell(said.active ? "active" : "none", "active"),
    cell("edition" in said ? said.edition : "absent", "edition"),
    cell(said.branch, "branch"),
    cell(JSON.stringify(said.also)),
  );
  const body = document.querySelector("#told tbody");
  const old = body.querySelector('[data-channel="context"]');
  if (old) old.replaceWith(row);
  else body.append(row);
  document.getElementById("context").textContent = "The page context was read.";
}

async function tell(context) {
  const token = await AP.context.getToken();
  const answer = await fetch("told", {
    method: "POST",
    headers: {"Content-Type": "application/json", Authorization: "JWT " + token},
    body: JSON.stringify({license: context.license}),
  });
  if (!answer.ok) throw new Error("status " + answer.status);
  show(await answer.json());
}

AP.context.getContext()
  .then(tell)
  .catch(problem => {
    document.getElementById("context").textContent = "The page context could not be read: " + problem.message;
  });
