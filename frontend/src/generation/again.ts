import type { Job, JobImage, Params } from "../api/types";

/** The params that give one picture of a job again. */
export function paramsOfImage({ params }: Job, { seed, width_px, height_px }: JobImage): Params {
  return { ...params, count: 1, seed, width_px, height_px };
}
