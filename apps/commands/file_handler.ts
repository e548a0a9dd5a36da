/** Files of one folder as HTTP responses.
 *
 * @module
 */

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  gif: "image/gif",
  htm: "text/html; charset=utf-8",
  html: "text/html; charset=utf-8",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  md: "text/markdown; charset=utf-8",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  xml: "application/xml",
};

/** Bytes per chunk of a file body. */
const CHUNK_BYTES = 65_536;

/** A handler that serves the files below `root`, an absolute real path: GET and HEAD, byte ranges, an index of folders. */
export function fileHandler(
  root: string,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text(405, "Only GET and HEAD are served here.\n", {
        allow: "GET, HEAD",
      });
    }
    const path = await resolve(root, new URL(request.url).pathname);
    if (path === undefined) return text(404, "There is no such file.\n");
    const info = await Deno.stat(path);
    if (!info.isDirectory) return await file(request, path, info);
    const pathname = new URL(request.url).pathname;
    if (!pathname.endsWith("/")) {
      return text(301, "Moved\n", { location: pathname + "/" });
    }
    const index = await Deno.stat(`${path}/index.html`).catch(() => undefined);
    if (index?.isFile) return await file(request, `${path}/index.html`, index);
    return await listing(path, pathname);
  };
}

/** The real path of a URL path, or `undefined` when it is missing or leads out of `root`. */
async function resolve(
  root: string,
  pathname: string,
): Promise<string | undefined> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  if (decoded.includes("\0")) return undefined;
  const real = await Deno.realPath(root + decoded).catch(() => undefined);
  const isInside = real !== undefined &&
    (real === root || real.startsWith(root === "/" ? "/" : root + "/"));
  return isInside ? real : undefined;
}

async function file(
  request: Request,
  path: string,
  info: Deno.FileInfo,
): Promise<Response> {
  const range = parseRange(request.headers.get("range"), info.size);
  if (range === "unsatisfiable") {
    return text(416, "That range is not in the file.\n", {
      "content-range": `bytes */${info.size}`,
    });
  }
  const [from, to] = range ?? [0, info.size - 1];
  const headers = new Headers({
    "accept-ranges": "bytes",
    "content-length": String(to - from + 1),
    "content-type": MEDIA_TYPES[path.split(".").at(-1)!.toLowerCase()] ??
      "application/octet-stream",
  });
  if (info.mtime !== null) {
    headers.set("last-modified", info.mtime.toUTCString());
  }
  if (range !== undefined) {
    headers.set("content-range", `bytes ${from}-${to}/${info.size}`);
  }
  const status = range === undefined ? 200 : 206;
  if (request.method === "HEAD") return new Response(null, { status, headers });
  return new Response(await slice(path, from, to - from + 1), {
    status,
    headers,
  });
}

/** One `bytes=a-b` range (RFC 9110 §14.1.2); several ranges are served as the whole file. */
function parseRange(
  header: string | null,
  size: number,
): [number, number] | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const from = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const to = match[1] === "" || match[2] === "" ? size - 1 : Math.min(size - 1, Number(match[2]));
  return from > to ? "unsatisfiable" : [from, to];
}

async function slice(
  path: string,
  from: number,
  length: number,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const handle = await Deno.open(path);
  await handle.seek(from, Deno.SeekMode.Start);
  let left = length;
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, left));
      const count = left === 0 ? null : await handle.read(chunk);
      if (count === null) {
        handle.close();
        controller.close();
        return;
      }
      left -= count;
      controller.enqueue(chunk.subarray(0, count));
    },
    cancel() {
      handle.close();
    },
  }, { highWaterMark: 1 });
}

async function listing(path: string, pathname: string): Promise<Response> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    names.push(entry.isDirectory ? entry.name + "/" : entry.name);
  }
  const rows = names.sort().map((name) => `<li><a href="${encodeURI(name)}">${escapeHtml(name)}</a></li>`);
  const title = `Index of ${escapeHtml(decodeURIComponent(pathname))}`;
  const page = `<!doctype html><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><ul>${
    rows.join("")
  }</ul>\n`;
  return text(200, page, { "content-type": "text/html; charset=utf-8" });
}

function escapeHtml(value: string): string {
  return value.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function text(
  status: number,
  body: string,
  headers: Record<string, string> = {},
): Response {
  const bytes = new TextEncoder().encode(body);
  return new Response(bytes, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "content-length": String(bytes.length),
      ...headers,
    },
  });
}
