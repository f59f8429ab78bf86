"use strict";

// Nothing is fetched from anywhere but this server. The token is kept for the session of the browser's
// tab, so that reloading the page does not ask for it again; closing the tab forgets it.
const SCHEME = "bearerAuth";
const KEPT = "akako-docs-token";

function keepToken(ui) {
  const given = ui.authSelectors.authorized().toJS()[SCHEME];
  if (given && given.value) sessionStorage.setItem(KEPT, given.value);
  else sessionStorage.removeItem(KEPT);
}

function foldErrors() {
  const table = document.querySelector(".swagger-ui .info table");
  if (!table) return;
  const folded = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = "All error codes";
  folded.className = "errors";
  table.replaceWith(folded);
  folded.append(summary, table);
}

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
  queryConfigEnabled: false,
  onComplete: () => {
    const kept = sessionStorage.getItem(KEPT);
    if (kept) ui.preauthorizeApiKey(SCHEME, kept);
    ui.getStore().subscribe(() => keepToken(ui));
    foldErrors();
  },
});
