import { useId } from "react";
import type { Style } from "../api/types";
import "./StyleRow.css";

interface Props {
  styles: readonly Style[];
  chosen: string | null;
  onChoose(name: string | null): void;
}

/** The checkpoint's styles as tiles; pressing the chosen one again unselects it. */
export default function StyleRow({ styles, chosen, onChoose }: Props) {
  const id = useId();
  return (
    <div className="field">
      <span className="label" id={id}>Style</span>
      <div className="styles" role="group" aria-labelledby={id}>
        {styles.map(({ name, title, colours: [from, to] }) => (
          <button key={name} type="button" aria-pressed={name === chosen} data-style={name} onClick={() => onChoose(name === chosen ? null : name)}>
            <i style={{ background: `linear-gradient(135deg, ${from} 45%, ${to} 55%)` }} aria-hidden="true" />
            {title}
          </button>
        ))}
      </div>
    </div>
  );
}
