/**
 * A step of the build, after wasm-bindgen: takes out of the module and its glue what no page needs.
 *
 *   node tools/trim.mjs DIR    with checkout-ui.js, checkout-ui_bg.wasm and our own scripts in DIR, and
 *                              WASM_OPT and ESBUILD in the environment where they are not on PATH
 *
 * 1. Leptos brings its server functions, they bring wasm-streams, and its three classes are exported
 *    whether they are used or not: exports are roots, so nothing behind them is ever dropped. Nor is
 *    it once they are gone, because tables hold its functions; so those are emptied.
 * 2. Every import is named by 20 to 60 characters that do not compress (a hash), in the module and
 *    again in the glue. Short names do.
 * 3. Our scripts and the glue become one file, which knows the module's hash (S9).
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [dir] = process.argv.slice(2);
const { WASM_OPT = "wasm-opt", ESBUILD = "esbuild" } = process.env;
const [gluePath, wasmPath] = ["checkout-ui.js", "checkout-ui_bg.wasm"].map((name) => join(dir, name));
const UNUSED = /^(__wbg_)?intounderlying/;
const UNREACHED = /wasm_streams|future_to_promise|^intounderlying/;
const [CUSTOM, IMPORTS, EXPORTS, CODE] = [0, 2, 7, 10];

/** The sections of a module: `{id, body}`. */
const sections = (bytes) => {
  const found = [];
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at];
    const [length, start] = leb(bytes, at + 1);
    found.push({ id, body: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
};
const leb = (bytes, at) => {
  let [value, shift] = [0, 0];
  for (;;) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) return [value, at];
  }
};
const toLeb = (value) => {
  const bytes = [];
  do bytes.push((value & 127) | (value > 127 ? 128 : 0));
  while ((value >>>= 7));
  return Buffer.from(bytes);
};
const name = (text) => Buffer.concat([toLeb(Buffer.byteLength(text)), Buffer.from(text)]);
const module = (list) =>
  Buffer.concat([
    Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
    ...list.flatMap(({ id, body }) => [Buffer.from([id]), toLeb(body.length), body]),
  ]);

/** Rewrites the names of a section of imports or exports; an entry without a new name is left out. */
const renamed = ({ id, body }, rename) => {
  let [count, at] = leb(body, 0);
  const text = () => {
    const [length, start] = leb(body, at);
    at = start + length;
    return body.toString("utf8", start, at);
  };
  const entries = [];
  for (; count > 0; count--) {
    const from = id === IMPORTS ? text() : undefined;
    const old = text();
    const start = at++;
    // What follows the kind: one index, or for a table and a memory its type and limits.
    const kind = body[start];
    if (id === IMPORTS && kind === 1) at++;
    if (id === IMPORTS && (kind === 1 || kind === 2)) {
      const flags = body[at++];
      [, at] = leb(body, at);
      if (flags & 1) [, at] = leb(body, at);
    } else if (id === IMPORTS && kind === 3) at += 2;
    else [, at] = leb(body, at);
    const fresh = rename(old, kind);
    if (fresh === undefined) continue;
    entries.push(Buffer.concat([...(from === undefined ? [] : [name("./a")]), name(fresh), body.subarray(start, at)]));
  }
  return { id, body: Buffer.concat([toLeb(entries.length), ...entries]) };
};
const rewrite = (path, id, rename) => {
  const list = sections(readFileSync(path));
  writeFileSync(path, module(list.map((section) => (section.id === id ? renamed(section, rename) : section))));
};

/** The names of the functions, by their number. */
const functionNames = (list) => {
  const names = new Map();
  for (const { id, body } of list) {
    if (id !== CUSTOM || body.toString("utf8", 1, 5) !== "name") continue;
    for (let at = 5; at < body.length; ) {
      const kind = body[at];
      let [length, start] = leb(body, at + 1);
      at = start + length;
      if (kind !== 1) continue;
      let [count, next] = leb(body, start);
      for (; count > 0; count--) {
        const [number, from] = leb(body, next);
        const [size, text] = leb(body, from);
        next = text + size;
        names.set(number, body.toString("utf8", text, next));
      }
    }
  }
  return names;
};

/** Empties the functions that only an unused export could reach; `unreachable` would say so. */
const emptied = (list) => {
  const names = functionNames(list);
  const imports = list.find(({ id }) => id === IMPORTS).body;
  let [number] = leb(imports, 0); // this module imports functions alone: wasm-bindgen exports memory and tables
  return list.map((section) => {
    if (section.id !== CODE) return section;
    let [count, at] = leb(section.body, 0);
    const bodies = [toLeb(count)];
    for (; count > 0; count--, number++) {
      const [length, start] = leb(section.body, at);
      const whole = section.body.subarray(at, start + length);
      bodies.push(UNREACHED.test(names.get(number) ?? "") ? Buffer.from([3, 0, 0, 11]) : whole);
      at = start + length;
    }
    return { id: CODE, body: Buffer.concat(bodies) };
  });
};

// What is unused goes first, so that wasm-opt finds what hangs on it.
rewrite(wasmPath, EXPORTS, (old) => (UNUSED.test(old) ? undefined : old));
writeFileSync(wasmPath, module(emptied(sections(readFileSync(wasmPath)))));
// Brotli is what travels. So nothing is inlined and no expression is shared by hand, and functions of
// a kind lie together: 10 KB more bytes, but ones that brotli has seen before, 3 KB less of it.
const forBrotli = [
  "--always-inline-max-function-size=0",
  "--one-caller-inline-max-function-size=0",
  "--skip-pass=local-cse",
  "--reorder-functions-by-name",
];
const strip = ["--strip-debug", "--strip-producers", "--strip-target-features"];
execFileSync(WASM_OPT, ["-Oz", ...forBrotli, ...strip, wasmPath, "-o", wasmPath]);

const short = new Map();
const shorten = (old) => {
  if (!short.has(old)) short.set(old, "_" + short.size.toString(36));
  return short.get(old);
};
rewrite(wasmPath, IMPORTS, shorten);
const imported = new Set(short.keys());
rewrite(wasmPath, EXPORTS, shorten);

let glue = readFileSync(gluePath, "utf8");
glue = glue.replace(/export class IntoUnderlying[^]*?(?=export (class (?!IntoUnderlying)|function))/, "");
// Each import is a member of one object: it begins at eight spaces, and ends where the next begins.
const [before, members, after] = glue.split(/^( {4}const import0 = \{\n[^]*?^ {4}\};)$/m);
const kept = members.split(/^(?= {8}(?:"[^"]+"|\w+): )/m).map((member) => {
  const [, quoted, plain] = /^ {8}(?:"([^"]+)"|(\w+)): /.exec(member) ?? [];
  const old = quoted ?? plain;
  if (old === undefined || old === "__proto__") return member;
  const rest = member.slice(member.indexOf(":"));
  return imported.has(old) ? `        ${short.get(old)}${rest}` : rest.endsWith("};") ? "    };" : "";
});
glue = before + kept.join("") + after;
glue = glue.replace(/\bwasm\.(\w+)/g, (whole, old) => (short.has(old) ? "wasm." + short.get(old) : whole));
glue = glue.replace(/"\.\/checkout-ui_bg\.js": import0/, '"./a": import0');
writeFileSync(gluePath, glue);

const options = ["widget.js", "--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=error"];
const bundle = execFileSync(ESBUILD, options, { cwd: dir, maxBuffer: 1 << 24, encoding: "utf8" });
const hash = createHash("sha256").update(readFileSync(wasmPath)).digest("base64");
if (!bundle.includes("__WASM__")) throw new Error("js/module.js does not say __WASM__: nothing would check the module");
writeFileSync(gluePath, bundle.replace("__WASM__", "sha256-" + hash));
