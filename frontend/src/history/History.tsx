import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { uuid } from "../api/ids";
import { createVersionsApi, type Restored, type Version, type VersionScene } from "../api/versions";
import type { Notices } from "../ui/notices";
import { HistoryPanel } from "./HistoryPanel";
import { inWords } from "./timeline";
import { useAlone } from "./useAlone";
import { useVersions } from "./useVersions";
import { VersionPreview } from "./VersionPreview";
import { t, tn } from "../language/t";
import "./History.css";

interface Props {
  /** Base path of the API. */
  base: string;
  board: string;
  mayEdit: boolean;
  notices: Notices;
  /** The element that a version covers. */
  canvas: HTMLElement;
  draw(scene: VersionScene): ReactNode;
  /** Shows on the canvas what a request changes, as one edit that can be undone. */
  showAsEdit(request: () => Promise<Restored>): Promise<Restored>;
  onClose(): void;
}

/** The history of the board: a list of versions beside it, and the chosen version over it. */
export default function History({ base, board, mayEdit, notices, canvas, draw, showAsEdit, onClose }: Props) {
  const api = useMemo(() => createVersionsApi(base, board), [base, board]);
  const versions = useVersions(api);
  const [chosen, setChosen] = useState<Version | null>(null);
  const [opened, setOpened] = useState<{ version: string; scene: VersionScene } | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const id = chosen?.id;

  const choose = (version: Version) => {
    setProblem("");
    setChosen(version);
  };
  const back = useCallback(() => {
    setChosen(null);
    setOpened(null);
  }, []);
  useEffect(() => {
    if (!id) return;
    let left = false;
    api.scene(id).then(
      (scene) => left || setOpened({ version: id, scene }),
      (error: unknown) => left || setProblem(messageOf(error)),
    );
    return () => void (left = true);
  }, [api, id]);
  useAlone(canvas, chosen !== null, chosen ? back : onClose);

  const restore = async (version: Version) => {
    setBusy(true);
    try {
      const { changed, before } = await showAsEdit(() => api.restore(version.id, uuid()));
      back();
      notices.show({
        key: "restored",
        text: before ? restoredText(version, changed) : t("The board already looks like this."),
        ...(before && { action: { label: t("Undo"), run: () => void undo(before) }, seconds: 60 }),
      });
    } catch (error) {
      notices.show({ key: "restored", tone: "problem", text: messageOf(error) });
    }
    setBusy(false);
    versions.refresh();
  };
  const undo = async (before: Version) => {
    try {
      await showAsEdit(() => api.restore(before.id, uuid()));
      notices.show({ key: "restored", text: t("Undone. The board is as it was before.") });
    } catch (error) {
      notices.show({ key: "restored", tone: "problem", text: messageOf(error), action: { label: t("Try again"), run: () => void undo(before) } });
    }
    versions.refresh();
  };
  const name = async (version: Version | null, text: string) => {
    const named = await (version ? api.rename(version.id, text) : api.name(text, uuid()));
    setChosen((before) => (before?.id === named.id ? named : before));
    versions.refresh();
  };

  return (
    <>
      <HistoryPanel versions={versions} chosen={chosen} mayEdit={mayEdit} thumbnail={api.thumbnail} onChoose={choose} onName={name} onClose={onClose} />
      {chosen && createPortal(
        <VersionPreview
          version={chosen}
          problem={problem}
          opening={opened?.version !== chosen.id && !problem}
          mayRestore={mayEdit}
          busy={busy}
          onRestore={() => void restore(chosen)}
          onBack={back}
        >
          {opened && !problem && draw(opened.scene)}
        </VersionPreview>,
        canvas,
      )}
    </>
  );
}

function restoredText(version: Version, changed: number): string {
  return tn(changed, "Restored {version}. One element changed.", "Restored {version}. {n} elements changed.", { version: inWords(version, new Date()) });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
