// Tells Excalidraw where its fonts lie. A plain script, loaded before the module: no inline script, so no nonce.
window.EXCALIDRAW_ASSET_PATH = new URL("excalidraw/", document.currentScript.src).href;
