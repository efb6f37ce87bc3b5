import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Params } from "../api/types";
import type { LiveRun, LiveUpdate } from "../room/messages";
import type { RoomClient } from "../room/RoomClient";
import type { Notices } from "../ui/notices";
import { LiveHost } from "./LiveHost";
import type { LivePort } from "./LivePort";
import { t } from "../language/t";
import "./Live.css";

const gap_px = 8;
const footer_px = 64;

interface Props {
  room: RoomClient;
  board: LivePort;
  notices: Notices;
  /** Requests the picture as an ordinary job. */
  keep(live: LiveRun): Promise<void>;
}

/** The live picture over its frame, with the name of its host. In screen space: no element, and in no export. */
export default function LiveLayer({ room, board, notices, keep }: Props) {
  const { live } = room;
  const now = useSyncExternalStore((listener) => live.changed.on(listener), () => live.now);
  useEffect(() => live.ended.on((before, update) => {
    const text = endOf(before, update, room.you);
    if (text) notices.show({ key: "live", text, tone: update.reason === "stopped" || update.reason === "host_left" ? "info" : "problem" });
  }), [live, notices, room]);
  return now && <Shown key={now.run} room={room} board={board} live={now} keep={keep} />;
}

function Shown({ room, board, live, keep }: Omit<Props, "notices"> & { live: LiveRun }) {
  const picture = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const plate = useRef<HTMLDivElement>(null);
  const host = useRef<LiveHost>(null);
  const [waiting, setWaiting] = useState(true);
  const [keeping, setKeeping] = useState(false);
  const mine = live.host.session === room.session;
  const { run, frame } = live;
  const words = JSON.stringify(live.params);

  useEffect(() => {
    if (!mine) return;
    const hosting = new LiveHost(room.live, board, run, frame);
    host.current = hosting;
    return () => {
      hosting.stop();
      host.current = null;
    };
  }, [mine, room, board, run, frame]);
  const sentWords = useRef(words);
  useEffect(() => {
    if (sentWords.current !== words) host.current?.sendAgain();
    sentWords.current = words;
  }, [words]);

  useEffect(() => {
    let asked = 0;
    let drawn = 0;
    let shownLook: number | null = null;
    const place = () => {
      asked = 0;
      const at = board.place(frame);
      if (!picture.current || !plate.current) return;
      picture.current.hidden = plate.current.hidden = !at;
      if (!at) return;
      Object.assign(picture.current.style, { transform: `translate(${at.x}px, ${at.y}px)`, width: `${at.width}px`, height: `${at.height}px` });
      // Below the frame, but in sight as long as the frame is.
      const lowest = plate.current.parentElement!.clientHeight - plate.current.offsetHeight - footer_px;
      const below = Math.max(at.y, Math.min(at.y + at.height + gap_px, lowest));
      plate.current.style.transform = `translate(${at.x}px, ${below}px)`;
      // What is below shows through while somebody draws, and what was drawn since until it is in the picture.
      picture.current.dataset.through = String(board.isTouched() || board.look(frame) !== shownLook);
    };
    const ask = () => void (asked ||= requestAnimationFrame(place));
    const show = async () => {
      const { shown, look, picture: jpeg } = room.live;
      if (shown === drawn || room.live.now?.run !== run) return;
      drawn = shown;
      const image = jpeg && (await createImageBitmap(jpeg).catch(() => null));
      if (drawn !== shown || !canvas.current) return;
      canvas.current.width = image?.width ?? 1; // which empties it
      canvas.current.height = image?.height ?? 1;
      if (image) canvas.current.getContext("2d")!.drawImage(image, 0, 0);
      canvas.current.dataset.shown = String(shown);
      shownLook = look;
      setWaiting(false);
      ask();
    };
    place();
    void show();
    const stops = [board.onMove(ask), room.live.changed.on(() => void show())];
    return () => {
      for (const stop of stops) stop();
      cancelAnimationFrame(asked);
    };
  }, [room, board, run, frame]);

  const onKeep = () => {
    setKeeping(true);
    void keep(live).finally(() => setKeeping(false));
  };
  const name = mine ? t("You") : live.host.name;
  return (
    <>
      <div className="ours live-pictures">
        <div className="live-picture" ref={picture}>
          <canvas ref={canvas} data-testid="live-picture" role="img" aria-label={mine ? t("Live picture of the frame, drawn by you") : t("Live picture of the frame, drawn by {name}", { name })} />
        </div>
      </div>
      <div className="ours live-plates">
        <div className="live-plate" ref={plate} role="group" aria-label={t("Live: {name}", { name })} data-testid="live-plate">
          <span className="live-dot" data-waiting={waiting} aria-hidden="true" />
          <strong role="status">{t("Live")} · {name}</strong>
          {waiting && <span className="quiet">{t("Waiting for the first picture…")}</span>}
          {board.mayEdit && (
            <span className="live-actions">
              {!waiting && <button type="button" className="button small" disabled={keeping} onClick={onKeep}>{keeping ? t("Sending…") : t("Keep this picture")}</button>}
              <button type="button" className="button small" onClick={() => room.live.stop()}>{t("Stop")}</button>
            </span>
          )}
        </div>
      </div>
    </>
  );
}

function endOf({ host }: LiveRun, { reason, by, message }: LiveUpdate, you: { id: string; name: string }): string {
  switch (reason) {
    case "stopped":
      return by === you.name ? "" : t("{name} stopped the live picture.", { name: by ?? t("Someone") });
    case "host_left":
      return host.id === you.id ? "" : t("{name} left, so the live picture stopped.", { name: host.name });
    case "no_worker":
      return t("The live picture stopped: no worker is available. Try again in a moment.");
    case "no_answer":
      return t("The live picture stopped: the model did not answer.");
    default:
      return t("The live picture stopped. {reason}", { reason: message ?? "" }).trim();
  }
}

/** The params of an ordinary job: only those that were chosen. */
export function chosen(params: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null && value !== "")) as unknown as Params;
}
