import { useState } from "react";
import type { Version } from "../api/versions";
import { cursorColor } from "../ui/hue";
import { PenIcon } from "../ui/icons";
import { NameForm } from "../ui/NameForm";
import { noteOf, titleOf } from "./timeline";
import { t } from "../language/t";

interface Props {
  version: Version;
  thumbnail: string;
  chosen: boolean;
  mayName: boolean;
  onChoose(): void;
  onName(name: string): Promise<void>;
}

const most_dots = 4;

/** One version in the list: thumbnail, name or time, and people. */
export function VersionRow({ version, thumbnail, chosen, mayName, onChoose, onName }: Props) {
  const [naming, setNaming] = useState(false);
  const [broken, setBroken] = useState(false);
  const names = version.people.map(({ name }) => name).join(", ");
  const title = titleOf(version);
  const note = noteOf(version);
  return (
    <li className="version" data-chosen={chosen} data-testid="version">
      <button type="button" className="version-choose" aria-current={chosen} onClick={onChoose}>
        <span className="version-picture">
          {/* Drawn on the server when it is first asked for: only those that come into sight are. */}
          {!broken && <img src={thumbnail} alt="" loading="lazy" width={96} height={60} onError={() => setBroken(true)} />}
        </span>
        <span className="version-words">
          <span className="version-title">{title}</span>
          <span className="quiet version-note">{note}</span>
          {names && (
            <span className="version-people" title={names}>
              {version.people.slice(0, most_dots).map(({ id }) => (
                <span key={id} className="version-dot" style={{ background: cursorColor(id) }} />
              ))}
              <span className="quiet version-names">{names}</span>
            </span>
          )}
        </span>
      </button>
      {mayName && !naming && (
        <button type="button" className="button plain icon version-name" aria-label={version.name ? t("Rename “{name}”", { name: version.name }) : t("Name the version of {time}", { time: title })} title={version.name ? t("Rename") : t("Name this version")} onClick={() => setNaming(true)}>
          <PenIcon size={16} />
        </button>
      )}
      {naming && (
        <NameForm
          label={t("Name of this version")}
          placeholder={t("First draft")}
          name={version.name}
          onSave={async (name) => {
            await onName(name);
            setNaming(false);
          }}
          onCancel={() => setNaming(false)}
        />
      )}
    </li>
  );
}
