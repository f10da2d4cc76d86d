/** Does work while both clocks of this process show what the test says, which is 0 at first. */
export async function onStandingClock<T>(work: (clock: { now: number }) => Promise<T>): Promise<T> {
  const [wall, steady] = [Date.now, performance.now];
  const clock = { now: 0 };
  Date.now = performance.now = () => clock.now;
  try {
    return await work(clock);
  } finally {
    Date.now = wall;
    performance.now = steady;
  }
}
