/**
 * Bugs that tell a story, which no machine would come upon: each breaks a rule of the contract, a fence,
 * a margin or a secret as somebody might in good faith. Each is anchored by the function that it is in
 * and a few words of it, so that neither a move nor a formatter breaks it.
 *
 * @module
 */

import type { Mutant } from "./mutant.ts";
import { extentsOf } from "./places.ts";
import { CORE_STORIES } from "./stories_core.ts";
import { DRIVER_STORIES } from "./stories_drivers.ts";
import { EDGE_STORIES } from "./stories_edges.ts";

/** A bug, before it is found in the code. */
export interface Story {
  /** What goes wrong, as a short sentence. */
  readonly name: string;
  /** A part of the file's path, where more than one file has such a function. */
  readonly near?: string;
  /** The function, such as `HeldLease.renewed`. */
  readonly at: string;
  /** Words that occur once in that function; how much white space is between them does not matter. */
  readonly find: string;
  /** What stands there instead. */
  readonly put: string;
}

/** All of them. */
export const STORIES: readonly Story[] = [...CORE_STORIES, ...DRIVER_STORIES, ...EDGE_STORIES];

/**
 * The stories as mutants of these files.
 *
 * @param texts Every file of the product, by its path.
 * @throws {Error} when a story is nowhere, or in more than one place.
 */
export function told(stories: readonly Story[], texts: ReadonlyMap<string, string>): Mutant[] {
  const extents = new Map([...texts].map(([file, text]) => [file, extentsOf(text)]));
  return stories.map((story) => {
    const found = [...extents].flatMap(([file, functions]) =>
      file.includes(story.near ?? "")
        ? (functions.get(story.at) ?? []).flatMap(({ from, to }) =>
          matches(story, file, texts.get(file) ?? "", from, to)
        )
        : []
    );
    const [mutant, ...more] = found;
    if (!mutant || more.length > 0) {
      throw new Error(
        `"${story.name}" is in ${found.length} places, where "${story.find}" of ${story.at} ` +
          "should be one. Tell it of the code as it is now, or drop it",
      );
    }
    return mutant;
  });
}

function matches(story: Story, file: string, text: string, from: number, to: number): Mutant[] {
  const words = story.find.trim().split(/\s+/).map((word) => RegExp.escape(word));
  return [...text.slice(from, to).matchAll(new RegExp(words.join("\\s+"), "g"))].map((match) => ({
    file,
    name: `${story.at}: ${story.name}`,
    from: from + match.index,
    to: from + match.index + match[0].length,
    put: story.put,
    was: match[0],
    story: true,
  }));
}
