import { useCallback, useEffect, type RefObject } from "react";
import { takeDrops } from "../exchange/drop";
import type { Importer } from "../exchange/importing";
import { takePastes } from "../exchange/paste";

/**
 * Imports board files: those dropped on the canvas, those pasted there as text, and those handed to the function that is
 * returned.
 *
 * importer: null while the canvas is not ready; files are ignored then. onError: called when the code cannot be loaded.
 */
export function useImport(canvas: RefObject<HTMLElement | null>, importer: Importer | null, onError: (error: unknown) => void): (files: File[]) => void {
  const run = useCallback((files: File[], how?: "merge" | "copy") => {
    if (importer) void import("../exchange/importing").then(({ importFiles }) => importFiles(files, importer, how)).catch(onError);
  }, [importer, onError]);
  useEffect(() => takeDrops(canvas.current!, run), [canvas, run]);
  useEffect(() => takePastes(canvas.current!, (files) => run(files, "copy")), [canvas, run]);
  return run;
}
