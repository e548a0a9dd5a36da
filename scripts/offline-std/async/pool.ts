/** @module */

/**
 * Transforms values with at most `poolLimit` calls under way, and yields the results in the order of the input.
 * If a call rejects, the iterator throws an `AggregateError` after the calls under way have settled.
 *
 * @param poolLimit The maximum count of items being processed concurrently.
 * @param array The input values.
 * @param iteratorFn The function to call for every item.
 * @returns The results, as an asynchronous iterator.
 */
export function pooledMap<T, R>(
  poolLimit: number,
  array: Iterable<T> | AsyncIterable<T>,
  iteratorFn: (data: T) => Promise<R>,
): AsyncIterableIterator<R> {
  return runPool(poolLimit, array, iteratorFn);
}

async function* runPool<T, R>(
  poolLimit: number,
  array: Iterable<T> | AsyncIterable<T>,
  iteratorFn: (data: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const errors: unknown[] = [];
  const underWay = new Set<Promise<unknown>>();
  const results: Promise<R>[] = [];
  for await (const item of array) {
    if (errors.length > 0) break;
    const result = Promise.resolve().then(() => iteratorFn(item));
    results.push(result);
    const settled: Promise<unknown> = result.then(
      () => underWay.delete(settled),
      (error) => {
        errors.push(error);
        underWay.delete(settled);
      },
    );
    underWay.add(settled);
    while (underWay.size >= poolLimit) await Promise.race(underWay);
    while (results.length > poolLimit && errors.length === 0) {
      const outcome = await settle(results.shift()!);
      if (outcome) yield outcome.value;
    }
  }
  while (results.length > 0 && errors.length === 0) {
    const outcome = await settle(results.shift()!);
    if (outcome) yield outcome.value;
  }
  await Promise.allSettled(underWay);
  if (errors.length > 0) {
    throw new AggregateError(errors, "Cannot complete the mapping as an error was thrown from an item");
  }
}

/** Resolves to the value in a box, or to `undefined` when there is none. */
function settle<R>(result: Promise<R>): Promise<{ value: R } | undefined> {
  return result.then((value) => ({ value }), () => undefined);
}
