import { t } from "../language/t";
import { PenIcon } from "../ui/icons";

interface Props {
  onDraw(): void;
}

/** How to say which part of a picture is repainted, with the tool for it. */
export function MaskLesson({ onDraw }: Props) {
  return (
    <div className="theirs mask-lesson" data-testid="mask-lesson">
      <span>{t("Draw over the part of the picture to repaint, then say what should be there.")}</span>
      <button type="button" className="button small" onClick={onDraw}><PenIcon size={16} /> {t("Draw over it")}</button>
    </div>
  );
}
