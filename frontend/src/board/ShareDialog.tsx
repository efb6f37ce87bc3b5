import { useRef, useState } from "react";
import type { NewLink, NewShareLink } from "../api/types";
import { Dialog } from "../ui/Dialog";
import { CopyIcon } from "../ui/icons";

type OfferedRole = Extract<NewLink["role"], "edit" | "view">;

const words: Record<OfferedRole, string> = { edit: "Can draw", view: "Can view" };

interface Props {
  /** The URL of the board, shown instead of links to people who may not create links. It gives no access. */
  address?: string;
  /** Creates a link; rejects with an Error whose message is shown. */
  share(link: NewLink): Promise<NewShareLink>;
  onClose(): void;
}

/** Creates share links, one per role, and copies them. */
export function ShareDialog({ address, share, onClose }: Props) {
  const [role, setRole] = useState<OfferedRole>("edit");
  const [links, setLinks] = useState<Partial<Record<OfferedRole, NewShareLink>>>({});
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const link = links[role];
  const url = address ?? (link && new URL(link.url, location.href).href);

  const choose = (next: OfferedRole) => {
    setRole(next);
    setCopied(false);
    setProblem("");
  };
  const make = async () => {
    setBusy(true);
    setProblem("");
    try {
      const made = await share({ role });
      setLinks((before) => ({ ...before, [role]: made }));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(url!);
    } catch {
      document.execCommand("copy"); // plain http has no clipboard API
    }
    setCopied(true);
  };

  return (
    <Dialog title="Share this board" onClose={onClose}>
      <p className="quiet">
        {address ? "This address works for people who can already see the board. Only its owner can create links for others." : "Anyone with the link can join under a name. No account is needed."}
      </p>
      {!address && <div className="choices" role="radiogroup" aria-label="What people with the link can do">
        {(Object.keys(words) as OfferedRole[]).map((each) => (
          <button key={each} type="button" role="radio" aria-checked={each === role} onClick={() => choose(each)}>
            {words[each]}
          </button>
        ))}
      </div>}
      {url ? (
        <div className="row">
          <input ref={field} type="text" readOnly value={url} aria-label="Link" data-testid="share-url" autoFocus onFocus={(event) => event.target.select()} />
          <button type="button" className="button primary" onClick={() => void copy()}>
            <CopyIcon /> {copied ? "Copied" : "Copy"}
          </button>
        </div>
      ) : (
        <button type="button" className="button primary" disabled={busy} onClick={() => void make()}>
          {busy ? "Creating link…" : "Create link"}
        </button>
      )}
      {problem && <p role="alert" style={{ color: "var(--bad)" }}>{problem}</p>}
    </Dialog>
  );
}
