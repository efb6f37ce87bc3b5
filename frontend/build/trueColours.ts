import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const name = "[\\w$]+";
const code = fileURLToPath(new URL("../src/canvas/darkCanvas.ts", import.meta.url));

interface Place {
  /** Looked for first, as the expressions take long over files of half a megabyte. */
  near: string;
  at: RegExp;
  becomes: string;
}

/** Where Excalidraw's renderer begins a scene, an element and a link's icon, and where a colour is picked from the canvas. */
const places: readonly Place[] = [
  {
    near: 'getContext("2d");return',
    at: new RegExp(`let (${name})=(${name})\\.getContext\\("2d"\\);(?=return \\1\\.setTransform\\(1,0,0,1,0,0\\),\\1\\.scale\\((${name}),\\3\\),(${name})&&(${name})===${name}\\.DARK&&)`),
    becomes: 'let $1=$2.getContext("2d");paintScene($1,$5,$4);',
  },
  {
    near: '.filter=',
    at: new RegExp(`(?<![\\w$])${name}\\((${name}),(${name}),(${name})\\)&&\\((${name})\\.filter=${name}\\)(?=,${name}\\(\\1,${name},\\4,\\2,\\3\\))`),
    becomes: "paintElement($4,$3.theme,$1,$2)",
  },
  {
    near: '"elementLink":"regularLink"',
    at: new RegExp(`(?<![\\w$])(${name})\\.rotate\\(${name}\\.angle\\);(?=let ${name}=${name}\\(${name}\\.link\\)\\?"elementLink":"regularLink")`),
    becomes: "$&paintIcon($1);",
  },
  {
    near: '.getImageData(',
    at: new RegExp(`let (${name})=(${name})\\.getImageData\\(([^;]*),1,1\\)\\.data;(?=return ${name}\\(\\1\\[0\\],\\1\\[1\\],\\1\\[2\\]\\))`),
    becomes: "let $1=picked($2,$2.getImageData($3,1,1).data);",
  },
];

/**
 * Lets the dark canvas change colours one by one instead of by a filter over everything, so that pictures keep theirs.
 *
 * In dark mode Excalidraw 0.18 shows pictures through two filters that do not cancel out. src/canvas/darkCanvas.ts draws in its
 * place; to be removed when Excalidraw does so itself.
 */
export function trueColours(): Plugin {
  let found = 0;
  return {
    name: "atelier-true-colours",
    enforce: "pre",
    apply: "build", // in development the canvas keeps Excalidraw's filter, and nothing below may be half done
    transform(text, id) {
      if (/@excalidraw[\\/]excalidraw[\\/]dist.*index\.css/.test(id)) {
        const filtered = ".excalidraw.theme--dark canvas{";
        if (!text.includes(filtered)) this.error("The dark canvas is filtered by another rule in this release: adapt build/trueColours.ts.");
        return { code: text.replace(filtered, ".excalidraw.theme--dark canvas:not(.excalidraw__canvas:not(.interactive)){"), map: null };
      }
      if (!/@excalidraw[\\/]excalidraw[\\/]dist.*\.js/.test(id)) return;
      const here = places.filter(({ near, at }) => text.includes(near) && at.test(text));
      if (!here.length) return;
      found += here.length;
      const changed = here.reduce((before, { at, becomes }) => before.replace(at, becomes), text);
      return { code: `import{paintScene,paintElement,paintIcon,picked}from${JSON.stringify(code)};${changed}`, map: null };
    },
    generateBundle() {
      if (found !== places.length) this.error(`Of ${places.length} places in Excalidraw ${found} were found: adapt build/trueColours.ts to this release.`);
    },
  };
}
