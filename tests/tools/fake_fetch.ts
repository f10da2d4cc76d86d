/** Does work while every request of this process goes to the test. */
export async function whileFetchIs<T>(fake: typeof fetch, work: () => Promise<T>): Promise<T> {
  const real = globalThis.fetch;
  globalThis.fetch = fake;
  try {
    return await work();
  } finally {
    globalThis.fetch = real;
  }
}
