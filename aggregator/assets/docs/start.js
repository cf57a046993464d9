// Shows the API's description by swagger-ui. Nothing is asked of other hosts: no validator, and the
// token that "Authorize" takes stays in this page.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  validatorUrl: null,
  persistAuthorization: false,
});
