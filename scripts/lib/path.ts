/** The last part taken off: `a/b` of `a/b/c.ts`, `.` of `c.ts`. */
export function dirname(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "." : path.slice(0, at) || "/";
}

/** Joins parts with slashes and takes out `.` and `..`. */
export function join(...parts: string[]): string {
  const whole = parts.join("/");
  const out: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && out.length > 0 && out.at(-1) !== "..") out.pop();
    else out.push(part);
  }
  return (whole.startsWith("/") ? "/" : "") + out.join("/");
}

/** Path of `path` below `root`. */
export function relative(root: string, path: string): string {
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

/** Path of a `file:` URL. */
export function fromFileUrl(url: URL): string {
  return decodeURIComponent(url.pathname);
}
