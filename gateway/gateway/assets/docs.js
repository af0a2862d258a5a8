SwaggerUIBundle({
  url: "/v1/openapi.json",
  dom_id: "#pages",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
