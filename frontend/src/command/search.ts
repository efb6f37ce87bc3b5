import { matchSorter, rankings, type MatchSorterOptions } from "match-sorter";
import type { Command } from "./Command";

/** Commands under one heading. */
export interface Group {
  heading: string;
  commands: readonly Command[];
}

type Threshold = MatchSorterOptions["threshold"];

const keys = ["label", "words", "group"];

/**
 * The commands in which the query is found, the best first, then those in which every word of it is: whole words before starts
 * of words, initials, and letters in order. Of equal ones those used last come first, then those listed first.
 */
export function search(commands: readonly Command[], query: string, recent: readonly string[]): readonly Command[] {
  const place = new Map([...used(commands, recent), ...commands].toReversed().map((command, index) => [command, -index]));
  const matching = (found: readonly Command[], text: string, threshold: Threshold) =>
    matchSorter(found, text, { keys, threshold, baseSort: (one, other) => place.get(one.item)! - place.get(other.item)! });
  const whole = matching(commands, query.trim(), rankings.ACRONYM);
  const inWords = query.trim().split(/\s+/).reduceRight((found, word) => matching(found, word, rankings.MATCHES), commands);
  return [...new Set([...whole, ...inWords])];
}

/** All commands by their headings, and above them those used last, which stand there only. */
export function grouped(commands: readonly Command[], recent: readonly string[], recentHeading: string): readonly Group[] {
  const first = used(commands, recent);
  const groups = Map.groupBy(commands.filter((command) => !first.includes(command)), ({ group }) => group);
  const rest = [...groups].map(([heading, each]) => ({ heading, commands: each }));
  return first.length ? [{ heading: recentHeading, commands: first }, ...rest] : rest;
}

function used(commands: readonly Command[], recent: readonly string[]): Command[] {
  return recent.flatMap((id) => commands.find((command) => command.id === id) ?? []);
}
