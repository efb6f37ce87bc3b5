import { useRef, useState } from "react";
import { t } from "../language/t";
import { CopyIcon } from "../ui/icons";

/** An address to copy. copied: it was copied already. */
export function LinkField({ url, copied = false }: { url: string; copied?: boolean }) {
  const field = useRef<HTMLInputElement>(null);
  const [pressed, setPressed] = useState(false);
  const copy = async () => {
    field.current?.select();
    if (!(await copyText(url))) document.execCommand("copy"); // plain http has no clipboard API
    setPressed(true);
  };
  return (
    <div className="row">
      <input ref={field} type="text" readOnly value={url} aria-label={t("Link")} data-testid="share-url" autoFocus onFocus={(event) => event.target.select()} />
      <button type="button" className="button primary" onClick={() => void copy()}>
        <CopyIcon /> {copied || pressed ? t("Copied") : t("Copy")}
      </button>
    </div>
  );
}

/** False where the browser does not let a page copy. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
