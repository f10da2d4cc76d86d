/**
 * Laws as steps of a test, several at once where the clock is real: most of them wait most of the
 * time, and waiting side by side takes no longer than waiting once.
 *
 * @module
 */

/** Something to try; a crowd makes whatever runs beside it wait. */
export interface Step {
  readonly name: string;
  readonly crowd: boolean;
  run(): Promise<void>;
}

/** Tries all of them, so many at once, and at the end each crowd by itself. */
export async function sideBySide(
  test: Deno.TestContext,
  steps: readonly Step[],
  lanes: number,
): Promise<void> {
  await inLanes(test, steps.filter(({ crowd }) => !crowd), lanes);
  await inLanes(test, steps.filter(({ crowd }) => crowd), 1);
}

async function inLanes(
  test: Deno.TestContext,
  steps: readonly Step[],
  lanes: number,
): Promise<void> {
  const waiting = [...steps];
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const { name, run } = step;
      await test.step({
        name,
        fn: run,
        // Steps that overlap cannot tell whose timer is whose; the test around them can.
        ...(lanes > 1 && { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false }),
      });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
