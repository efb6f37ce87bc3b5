import { useState } from "react";
import type { Kind } from "../api/types";
import { t } from "../language/t";
import { recall } from "./form";
import { earlierPrompts, forgetPrompts } from "./promptHistory";
import "./PromptHistory.css";

interface Props {
  kind: Kind;
  onClose(): void;
}

/** The earlier prompts as a list; a click fills one in. */
export default function PromptHistory({ kind, onClose }: Props) {
  const [prompts, setPrompts] = useState(earlierPrompts);
  const use = (prompt: string) => {
    recall({ kind, prompt }, "words");
    onClose();
  };
  if (!prompts.length) return <p className="quiet">{t("No prompts yet. What you generate with is kept here, in this browser alone.")}</p>;
  return (
    <div className="prompt-history" data-testid="prompt-history">
      <ul aria-label={t("Earlier prompts")}>
        {prompts.map((prompt) => <li key={prompt}><button type="button" onClick={() => use(prompt)}>{prompt}</button></li>)}
      </ul>
      <button type="button" className="button plain small" onClick={() => { forgetPrompts(); setPrompts([]); }}>{t("Clear the list")}</button>
    </div>
  );
}
