/**
 * Finds edits that are no bugs but mistakes of ours: those that no compiler lets pass.
 *
 * @module
 */

import { applied, copied, type Edit, original, plant } from "./plant.ts";

/** Edits that can be planted together, for the compiler takes as long for one as for a hundred. */
interface Layer {
  readonly edits: Edit[];
  /** The files with all of these edits applied. */
  readonly texts: Map<string, string>;
}

/** The edits that have errors of type, each with the first of them. */
export async function misfits(edits: readonly Edit[]): Promise<Map<Edit, string>> {
  const wrong = new Map<Edit, string>();
  const copy = await copied();
  try {
    for (const { edits: together, texts } of await layersOf(edits)) {
      for (const [file, text] of texts) await Deno.writeTextFile(`${copy.root}/${file}`, text);
      const said = await check(copy.root, [...texts.keys()]);
      for (const edit of together) {
        await Deno.writeTextFile(`${copy.root}/${edit.file}`, await original(edit));
      }
      // Together they may be wrong although each is right.
      for (const edit of together.filter(({ file }) => said.includes(`/${file}:`))) {
        const undo = await plant(copy.root, edit);
        const alone = await check(copy.root, [edit.file]);
        await undo();
        if (alone) wrong.set(edit, /^(?:TS\d+ \[ERROR\]|error): .*/m.exec(alone)?.[0] ?? alone);
      }
    }
    return wrong;
  } finally {
    await copy.remove();
  }
}

async function layersOf(edits: readonly Edit[]): Promise<Layer[]> {
  const layers: Layer[] = [];
  for (const edit of edits) {
    const text = await original(edit);
    const fits = ({ edits, texts }: Layer): boolean => {
      try {
        texts.set(edit.file, applied(edit, texts.get(edit.file) ?? text));
        edits.push(edit);
        return true;
      } catch {
        // Another edit of the layer has changed the same place.
        return false;
      }
    };
    if (!layers.some(fits)) {
      layers.push({ edits: [edit], texts: new Map([[edit.file, applied(edit, text)]]) });
    }
  }
  return layers;
}

/** What the compiler complains of; nothing when it is content. */
async function check(root: string, files: readonly string[]): Promise<string> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...files],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  return code === 0 ? "" : new TextDecoder().decode(stderr);
}
