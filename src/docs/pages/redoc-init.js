// ReDoc on the document beside it. Its search would need a worker made from a blob, which the page's policy forbids.
Redoc.init("openapi.json", { disableSearch: true, nativeScrollbars: true }, document.getElementById("redoc"));
