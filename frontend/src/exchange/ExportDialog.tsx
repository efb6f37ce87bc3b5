import { useEffect, useId, useState } from "react";
import { Dialog } from "../ui/Dialog";
import { SaveIcon } from "../ui/icons";
import type { Drawing, ExchangePort } from "./ExchangePort";
import { Choices } from "./Choices";
import { fileName, possibleScale } from "./limits";
import { download } from "./download";
import { t } from "../language/t";
import "./ExportDialog.css";

type Format = "excalidraw" | "png" | "svg" | "zip";

const formats = (): Record<Format, { label: string; about: string }> => ({
  excalidraw: { label: t("Board file"), about: t("Opens again here and in Excalidraw, pictures included.") },
  png: { label: "PNG", about: t("A picture for slides, chats and documents.") },
  svg: { label: "SVG", about: t("A drawing that stays sharp at any size.") },
  zip: { label: "ZIP", about: t("Board file, pictures, and the prompts and seeds behind them.") },
});
const formatChoices = (): readonly (readonly [Format, string])[] => Object.entries(formats()).map(([value, { label }]) => [value as Format, label] as const);
const preview_px = 400;
const preview_wait_ms = 60;

interface Props {
  port: ExchangePort;
  /** URL of the zip. */
  zipUrl: string;
  onClose(): void;
}

/** Exports the board or a frame in one of several formats. */
export default function ExportDialog({ port, zipUrl, onClose }: Props) {
  const [frames] = useState(() => port.frames());
  const [format, setFormat] = useState<Format>("png");
  const [frame, setFrame] = useState<string>(() => frames.find(({ selected }) => selected)?.id ?? "");
  const [scale, setScale] = useState(2);
  const [background, setBackground] = useState(true);
  const [dark, setDark] = useState(false);
  const [embed, setEmbed] = useState(true);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const id = useId();
  const drawn = format === "png" || format === "svg";
  const size = port.size(frame || null);
  const empty = size.width === 0;
  const preview = usePreview(port, drawn ? { frame: frame || null, background, dark } : { frame: format === "zip" ? null : frame || null, background: true, dark: false }, empty);

  const save = async () => {
    setBusy(true);
    setProblem("");
    try {
      if (format === "zip") {
        port.settle();
        download(zipUrl, fileName(port.title, "zip"));
      } else {
        const name = frames.find((each) => each.id === frame)?.name ?? port.title;
        const blob = drawn ? await port.draw({ format, frame: frame || null, scale: format === "png" ? possibleScale(scale, size) : 1, background, dark, embed }) : await port.document(frame || null);
        download(blob, fileName(name, format));
      }
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };

  return (
    <Dialog title={t("Export")} onClose={onClose}>
      <form className="export" onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <figure className="export-preview" data-plain={drawn && !background} data-dark={drawn && dark} data-testid="export-preview">
          {empty ? <p className="quiet">{t("This board is empty.")}</p> : preview ? <img src={preview} alt={t("Preview")} /> : <p className="quiet">{preview === null ? "" : t("Too large to preview.")}</p>}
        </figure>
        <Choices label={t("Format")} value={format} options={formatChoices()} onChoose={setFormat} />
        <p className="quiet export-about">{formats()[format].about}</p>
        {frames.length > 0 && format !== "zip" && (
          <div className="export-line">
            <label className="label" htmlFor={`${id}-what`}>{t("What to export")}</label>
            <select id={`${id}-what`} value={frame} onChange={(event) => setFrame(event.target.value)}>
              <option value="">{t("Whole board")}</option>
              {frames.map((each) => <option key={each.id} value={each.id}>{each.name}</option>)}
            </select>
          </div>
        )}
        {format === "png" && (
          <div className="export-line">
            <span className="label">{t("Size")}</span>
            <Choices label={t("Size")} value={String(scale)} options={[["1", "1×"], ["2", "2×"], ["3", "3×"]]} onChoose={(value) => setScale(Number(value))} />
            <span className="quiet export-size">{pixels(size, scale)}</span>
          </div>
        )}
        {drawn && (
          <fieldset className="export-switches">
            <legend className="unseen">{t("How it looks")}</legend>
            <Switch label={t("Background")} checked={background} onChange={setBackground} />
            <Switch label={t("Dark mode")} checked={dark} onChange={setDark} />
            <Switch label={t("Embed board")} title={t("The file can be opened again as a board, here and in Excalidraw.")} checked={embed} onChange={setEmbed} />
          </fieldset>
        )}
        {problem && <p role="alert" className="export-problem">{problem}</p>}
        <button type="submit" className="button primary" disabled={busy || empty} autoFocus>
          <SaveIcon size={17} /> {busy ? t("Creating the file…") : t("Download")}
        </button>
      </form>
    </Dialog>
  );
}

function Switch({ label, title, checked, onChange }: { label: string; title?: string; checked: boolean; onChange(checked: boolean): void }) {
  return (
    <label className="switch" title={title}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

function pixels(size: { width: number; height: number }, scale: number): string {
  const possible = possibleScale(scale, size);
  const sides = { width: Math.round(size.width * possible), height: Math.round(size.height * possible) };
  return possible < scale ? t("{width} × {height} px, the maximum", sides) : t("{width} × {height} px", sides);
}

/** URL of a small picture of the export; null while there is none, undefined if it cannot be drawn. */
function usePreview(port: ExchangePort, { frame, background, dark }: Pick<Drawing, "frame" | "background" | "dark">, empty: boolean): string | null | undefined {
  const [url, setUrl] = useState<string | null | undefined>(null);
  useEffect(() => {
    if (empty) return;
    let made = "";
    let over = false;
    const timer = setTimeout(() => {
      const size = port.size(frame);
      const scale = Math.min(2, preview_px / Math.max(size.width, size.height, 1));
      port.draw({ format: "png", frame, scale, background, dark, embed: false }).then(
        (blob) => {
          if (over) return;
          made = URL.createObjectURL(blob);
          setUrl(made);
        },
        () => over || setUrl(undefined),
      );
    }, preview_wait_ms);
    return () => {
      over = true;
      clearTimeout(timer);
      if (made) setTimeout(() => URL.revokeObjectURL(made), 1_000); // the next one is not there yet
    };
  }, [port, frame, background, dark, empty]);
  return url;
}
