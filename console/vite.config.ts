import { defineConfig } from "vite";

// The built files are committed and embedded in the binary: their names carry a
// digest of their content, and nothing of them is inline.
export default defineConfig({
  base: "/console/",
  build: {
    outDir: "../internal/console/dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": "http://127.0.0.1:9077", "/console/session": "http://127.0.0.1:9077" } },
});
