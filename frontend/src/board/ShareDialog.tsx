import { useEffect, useRef, useState } from "react";
import type { Api } from "../api/client";
import type { ShareLink } from "../api/types";
import { t } from "../language/t";
import { Dialog } from "../ui/Dialog";
import { RadioGroup } from "../ui/RadioGroup";
import { copyText, LinkField } from "./LinkField";
import { ShareLinks } from "./ShareLinks";
import { isPlain, offered, roleInWords, urlOf, type OfferedRole } from "./linkInWords";
import { useShareLinks } from "./useShareLinks";

interface Props {
  api: Pick<Api, "share" | "links" | "revoke">;
  board: string;
  /** Id of the person at this page. */
  you: string;
  /** Copies a link with which people may draw, and makes it first if there is none. */
  invite: boolean;
  onClose(): void;
}

/** Creates share links, one per role, copies and revokes them. */
export default function ShareDialog({ api, board, you, invite, onClose }: Props) {
  const { links, busy, problem, create, revoke } = useShareLinks(api, board);
  const [role, setRole] = useState<OfferedRole>("edit");
  const [copied, setCopied] = useState("");
  const link = links?.find((each) => isPlain(each, role));
  const invited = useRef(false);

  useEffect(() => {
    if (!invite || !links || invited.current) return;
    invited.current = true;
    const copy = async (found: ShareLink | undefined) => {
      if (found && (await copyText(urlOf(found)!))) setCopied(found.id);
    };
    void (async () => copy(links.find((each) => isPlain(each, "edit")) ?? (await create("edit"))))();
  }, [invite, links, create]);

  return (
    <Dialog title={invite ? t("See it together") : t("Share this board")} onClose={onClose}>
      <p className="quiet">
        {copied ? t("The link is copied. Send it to a friend: they join under a name, and you draw together.") : t("Anyone with the link can join under a name. No account is needed.")}
      </p>
      <RadioGroup<OfferedRole>
        label={t("What people with the link can do")} value={role} onChoose={setRole}
        options={offered.map((each) => ({ value: each, content: roleInWords({ role: each }) }))}
      />
      {link ? (
        <LinkField key={link.id} url={urlOf(link)!} copied={copied === link.id} />
      ) : (
        <button type="button" className="button primary" disabled={busy || !links} onClick={() => void create(role)}>
          {busy ? t("Creating link…") : t("Create link")}
        </button>
      )}
      {problem && <p role="alert" style={{ color: "var(--bad)" }}>{problem}</p>}
      {links && links.length > 0 && <ShareLinks links={links} you={you} onRevoke={revoke} />}
    </Dialog>
  );
}
