import type { Limits } from "./messages";

/** Until the server has sent its own. */
export const default_limits: Limits = {
  max_elements_per_push: 500,
  max_push_bytes: 262_144,
  max_live_elements: 20_000,
  max_file_bytes: 10_485_760,
  prompt_max: 1000,
};
