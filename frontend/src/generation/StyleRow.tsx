import type { Style } from "../api/types";
import { t } from "../language/t";
import { RadioGroup } from "../ui/RadioGroup";
import "./StyleRow.css";

interface Props {
  styles: readonly Style[];
  /** null: no style. */
  chosen: string | null;
  onChoose(name: string | null): void;
}

/** The checkpoint's styles as tiles with a small picture, the first of them for none. */
export default function StyleRow({ styles, chosen, onChoose }: Props) {
  const none = { value: null, content: <><i className="no-style" aria-hidden="true" />{t("No style")}</>, data: { "data-style": "" } };
  const options = styles.map((style) => ({ value: style.name, content: <><Look {...style} />{t(style.title)}</>, data: { "data-style": style.name } }));
  return (
    <div className="field">
      <span className="label">{t("Style")}</span>
      <RadioGroup<string | null> className="styles" label={t("Style")} options={[none, ...options]} value={chosen} onChoose={onChoose} />
    </div>
  );
}

/** What the checkpoint drew in this style, or a brush stroke in its colours: no picture is shown that it did not draw. */
function Look({ thumbnail, colours: [ground, paint] }: Style) {
  if (thumbnail) return <img src={thumbnail} alt="" loading="lazy" width={64} height={48} />;
  return (
    <svg viewBox="0 0 64 48" aria-hidden="true" focusable="false" style={{ background: ground }}>
      <path d="M10 33C17 13 25 13 29 24s10 12 25-9" fill="none" stroke={paint} strokeWidth="9" strokeLinecap="round" />
      <path d="M10 31C17 12 25 12 29 22s10 12 24-8" fill="none" stroke="#fff" strokeOpacity=".35" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
