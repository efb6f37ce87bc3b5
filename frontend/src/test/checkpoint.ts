import type { Checkpoint, KindOfCheckpoint } from "../api/types";

/** Its kinds. */
export const kinds = {
  img2img: { title: "Sketch to picture", hint: "Paints what you drew.", sees: "sketch", instructs: false, needs_prompt: true, draft_steps: null, keeps_lines: null, tidies_colours: null, uses: ["strength", "guidance_scale", "steps", "seed", "count"], defaults: { strength: 0.6, guidance_scale: 3, steps: 12, count: 1 }, limits: { strength: [0.1, 1], guidance_scale: [0, 15], steps: [1, 50], count: [1, 4] } },
  pix2pix: { title: "Edit by instruction", hint: "Changes what is there.", sees: "sketch", instructs: true, needs_prompt: true, draft_steps: null, keeps_lines: null, tidies_colours: null, uses: ["guidance_scale", "image_guidance_scale", "negative_prompt", "steps", "seed", "count"], defaults: { guidance_scale: 3, image_guidance_scale: 1.6, steps: 12, count: 1 }, limits: { image_guidance_scale: [1, 2.5] } },
  txt2img: { title: "Words only", hint: "Ignores the sketch.", sees: "nothing", instructs: false, needs_prompt: true, draft_steps: null, keeps_lines: null, tidies_colours: null, uses: ["guidance_scale", "steps", "seed", "count"], defaults: { guidance_scale: 3, steps: 12, count: 1 }, limits: {} },
} satisfies Record<string, KindOfCheckpoint>;

/** A checkpoint as the server describes the built-in one. */
export const checkpoint: Checkpoint = {
  name: "bundled",
  title: "Built-in",
  description: "A small model for friendly illustrations. It knows little else.",
  kinds,
  default_kind: "img2img",
  live_kind: null,
  styles: [],
  sizes: [[128, 128]],
  hears_tokens: null,
  licence: "MIT",
  licence_url: "",
  status: "ready",
  reason: null,
  bundled: true,
  default: true,
};
