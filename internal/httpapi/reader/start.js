"use strict";

SwaggerUIBundle({
  url: document.getElementById("reader").dataset.document,
  dom_id: "#reader",
  deepLinking: true, // an operation has an address of its own: /docs/#/tag/operationId
  filter: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false, // a token pasted here is gone with the page
  queryConfigEnabled: false, // a link can't make this page show another document
  validatorUrl: null, // no badge from a public validator
});
