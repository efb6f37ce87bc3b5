/** Intervals of sending and applying, in ms: short among few people, longer in a crowd or on a very full board. */

/** Between two pushes of changed elements. others: room sessions besides ours; elements: on the board. */
export function elementsWait_ms(others: number, elements: number): number {
  const crowd = others <= 2 ? 33 : others <= 10 ? 50 : others <= 50 ? 66 : 100;
  const size = elements <= 2_000 ? 33 : elements <= 5_000 ? 66 : 100;
  return Math.max(crowd, size);
}

/** Between two pushes of a stroke being drawn: each carries all of its points. */
export function strokeWait_ms(points: number): number {
  return points > 50 ? 100 : 33;
}

/** Between two presence messages. */
export function presenceWait_ms(others: number): number {
  return others <= 10 ? 33 : others <= 50 ? 50 : 100;
}

/** Between two updates of the canvas with changes of others. cost_ms: of the last one, drawing included. */
export function applyWait_ms(cost_ms: number): number {
  return Math.min(Math.max(33, 3 * cost_ms), 250);
}
