// The API as Swagger UI shows it. What is tried goes to this server with the session of this browser; nothing goes anywhere else.
const { SwaggerUIBundle } = window;

window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  validatorUrl: null, // no validator elsewhere is asked
  // A change needs a new key each time; who wants to repeat a request types the same one again.
  requestInterceptor: (request) => {
    if (request.headers && request.headers["Idempotency-Key"] === "new") request.headers["Idempotency-Key"] = `"${crypto.randomUUID()}"`;
    return request;
  },
});
