// The API as ReDoc shows it. Its search would run in a worker made of a blob, which the policy of this page forbids.
window.Redoc.init(
  "/openapi.json",
  { disableSearch: true, hideDownloadButton: true, nativeScrollbars: true, theme: { typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } } } },
  document.getElementById("redoc"),
);
