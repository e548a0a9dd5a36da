/** Where a source file stands in the repository, as far as the lint rules care. */
export interface SourcePlace {
  /** Name of the package, or `undefined` outside `packages/`. */
  readonly packageName: string | undefined;
  /** Path below the package's folder, or the whole path. */
  readonly path: string;
  /** Whether it is a test, a bench, or lies in a folder of test data or scenarios. */
  readonly isTest: boolean;
}

/**
 * Finds a file's place from its name.
 *
 * @param fileName Absolute or relative path, as the linter gives it.
 * @returns The place.
 */
export function locateSource(fileName: string): SourcePlace {
  const path = fileName.replaceAll("\\", "/");
  const inside = /(?:^|\/)packages\/([^/]+)\/(.+)$/.exec(path);
  const isTest = /(?:_test|_bench)\.tsx?$/.test(path) || /\/(?:testdata|scenarios)\//.test(path);
  return { packageName: inside?.[1], path: inside?.[2] ?? path, isTest };
}
