"use strict";

// Nothing is fetched from anywhere but this server, and tokens are forgotten with the page.
SwaggerUIBundle({
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
});
